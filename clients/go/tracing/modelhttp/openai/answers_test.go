package openai_test

import (
	"strings"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/openai"
)

func assistant(content string, calls ...tracing.ToolCall) tracing.Message {
	return tracing.Message{Role: "assistant", Content: content, ToolCalls: calls}
}

func messages(all ...tracing.Message) []tracing.Message { return all }

var chatAnswers = []answerTest{
	{
		name: "a chat", new: chat,
		body: `{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-4o-mini-2024-07-18","service_tier":"default",
			"choices":[{"index":0,"message":{"role":"assistant","content":"Hi!","refusal":null,"annotations":[]},"logprobs":{"content":[{"token":"Hi"}]},"finish_reason":"stop"}],
			"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":60,"audio_tokens":10},
			"completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":5,"accepted_prediction_tokens":0}}}`,
		want: tracing.ModelResult{ID: "chatcmpl-1", Model: "gpt-4o-mini-2024-07-18", ServiceTier: "default",
			Messages: messages(assistant("Hi!")), FinishReasons: []string{"stop"},
			Usage: tracing.Usage{Input: 30, CacheRead: 60, AudioInput: 10, Output: 25, Reasoning: 20, AudioOutput: 5, Total: 150}},
	},
	{
		name: "tools in parallel", new: chat,
		body: `{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[
			{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\"}"}},
			{"id":"call_2","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}},
			{"id":"call_3","type":"custom","custom":{"name":"shell","input":"ls"}}]},"finish_reason":"tool_calls"}]}`,
		want: tracing.ModelResult{ID: "c", Model: "m", FinishReasons: []string{"tool_calls"}, Messages: messages(assistant("",
			tracing.ToolCall{ID: "call_1", Name: "weather", Arguments: `{"city":"Paris"}`},
			tracing.ToolCall{ID: "call_2", Name: "weather", Arguments: `{"city":"Rome"}`},
			tracing.ToolCall{ID: "call_3", Name: "shell", Arguments: "ls"}))},
	},
	{
		name: "several choices, a refusal", new: chat,
		body: `{"choices":[{"index":1,"message":{"role":"assistant","content":null,"refusal":"I cannot."},"finish_reason":"content_filter"},
			{"index":0,"message":{"role":"assistant","content":[{"type":"text","text":"One"},{"type":"text","text":"Two"}]},"finish_reason":"length"}]}`,
		want: tracing.ModelResult{FinishReasons: []string{"length", "content_filter"}, Messages: messages(assistant("One\nTwo"), assistant("I cannot."))},
	},
	{
		name: "DeepSeek's reasoning and cache", new: chat,
		body: `{"id":"d","model":"deepseek-reasoner","choices":[{"index":0,"message":{"role":"assistant","content":"42","reasoning_content":"Let me think."},"finish_reason":"stop"}],
			"usage":{"prompt_tokens":100,"completion_tokens":30,"total_tokens":130,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36,"completion_tokens_details":{"reasoning_tokens":25}}}`,
		want: tracing.ModelResult{ID: "d", Model: "deepseek-reasoner", FinishReasons: []string{"stop"},
			Messages: messages(tracing.Message{Role: "assistant", Content: "42", Reasoning: "Let me think."}),
			Usage:    tracing.Usage{Input: 36, CacheRead: 64, Output: 5, Reasoning: 25, Total: 130}},
	},
	{
		name: "Grok's reasoning beside", new: chat,
		body:    `{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":35,"completion_tokens_details":{"reasoning_tokens":20}}}`,
		want:    tracing.ModelResult{Usage: tracing.Usage{Input: 10, Output: 5, Reasoning: 20, Total: 35}},
		partial: true, // no choice, no end
	},
	{
		name: "Ollama's arguments, an object", new: chat,
		body: `{"choices":[{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"finish_reason":"stop"}]}`,
		want: tracing.ModelResult{FinishReasons: []string{"stop"}, Messages: messages(assistant("", tracing.ToolCall{Name: "f", Arguments: `{"a":1}`}))},
	},
	{
		name: "audio", new: chat,
		body: `{"choices":[{"message":{"role":"assistant","content":null,"audio":{"id":"a","data":"QUJDRA==","transcript":"Hello"}},"finish_reason":"stop"}]}`,
		want: tracing.ModelResult{FinishReasons: []string{"stop"}, Messages: messages(assistant("Hello\n[audio, 4 bytes]"))},
	},
	{
		name: "an error in an answer that began well", new: chat,
		body:    `{"id":"x","error":{"message":"boom","type":"server_error"}}`,
		want:    tracing.ModelResult{ID: "x"},
		failure: &answer.Failure{Type: "server_error", Message: "boom"}, partial: true,
	},
	{
		name: "wrong types", new: chat,
		body: `{"id":7,"model":"m","choices":[{"index":"0","message":{"content":"still here","role":"assistant"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1.5,"completion_tokens":2}}`,
		want: tracing.ModelResult{Model: "m", FinishReasons: []string{"stop"}, Messages: messages(assistant("still here")), Usage: tracing.Usage{Output: 2}},
	},
	{
		name: "an answer that stopped", new: chat,
		body: `{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Once upon`,
		want: tracing.ModelResult{ID: "x", Messages: messages(assistant("Once upon"))},
	},
}

