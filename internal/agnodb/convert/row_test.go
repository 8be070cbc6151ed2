package convert

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	commonv1 "go.opentelemetry.io/proto/slim/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
)

const (
	someTrace = "0102030405060708090a0b0c0d0e0f10"
	someSpan  = "0102030405060708"
	someTime  = "2026-11-22T09:58:42.139242+00:00"
	someNano  = 1795341522139242000
)

func someRow(change func(*Row)) Row {
	r := Row{
		TraceID: someTrace, SpanID: someSpan, Name: "Agent.run", Kind: "INTERNAL", StatusCode: "OK",
		StartTime: someTime, EndTime: someTime, Attributes: `{}`,
	}
	change(&r)
	return r
}

func spanOf(t *testing.T, r Row, ids *IDs) (*tracev1.Span, []string) {
	t.Helper()
	data, problems, err := appendSpan(nil, r, ids)
	if err != nil {
		t.Fatal(err)
	}
	span := new(tracev1.Span)
	if err := proto.Unmarshal(data, span); err != nil {
		t.Fatal(err)
	}
	return span, problems
}

func text(s string) *commonv1.AnyValue {
	return &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: s}}
}

func whole(n int64) *commonv1.AnyValue {
	return &commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: n}}
}

func double(f float64) *commonv1.AnyValue {
	return &commonv1.AnyValue{Value: &commonv1.AnyValue_DoubleValue{DoubleValue: f}}
}

func truth(b bool) *commonv1.AnyValue {
	return &commonv1.AnyValue{Value: &commonv1.AnyValue_BoolValue{BoolValue: b}}
}

func list(values ...*commonv1.AnyValue) *commonv1.AnyValue {
	return &commonv1.AnyValue{Value: &commonv1.AnyValue_ArrayValue{ArrayValue: &commonv1.ArrayValue{Values: values}}}
}

