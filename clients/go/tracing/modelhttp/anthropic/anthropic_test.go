package anthropic_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answertest"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/anthropic"
)

func message(limit int) answertest.Collector { return anthropic.NewMessage(limit) }

// events writes the events of a stream, each with its name.
func events(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		name, _, _ := strings.Cut(strings.TrimPrefix(d, `{"type":"`), `"`)
		b.WriteString("event: " + name + "\ndata: " + d + "\n\n")
	}
	return b.String()
}

func messages(all ...tracing.Message) []tracing.Message { return all }

var begun = []string{
	`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[],"stop_reason":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":100,"cache_read_input_tokens":200,"cache_creation":{"ephemeral_5m_input_tokens":40,"ephemeral_1h_input_tokens":60},"output_tokens":1,"service_tier":"standard"}}}`,
	`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`,
	`{"type":"ping"}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me"}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":" see."}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM"}}`,
	`{"type":"content_block_stop","index":0}`,
	`{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}`,
	`{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"I will"}}`,
	`{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" look."}}`,
	`{"type":"content_block_stop","index":1}`,
	`{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}}`,
	`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}`,
	`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"city\": "}}`,
	`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\"Paris\"}"}}`,
	`{"type":"content_block_stop","index":2}`,
	`{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_2","name":"now","input":{}}}`,
	`{"type":"content_block_stop","index":3}`,
	`{"type":"content_block_start","index":4,"content_block":{"type":"text","text":""}}`,
	`{"type":"content_block_delta","index":4,"delta":{"type":"text_delta","text":"One moment."}}`,
	`{"type":"content_block_stop","index":4}`,
}

var told = tracing.Message{
	Role: "assistant", Content: "I will look.\nOne moment.", Reasoning: "Let me see.",
	ToolCalls: []tracing.ToolCall{{ID: "toolu_1", Name: "weather", Arguments: `{"city": "Paris"}`}, {ID: "toolu_2", Name: "now", Arguments: `{}`}},
}

var answers = []answertest.Case{
	{
		Name: "a stream", New: message,
		Body: events(append(begun[:len(begun):len(begun)], `{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":50,"output_tokens_details":{"thinking_tokens":20},"cache_read_input_tokens":null}}`, `{"type":"message_stop"}`)...),
		Want: tracing.ModelResult{ID: "msg_1", Model: "claude-sonnet-4-5-20250929", ServiceTier: "standard", Messages: messages(told), FinishReasons: []string{"tool_use"},
			Usage: tracing.Usage{Input: 25, CacheRead: 200, CacheWrite: 100, CacheWrite1h: 60, Output: 30, Reasoning: 20}},
	},
	{
		Name: "sums that replace those before", New: message,
		Body: events(begun[0], `{"type":"message_delta","delta":{},"usage":{"output_tokens":10}}`, `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":30,"output_tokens":15}}`, `{"type":"message_stop"}`),
		Want: tracing.ModelResult{ID: "msg_1", Model: "claude-sonnet-4-5-20250929", ServiceTier: "standard", Messages: messages(tracing.Message{Role: "assistant"}), FinishReasons: []string{"end_turn"},
			Usage: tracing.Usage{Input: 30, CacheRead: 200, CacheWrite: 100, CacheWrite1h: 60, Output: 15}},
	},
	{
		Name: "a stream that stopped", New: message, Body: events(begun...), Partial: true,
		Want: tracing.ModelResult{ID: "msg_1", Model: "claude-sonnet-4-5-20250929", ServiceTier: "standard", Messages: messages(told),
			Usage: tracing.Usage{Input: 25, CacheRead: 200, CacheWrite: 100, CacheWrite1h: 60, Output: 1}},
	},
	{
		Name: "an error in the middle", New: message,
		Body: events(begun[0], `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`), Partial: true,
		Want: tracing.ModelResult{ID: "msg_1", Model: "claude-sonnet-4-5-20250929", ServiceTier: "standard", Messages: messages(tracing.Message{Role: "assistant"}),
			Usage: tracing.Usage{Input: 25, CacheRead: 200, CacheWrite: 100, CacheWrite1h: 60, Output: 1}},
		Failure: &answer.Failure{Type: "overloaded_error", Message: "Overloaded"},
	},
	{
		Name: "a message", New: message,
		Body: `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"Let me see.","signature":"zzz"},{"type":"redacted_thinking","data":"zzz"},
			{"type":"text","text":"I will look."},{"type":"tool_use","id":"toolu_1","name":"weather","input":{"city": "Paris"}},{"type":"tool_use","id":"toolu_2","name":"now","input":{}},{"type":"text","text":"One moment."}],
			"stop_reason":"tool_use","usage":{"input_tokens":5,"output_tokens":7,"cache_creation_input_tokens":9}}`,
		Want: tracing.ModelResult{ID: "msg_1", Model: "m", FinishReasons: []string{"tool_use"},
			Messages: messages(tracing.Message{Role: "assistant", Content: "I will look.\nOne moment.", Reasoning: "Let me see.",
				ToolCalls: []tracing.ToolCall{{ID: "toolu_1", Name: "weather", Arguments: `{"city":"Paris"}`}, {ID: "toolu_2", Name: "now", Arguments: `{}`}}}),
			Usage: tracing.Usage{Input: 5, CacheWrite: 9, Output: 7}},
	},
	{
		Name: "arguments that are called as what only the provider can read", New: message,
		Body: `{"type":"message","role":"assistant","content":[{"type":"tool_use","id":"t1","name":"check","input":{"signature":"f()","encrypted_content":"x"}}],"stop_reason":"tool_use"}`,
		Want: tracing.ModelResult{FinishReasons: []string{"tool_use"}, Messages: messages(tracing.Message{Role: "assistant",
			ToolCalls: []tracing.ToolCall{{ID: "t1", Name: "check", Arguments: `{"signature":"f()","encrypted_content":"x"}`}}})},
	},
	{
		Name: "a refusal", New: message, Body: `{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"refusal","usage":{"input_tokens":1,"output_tokens":0}}`,
		Want: tracing.ModelResult{ID: "m", Model: "m", FinishReasons: []string{"refusal"}, Messages: messages(tracing.Message{Role: "assistant"}), Usage: tracing.Usage{Input: 1}},
	},
}

