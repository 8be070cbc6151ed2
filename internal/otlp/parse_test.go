package otlp

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

func TestEachFaultRejectsItsSpanAloneWithItsReason(t *testing.T) {
	start := message{}.fixed64(7, uint64(testStart))
	ids := message{}.bytes(1, make16(1)).bytes(2, make8(2))
	tests := []struct {
		name   string
		span   message
		limits Limits
		reason string
	}{
		{"empty", message{}, Limits{}, "trace_id has 0 bytes, want 16, in JSON as 32 hex digits"},
		{"short trace id", append(message{}.bytes(1, make([]byte, 15)).bytes(2, make8(2)), start...), Limits{}, "trace_id has 15 bytes, want 16, in JSON as 32 hex digits"},
		{"long trace id", append(message{}.bytes(1, make([]byte, 17)).bytes(2, make8(2)), start...), Limits{}, "trace_id has 17 bytes, want 16, in JSON as 32 hex digits"},
		{"zero trace id", append(message{}.bytes(1, make([]byte, 16)).bytes(2, make8(2)), start...), Limits{}, "trace_id is all zeros, want at least one other byte"},
		{"no span id", append(message{}.bytes(1, make16(1)), start...), Limits{}, "span_id has 0 bytes, want 8, in JSON as 16 hex digits"},
		{"zero span id", append(message{}.bytes(1, make16(1)).bytes(2, make([]byte, 8)), start...), Limits{}, "span_id is all zeros, want at least one other byte"},
		{"short parent id", wireSpan(message{}.bytes(4, make([]byte, 7))...), Limits{}, "parent_span_id has 7 bytes, want 8, in JSON as 16 hex digits, or 0 for a root"},
		{"no start", ids, Limits{}, "start_time_unix_nano is 0, want nanoseconds since 1970"},
		{"start beyond the calendar", ids.fixed64(7, math.MaxInt64+1), Limits{}, "start_time_unix_nano is 9223372036854775808, want at most 9223372036854775807"},
		{"value nested too deep", wireSpan(message{}.bytes(9, wireAttribute("k", nested(65)))...), Limits{}, `attribute "k": nested too deep, want at most 64 levels`},
		{"value nested deeper than asked for", wireSpan(message{}.bytes(9, wireAttribute("k", nested(4)))...), Limits{MaxDepth: 3}, `attribute "k": nested too deep, want at most 3 levels`},
		{"event nested too deep", wireSpan(message{}.bytes(11, message{}.bytes(3, wireAttribute("k", nested(65))))...), Limits{}, `event: attribute "k": nested too deep, want at most 64 levels`},
		{"too large", wireSpan(message{}.text(5, strings.Repeat("x", 100))...), Limits{MaxSpanBytes: 99}, "span has 148 bytes, want at most 99"},
		{"too many values", wireSpan(message{}.bytes(9, wireAttribute("k", message{}.bytes(5, manyEmpty(maxSpanValues))))...), Limits{}, `attribute "k": too many values, want at most 262144 attributes and nested values`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			good := wireSpan()
			r, err := Parse("p", request(good, test.span, good), test.limits)
			if err != nil {
				t.Fatal(err)
			}
			want := []Rejection{{Index: 1, Reason: test.reason}}
			if diff := cmp.Diff(want, r.Rejected); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]int{0, 2}, r.Indexes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// manyEmpty is an array of n empty values.
func manyEmpty(n int) message {
	m := make(message, 0, 2*n)
	for range n {
		m = m.bytes(1, nil)
	}
	return m
}

func TestBytesThatAreNoProtobufRejectTheSpanTheyAreIn(t *testing.T) {
	for name, broken := range map[string]message{
		"cut short":          wireSpan()[:len(wireSpan())-1],
		"attribute":          wireSpan(message{}.bytes(9, []byte{0x0a, 5, 'x'})...),
		"value":              wireSpan(message{}.bytes(9, message{}.bytes(2, []byte{0x0a, 9}))...),
		"array":              wireSpan(message{}.bytes(9, wireAttribute("k", message{}.bytes(5, []byte{0x0f})))...),
		"event":              wireSpan(message{}.bytes(11, []byte{0xff})...),
		"link":               wireSpan(message{}.bytes(13, []byte{0xff})...),
		"status":             wireSpan(message{}.bytes(15, []byte{0xff})...),
		"field number zero":  wireSpan(0x02, 0x00),
		"field number 2^29":  wireSpan(0x80, 0x80, 0x80, 0x80, 0x10, 0),
		"overlong varint":    wireSpan(0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"end of a group":     wireSpan(0x0c),
		"unknown, cut short": wireSpan(0xfa, 0x3f, 0x20),
	} {
		t.Run(name, func(t *testing.T) {
			r := mustParse(t, request(broken, wireSpan()))
			if len(r.Rejected) != 1 || r.Rejected[0].Index != 0 || len(r.Records) != 1 {
				t.Fatalf("%d records, rejected %v", len(r.Records), r.Rejected)
			}
			if !strings.Contains(r.Rejected[0].Reason, wire.ErrInvalid.Error()) {
				t.Errorf("reason %q", r.Rejected[0].Reason)
			}
		})
	}
}

func TestBrokenFramingIsMalformed(t *testing.T) {
	whole := request(wireSpan())
	for name, body := range map[string]message{
		"garbage":   {0xff, 0xff, 0xff},
		"cut short": whole[:len(whole)-1],
		"resource":  message{}.bytes(1, message{}.bytes(1, message{}.bytes(1, []byte{0xff})).bytes(2, nil)),
		"scope":     message{}.bytes(1, message{}.bytes(2, message{}.bytes(1, []byte{0xff}))),
		"text":      message("hello, this is not protobuf"),
	} {
		if _, err := Parse("p", body, Limits{}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}

func TestAnEmptyRequestHoldsNothing(t *testing.T) {
	for _, body := range []message{nil, request(), message{}.bytes(1, nil)} {
		if r := mustParse(t, body); r.Spans != 0 || len(r.Records) != 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestRejectionsAreCountedAndOnlyTheFirstAreTold(t *testing.T) {
	body := message{}.bytes(1, message{}.bytes(2, manyEmptySpans(5000)))
	r := mustParse(t, body)
	if r.Spans != 5000 || len(r.Records) != 0 || len(r.Rejected) != MaxRejections {
		t.Errorf("%d spans, %d records, %d told", r.Spans, len(r.Records), len(r.Rejected))
	}
}

func manyEmptySpans(n int) (m message) {
	for range n {
		m = m.bytes(2, nil)
	}
	return m
}

func TestARequestWithTooManySpansIsRefusedAsAWhole(t *testing.T) {
	three := request(wireSpan(), wireSpan(), wireSpan())
	apart := append(request(wireSpan(), wireSpan()), request(wireSpan())...)
	for name, body := range map[string]message{"in one scope": three, "in two resources": apart} {
		if r, err := Parse("p", body, Limits{MaxSpans: 3}); err != nil || len(r.Records) != 3 {
			t.Errorf("%s: as many as allowed: %v", name, err)
		}
		_, err := Parse("p", body, Limits{MaxSpans: 2})
		tooMany, ok := errors.AsType[*TooManySpansError](err)
		if !ok || tooMany.Max != 2 || errors.Is(err, ErrMalformed) {
			t.Errorf("%s: one more than allowed: %v", name, err)
		}
	}
}

func TestTooManySpansTakeNoMemory(t *testing.T) {
	body := message{}.bytes(1, message{}.bytes(2, manyEmptySpans(200_000)))
	if n := testing.AllocsPerRun(1, func() { _, _ = Parse("p", body, Limits{}) }); n > 20 {
		t.Errorf("%v allocations to refuse a request", n)
	}
}

func TestAResourceThatBreaksALimitRejectsItsSpansOnly(t *testing.T) {
	deep := message{}.bytes(1, wireAttribute("k", nested(65)))
	large := message{}.bytes(1, wireAttribute("k", message{}.text(1, strings.Repeat("x", 300<<10))))
	for _, test := range []struct {
		resource message
		reason   string
	}{
		{deep, "resource: nested too deep, want at most 64 levels"},
		{large, "resource and scope have 307219 bytes, want at most 262144"},
	} {
		bad := message{}.bytes(2, message{}.bytes(2, wireSpan())).bytes(1, test.resource)
		r := mustParse(t, message{}.bytes(1, bad).bytes(1, message{}.bytes(2, message{}.bytes(2, wireSpan()))))
		if diff := cmp.Diff([]Rejection{{Index: 0, Reason: test.reason}}, r.Rejected); diff != "" || len(r.Records) != 1 {
			t.Error(len(r.Records), diff)
		}
	}
}

func TestASpanThatEndsBeforeItStartsLastsNoTime(t *testing.T) {
	for _, end := range []uint64{0, 1, uint64(testStart) - 1, math.MaxInt64 + 1, math.MaxUint64} {
		span := message{}.bytes(1, make16(1)).bytes(2, make8(2)).fixed64(7, uint64(testStart)).fixed64(8, end)
		r := mustParse(t, request(span))
		if len(r.Records) != 1 || r.Records[0].Span.EndNano != testStart {
			t.Errorf("end %d: %+v", end, r)
		}
		if !sameBytes(r.Records[0].Raw, span) {
			t.Errorf("end %d: the span's bytes changed", end)
		}
	}
}

func TestFieldsOfAMessageMayComeInAnyOrder(t *testing.T) {
	resource := message{}.bytes(1, wireAttribute("service.name", message{}.text(1, "shop")))
	scope := message{}.text(1, agnoScope)
	span := wireSpan(message{}.bytes(9, wireAttribute("openinference.span.kind", message{}.text(1, "CHAIN"))).text(5, "Flow.run")...)
	body := message{}.bytes(1, message{}.
		bytes(2, message{}.bytes(2, span).bytes(1, scope).bytes(2, span).text(3, "schema")).
		varint(99, 7).bytes(1, resource).bytes(2, message{}.bytes(2, span)).text(3, "schema"))
	r := mustParse(t, body)
	if len(r.Records) != 3 {
		t.Fatalf("%+v", r.Rejected)
	}
	for i, want := range []model.SpanType{model.TypeWorkflow, model.TypeWorkflow, model.TypeChain} {
		if got := r.Records[i].Span; got.Service != "shop" || got.Type != want {
			t.Errorf("span %d: service %q, type %v", i, got.Service, got.Type)
		}
	}
	again := AppendTracesData(nil, r.Records)
	if second := mustParse(t, again); !cmp.Equal(r.Records, second.Records) {
		t.Error(cmp.Diff(r.Records, second.Records))
	}
}

func TestNarrowTextsDoNotAliasTheRequest(t *testing.T) {
	body := EncodeSpans(agentRuns(1, 2))
	r := mustParse(t, body)
	from := uintptr(unsafe.Pointer(unsafe.SliceData(body)))
	for _, record := range r.Records {
		s := record.Span
		for _, text := range []string{s.Name, s.Service, s.Model, s.AgentID, s.InputPreview, s.OutputPreview, s.ToolName, s.RunID} {
			at := uintptr(unsafe.Pointer(unsafe.StringData(text)))
			if text != "" && at >= from && at < from+uintptr(len(body)) {
				t.Errorf("%q is in the request", text)
			}
		}
	}
}

// TestRequestsLeaveNothingBehind reads one request after the other, as parsers that are
// used again do, and overwrites the first as doors do with their buffers.
func TestRequestsLeaveNothingBehind(t *testing.T) {
	body := rapid.Custom(func(t *rapid.T) []byte {
		body := EncodeSpans(rapid.SliceOfN(anySpan(), 1, 3).Draw(t, "spans"))
		return body[:len(body)-rapid.SampledFrom([]int{0, 0, 1, 9}).Draw(t, "missing")]
	})
	rapid.Check(t, func(t *rapid.T) {
		first, second := body.Draw(t, "first"), body.Draw(t, "second")
		fresh := func(body []byte) *Request {
			r, _ := new(parser).parse("p", body, Limits{}) // no request at all where it cannot be read
			return r
		}
		wantFirst, wantSecond := fresh(bytes.Clone(first)), fresh(second)
		kept, _ := Parse("p", first, Limits{})
		clear(first)
		got, _ := Parse("p", second, Limits{})
		if diff := cmp.Diff(wantSecond, got); diff != "" {
			t.Fatalf("the second request (-want +got):\n%s", diff)
		}
		if kept == nil {
			return
		}
		for i := range kept.Records {
			if diff := cmp.Diff(wantFirst.Records[i].Span, kept.Records[i].Span); diff != "" {
				t.Fatalf("a span of the first request (-want +got):\n%s", diff)
			}
		}
	})
}

func TestNarrowFieldsAreBoundedAndRepaired(t *testing.T) {
	long := strings.Repeat("é", 5000)
	s := spanOf(1, "a\x00b\xff\xfec", text("session.id", long), text("input.value", long), text("llm.model_name", "m\xff"))
	s.Status, s.Body.FullStatusMessage = model.StatusError, long
	got := derived(t, s)
	for _, check := range []struct{ field, got, want string }{
		{"name", got.Name, "a\uFFFDb\uFFFDc"},
		{"session", got.SessionID, strings.Repeat("é", 512)},
		{"preview", got.InputPreview, strings.Repeat("é", 120)},
		{"status message", got.StatusMessage, strings.Repeat("é", 1000)},
		{"error message", got.ErrorMessage, strings.Repeat("é", 1000)},
		{"model", got.Model, "m\uFFFD"},
	} {
		if check.got != check.want {
			t.Errorf("%s: %q", check.field, check.got)
		}
	}
	full := complete(t, s)
	if full.Body.FullName != s.Body.FullName || full.Body.FullStatusMessage != long {
		t.Error("the body's texts are not as they were received")
	}
}

func TestBoundsCutBetweenRunes(t *testing.T) {
	for _, test := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"aé", 2, "a"}, {"aé", 3, "aé"}, {"日本", 4, "日"}, {"日本", 2, ""},
		{"\xff\xff\xff\xff\xff", 3, "\uFFFD"}, {"ab\xffcd", 4, "ab"}, {"", 5, ""}, {"😀x", 3, ""}, {"a\x80\x80\x80\x80", 3, "a"},
	} {
		if got := boundBytes(test.in, test.limit); got != test.want {
			t.Errorf("%q cut at %d: %q, want %q", test.in, test.limit, got, test.want)
		}
	}
}

func TestAHundredThousandAttributesAreTaken(t *testing.T) {
	attributes := make([]model.KeyValue, 100_000)
	for i := range attributes {
		attributes[i] = number(fmt.Sprint("key", i), int64(i))
	}
	attributes = append(attributes, text("session.id", "late"))
	got := complete(t, spanOf(1, "wide", attributes...))
	if len(got.Body.Attributes) != len(attributes) || got.SessionID != "late" {
		t.Errorf("%d attributes, session %q", len(got.Body.Attributes), got.SessionID)
	}
}
