package otlp

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	tracev1 "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/agenttrace/agenttrace/internal/model"
)

const jsonIDs = `"traceId":"0102030405060708090A0b0c0d0e0f10","spanId":"0102030405060708"`

func spanJSON(members string) string {
	return `{"resourceSpans":[{"scopeSpans":[{"spans":[{` + jsonIDs + `,"startTimeUnixNano":"1791201600000000000"` + members + `}]}]}]}`
}

func valueJSON(value string) string {
	return spanJSON(`,"attributes":[{"key":"k","value":` + value + `}]`)
}

// fromJSON returns the one span of a JSON request.
func fromJSON(t *testing.T, body string) *model.Span {
	t.Helper()
	out, err := FromJSON([]byte(body), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	spans, err := DecodeSpans("p", out)
	if err != nil || len(spans) != 1 {
		t.Fatal(len(spans), err)
	}
	return spans[0]
}

func TestValuesInJSON(t *testing.T) {
	negativeZero := math.Copysign(0, -1)
	tests := []struct {
		json string
		want model.Value
	}{
		{`{"stringValue":"x"}`, model.StringValue("x")},
		{`{"stringValue":""}`, model.StringValue("")},
		{`{"boolValue":false}`, model.BoolValue(false)},
		{`{"boolValue":true}`, model.BoolValue(true)},
		{`{"intValue":"-9223372036854775808"}`, model.IntValue(math.MinInt64)},
		{`{"intValue":9223372036854775807}`, model.IntValue(math.MaxInt64)},
		{`{"intValue":0}`, model.IntValue(0)},
		{`{"intValue":5.0}`, model.IntValue(5)},
		{`{"intValue":"1e3"}`, model.IntValue(1000)},
		{`{"doubleValue":-0}`, model.DoubleValue(negativeZero)},
		{`{"doubleValue":1}`, model.DoubleValue(1)},
		{`{"doubleValue":"1.5e-3"}`, model.DoubleValue(0.0015)},
		{`{"doubleValue":"NaN"}`, model.DoubleValue(math.NaN())},
		{`{"doubleValue":"Infinity"}`, model.DoubleValue(math.Inf(1))},
		{`{"doubleValue":"-Infinity"}`, model.DoubleValue(math.Inf(-1))},
		{`{"bytesValue":"AP/+"}`, model.Value{Kind: model.KindBytes, Str: "\x00\xff\xfe"}},
		{`{"bytesValue":"_w"}`, model.Value{Kind: model.KindBytes, Str: "\xff"}},
		{`{"bytesValue":"/w=="}`, model.Value{Kind: model.KindBytes, Str: "\xff"}},
		{`{"bytesValue":""}`, model.Value{Kind: model.KindBytes}},
		{`{"arrayValue":{"values":[{"intValue":1},{},null,{"arrayValue":{}}]}}`, model.Value{Kind: model.KindArray, Array: []model.Value{
			model.IntValue(1), {}, {}, {Kind: model.KindArray}}}},
		{`{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":true}},{"key":"b"}]}}`, model.Value{Kind: model.KindMap, Map: []model.KeyValue{
			{Key: "a", Value: model.BoolValue(true)}, {Key: "b"}}}},
		{`{}`, model.Value{}},
		{`null`, model.Value{}},
		{`{"stringValue":null}`, model.Value{}},
		{`{"laterValue":{"a":[1,{"b":"}"}]},"stringValue":"x"}`, model.StringValue("x")},
		{`{"string_value":"not a name of OTLP's JSON"}`, model.Value{}},
		{`{"stringValue":"\ud83d\ude00\u00e9\n\/"}`, model.StringValue("😀é\n/")},
		{`{"stringValue":"\ud83d"}`, model.StringValue("\uFFFD")},
		{`{"stringValue":"\ude00\ud83dx"}`, model.StringValue("\uFFFD\uFFFDx")},
		{`{"stringValue":"\ud83d\u0041"}`, model.StringValue("\uFFFDA")},
		{"{\"stringValue\":\"a\xff\xfe\"}", model.StringValue("a\xff\xfe")},
		{`{"stringValue":"a\u0000b"}`, model.StringValue("a\x00b")},
	}
	for _, test := range tests {
		got := fromJSON(t, valueJSON(test.json)).Body.Attributes
		if diff := cmp.Diff([]model.KeyValue{{Key: "k", Value: test.want}}, got, sameDoubles); diff != "" {
			t.Errorf("%s: %s", test.json, diff)
		}
	}
}

func TestASpanInJSON(t *testing.T) {
	got := fromJSON(t, ` { "resourceSpans" : [ { "unknown": [[]], "scopeSpans": [ { "spans": [ {`+jsonIDs+`,
		"parentSpanId":"", "name":"n", "kind":3, "startTimeUnixNano":1791201600000000000, "endTimeUnixNano":"1791201600000000009",
		"traceState":"a=b", "flags":257, "droppedAttributesCount":1, "droppedEventsCount":"2", "droppedLinksCount":3,
		"events":[{"timeUnixNano":"7","name":"e","attributes":[],"droppedAttributesCount":4}],
		"links":[{"traceId":"ff","spanId":"","traceState":"t","flags":1}],
		"status":{"code":2,"message":"why"} } ], "scope":{"name":"lib","version":"1"}, "schemaUrl":"s" } ],
		"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]} } ] , "more": null } `)
	if got.Kind != 3 || got.Status != model.StatusError || got.Service != "shop" || got.EndNano != testStart+9 || got.TraceID[10] != 0x0b {
		t.Errorf("%+v", got)
	}
	b := got.Body
	want := &model.Body{
		TraceState: "a=b", Flags: 257, DroppedAttributes: 1, DroppedEvents: 2, DroppedLinks: 3,
		Events:   []model.Event{{TimeNano: 7, Name: "e", DroppedAttributes: 4}},
		Links:    []model.Link{{TraceID: []byte{0xff}, TraceState: "t", Flags: 1}},
		Resource: model.Resource{Attributes: []model.KeyValue{text("service.name", "shop")}},
		Scope:    model.Scope{Name: "lib", Version: "1", SchemaURL: "s"},
		FullName: "n", FullStatusMessage: "why",
	}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Error(diff)
	}
	named := fromJSON(t, spanJSON(`,"kind":"SPAN_KIND_CLIENT","status":{"code":"STATUS_CODE_ERROR"}`))
	if named.Kind != 3 || named.Status != model.StatusError {
		t.Errorf("%v %v", named.Kind, named.Status)
	}
}