func TestAnswers(t *testing.T) {
	answertest.Run(t, answertest.Limits(anthropic.IsBulk, anthropic.IsFile), answers)
}

const conversation = `{"model":"claude-sonnet-4-5","max_tokens":100,"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":"Be kind."}],
	"messages":[{"role":"user","content":"Hi"},
	{"role":"user","content":[{"type":"text","text":"See"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJDRA=="}},
		{"type":"image","source":{"type":"url","url":"https://h.example/a.png?sig=s"}},{"type":"document","title":"A","source":{"type":"base64","media_type":"application/pdf","data":"QUJD"}}]},
	{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"zzz"},{"type":"text","text":"Looking."},{"type":"tool_use","id":"t1","name":"look","input":{"at":"it"}},{"type":"tool_use","id":"t2","name":"look","input":{}}]},
	{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"a cat"},{"type":"tool_result","tool_use_id":"t2","is_error":true,"content":[{"type":"text","text":"blind"}]},{"type":"text","text":"And?"}]}],
	"tools":[{"name":"look","description":"Looks.","input_schema":{"type":"object"}},{"type":"web_search_20250305","name":"web_search"}],"thinking":{"type":"enabled","budget_tokens":1024},"stream":true}`

func TestRequests(t *testing.T) {
	want := tracing.ModelCall{
		Operation: tracing.Chat, Model: "claude-sonnet-4-5",
		Parameters: `{"max_tokens":100,"stream":true,"thinking":{"type":"enabled","budget_tokens":1024}}`,
		Messages: messages(
			tracing.Message{Role: "system", Content: "Be brief.\nBe kind."},
			tracing.Message{Role: "user", Content: "Hi"},
			tracing.Message{Role: "user", Content: "See\n[image, image/png, 4 bytes]\n[image]\n[document, A, application/pdf, 3 bytes]", Images: []string{"https://h.example/a.png"}},
			tracing.Message{Role: "assistant", Content: "Looking.", Reasoning: "hm", ToolCalls: []tracing.ToolCall{{ID: "t1", Name: "look", Arguments: `{"at":"it"}`}, {ID: "t2", Name: "look", Arguments: "{}"}}},
			tracing.Message{Role: "tool", ToolCallID: "t1", Content: "a cat"},
			tracing.Message{Role: "tool", ToolCallID: "t2", Content: "blind"},
			tracing.Message{Role: "user", Content: "And?"}),
		Tools: []tracing.ToolDefinition{
			{Name: "look", Description: "Looks.", JSON: `{"name":"look","description":"Looks.","input_schema":{"type":"object"}}`},
			{Name: "web_search", JSON: `{"type":"web_search_20250305","name":"web_search"}`},
		},
	}
	if diff := cmp.Diff(want, request(conversation)); diff != "" {
		t.Errorf("-want +got: %s", diff)
	}
}

func request(body string) tracing.ModelCall {
	return anthropic.Call(answertest.Kept(answertest.Limits(anthropic.IsBulk, anthropic.IsFile), body))
}

func FuzzAnthropicStream(f *testing.F) {
	for _, test := range answers {
		f.Add([]byte(test.Body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		const limit = 1 << 10
		m := message(limit)
		answertest.Feed(answertest.Limits(anthropic.IsBulk, anthropic.IsFile), m, string(body))
		answertest.Bounded(t, m.Result(), limit)
	})
}

func FuzzAnthropicRequest(f *testing.F) {
	f.Add([]byte(conversation))
	f.Add([]byte(`{"messages":[{"content":[{"type":"tool_result","tool_use_id":"x","content":{}}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) { request(string(body)) })
}
