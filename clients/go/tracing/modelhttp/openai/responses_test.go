package openai_test

import (
	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answertest"
)

const wholeResponse = `{"id":"resp_1","object":"response","status":"completed","model":"gpt-5-2025-08-07","service_tier":"default","error":null,"incomplete_details":null,
	"instructions":"Be brief.","tools":[],"output":[
	{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Think."},{"type":"summary_text","text":"More."}],"encrypted_content":"zzz"},
	{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"go"}},
	{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hello there","annotations":[]},{"type":"refusal","refusal":"No."}]},
	{"id":"fc_1","type":"function_call","call_id":"call_1","name":"weather","arguments":"{\"city\":\"Paris\"}","status":"completed"},
	{"id":"ig_1","type":"image_generation_call","result":"QUJDRA==","status":"completed"}],
	"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":40,"cache_write_tokens":10},"output_tokens":50,"output_tokens_details":{"reasoning_tokens":30},"total_tokens":150}}`

var wholeResult = tracing.ModelResult{
	ID: "resp_1", Model: "gpt-5-2025-08-07", ServiceTier: "default", FinishReasons: []string{"completed"},
	Messages: messages(tracing.Message{
		Role: "assistant", Content: "Hello there\nNo.\n[image, 4 bytes]", Reasoning: "Think.\nMore.",
		ToolCalls: []tracing.ToolCall{
			{ID: "ws_1", Name: "web_search_call", Arguments: `{"type":"search","query":"go"}`},
			{ID: "call_1", Name: "weather", Arguments: `{"city":"Paris"}`},
		},
	}),
	Usage: tracing.Usage{Input: 50, CacheRead: 40, CacheWrite: 10, Output: 20, Reasoning: 30, Total: 150},
}

// pieces are the events of a response up to, and without, its end.
var pieces = []string{
	`{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","model":"gpt-5-2025-08-07","output":[],"service_tier":"auto","usage":null}}`,
	`{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}`,
	`{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"Thi"}`,
	`{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"nk."}`,
	`{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":1,"delta":"More."}`,
	`{"type":"response.output_item.added","output_index":1,"item":{"id":"msg_1","type":"message","role":"assistant","content":[]}}`,
	`{"type":"response.content_part.added","output_index":1,"content_index":0,"part":{"type":"output_text","text":""}}`,
	`{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"Hello"}`,
	`{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":" there"}`,
	`{"type":"response.output_text.done","output_index":1,"content_index":0,"text":"Hello there"}`,
	`{"type":"response.refusal.delta","output_index":1,"content_index":1,"delta":"No."}`,
	`{"type":"response.output_item.added","output_index":2,"item":{"id":"fc_1","type":"function_call","call_id":"call_1","name":"weather","arguments":""}}`,
	`{"type":"response.function_call_arguments.delta","output_index":2,"delta":"{\"city\":"}`,
	`{"type":"response.function_call_arguments.delta","output_index":2,"delta":"\"Paris\"}"}`,
	`{"type":"response.function_call_arguments.done","output_index":2,"arguments":"{\"city\":\"Paris\"}"}`,
}

var piecedMessage = tracing.Message{
	Role: "assistant", Content: "Hello there\nNo.", Reasoning: "Think.\nMore.",
	ToolCalls: []tracing.ToolCall{{ID: "call_1", Name: "weather", Arguments: `{"city":"Paris"}`}},
}

func streamed(last string) string { return events(append(append([]string{}, pieces...), last)...) }

var responseAnswers = []answertest.Case{
	{Name: "a response", New: response, Body: wholeResponse, Want: wholeResult},
	{Name: "a response, streamed", New: response, Body: streamed(`{"type":"response.completed","response":` + flat(wholeResponse) + `}`), Want: wholeResult},
	{
		Name: "a response that stopped", New: response, Body: events(pieces...), Partial: true,
		Want: tracing.ModelResult{ID: "resp_1", Model: "gpt-5-2025-08-07", Messages: messages(piecedMessage)},
	},
	{
		Name: "a response that reached a limit", New: response,
		Body: streamed(`{"type":"response.incomplete","response":{"id":"resp_1","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[],"usage":{"input_tokens":5,"output_tokens":7,"total_tokens":12}}}`),
		Want: tracing.ModelResult{ID: "resp_1", Model: "gpt-5-2025-08-07", FinishReasons: []string{"max_output_tokens"}, Messages: messages(piecedMessage), Usage: tracing.Usage{Input: 5, Output: 7, Total: 12}},
	},
	{
		Name: "a response that failed", New: response,
		Body:    streamed(`{"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"The model failed."},"output":[]}}`),
		Want:    tracing.ModelResult{ID: "resp_1", Model: "gpt-5-2025-08-07", FinishReasons: []string{"failed"}, Messages: messages(piecedMessage)},
		Failure: &answer.Failure{Type: "server_error", Message: "The model failed."},
	},
	{
		Name: "an error in place of more", New: response,
		Body:    events(pieces[0], `{"type":"error","code":"rate_limit_exceeded","message":"Slow down","param":null,"sequence_number":1}`),
		Want:    tracing.ModelResult{ID: "resp_1", Model: "gpt-5-2025-08-07"},
		Failure: &answer.Failure{Type: "rate_limit_exceeded", Message: "Slow down"}, Partial: true,
	},
}
