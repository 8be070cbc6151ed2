package otlpjson

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	commonv1 "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
)

const depth = 64

func encode(t testing.TB, m *tracev1.TracesData) string {
	t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	text, err := NewEncoder(depth).AppendTraces(nil, data)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func value(v *commonv1.AnyValue) *tracev1.TracesData {
	return span(&tracev1.Span{Attributes: []*commonv1.KeyValue{{Key: "k", Value: v}}})
}

func span(s *tracev1.Span) *tracev1.TracesData {
	return &tracev1.TracesData{ResourceSpans: []*tracev1.ResourceSpans{{ScopeSpans: []*tracev1.ScopeSpans{{Spans: []*tracev1.Span{s}}}}}}
}

func TestJSONIsAsTheCollectorWritesIt(t *testing.T) {
	const around = `{"resourceSpans":[{"scopeSpans":[{"spans":[`
	for _, test := range []struct {
		message *tracev1.TracesData
		want    string
	}{
		{&tracev1.TracesData{}, `{}`},
		{span(&tracev1.Span{
			TraceId: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, SpanId: []byte{0xab, 2, 3, 4, 5, 6, 7, 8}, Name: "a \"b\"\n\u2028\x01\\",
			Kind: 1, StartTimeUnixNano: 1791201600000000001, EndTimeUnixNano: 1791201600000000002, Flags: 257, DroppedEventsCount: 3,
			Status: &tracev1.Status{Code: 2, Message: "why"},
		}), around + `{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"ab02030405060708","name":"a \"b\"\n\u2028\u0001\\",` +
			`"kind":1,"startTimeUnixNano":"1791201600000000001","endTimeUnixNano":"1791201600000000002","droppedEventsCount":3,"status":{"message":"why","code":2},"flags":257}]}]}]}`},
		{value(&commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: math.MinInt64}}), around + `{"attributes":[{"key":"k","value":{"intValue":"-9223372036854775808"}}]}]}]}]}`},
		{value(&commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{}}), around + `{"attributes":[{"key":"k","value":{"intValue":"0"}}]}]}]}]}`},
		{value(&commonv1.AnyValue{Value: &commonv1.AnyValue_DoubleValue{DoubleValue: math.Inf(-1)}}), around + `{"attributes":[{"key":"k","value":{"doubleValue":"-Infinity"}}]}]}]}]}`},
		{value(&commonv1.AnyValue{Value: &commonv1.AnyValue_BytesValue{BytesValue: []byte{0xff, 0xfe}}}), around + `{"attributes":[{"key":"k","value":{"bytesValue":"//4="}}]}]}]}]}`},
		{value(nil), around + `{"attributes":[{"key":"k"}]}]}]}]}`},
		{value(&commonv1.AnyValue{}), around + `{"attributes":[{"key":"k","value":{}}]}]}]}]}`},
	} {
		if got := encode(t, test.message); got != test.want {
			t.Errorf("have %s\nwant %s", got, test.want)
		}
	}
}

func TestWhatJSONCannotCarryIsCounted(t *testing.T) {
	field := func(num protowire.Number, value []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), value)
	}
	inSpan := append(field(5, []byte("a\xff\xfeb")), field(99, []byte("later"))...)
	inSpan = append(inSpan, field(6, []byte("the kind is no string"))...)
	e := NewEncoder(depth)
	text, err := e.AppendResourceSpans(nil, field(2, field(2, inSpan)))
	if err != nil {
		t.Fatal(err)
	}
	if want := "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"a\uFFFD\uFFFDb\"}]}]}]}"; string(text) != want {
		t.Errorf("have %s\nwant %s", text, want)
	}
	if want := (Loss{Strings: 1, Fields: 2}); e.Loss != want {
		t.Errorf("have %+v, want %+v", e.Loss, want)
	}
}

