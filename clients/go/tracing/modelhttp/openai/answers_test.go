package openai_test

import (
	"strings"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answertest"
)

func assistant(content string, calls ...tracing.ToolCall) tracing.Message {
	return tracing.Message{Role: "assistant", Content: content, ToolCalls: calls}
}

func messages(all ...tracing.Message) []tracing.Message { return all }

var chatAnswers = []answertest.Case{
	{
		Name: "a chat", New: chat,
		Body: `{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-4o-mini-2024-07-18","service_tier":"default",
			"choices":[{"index":0,"message":{"role":"assistant","content":"Hi!","refusal":null,"annotations":[]},"logprobs":{"content":[{"token":"Hi"}]},"finish_reason":"stop"}],
			"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":60,"audio_tokens":10},
			"completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":5,"accepted_prediction_tokens":0}}}`,
		Want: tracing.ModelResult{ID: "chatcmpl-1", Model: "gpt-4o-mini-2024-07-18", ServiceTier: "default",
			Messages: messages(assistant("Hi!")), FinishReasons: []string{"stop"},
			Usage: tracing.Usage{Input: 30, CacheRead: 60, AudioInput: 10, Output: 25, Reasoning: 20, AudioOutput: 5, Total: 150}},
	},
	{
		Name: "tools in parallel", New: chat,
		Body: `{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[
			{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\"}"}},
			{"id":"call_2","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}},
			{"id":"call_3","type":"custom","custom":{"name":"shell","input":"ls"}}]},"finish_reason":"tool_calls"}]}`,
		Want: tracing.ModelResult{ID: "c", Model: "m", FinishReasons: []string{"tool_calls"}, Messages: messages(assistant("",
			tracing.ToolCall{ID: "call_1", Name: "weather", Arguments: `{"city":"Paris"}`},
			tracing.ToolCall{ID: "call_2", Name: "weather", Arguments: `{"city":"Rome"}`},
			tracing.ToolCall{ID: "call_3", Name: "shell", Arguments: "ls"}))},
	},
	{
		Name: "several choices, a refusal", New: chat,
		Body: `{"choices":[{"index":1,"message":{"role":"assistant","content":null,"refusal":"I cannot."},"finish_reason":"content_filter"},
			{"index":0,"message":{"role":"assistant","content":[{"type":"text","text":"One"},{"type":"text","text":"Two"}]},"finish_reason":"length"}]}`,
		Want: tracing.ModelResult{FinishReasons: []string{"length", "content_filter"}, Messages: messages(assistant("One\nTwo"), assistant("I cannot."))},
	},
	{
		Name: "DeepSeek's reasoning and cache", New: chat,
		Body: `{"id":"d","model":"deepseek-reasoner","choices":[{"index":0,"message":{"role":"assistant","content":"42","reasoning_content":"Let me think."},"finish_reason":"stop"}],
			"usage":{"prompt_tokens":100,"completion_tokens":30,"total_tokens":130,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36,"completion_tokens_details":{"reasoning_tokens":25}}}`,
		Want: tracing.ModelResult{ID: "d", Model: "deepseek-reasoner", FinishReasons: []string{"stop"},
			Messages: messages(tracing.Message{Role: "assistant", Content: "42", Reasoning: "Let me think."}),
			Usage:    tracing.Usage{Input: 36, CacheRead: 64, Output: 5, Reasoning: 25, Total: 130}},
	},
	{
		Name: "Grok's reasoning beside", New: chat,
		Body:    `{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":35,"completion_tokens_details":{"reasoning_tokens":20}}}`,
		Want:    tracing.ModelResult{Usage: tracing.Usage{Input: 10, Output: 5, Reasoning: 20, Total: 35}},
		Partial: true, // no choice, no end
	},
	{
		Name: "Ollama's arguments, an object", New: chat,
		Body: `{"choices":[{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"finish_reason":"stop"}]}`,
		Want: tracing.ModelResult{FinishReasons: []string{"stop"}, Messages: messages(assistant("", tracing.ToolCall{Name: "f", Arguments: `{"a":1}`}))},
	},
	{
		Name: "audio", New: chat,
		Body: `{"choices":[{"message":{"role":"assistant","content":null,"audio":{"id":"a","data":"QUJDRA==","transcript":"Hello"}},"finish_reason":"stop"}]}`,
		Want: tracing.ModelResult{FinishReasons: []string{"stop"}, Messages: messages(assistant("Hello\n[audio, 4 bytes]"))},
	},
	{
		Name: "an error in an answer that began well", New: chat,
		Body:    `{"id":"x","error":{"message":"boom","type":"server_error"}}`,
		Want:    tracing.ModelResult{ID: "x"},
		Failure: &answer.Failure{Type: "server_error", Message: "boom"}, Partial: true,
	},
	{
		Name: "wrong types", New: chat,
		Body: `{"id":7,"model":"m","choices":[{"index":"0","message":{"content":"still here","role":"assistant"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1.5,"completion_tokens":2}}`,
		Want: tracing.ModelResult{Model: "m", FinishReasons: []string{"stop"}, Messages: messages(assistant("still here")), Usage: tracing.Usage{Output: 2}},
	},
	{
		Name: "an answer that stopped", New: chat,
		Body: `{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Once upon`,
		Want: tracing.ModelResult{ID: "x", Messages: messages(assistant("Once upon"))},
	},
}

