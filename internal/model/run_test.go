package model_test

import (
	"cmp"
	"encoding/json"
	"reflect"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
)

// fill sets every field below v to a value of its own, found by reflection, so
// that none can be added and forgotten.
func fill(t *testing.T, v reflect.Value, n *int64) {
	t.Helper()
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field, n)
		}
	case reflect.Pointer:
		if v.Type() == reflect.TypeFor[*model.Body]() {
			return // nobody knows a run by its span's content
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), n)
		}
	case reflect.String:
		v.SetString(string('a'+rune(*n%26)) + `"\größe` + "\n")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64, reflect.Int32:
		v.SetInt(1<<20 + *n)
	case reflect.Uint8:
		v.SetUint(uint64(*n%200 + 1))
	default:
		t.Fatalf("%s: teach fill what to put there", v.Kind())
	}
}

func filled[T any](t *testing.T) (v T) {
	t.Helper()
	n := int64(0)
	fill(t, reflect.ValueOf(&v).Elem(), &n)
	return v
}

// roundTrip writes a value as JSON and reads it again.
func roundTrip[T any](t *testing.T, want T) (text string) {
	t.Helper()
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got T
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%T does not survive as JSON (-want +got):\n%s", want, diff)
	}
	return string(data)
}

func TestDetailsOfARunSurviveAsJSON(t *testing.T) {
	roundTrip(t, filled[model.Tally](t))
	roundTrip(t, filled[model.Cost](t))
	roundTrip(t, filled[model.Usage](t))

	self := model.SpanID{1}
	own := model.Tally{Spans: 3, ModelCalls: 2, Usage: model.Usage{Input: 7}}
	run := model.Run{SpanID: self, Identity: model.Identity{RunID: "run-1"}, Own: own}
	for _, c := range []struct {
		name   string
		detail model.RunDetail
		want   string // what is stored; "" for anything
	}{
		{"every field", filled[model.RunDetail](t), ""},
		{"nothing is known yet", model.RunDetail{}, "nothing"},
		{"a run alone", model.RunDetail{RootSpanID: self, RootRunID: "run-1", Total: own}, "{}"},
		{"a run below another", model.RunDetail{
			ParentSpanID: model.SpanID{2, 0xab}, RootSpanID: model.SpanID{2, 0xab}, ParentRunID: "run-2", RootRunID: "run-2", Total: own,
		}, `{"parent_span_id":"02ab000000000000","parent_run_id":"run-2","root_span_id":"02ab000000000000","root_run_id":"run-2"}`},
		{"a root without a total, a span or an id", model.RunDetail{Children: 1}, `{"children":1,"total":{},"root_span_id":"0000000000000000","root_run_id":""}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run
			r.Detail = c.detail
			stored, err := r.EncodeDetail()
			if err != nil {
				t.Fatal(err)
			}
			if got := cmp.Or(string(stored), "nothing"); c.want != "" && got != c.want {
				t.Errorf("stored is %s", got)
			}
			got := run
			got.Detail = filled[model.RunDetail](t) // it must not show through
			if err := got.DecodeDetail(stored); err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(r, got); diff != "" {
				t.Errorf("it does not survive (-want +got):\n%s", diff)
			}
		})
	}
	if err := run.DecodeDetail([]byte(`{"total":7}`)); err == nil {
		t.Error("a total that is none is read")
	}
}

func TestSpanIDsAreReadFromJSONOnlyWhole(t *testing.T) {
	for _, text := range []string{`"01ab"`, `"01ab0000000000000"`, `"01ab00000000000x"`, `""`, `7`} {
		var id model.SpanID
		if err := json.Unmarshal([]byte(text), &id); err == nil {
			t.Errorf("%s is read as %s", text, id)
		}
	}
}

// TestSumsHaveEveryField adds values to themselves: each number doubles.
func TestSumsHaveEveryField(t *testing.T) {
	tally, cost := filled[model.Tally](t), filled[model.Cost](t)
	doubles(t, reflect.ValueOf(tally), reflect.ValueOf(tally.Plus(tally)), "Tally")
	doubles(t, reflect.ValueOf(cost), reflect.ValueOf(cost.Plus(cost)), "Cost")
}

func doubles(t *testing.T, one, two reflect.Value, path string) {
	t.Helper()
	if one.Kind() != reflect.Struct {
		if two.Int() != 2*one.Int() {
			t.Errorf("%s: %d plus itself is %d", path, one.Int(), two.Int())
		}
		return
	}
	for field, value := range one.Fields() {
		doubles(t, value, two.FieldByIndex(field.Index), path+"."+field.Name)
	}
}

func TestARunIsKnownFromItsSpanAlone(t *testing.T) {
	s := filled[model.Span](t)
	want := &model.Run{
		Project: s.Project, TraceID: s.TraceID, SpanID: s.SpanID, StartNano: s.StartNano, EndNano: s.EndNano,
		Type: s.Type, Name: s.Name, Status: s.Status, Service: s.Service, Environment: s.Environment,
		Identity: s.Identity, Failed: true,
	}
	if diff := gocmp.Diff(want, model.RunOf(&s)); diff != "" {
		t.Errorf("the run differs (-want +got):\n%s", diff)
	}
}

func TestATraceIsSettledWhenAllItsSpansAreAccountedFor(t *testing.T) {
	spans := []*model.Span{
		{SpanID: model.SpanID{1}, StartNano: 1, EndNano: 2},
		{SpanID: model.SpanID{2}, StartNano: 2, EndNano: 3},
	}
	trace := sumOf(spans)
	if trace.Settled() {
		t.Error("spans that nobody has accounted for are settled")
	}
	settled := *trace
	settled.SettledSpans, settled.Runs, settled.Cost = 2, 1, model.Cost{Nano: 7, ComputedCalls: 1}
	if !settled.Settled() {
		t.Error("2 of 2 spans are not settled")
	}
	other := settled
	other.SettledSpans, other.Runs, other.Cost = 2, 2, model.Cost{Nano: 5, ReportedCalls: 1}
	whole := merged(&settled, &other)
	if !whole.Settled() || whole.Runs != 3 || whole.Cost != (model.Cost{Nano: 12, ComputedCalls: 1, ReportedCalls: 1}) {
		t.Errorf("two settled parts become %+v", whole)
	}
	if late := merged(&settled, trace); late.Settled() {
		t.Error("a settled part and one that is not are settled")
	}
}