func TestWhatIsNotProtobufOrTooDeepIsAnError(t *testing.T) {
	for _, bad := range []string{"\x0a", "\x0a\x05ab", "\x07", "\x00\x00", "\x0a\x02\x12\x05"} {
		if text, err := NewEncoder(depth).AppendTraces(nil, []byte(bad)); err == nil {
			t.Errorf("%x: %s", bad, text)
		}
	}
	nested := func(levels int) *tracev1.TracesData {
		v := &commonv1.AnyValue{Value: &commonv1.AnyValue_BoolValue{BoolValue: true}}
		for range levels - 1 {
			v = &commonv1.AnyValue{Value: &commonv1.AnyValue_ArrayValue{ArrayValue: &commonv1.ArrayValue{Values: []*commonv1.AnyValue{v}}}}
		}
		return value(v)
	}
	for levels, taken := range map[int]bool{depth: true, depth + 1: false} {
		data, err := proto.Marshal(nested(levels))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewEncoder(depth).AppendTraces(nil, data); (err == nil) != taken {
			t.Errorf("%d levels: %v", levels, err)
		}
	}
}

// roundTrip demands that a message, as OTLP's own generated code reads it, is
// the same after it has been JSON, but for what JSON cannot carry.
func roundTrip(t fataler, data []byte) {
	var want tracev1.TracesData
	if (proto.UnmarshalOptions{RecursionLimit: 10_000}).Unmarshal(data, &want) != nil {
		return
	}
	text, err := NewEncoder(depth).AppendTraces(nil, data)
	if err != nil {
		t.Fatalf("%v of a message that protobuf reads: %x", err, data)
	}
	if !json.Valid(text) || strings.ContainsAny(string(text), "\n\r\u2028") {
		t.Fatalf("not JSON in one line: %q", text)
	}
	back, err := ToProtobuf(text, depth)
	if err != nil {
		t.Fatalf("%v of %s", err, text)
	}
	var got tracev1.TracesData
	if err := proto.Unmarshal(back, &got); err != nil {
		t.Fatal(err)
	}
	if forgetUnknown(want.ProtoReflect()) {
		return
	}
	if !proto.Equal(&want, &got) {
		t.Fatalf("%s\n%s", text, cmp.Diff(&want, &got, protocmp.Transform()))
	}
}

type fataler interface {
	Fatalf(string, ...any)
	Fatal(...any)
}

// forgetUnknown removes unknown fields, and reports whether there are fields that
// only the profiling signal has: to traces they are unknown too, but in a oneof,
// OTLP's generated code lets them take the place of others.
func forgetUnknown(m protoreflect.Message) (profiling bool) {
	m.SetUnknown(nil)
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind:
			profiling = profiling || strings.HasSuffix(string(f.Name()), "_strindex")
		case f.IsList():
			for i := range v.List().Len() {
				profiling = forgetUnknown(v.List().Get(i).Message()) || profiling
			}
		default:
			profiling = forgetUnknown(v.Message()) || profiling
		}
		return true
	})
	return profiling
}

func TestEveryMessageSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, err := proto.Marshal(&tracev1.TracesData{ResourceSpans: rapid.SliceOfN(rapid.Custom(anyResourceSpans), 0, 3).Draw(t, "resource spans")})
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, data)
	})
}