func TestJSONThatCannotBeUnderstoodIsMalformedAndSaysWhere(t *testing.T) {
	for _, body := range []string{
		``, ` `, `[]`, `"x"`, `{`, `{"resourceSpans":`, `{"resourceSpans":[}`, `{"resourceSpans":{}}`, `{"resourceSpans":[{}]`,
		`{"resourceSpans":[{}]} x`, `{"a":1,}`, `{"a" 1}`, `{a:1}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":tru}`, `{"a":[1,]}`, `{"a":[}]`, `{"a":{]}`,
		`{"a":"` + "\n" + `"}`, `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"`, `{"a":"\`, "\xef\xbb\xbf{}",
		valueJSON(`{"intValue":1.5}`), valueJSON(`{"intValue":"9223372036854775808"}`), valueJSON(`{"intValue":1e400}`), valueJSON(`{"intValue":true}`),
		valueJSON(`{"intValue":"0x10"}`), valueJSON(`{"doubleValue":"x"}`), valueJSON(`{"doubleValue":"0x1p3"}`), valueJSON(`{"doubleValue":1e999}`),
		valueJSON(`{"boolValue":"true"}`), valueJSON(`{"stringValue":5}`), valueJSON(`{"bytesValue":"!"}`), valueJSON(`"x"`), valueJSON(`{"arrayValue":[]}`),
		spanJSON(`,"endTimeUnixNano":-1`), spanJSON(`,"endTimeUnixNano":"18446744073709551616"`), spanJSON(`,"flags":4294967296`),
		spanJSON(`,"kind":"SPAN_KIND_ODD"`), spanJSON(`,"kind":4294967296`), spanJSON(`,"attributes":{}`),
	} {
		_, err := FromJSON([]byte(body), Limits{})
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "byte ") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestIdsOfAWrongLengthInJSONRejectTheirSpanOnly(t *testing.T) {
	for _, test := range []struct{ id, reason string }{
		{"", "trace_id has 0 bytes, want 16, in JSON as 32 hex digits"},
		{"0a", "trace_id has 1 bytes, want 16, in JSON as 32 hex digits"},
		{strings.Repeat("1", 31), "trace_id has 15 bytes, want 16, in JSON as 32 hex digits"},
		{strings.Repeat("1", 33), "trace_id has 17 bytes, want 16, in JSON as 32 hex digits"},
		{"W47/95gDgQPSabYzgTxgyA==", "trace_id has 24 bytes, want 16, in JSON as 32 hex digits"}, // base64
		{"not hex by far..", "trace_id has 17 bytes, want 16, in JSON as 32 hex digits"},
		{"not hex.", "trace_id has 9 bytes, want 16, in JSON as 32 hex digits"},
		{strings.Repeat("0", 31) + "x", "trace_id has 32 bytes, want 16, in JSON as 32 hex digits"},
		{strings.Repeat("x", 31), "trace_id has 31 bytes, want 16, in JSON as 32 hex digits"},
		{strings.Repeat("0", 32), "trace_id is all zeros, want at least one other byte"},
	} {
		body := `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"` + test.id + `","spanId":"0102030405060708","startTimeUnixNano":1},{` +
			jsonIDs + `,"startTimeUnixNano":1},null]}]}]}`
		out, err := FromJSON([]byte(body), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		r := mustParse(t, out)
		want := []Rejection{{0, test.reason}, {2, "trace_id has 0 bytes, want 16, in JSON as 32 hex digits"}}
		if diff := cmp.Diff(want, r.Rejected); diff != "" || len(r.Records) != 1 {
			t.Errorf("%q: %s", test.id, diff)
		}
	}
}

func TestSpanIdsThatAreNotHexRejectTheirSpanOnly(t *testing.T) {
	for _, id := range []string{"7uGbfsPBsXQ=", "ghijklmn", "ghijklmnopqrstuv", "ghijklmnopqrstu", "g", "010203040506070x"} {
		for _, member := range []string{"spanId", "parentSpanId"} {
			body := `{"resourceSpans":[{"scopeSpans":[{"spans":[{` + jsonIDs + `,"startTimeUnixNano":1,"` + member + `":"` + id + `"},{` +
				jsonIDs + `,"startTimeUnixNano":1}]}]}]}`
			out, err := FromJSON([]byte(body), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			r := mustParse(t, out)
			if len(r.Records) != 1 || len(r.Rejected) != 1 || r.Rejected[0].Index != 0 {
				t.Errorf("%s %q: %d stored, rejected %v", member, id, len(r.Records), r.Rejected)
			}
		}
	}
}

func TestValuesNestedTooDeepInJSONRejectTheirSpanOnly(t *testing.T) {
	array := func(n int) string {
		return strings.Repeat(`{"arrayValue":{"values":[`, n) + `{"intValue":1}` + strings.Repeat(`]}}`, n)
	}
	list := func(n int) string {
		return strings.Repeat(`{"kvlistValue":{"values":[{"key":"k","value":`, n) + `{"intValue":1}` + strings.Repeat(`}]}}`, n)
	}
	for _, test := range []struct {
		value string
		taken bool
	}{
		{array(63), true}, {array(64), false}, {list(63), true}, {list(64), false}, {array(10_000), false}, {list(100_000), false},
	} {
		body := strings.Replace(valueJSON(test.value), `"spans":[`, `"spans":[{`+jsonIDs+`,"startTimeUnixNano":1},`, 1)
		out, err := FromJSON([]byte(body), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		r := mustParse(t, out)
		if taken := len(r.Records) == 2; taken != test.taken {
			t.Errorf("%.60s: %v", test.value, r.Rejected)
		}
		if !test.taken && (len(r.Rejected) != 1 || r.Rejected[0].Reason != `attribute "k": nested too deep, want at most 64 levels`) {
			t.Errorf("%.60s: %v", test.value, r.Rejected)
		}
	}
}

func TestEndlessBracketsNeedNoStack(t *testing.T) {
	for _, open := range []string{"[", `{"a":`} {
		body := `{"unknown":` + strings.Repeat(open, 4<<20)
		if _, err := FromJSON([]byte(body), Limits{}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", open, err)
		}
	}
}

// The oracle: the generated code of OTLP's own protobuf reads what FromJSON
// writes, and sees what was in the JSON.
func TestProtobufFromJSONIsWhatOthersUnderstand(t *testing.T) {
	body := spanJSON(`,"name":"n","kind":2,"attributes":[{"key":"a","value":{"kvlistValue":{"values":[{"key":"b","value":{"doubleValue":0.5}}]}}},
		{"key":"empty","value":{"stringValue":""}},{"key":"none"}],"status":{"code":1},"flags":256,"links":[{"traceId":"0a","spanId":"0b"}]`)
	out, err := FromJSON([]byte(body), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var got tracev1.TracesData
	if err := proto.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	spans, err := DecodeSpans("p", out)
	if err != nil {
		t.Fatal(err)
	}
	var again tracev1.TracesData
	if err := proto.Unmarshal(EncodeSpans(spans), &again); err != nil {
		t.Fatal(err)
	}
	span := got.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0]
	if span.GetName() != "n" || span.GetKind() != 2 || span.GetFlags() != 256 || len(span.GetAttributes()) != 3 ||
		span.GetAttributes()[0].GetValue().GetKvlistValue().GetValues()[0].GetValue().GetDoubleValue() != 0.5 {
		t.Errorf("%v", span)
	}
	// The end is the start where there is none; every attribute has a value.
	span.EndTimeUnixNano = span.GetStartTimeUnixNano()
	span.Attributes[2].Value = again.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetAttributes()[2].GetValue()
	if diff := cmp.Diff(&got, &again, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if unknown := got.ProtoReflect().GetUnknown(); !bytes.Equal(unknown, nil) {
		t.Errorf("unknown fields %x", unknown)
	}
}

func BenchmarkFromJSON(b *testing.B) {
	var spans []string
	for i := range 100 {
		spans = append(spans, fmt.Sprintf(`{%s,"startTimeUnixNano":"17912016%011d","name":"OpenAIChat.invoke","attributes":[{"key":"input.value","value":{"stringValue":"%s"}}]}`,
			jsonIDs, i+1, strings.Repeat(`{\"role\": \"user\"}`, 100)))
	}
	body := []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[` + strings.Join(spans, ",") + `]}]}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := FromJSON(body, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
