package model_test

import (
	"reflect"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
)

// TestUsageAddsEveryBucket finds the buckets by reflection, so that none can be
// added and forgotten.
func TestUsageAddsEveryBucket(t *testing.T) {
	var u model.Usage
	v := reflect.ValueOf(&u).Elem()
	sum := int64(0)
	for i := range v.NumField() {
		v.Field(i).SetInt(int64(1) << i)
		if v.Type().Field(i).Name != "Total" {
			sum += int64(1) << i
		}
	}
	if got := u.Sum(); got != sum {
		t.Errorf("Sum is %d, want %d: every bucket once, and never the provider's total", got, sum)
	}
	double := reflect.ValueOf(u.Plus(u))
	for i := range double.NumField() {
		if got, want := double.Field(i).Int(), int64(2)<<i; got != want {
			t.Errorf("%s: Plus gives %d, want %d", v.Type().Field(i).Name, got, want)
		}
	}
}

// TestSpanTypesKeepTheirNumbers holds what is stored and sent.
func TestSpanTypesKeepTheirNumbers(t *testing.T) {
	for number, name := range []string{"UNKNOWN", "AGENT", "TEAM", "WORKFLOW", "STEP", "LLM", "TOOL", "RETRIEVER",
		"EMBEDDING", "RERANKER", "GUARDRAIL", "EVALUATOR", "PROMPT", "CHAIN", "UNKNOWN", "UNKNOWN"} {
		if got := model.SpanType(number).String(); got != name {
			t.Errorf("type %d is %s, want %s", number, got, name)
		}
	}
	if got := model.SpanType(255).String(); got != "UNKNOWN" {
		t.Errorf("type 255 is %s", got)
	}
}

func TestLookupFindsTheFirstOfSeveralValues(t *testing.T) {
	attrs := []model.KeyValue{
		{Key: "a", Value: model.IntValue(1)},
		{Key: "b", Value: model.StringValue("first")},
		{Key: "b", Value: model.StringValue("second")},
	}
	if got, ok := model.Lookup(attrs, "b"); !ok || got.Str != "first" {
		t.Errorf("got %+v, %v", got, ok)
	}
	if got, ok := model.Lookup(attrs, "c"); ok || got.Kind != model.KindEmpty {
		t.Errorf("got %+v, %v", got, ok)
	}
}
