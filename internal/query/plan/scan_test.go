package plan_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

func segmentWith(attributes ...model.KeyValue) []byte {
	return otlp.EncodeSpans([]*model.Span{{
		TraceID: model.TraceID{1}, SpanID: model.SpanID{1}, StartNano: 1, EndNano: 2,
		Body: &model.Body{FullName: "x", Attributes: attributes},
	}})
}

func attribute(key string, v model.Value) model.KeyValue { return model.KeyValue{Key: key, Value: v} }

func TestAScanFindsWhatIsThere(t *testing.T) {
	said := func(key, text string) []byte { return segmentWith(attribute(key, model.StringValue(text))) }
	tests := []struct {
		name, query string
		segment     []byte
		want        bool
	}{
		{"a word", `{ content:input : "refund" }`, said("input.value", "a Refund!"), true},
		{"no word", `{ content:input : "refund" }`, said("input.value", "a return"), false},
		{"letters with a third case", `{ content:input : "kiss" }`, said("input.value", "\u212Aiſs"), true},
		{"letters beyond ASCII", `{ content:input : "ÄRGER" }`, said("input.value", "kein ärger"), true},
		{"a number", `{ content:input : "42" }`, segmentWith(attribute("input.value", model.IntValue(142))), true},
		{"a list", `{ content:input : "[\"a\"" }`, segmentWith(attribute("input.value", model.Value{Kind: model.KindArray, Array: []model.Value{model.StringValue("a")}})), true},
		{"a list elsewhere", `{ content:input : "refund" }`, segmentWith(attribute("tags", model.Value{Kind: model.KindArray})), false},
		{"bytes", `{ content:input : "AQI=" }`, segmentWith(attribute("input.value", model.Value{Kind: model.KindBytes, Str: "\x01\x02"})), true},
		{"a message", `{ content:messages : "refund" }`, said("llm.input_messages.0.message.content", "refund"), true},
		{"a message with a break", `{ content:messages : "your refund\nnow" }`, said("gen_ai.prompt", `[{"content":"your refund\nnow"}]`), true},
		{"a message by number", `{ content:messages : "refund" }`, said("gen_ai.prompt", `[{"content":"\u0072efund"}]`), true},
		{"a number outside of messages", `{ content:messages : "refund" }`, said("input.value", `\u0072eturn`), false},
		{"a key and a text", `{ .tier = "gold" }`, said("tier", "gold"), true},
		{"another text", `{ .tier = "gold" }`, said("tier", "silver"), false},
		{"another key", `{ .tier = "gold" }`, said("rank", "gold"), false},
		{"nothing to look for", `{ duration > 1s }`, said("rank", "gold"), true},
	}
	for _, test := range tests {
		scan := plan.Of(mustParse(t, test.query), otlp.Searchable).NewScan(otlp.Verbatim)
		if got := scan.Segment(test.segment); got != test.want || scan.MayMatch() != test.want {
			t.Errorf("%s: %v, %v", test.name, got, scan.MayMatch())
		}
	}
}

func TestAScanIsOfAllSegmentsOfATrace(t *testing.T) {
	a := segmentWith(attribute("input.value", model.StringValue("refund")))
	b := segmentWith(attribute("tier", model.StringValue("gold")))
	scan := plan.Of(mustParse(t, `{ content:input : "refund" } >> { .tier = "gold" }`), otlp.Searchable).NewScan(otlp.Verbatim)
	if scan.Segment(a) || scan.MayMatch() {
		t.Error("half of it suffices")
	}
	if !scan.Segment(b) || !scan.MayMatch() {
		t.Error("the whole does not suffice")
	}
	scan.Reset()
	if scan.MayMatch() {
		t.Error("the trace before is remembered")
	}
	if !scan.Segment(b) || scan.MayMatch() {
		t.Error("the other half suffices")
	}
}

func TestAScanWithoutKnowledgeOfContentLetsItPass(t *testing.T) {
	scan := plan.Of(mustParse(t, `{ content:input : "refund" && .tier = "gold" }`), otlp.Searchable).NewScan(nil)
	if !scan.Segment(segmentWith(attribute("tier", model.StringValue("gold")))) {
		t.Error("content was decided")
	}
	if scan.Segment(segmentWith(attribute("input.value", model.StringValue("refund")))) {
		t.Error("the attribute was not decided")
	}
}
