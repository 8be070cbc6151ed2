package openai_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/openai"
)

// flat takes the line breaks out of JSON, as the data of an event must be.
func flat(json string) string {
	return strings.ReplaceAll(strings.ReplaceAll(json, "\n", ""), "\t", "")
}

var requests = []struct {
	name string
	read func([]byte) tracing.ModelCall
	body string
	want tracing.ModelCall
}{
	{
		"a chat", openai.ChatCall,
		`{"messages":[{"role":"system","content":"Be brief."},
			{"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJDRA=="}},
			{"type":"image_url","image_url":{"url":"https://h.example/a.png?sig=s"}},{"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}},
			{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,QUJD"}}]},
			{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"c1","content":"a cat"},
			{"role":"assistant","content":null,"refusal":"No.","reasoning_content":"hm"}],
		"model":"gpt-4o-mini","temperature":0.5,"stream":true,"stop":null,"stream_options":{"include_usage":true},
		"tools":[{"type":"function","function":{"name":"look","description":"Looks.","parameters":{"type":"object"}}},{"type":"web_search"}]}`,
		tracing.ModelCall{
			Operation: tracing.Chat, Model: "gpt-4o-mini",
			Parameters: `{"stream":true,"stream_options":{"include_usage":true},"temperature":0.5}`,
			Messages: messages(
				tracing.Message{Role: "system", Content: "Be brief."},
				tracing.Message{Role: "user", Content: "What is this?\n[image, image/png, 4 bytes]\n[image]\n[audio, wav, 3 bytes]\n[file, a.pdf, 3 bytes]", Images: []string{"https://h.example/a.png"}},
				assistant("", tracing.ToolCall{ID: "c1", Name: "look", Arguments: "{}"}),
				tracing.Message{Role: "tool", ToolCallID: "c1", Content: "a cat"},
				tracing.Message{Role: "assistant", Content: "No.", Reasoning: "hm"}),
			Tools: []tracing.ToolDefinition{
				{Name: "look", Description: "Looks.", JSON: `{"type":"function","function":{"name":"look","description":"Looks.","parameters":{"type":"object"}}}`},
				{Name: "web_search", JSON: `{"type":"web_search"}`},
			},
		},
	},
	{
		"names that are bulk elsewhere", openai.ChatCall,
		`{"model":"m","logprobs":true,"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"embedding":{"type":"array"}}}}}]}`,
		tracing.ModelCall{Operation: tracing.Chat, Model: "m", Parameters: `{"logprobs":true}`,
			Tools: []tracing.ToolDefinition{{Name: "f", JSON: `{"type":"function","function":{"name":"f","parameters":{"properties":{"embedding":{"type":"array"}}}}}`}}},
	},
	{
		"responses", openai.ResponsesCall,
		`{"model":"gpt-5","instructions":"Be brief.","reasoning":{"effort":"low"},"previous_response_id":"resp_0","input":[
			{"role":"user","content":"Hi"},
			{"type":"message","role":"user","content":[{"type":"input_text","text":"See"},{"type":"input_image","image_url":"data:image/jpeg;base64,QUJD"},{"type":"input_file","filename":"a.txt","file_data":"QUJD"}]},
			{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"zzz"},
			{"type":"function_call","call_id":"c1","name":"look","arguments":"{}"},
			{"type":"function_call_output","call_id":"c1","output":"a cat"},
			{"type":"item_reference","id":"msg_0"}],
		"tools":[{"type":"function","name":"look","description":"Looks.","parameters":{}},{"type":"mcp","server_label":"docs","headers":{"Authorization":"x"}}]}`,
		tracing.ModelCall{
			Operation: tracing.Chat, Model: "gpt-5", Parameters: `{"previous_response_id":"resp_0","reasoning":{"effort":"low"}}`,
			Messages: messages(
				tracing.Message{Role: "system", Content: "Be brief."},
				tracing.Message{Role: "user", Content: "Hi"},
				tracing.Message{Role: "user", Content: "See\n[image, image/jpeg, 3 bytes]\n[file, a.txt, 3 bytes]"},
				tracing.Message{Role: "assistant", Reasoning: "hm"},
				assistant("", tracing.ToolCall{ID: "c1", Name: "look", Arguments: "{}"}),
				tracing.Message{Role: "tool", ToolCallID: "c1", Content: "a cat"}),
			Tools: []tracing.ToolDefinition{
				{Name: "look", Description: "Looks.", JSON: `{"type":"function","name":"look","description":"Looks.","parameters":{}}`},
				{Name: "docs", JSON: `{"type":"mcp","server_label":"docs","headers":{"Authorization":"x"}}`},
			},
		},
	},
	{
		"responses to a text", openai.ResponsesCall, `{"model":"gpt-5","input":"Hi","prompt":{"id":"p","variables":{"a":"b"}}}`,
		tracing.ModelCall{Operation: tracing.Chat, Model: "gpt-5", Parameters: `{"prompt":{"id":"p"}}`, Messages: messages(tracing.Message{Role: "user", Content: "Hi"})},
	},
	{
		"a completion", openai.CompletionCall, `{"model":"m","prompt":["a","b"],"max_tokens":5}`,
		tracing.ModelCall{Operation: tracing.TextCompletion, Model: "m", Parameters: `{"max_tokens":5}`, Messages: messages(tracing.Message{Role: "user", Content: "a"}, tracing.Message{Role: "user", Content: "b"})},
	},
	{
		"embeddings of texts", openai.EmbeddingsCall, `{"input":["a","b"],"model":"e","encoding_format":"float"}`,
		tracing.ModelCall{Operation: tracing.Embeddings, Model: "e", Parameters: `{"encoding_format":"float"}`, Texts: []string{"a", "b"}},
	},
	{
		"embeddings of tokens", openai.EmbeddingsCall, `{"input":[[1,2,3],[4]],"model":"e"}`,
		tracing.ModelCall{Operation: tracing.Embeddings, Model: "e", Texts: []string{"[3 tokens]", "[1 tokens]"}},
	},
	{
		"a request that stopped", openai.ChatCall, `{"model":"m","messages":[{"role":"user","content":"Once upo`,
		tracing.ModelCall{Operation: tracing.Chat, Model: "m", Messages: messages(tracing.Message{Role: "user", Content: "Once upo"})},
	},
	{"no JSON", openai.ChatCall, `hello`, tracing.ModelCall{Operation: tracing.Chat}},
}

func TestRequests(t *testing.T) {
	for _, test := range requests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.read(kept(test.body))); diff != "" {
				t.Errorf("-want +got: %s", diff)
			}
		})
	}
}
