package anthropic_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/anthropic"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/cut"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/frame"
)

var limits = cut.Limits{String: 1 << 16, Total: 1 << 20, Drop: anthropic.IsBulk, File: anthropic.IsFile}

func read(limit int, pieces ...string) anthropic.Message {
	m := anthropic.NewMessage(limit)
	s := frame.New(limits, m.Document)
	for _, piece := range pieces {
		s.Write([]byte(piece))
	}
	s.Close()
	return m
}

func request(body string) tracing.ModelCall {
	c := cut.New(limits)
	c.Write([]byte(body))
	return anthropic.Call(c.Finish())
}

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

var answers = []struct {
	name, body string
	want       tracing.ModelResult
	failure    *answer.Failure
	partial    bool
}{
	{
		name: "a stream",
		body: events(append(begun[:len(begun):len(begun)], `{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":50,"output_tokens_details":{"thinking_tokens":20},"cache_read_input_tokens":null}}`, `{"type":"message_stop"}`)...),
		want: tracing.ModelResult{ID: "msg_1", Model: "claude-sonnet-4-5-20250929", ServiceTier: "standard", Messages: messages(told), FinishReasons: []string{"tool_use"},
			Usage: tracing.Usage{Input: 25, CacheRead: 200, CacheWrite: 100, CacheWrite1h: 60, Output: 30, Reasoning: 20}},
	},
	{
		name: "sums that replace those before",
		body: events(begun[0], `{"type":"message_delta","delta":{},"usage":{"output_tokens":10}}`, `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":30,"output_tokens":15}}`, `{"type":"message_stop"}`),
		want: tracing.ModelResult{ID: "msg_1", Model: "claude-sonnet-4-5-20250929", ServiceTier: "standard", Messages: messages(tracing.Message{Role: "assistant"}), FinishReasons: []string{"end_turn"},
			Usage: tracing.Usage{Input: 30, CacheRead: 200, CacheWrite: 100, CacheWrite1h: 60, Output: 15}},
	},
	{
		name: "a stream that stopped", body: events(begun...), partial: true,
		want: tracing.ModelResult{ID: "msg_1", Model: "claude-sonnet-4-5-20250929", ServiceTier: "standard", Messages: messages(told),
			Usage: tracing.Usage{Input: 25, CacheRead: 200, CacheWrite: 100, CacheWrite1h: 60, Output: 1}},
	},
	{
		name: "an error in the middle",
		body: events(begun[0], `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`), partial: true,
		want: tracing.ModelResult{ID: "msg_1", Model: "claude-sonnet-4-5-20250929", ServiceTier: "standard", Messages: messages(tracing.Message{Role: "assistant"}),
			Usage: tracing.Usage{Input: 25, CacheRead: 200, CacheWrite: 100, CacheWrite1h: 60, Output: 1}},
		failure: &answer.Failure{Type: "overloaded_error", Message: "Overloaded"},
	},
	{
		name: "a message",
		body: `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"Let me see.","signature":"zzz"},{"type":"redacted_thinking","data":"zzz"},
			{"type":"text","text":"I will look."},{"type":"tool_use","id":"toolu_1","name":"weather","input":{"city": "Paris"}},{"type":"tool_use","id":"toolu_2","name":"now","input":{}},{"type":"text","text":"One moment."}],
			"stop_reason":"tool_use","usage":{"input_tokens":5,"output_tokens":7,"cache_creation_input_tokens":9}}`,
		want: tracing.ModelResult{ID: "msg_1", Model: "m", FinishReasons: []string{"tool_use"},
			Messages: messages(tracing.Message{Role: "assistant", Content: "I will look.\nOne moment.", Reasoning: "Let me see.",
				ToolCalls: []tracing.ToolCall{{ID: "toolu_1", Name: "weather", Arguments: `{"city":"Paris"}`}, {ID: "toolu_2", Name: "now", Arguments: `{}`}}}),
			Usage: tracing.Usage{Input: 5, CacheWrite: 9, Output: 7}},
	},
	{
		name: "a refusal", body: `{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"refusal","usage":{"input_tokens":1,"output_tokens":0}}`,
		want: tracing.ModelResult{ID: "m", Model: "m", FinishReasons: []string{"refusal"}, Messages: messages(tracing.Message{Role: "assistant"}), Usage: tracing.Usage{Input: 1}},
	},
}

func TestAnswers(t *testing.T) {
	for _, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			got := read(1<<16, test.body)
			if diff := cmp.Diff(test.want, got.Result()); diff != "" {
				t.Errorf("-want +got: %s", diff)
			}
			if diff := cmp.Diff(test.failure, got.Failed()); diff != "" {
				t.Errorf("failure: %s", diff)
			}
			if got.Finished() == test.partial {
				t.Errorf("finished: %v", got.Finished())
			}
		})
	}
}

func TestAnswersInPiecesAreTheSame(t *testing.T) {
	for _, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				var pieces []string
				for rest := test.body; rest != ""; {
					n := rapid.IntRange(1, len(rest)).Draw(t, "length")
					pieces, rest = append(pieces, rest[:n]), rest[n:]
				}
				if diff := cmp.Diff(test.want, read(1<<16, pieces...).Result()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
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
			tracing.Message{Role: "user", Content: "See\n[image, image/png, 4 bytes]\n[image, https://h.example/a.png]\n[document, A, application/pdf, 3 bytes]", Images: []string{"https://h.example/a.png"}},
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

func FuzzAnthropicStream(f *testing.F) {
	for _, test := range answers {
		f.Add([]byte(test.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		const limit = 1 << 10
		result := read(limit, string(body)).Result()
		for _, m := range result.Messages {
			if len(m.Content)+len(m.Reasoning) > limit+128 {
				t.Errorf("%d bytes of text kept", len(m.Content)+len(m.Reasoning))
			}
		}
		if u := result.Usage; min(u.Input, u.Output, u.Reasoning, u.CacheRead, u.CacheWrite, u.CacheWrite1h) < 0 || u.CacheWrite1h > u.CacheWrite {
			t.Errorf("counts that cannot be: %+v", u)
		}
	})
}

func FuzzAnthropicRequest(f *testing.F) {
	f.Add([]byte(conversation))
	f.Add([]byte(`{"messages":[{"content":[{"type":"tool_result","tool_use_id":"x","content":{}}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) { request(string(body)) })
}