var chatStreams = []answerTest{
	{
		name: "a stream, with its usage at the end", new: chat,
		body: events(
			`{"id":"c1","model":"m-1","service_tier":"flex","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],"usage":null}`,
			`{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}],"usage":null,"obfuscation":"xyz"}`,
			`{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}],"usage":null}`,
			`{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}`,
			`{"id":"c1","model":"m-1","choices":[],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":0}}}`,
			`[DONE]`),
		want: tracing.ModelResult{ID: "c1", Model: "m-1", ServiceTier: "flex", FinishReasons: []string{"stop"}, Messages: messages(assistant("Hello")),
			Usage: tracing.Usage{Input: 8, Output: 2, Total: 10}},
	},
	{
		name: "tools in parallel, their arguments in pieces", new: chat,
		body: events(
			`{"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]}}]}`,
			`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}}]}`,
			`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"time","arguments":"{"}}]}}]}`,
			`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Paris\"}"}},{"index":1,"function":{"arguments":"}"}}]}}]}`,
			`{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`, `[DONE]`),
		want: tracing.ModelResult{FinishReasons: []string{"tool_calls"}, Messages: messages(assistant("",
			tracing.ToolCall{ID: "call_1", Name: "weather", Arguments: `{"city":"Paris"}`}, tracing.ToolCall{ID: "call_2", Name: "time", Arguments: `{}`}))},
	},
	{
		name: "choices interleaved, reasoning first", new: chat,
		body: events(
			`{"choices":[{"index":1,"delta":{"role":"assistant","reasoning_content":"hm"}}]}`,
			`{"choices":[{"index":0,"delta":{"role":"assistant","reasoning":"so"}}]}`,
			`{"choices":[{"index":1,"delta":{"reasoning_content":"m"}}]}`,
			`{"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"}]}`,
			`{"choices":[{"index":1,"delta":{"content":"B"},"finish_reason":"length"}]}`, `[DONE]`),
		want: tracing.ModelResult{FinishReasons: []string{"stop", "length"}, Messages: messages(
			tracing.Message{Role: "assistant", Content: "A", Reasoning: "so"}, tracing.Message{Role: "assistant", Content: "B", Reasoning: "hmm"})},
	},
	{
		name: "Groq's and Moonshot's usage", new: chat,
		body: events(`{"choices":[{"index":0,"delta":{"content":"A"},"usage":{"prompt_tokens":5,"completion_tokens":1,"cached_tokens":4}}]}`,
			`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":6,"completion_tokens":2,"total_tokens":8}}}`, `[DONE]`),
		want: tracing.ModelResult{FinishReasons: []string{"stop"}, Messages: messages(assistant("A")), Usage: tracing.Usage{Input: 6, Output: 2, Total: 8}},
	},
	{
		name: "an error in the middle", new: chat,
		body:    events(`{"choices":[{"index":0,"delta":{"role":"assistant","content":"Half"}}]}`, `{"error":{"message":"The server had an error","type":"server_error","code":null}}`),
		want:    tracing.ModelResult{Messages: messages(assistant("Half"))},
		failure: &answer.Failure{Type: "server_error", Message: "The server had an error"}, partial: true,
	},
	{
		name: "a stream that stopped", new: chat,
		body: events(`{"choices":[{"index":0,"delta":{"role":"assistant","content":"Half"}}]}`) + `data: {"choices":[{"index":0,"delta":{"content":" of`,
		want: tracing.ModelResult{Messages: messages(assistant("Half"))}, partial: true,
	},
	{
		name: "functions, before there were tools", new: chat,
		body: events(`{"choices":[{"delta":{"role":"assistant","function_call":{"name":"f","arguments":""}}}]}`, `{"choices":[{"delta":{"function_call":{"arguments":"{}"}},"finish_reason":"function_call"}]}`, `[DONE]`),
		want: tracing.ModelResult{FinishReasons: []string{"function_call"}, Messages: messages(assistant("", tracing.ToolCall{Name: "f", Arguments: "{}"}))},
	},
}

var otherAnswers = []answerTest{
	{
		name: "a completion", new: chat,
		body: events(`{"id":"cmpl","model":"m","choices":[{"index":0,"text":" wor","finish_reason":null}]}`, `{"choices":[{"index":0,"text":"ld","finish_reason":"stop"}]}`, `[DONE]`),
		want: tracing.ModelResult{ID: "cmpl", Model: "m", FinishReasons: []string{"stop"}, Messages: messages(assistant(" world"))},
	},
	{
		name: "embeddings", new: func() collector { return openai.NewEmbeddings(1 << 16) },
		body: `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[` + strings.Repeat("0.0123,", 3000) + `1]},{"index":1,"embedding":"QUJD"}],"model":"text-embedding-3-small","usage":{"prompt_tokens":7,"total_tokens":7}}`,
		want: tracing.ModelResult{Model: "text-embedding-3-small", Usage: tracing.Usage{Input: 7, Total: 7}},
	},
}