var chatStreams = []answertest.Case{
	{
		Name: "a stream, with its usage at the end", New: chat,
		Body: events(
			`{"id":"c1","model":"m-1","service_tier":"flex","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],"usage":null}`,
			`{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}],"usage":null,"obfuscation":"xyz"}`,
			`{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}],"usage":null}`,
			`{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}`,
			`{"id":"c1","model":"m-1","choices":[],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":0}}}`,
			`[DONE]`),
		Want: tracing.ModelResult{ID: "c1", Model: "m-1", ServiceTier: "flex", FinishReasons: []string{"stop"}, Messages: messages(assistant("Hello")),
			Usage: tracing.Usage{Input: 8, Output: 2, Total: 10}},
	},
	{
		Name: "tools in parallel, their arguments in pieces", New: chat,
		Body: events(
			`{"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]}}]}`,
			`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}}]}`,
			`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"time","arguments":"{"}}]}}]}`,
			`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Paris\"}"}},{"index":1,"function":{"arguments":"}"}}]}}]}`,
			`{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`, `[DONE]`),
		Want: tracing.ModelResult{FinishReasons: []string{"tool_calls"}, Messages: messages(assistant("",
			tracing.ToolCall{ID: "call_1", Name: "weather", Arguments: `{"city":"Paris"}`}, tracing.ToolCall{ID: "call_2", Name: "time", Arguments: `{}`}))},
	},
	{
		Name: "choices interleaved, reasoning first", New: chat,
		Body: events(
			`{"choices":[{"index":1,"delta":{"role":"assistant","reasoning_content":"hm"}}]}`,
			`{"choices":[{"index":0,"delta":{"role":"assistant","reasoning":"so"}}]}`,
			`{"choices":[{"index":1,"delta":{"reasoning_content":"m"}}]}`,
			`{"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"}]}`,
			`{"choices":[{"index":1,"delta":{"content":"B"},"finish_reason":"length"}]}`, `[DONE]`),
		Want: tracing.ModelResult{FinishReasons: []string{"stop", "length"}, Messages: messages(
			tracing.Message{Role: "assistant", Content: "A", Reasoning: "so"}, tracing.Message{Role: "assistant", Content: "B", Reasoning: "hmm"})},
	},
	{
		Name: "Groq's and Moonshot's usage", New: chat,
		Body: events(`{"choices":[{"index":0,"delta":{"content":"A"},"usage":{"prompt_tokens":5,"completion_tokens":1,"cached_tokens":4}}]}`,
			`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":6,"completion_tokens":2,"total_tokens":8}}}`, `[DONE]`),
		Want: tracing.ModelResult{FinishReasons: []string{"stop"}, Messages: messages(assistant("A")), Usage: tracing.Usage{Input: 6, Output: 2, Total: 8}},
	},
	{
		Name: "an error in the middle", New: chat,
		Body:    events(`{"choices":[{"index":0,"delta":{"role":"assistant","content":"Half"}}]}`, `{"error":{"message":"The server had an error","type":"server_error","code":null}}`),
		Want:    tracing.ModelResult{Messages: messages(assistant("Half"))},
		Failure: &answer.Failure{Type: "server_error", Message: "The server had an error"}, Partial: true,
	},
	{
		Name: "a stream that stopped", New: chat,
		Body: events(`{"choices":[{"index":0,"delta":{"role":"assistant","content":"Half"}}]}`) + `data: {"choices":[{"index":0,"delta":{"content":" of`,
		Want: tracing.ModelResult{Messages: messages(assistant("Half"))}, Partial: true,
	},
	{
		Name: "functions, before there were tools", New: chat,
		Body: events(`{"choices":[{"delta":{"role":"assistant","function_call":{"name":"f","arguments":""}}}]}`, `{"choices":[{"delta":{"function_call":{"arguments":"{}"}},"finish_reason":"function_call"}]}`, `[DONE]`),
		Want: tracing.ModelResult{FinishReasons: []string{"function_call"}, Messages: messages(assistant("", tracing.ToolCall{Name: "f", Arguments: "{}"}))},
	},
}

var otherAnswers = []answertest.Case{
	{
		Name: "a completion", New: chat,
		Body: events(`{"id":"cmpl","model":"m","choices":[{"index":0,"text":" wor","finish_reason":null}]}`, `{"choices":[{"index":0,"text":"ld","finish_reason":"stop"}]}`, `[DONE]`),
		Want: tracing.ModelResult{ID: "cmpl", Model: "m", FinishReasons: []string{"stop"}, Messages: messages(assistant(" world"))},
	},
	{
		Name: "embeddings", New: embeddings,
		Body: `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[` + strings.Repeat("0.0123,", 3000) + `1]},{"index":1,"embedding":"QUJD"}],"model":"text-embedding-3-small","usage":{"prompt_tokens":7,"total_tokens":7}}`,
		Want: tracing.ModelResult{Model: "text-embedding-3-small", Usage: tracing.Usage{Input: 7, Total: 7}},
	},
}