func TestARowBecomesTheSpanThatAgnoHad(t *testing.T) {
	got, problems := spanOf(t, someRow(func(r *Row) {
		r.ParentSpanID, r.Kind, r.StatusCode, r.StatusMessage = "ABCDEF0102030405", "CLIENT", "ERROR", "no"
		r.EndTime = "2026-11-22T09:58:43Z"
	}), nil)
	want := &tracev1.Span{
		TraceId: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, SpanId: []byte{1, 2, 3, 4, 5, 6, 7, 8},
		ParentSpanId: []byte{0xab, 0xcd, 0xef, 1, 2, 3, 4, 5}, Name: "Agent.run", Kind: tracev1.Span_SPAN_KIND_CLIENT,
		StartTimeUnixNano: someNano, EndTimeUnixNano: someNano - 139242000 + 1e9,
		Status: &tracev1.Status{Code: tracev1.Status_STATUS_CODE_ERROR, Message: "no"},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || len(problems) > 0 {
		t.Error(problems, diff)
	}
}

func TestAttributesKeepTheirTypes(t *testing.T) {
	for _, test := range []struct {
		json string
		want *commonv1.AnyValue
	}{
		{`"x"`, text("x")}, {`""`, text("")}, {`"{\"a\": 1}"`, text(`{"a": 1}`)}, {`"é\n\ud83d\ude00"`, text("é\n😀")},
		{`7`, whole(7)}, {`-0`, whole(0)}, {`9223372036854775807`, whole(math.MaxInt64)}, {`9223372036854775808`, double(9223372036854775808)},
		{`7.0`, double(7)}, {`1e3`, double(1000)}, {`0.00015`, double(0.00015)}, {`1e999`, double(math.Inf(1))},
		{`NaN`, double(math.NaN())}, {`-Infinity`, double(math.Inf(-1))}, {`"NaN"`, text("NaN")},
		{`true`, truth(true)}, {`false`, truth(false)},
		{`["a", "b"]`, list(text("a"), text("b"))}, {`[]`, list()}, {`[1, 2.5, null, true]`, list(whole(1), double(2.5), &commonv1.AnyValue{}, truth(true))},
		{`[[1], {"a": 2}]`, list(text("[1]"), text(`{"a": 2}`))},
		{`{"a": [1, {}]}`, text(`{"a": [1, {}]}`)},
		{`null`, nil},
	} {
		got, problems := spanOf(t, someRow(func(r *Row) { r.Attributes = ` {"k.a" : ` + test.json + `, "tail": 1} ` }), nil)
		want := []*commonv1.KeyValue{{Key: "k.a", Value: test.want}, {Key: "tail", Value: whole(1)}}
		if test.want == nil {
			want = want[1:]
		}
		if !proto.Equal(&tracev1.Span{Attributes: want}, &tracev1.Span{Attributes: got.GetAttributes()}) || len(problems) > 0 {
			t.Errorf("%s: %v %s", test.json, problems, cmp.Diff(want, got.GetAttributes(), protocmp.Transform()))
		}
	}
	for _, none := range []string{"", "null", " {} "} {
		if got, problems := spanOf(t, someRow(func(r *Row) { r.Attributes = none }), nil); len(got.GetAttributes()) > 0 || len(problems) > 0 {
			t.Errorf("%q: %v %v", none, got, problems)
		}
	}
}

func TestAttributesThatAreNoObjectAreKeptAsText(t *testing.T) {
	for _, bad := range []string{`[1]`, `"x"`, `{`, `{"a": }`, `{"a": 1} x`, `{"a": [NaN}`, "{'a': 1}"} {
		got, problems := spanOf(t, someRow(func(r *Row) { r.Attributes = bad }), nil)
		want := []*commonv1.KeyValue{{Key: "agno.attributes", Value: text(bad)}}
		if diff := cmp.Diff(want, got.GetAttributes(), protocmp.Transform()); diff != "" || len(problems) != 1 || !strings.Contains(problems[0], someSpan) {
			t.Errorf("%s: %q %s", bad, problems, diff)
		}
	}
}

func TestTimesOfEveryFormAreRead(t *testing.T) {
	for form, want := range map[string]int64{
		someTime: someNano, "2026-11-22T09:58:42.139242Z": someNano, "2026-11-22T09:58:42.139242": someNano, "2026-11-22 09:58:42.139242+00:00": someNano,
		"2026-11-22 09:58:42.139242+00": someNano, "2026-11-22T10:58:42.139242+01:00": someNano, "1795341522139242000": someNano,
		"2026-11-22T09:58:42+00:00": someNano - 139242000, "2026-11-22T09:58:42Z": someNano - 139242000,
	} {
		if got, ok := ParseTime(form); !ok || got != want {
			t.Errorf("%s: %d %v, want %d", form, got, ok, want)
		}
	}
	for _, bad := range []string{"", "now", "2026-11-22", "0001-01-01T00:00:00Z", "-5", "0"} {
		if got, ok := ParseTime(bad); ok {
			t.Errorf("%q is %d", bad, got)
		}
	}
	for duration, want := range map[string]int64{"231.01866245269775": 231018662, "5": 5e6, "": 0, "-1": 0, "x": 0} {
		got, _ := spanOf(t, someRow(func(r *Row) { r.EndTime, r.DurationMS = "", duration }), nil)
		if got.GetEndTimeUnixNano() != uint64(someNano+want) {
			t.Errorf("a span without an end that lasts %q ends after %d ns, want %d", duration, got.GetEndTimeUnixNano()-someNano, want)
		}
	}
}

func TestTheTracesIdsAreSaidByItsTopmostSpanOnce(t *testing.T) {
	ids := IDs{"r", "s", "", "a", "", "w"}
	got, _ := spanOf(t, someRow(func(r *Row) { r.Attributes = `{"session_id": "mine", "agno.agent.id": null}` }), &ids)
	var keys []string
	for _, a := range got.GetAttributes() {
		keys = append(keys, a.GetKey()+"="+a.GetValue().GetStringValue())
	}
	want := []string{"session_id=mine", "agno.run.id=r", "agno.agent.id=a", "agno.workflow.id=w"}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNoSpanSaysWhy(t *testing.T) {
	for want, change := range map[string]func(*Row){
		`trace_id is "12", want 32 hex digits`: func(r *Row) { r.TraceID = "12" },
		`span_id is "", want 16 hex digits`:    func(r *Row) { r.SpanID = "" },
		`start_time is "soon", want a time`:    func(r *Row) { r.StartTime = "soon" },
	} {
		if _, _, err := appendSpan(nil, someRow(change), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("have %v, want %s", err, want)
		}
	}
	got, problems := spanOf(t, someRow(func(r *Row) { r.ParentSpanID = "top" }), nil)
	if len(got.GetParentSpanId()) > 0 || len(problems) != 1 {
		t.Errorf("%v %v", got, problems)
	}
}

// FuzzRow sends arbitrary rows: what is made of them is a span, with all of the
// attributes' text or with none lost silently.
func FuzzRow(f *testing.F) {
	f.Add(someTrace, someSpan, someTime, `{"a": [1, {"b": NaN}], "c": "\u0000"}`)
	f.Add("0x"+someTrace, someSpan, "1", `{"a": 1, "a": 2}`)
	f.Fuzz(func(t *testing.T, trace, span, start, attributes string) {
		data, problems, err := appendSpan(nil, Row{TraceID: trace, SpanID: span, StartTime: start, Attributes: attributes}, &IDs{"r"})
		if err != nil {
			return
		}
		m := new(tracev1.Span)
		if err := (proto.UnmarshalOptions{}).Unmarshal(data, m); err != nil && !strings.Contains(err.Error(), "UTF-8") {
			t.Fatal(err)
		}
		if len(m.GetTraceId()) != 16 || len(m.GetSpanId()) != 8 || len(problems) > 1 {
			t.Fatal(m, problems)
		}
	})
}
