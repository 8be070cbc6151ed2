package otlp

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

func TestVerbatim(t *testing.T) {
	list := model.Value{Kind: model.KindArray, Array: []model.Value{model.StringValue("a")}}
	tests := []struct {
		name             string
		attribute        model.KeyValue
		content, message bool
	}{
		{"a text", text("input.value", "a"), true, true},
		{"a long text", text("output.value", strings.Repeat("a", 300)), true, true},
		{"an empty value", model.KeyValue{Key: "input.value"}, true, true},
		{"a number", number("input.value", 1), false, false},
		{"a list", model.KeyValue{Key: "gen_ai.input.messages", Value: list}, false, false},
		{"bytes", model.KeyValue{Key: "gen_ai.tool.call.result", Value: model.Value{Kind: model.KindBytes, Str: "a"}}, false, false},
		{"a list as a message", model.KeyValue{Key: "llm.input_messages.0.message.content", Value: list}, false, false},
		{"what is no content", number("llm.token_count.prompt", 1), true, true},
		{"a list of one's own", model.KeyValue{Key: "tags", Value: list}, true, true},
		{"JSON", text("gen_ai.input.messages", `[{"content":"a\nb"}]`), true, true},
		{"JSON with numbers of characters", text("gen_ai.input.messages", `[{"content":"\u00e4"}]`), true, false},
		{"such JSON that is no message", text("output.value", `"\u00e4"`), true, true},
	}
	for _, test := range tests {
		data := EncodeSpans([]*model.Span{spanOf(1, "x", text("k", "v"), test.attribute)})
		if content, message := Verbatim(data, false), Verbatim(data, true); content != test.content || message != test.message {
			t.Errorf("%s: %v, %v", test.name, content, message)
		}
	}
	if Verbatim([]byte{0xff}, false) {
		t.Error("what is no message is verbatim")
	}
}

func TestVerbatimGoesByTheLastValueInWhateverOrder(t *testing.T) {
	encode := func(last model.Value) []byte {
		first := model.StringValue("a")
		message := appendValue(nil, 2, &first, 1)
		message = appendValue(message, 2, &last, 1)
		message = wire.AppendString(message, 1, "input.value")
		for _, field := range []protowire.Number{9, scopeSpansSpans, resourceSpansScopes, tracesResourceSpans} {
			message = wire.CloseMessage(message, 0, field)
		}
		return message
	}
	if !Verbatim(encode(model.StringValue("b")), false) || Verbatim(encode(model.IntValue(1)), false) {
		t.Error("the last value does not count")
	}
}

// contents are attributes that texts are made of.
func contents() *rapid.Generator[model.KeyValue] {
	return rapid.Custom(func(t *rapid.T) model.KeyValue {
		key := rapid.SampledFrom([]string{
			"input.value", "output.value", "gen_ai.tool.call.arguments", "tool.parameters", "gen_ai.tool.call.result", "gen_ai.input.messages", "gen_ai.prompt",
			"gen_ai.output.messages", "gen_ai.system_instructions", "llm.input_messages.0.message.content", "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
			"llm.input_messages.0.message.contents.0.message_content.text", "openinference.span.kind", "tags",
		}).Draw(t, "key")
		if rapid.IntRange(0, 20).Draw(t, "other") == 0 {
			return model.KeyValue{Key: key, Value: anyValue(2).Draw(t, "value")}
		}
		return text(key, rapid.SampledFrom([]string{
			"TOOL", "LLM", "plain", "line\nbreak", "q\"uote", "\xff", "é", `[{"role":"user","content":"in \"JSON\"\nä\/b"}]`, `[{"content":"\u00e4\u0061"}]`,
			`[{"parts":[{"type":"text","content":"one"},{"type":"tool_call","name":"n","arguments":{"a": [1, "x"]}},{"type":"reasoning","content":"two"}]}]`,
			`[{"type":"text","content":"three"}]`,
		}).Draw(t, "text"))
	})
}

func TestTextsAreInTheBytesOfAVerbatimMessage(t *testing.T) {
	verbatim := 0
	rapid.Check(t, func(t *rapid.T) {
		span := spanOf(1, "x", rapid.SliceOfN(contents(), 1, 6).Draw(t, "attributes")...)
		data := EncodeSpans([]*model.Span{span})
		decoded, err := DecodeSpans("p", data)
		if err != nil {
			t.Fatal(err)
		}
		b := decoded[0].Body
		if Verbatim(data, false) {
			for _, s := range []string{b.Input.Value, b.Output.Value, b.ToolArguments, b.ToolResult} {
				if !bytes.Contains(data, []byte(s)) {
					t.Fatalf("%q is not in %q", s, data)
				}
			}
		}
		if !Verbatim(data, true) {
			return
		}
		verbatim++
		written := func(r rune) bool { return r < ' ' || strings.ContainsRune("\"\\/\uFFFD", r) }
		for _, m := range append(b.InputMessages, b.OutputMessages...) {
			texts := []string{m.Content, m.Reasoning}
			for _, call := range m.ToolCalls {
				texts = append(texts, call.Name, call.Arguments)
			}
			for _, s := range texts {
				for part := range strings.FieldsFuncSeq(s, written) {
					if !bytes.Contains(data, []byte(part)) {
						t.Fatalf("%q of %q is not in %q", part, s, data)
					}
				}
			}
		}
	})
	if verbatim < 20 {
		t.Errorf("%d spans were verbatim: the test says nothing", verbatim)
	}
}
