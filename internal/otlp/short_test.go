package otlp

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
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
		{"the first of equal keys is too long", []model.KeyValue{text("k", long), text("k", "two")}, `{"k":null}`},
		{"a text that is just short enough", []model.KeyValue{text("k", long[1:])}, `{"k":"` + long[1:] + `"}`},
		{"only that there are lists, maps, bytes, empty values", []model.KeyValue{{Key: "a", Value: model.Value{Kind: model.KindArray}},
			{Key: "m", Value: model.Value{Kind: model.KindMap}}, {Key: "b", Value: model.Value{Kind: model.KindBytes}}, {Key: "e"}},
			`{"a":null,"m":null,"b":null,"e":null}`},
		{"an empty text", []model.KeyValue{text("k", "")}, `{"k":""}`},
		{"no columns", []model.KeyValue{text("session.id", "s"), text("llm.model_name", "m"), number("llm.token_count.prompt", 1), text("tag", "t")}, `{"tag":"t"}`},
		{"no content", []model.KeyValue{text("input.value", "hi"), text("output.value", "ho"), text("llm.input_messages.0.message.role", "user"),
			text("llm.tools.0.tool.json_schema", "{}"), text("gen_ai.input.messages", "[]"), text("retrieval.documents.0.document.content", "d"),
			text("gen_ai.prompt.0.content", "x"), text("input.mime_type", "text/plain"), text("llm.invocation_parameters", "{}")}, ""},
		{"details that have no column", []model.KeyValue{text("gen_ai.response.model", "m-2026"), text("llm.system", "openai")},
			`{"gen_ai.response.model":"m-2026","llm.system":"openai"}`},
		{"a key that is too long", []model.KeyValue{text(long, "v"), text("k", "v")}, `{"k":"v","…":null}`},
		{"nothing but a key that is too long", []model.KeyValue{text(long, "v")}, `{"…":null}`},
		{"a key that means something else", []model.KeyValue{text("…", "v")}, `{"…":null}`},
	}
	for _, test := range tests {
		if got := string(derived(t, spanOf(1, "x", test.attributes...)).ShortAttributes); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestShortAttributesAreBounded(t *testing.T) {
	var many, large []model.KeyValue
	for i := range 2 * maxLoose {
		many = append(many, number(fmt.Sprint("k", i), 1))
		large = append(large, text(fmt.Sprint("k", i), strings.Repeat("x", 250)))
	}
	tests := []struct {
		name       string
		attributes []model.KeyValue
		entries    int
		complete   bool
	}{
		{"as many as there may be", many[:maxShortEntries], maxShortEntries, true},
		{"of one key again", append(many[:maxShortEntries:maxShortEntries], many[0]), maxShortEntries, true},
		{"one more", many[:maxShortEntries+1], maxShortEntries, false},
		{"all large", large, 15, false},
		{"a small one behind large ones", append(large[:20:20], text("small", "fits")), 16, false},
		{"more than are looked at", append(slices.Repeat(many[:1], maxLoose), many[1]), 1, false},
	}
	for _, test := range tests {
		short := derived(t, spanOf(1, "x", test.attributes...)).ShortAttributes
		var got map[string]any
		if err := json.Unmarshal(short, &got); err != nil || len(short) > maxShortBytes {
			t.Errorf("%s: %v in %d bytes", test.name, err, len(short))
		}
		_, incomplete := got[model.ShortIncomplete]
		delete(got, model.ShortIncomplete)
		if len(got) != test.entries || incomplete == test.complete {
			t.Errorf("%s: %d entries, want %d; incomplete: %v", test.name, len(got), test.entries, incomplete)
		}
	}
}

func TestRowsTellOfEverySearchableAttribute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		span := anySpan().Draw(t, "span")
		narrow := mustParseRapid(t, EncodeSpans([]*model.Span{span})).Records[0].Span
		entries := map[string]any{}
		if narrow.ShortAttributes != nil {
			if err := json.Unmarshal(narrow.ShortAttributes, &entries); err != nil {
				t.Fatal(err)
			}
		}
		if _, incomplete := entries[model.ShortIncomplete]; incomplete {
			return
		}
		there := map[string]bool{}
		for _, a := range span.Body.Attributes {
			there[a.Key] = true
			if _, told := entries[a.Key]; !told && Searchable(a.Key) {
				t.Fatalf("%q is not in %s", a.Key, narrow.ShortAttributes)
			}
		}
		for key := range entries {
			if !there[key] && Searchable(key) {
				t.Fatalf("%q is in %s, and not on the span", key, narrow.ShortAttributes)
			}
		}
	})
}

func TestSearchableNames(t *testing.T) {
	for key, want := range map[string]bool{
		"tier": true, "gen_ai.response.model": true, "service.name": true, "größe": true, strings.Repeat("k", maxShortText): true,
		"session.id": false, "input.value": false, "llm.input_messages.0.message.role": false, "graph.node.id": false,
		"": false, "…": false, "a\x00b": false, "a\xff": false, "a\uFFFD": false, strings.Repeat("k", maxShortText+1): false,
	} {
		if got := Searchable(key); got != want {
			t.Errorf("%q: %v", key, got)
		}
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
