package otlp

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

func TestShortAttributes(t *testing.T) {
	long := strings.Repeat("x", maxShortText+1)
	double := func(key string, f float64) model.KeyValue {
		return model.KeyValue{Key: key, Value: model.DoubleValue(f)}
	}
	tests := []struct {
		name       string
		attributes []model.KeyValue
		want       string
	}{
		{"none", nil, ""},
		{"scalars in the sender's order", []model.KeyValue{text("b", "x"), number("a", -7), double("c", 0.5), {Key: "d", Value: model.BoolValue(true)}},
			`{"b":"x","a":-7,"c":0.5,"d":true}`},
		{"numbers that JSON has not", []model.KeyValue{double("n", math.NaN()), double("i", math.Inf(-1))}, `{"n":"NaN","i":"-Infinity"}`},
		{"escapes", []model.KeyValue{text("q\"\\\n", "\t\r\x01é\x00\xff")}, `{"q\"\\\n":"\t\r\u0001é` + "\uFFFD\uFFFD" + `"}`},
		{"the first of equal keys", []model.KeyValue{text("k", "one"), text("k", "two")}, `{"k":"one"}`},
		{"the first of equal keys is too long", []model.KeyValue{text("k", long), text("k", "two")}, ""},
		{"no lists, maps, bytes, empty values", []model.KeyValue{{Key: "a", Value: model.Value{Kind: model.KindArray}},
			{Key: "m", Value: model.Value{Kind: model.KindMap}}, {Key: "b", Value: model.Value{Kind: model.KindBytes}}, {Key: "e"}}, ""},
		{"an empty text", []model.KeyValue{text("k", "")}, `{"k":""}`},
		{"no columns", []model.KeyValue{text("session.id", "s"), text("llm.model_name", "m"), number("llm.token_count.prompt", 1), text("tag", "t")}, `{"tag":"t"}`},
		{"no content", []model.KeyValue{text("input.value", "hi"), text("output.value", "ho"), text("llm.input_messages.0.message.role", "user"),
			text("llm.tools.0.tool.json_schema", "{}"), text("gen_ai.input.messages", "[]"), text("retrieval.documents.0.document.content", "d"),
			text("gen_ai.prompt.0.content", "x"), text("input.mime_type", "text/plain"), text("llm.invocation_parameters", "{}")}, ""},
		{"details that have no column", []model.KeyValue{text("gen_ai.response.model", "m-2026"), text("llm.system", "openai")},
			`{"gen_ai.response.model":"m-2026","llm.system":"openai"}`},
		{"a long key", []model.KeyValue{text(long, "v")}, ""},
	}
	for _, test := range tests {
		if got := string(derived(t, spanOf(1, "x", test.attributes...)).ShortAttributes); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestShortAttributesAreBounded(t *testing.T) {
	var many, large []model.KeyValue
	for i := range 200 {
		many = append(many, number(fmt.Sprint("k", i), 1))
		large = append(large, text(fmt.Sprint("k", i), strings.Repeat("x", 250)))
	}
	var got map[string]any
	if err := json.Unmarshal(derived(t, spanOf(1, "x", many...)).ShortAttributes, &got); err != nil || len(got) != maxShortEntries {
		t.Errorf("%d entries, %v", len(got), err)
	}
	large = append(large, text("small", "fits"))
	short := derived(t, spanOf(1, "x", large...)).ShortAttributes
	if len(short) > maxShortBytes || !strings.Contains(string(short), `"small":"fits"`) {
		t.Errorf("%d bytes: %s", len(short), short)
	}
}

func TestShortAttributesAreAlwaysJSONThatDatabasesTake(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := EncodeSpans([]*model.Span{anySpan().Draw(t, "span")})
		short := mustParseRapid(t, body).Records[0].Span.ShortAttributes
		if short == nil {
			return
		}
		if !json.Valid(short) || !utf8.Valid(short) || strings.Contains(string(short), `\u0000`) || strings.Contains(string(short), "\x00") {
			t.Fatalf("%q", short)
		}
	})
}