func anyResourceSpans(t *rapid.T) *tracev1.ResourceSpans {
	attributes := rapid.SliceOfN(rapid.Custom(anyKeyValue), 0, 3)
	id, count := rapid.SliceOfN(rapid.Byte(), 0, 17), rapid.Uint32()
	spans := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *tracev1.Span {
		return &tracev1.Span{
			TraceId: id.Draw(t, "trace"), SpanId: id.Draw(t, "span"), ParentSpanId: id.Draw(t, "parent"), Name: rapid.String().Draw(t, "name"),
			Kind: tracev1.Span_SpanKind(rapid.Int32().Draw(t, "kind")), StartTimeUnixNano: rapid.Uint64().Draw(t, "start"), Flags: count.Draw(t, "flags"),
			Attributes: attributes.Draw(t, "attributes"), DroppedLinksCount: count.Draw(t, "dropped"),
			Events: []*tracev1.Span_Event{{TimeUnixNano: rapid.Uint64().Draw(t, "time"), Attributes: attributes.Draw(t, "attributes")}},
			Links:  []*tracev1.Span_Link{{TraceId: id.Draw(t, "trace"), Flags: count.Draw(t, "flags")}},
			Status: &tracev1.Status{Code: tracev1.Status_StatusCode(rapid.Int32().Draw(t, "code"))},
		}
	}), 0, 3)
	return &tracev1.ResourceSpans{
		Resource: &resourcev1.Resource{Attributes: attributes.Draw(t, "attributes"), EntityRefs: []*commonv1.EntityRef{{IdKeys: []string{"", "a"}}}},
		ScopeSpans: []*tracev1.ScopeSpans{{
			Scope: &commonv1.InstrumentationScope{Name: rapid.String().Draw(t, "scope")}, Spans: spans.Draw(t, "spans"),
		}},
	}
}

func anyKeyValue(t *rapid.T) *commonv1.KeyValue {
	return &commonv1.KeyValue{Key: rapid.String().Draw(t, "key"), Value: anyValue(t, 3)}
}

func anyValue(t *rapid.T, levels int) *commonv1.AnyValue {
	switch choice := rapid.IntRange(0, 7).Draw(t, "kind"); {
	case choice == 0:
		return &commonv1.AnyValue{}
	case choice == 1:
		return &commonv1.AnyValue{Value: &commonv1.AnyValue_BoolValue{BoolValue: rapid.Bool().Draw(t, "bool")}}
	case choice == 2:
		return &commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: rapid.Int64().Draw(t, "int")}}
	case choice == 3:
		return &commonv1.AnyValue{Value: &commonv1.AnyValue_DoubleValue{DoubleValue: rapid.Float64().Draw(t, "double")}}
	case choice == 4:
		return &commonv1.AnyValue{Value: &commonv1.AnyValue_BytesValue{BytesValue: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")}}
	case choice == 5 && levels > 0:
		return &commonv1.AnyValue{Value: &commonv1.AnyValue_ArrayValue{ArrayValue: &commonv1.ArrayValue{
			Values: []*commonv1.AnyValue{anyValue(t, levels-1), anyValue(t, levels-1)},
		}}}
	case choice == 6 && levels > 0:
		return &commonv1.AnyValue{Value: &commonv1.AnyValue_KvlistValue{KvlistValue: &commonv1.KeyValueList{
			Values: []*commonv1.KeyValue{{Key: "a", Value: anyValue(t, levels-1)}, {}},
		}}}
	default:
		return &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: rapid.String().Draw(t, "string")}}
	}
}

// FuzzEncoder sends arbitrary bytes: what OTLP's own generated code reads is read
// here too, and says the same in JSON.
func FuzzEncoder(f *testing.F) {
	twice, err := proto.Marshal(value(&commonv1.AnyValue{Value: &commonv1.AnyValue_DoubleValue{DoubleValue: 1e300}}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(twice)
	f.Add([]byte("\x0a\x04\x0a\x02\x10\x01\x0a\x00"))
	// A value that is a string, then a list, then one of two numbers.
	f.Add([]byte("\x0a\x12\x0a\x10\x0a\x0e\x12\x0c\x0a\x01a\x2a\x00\x18\x01\x20\x02\x18\x03"))
	f.Add([]byte("\x0a\x0a\x1a\x01a\x0a\x02\x10\x05\x1a\x01b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := NewEncoder(depth).AppendTraces(nil, data)
		if err == nil && !json.Valid(text) {
			t.Fatalf("not JSON: %q", text)
		}
		if err == nil {
			roundTrip(t, data)
		}
	})
}
