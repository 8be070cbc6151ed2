//go:build ignore

// Make writes agent-1.dict, the dictionary with which segments are compressed:
// what the first span of any segment has in common with spans seen before. It
// is here to show how the file came about and as the start of a next one.
// agent-1.dict itself is frozen: every stored segment needs its exact bytes.
//
// It is made of the conventions' public names and of the shapes that Agno's
// instrumentation writes, not of anybody's data. What is most frequent comes
// last, where zstd reaches it with the shortest offsets.
package main

import (
	"os"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

func main() {
	var d []byte
	for _, key := range seldom {
		d = append(d, text(key, "")...)
	}
	d = append(d, prose...)
	d = append(d, stack...)
	d = append(d, json...)
	for _, key := range genAI {
		d = append(d, text(key[0], key[1])...)
	}
	for i := 5; i >= 0; i-- {
		d = append(d, message("llm.input_messages."+strconv.Itoa(i), []string{"system", "user", "assistant", "tool"}[i%4])...)
	}
	d = append(d, message("llm.output_messages.0", "assistant")...)
	for _, key := range frequent {
		if n, err := strconv.Atoi(key[1]); err == nil {
			d = append(d, number(key[0], uint64(n))...)
		} else {
			d = append(d, text(key[0], key[1])...)
		}
	}
	d = append(d, resource()...)
	if err := os.WriteFile("agent-1.dict", d, 0o644); err != nil {
		panic(err)
	}
}

// text encodes an attribute of a span: a KeyValue in field 9.
func text(key, value string) []byte {
	return attribute(9, key, protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), value))
}

func number(key string, n uint64) []byte {
	return attribute(9, key, protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), n))
}

func attribute(field protowire.Number, key string, value []byte) []byte {
	kv := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), key)
	kv = protowire.AppendBytes(protowire.AppendTag(kv, 2, protowire.BytesType), value)
	return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), kv)
}

func message(prefix, role string) []byte {
	d := text(prefix+".message.tool_call_id", "call_")
	d = append(d, text(prefix+".message.tool_calls.0.tool_call.id", "call_")...)
	d = append(d, text(prefix+".message.tool_calls.0.tool_call.function.name", "get_")...)
	d = append(d, text(prefix+".message.tool_calls.0.tool_call.function.arguments", `{"query": "`)...)
	d = append(d, text(prefix+".message.contents.0.message_content.type", "text")...)
	d = append(d, text(prefix+".message.contents.0.message_content.text", "")...)
	d = append(d, text(prefix+".message.role", role)...)
	return append(d, text(prefix+".message.content", "")...)
}

func resource() []byte {
	var attributes []byte
	for _, kv := range [][2]string{
		{"deployment.environment.name", "production"},
		{"openinference.project.name", "default"},
		{"service.instance.id", ""},
		{"service.name", "unknown_service"},
		{"telemetry.sdk.language", "python"},
		{"telemetry.sdk.name", "opentelemetry"},
		{"telemetry.sdk.version", "1."},
	} {
		attributes = append(attributes, attribute(1, kv[0], protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), kv[1]))...)
	}
	d := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), attributes)
	scope := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "openinference.instrumentation.agno")
	scope = protowire.AppendString(protowire.AppendTag(scope, 2, protowire.BytesType), "1.0.3")
	return append(d, protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), scope)...)
}

var seldom = strings.Fields(`
	agno.workflow.description agno.workflow.steps agno.workflow.steps_count agno.workflow.step_types
	agno.parallel.step_count agno.step.team_name agno.knowledge tag.tags llm.finish_reason llm.prompts
	llm.prompt_template.template llm.prompt_template.version llm.prompt_template.variables
	retrieval.documents.0.document.id retrieval.documents.0.document.content retrieval.documents.0.document.score
	retrieval.documents.0.document.metadata embedding.model_name embedding.embeddings.0.embedding.text
	embedding.embeddings.0.embedding.vector reranker.model_name reranker.query reranker.top_k
	llm.cost.prompt llm.cost.completion llm.cost.total llm.token_count.completion_details.reasoning
	llm.token_count.completion_details.audio llm.token_count.prompt_details.audio exception.escaped
	http.request.method http.response.status_code http.route url.path url.full server.address server.port
	user_agent.original network.protocol.version error.type enduser.id process.pid host.name os.type`)

const prose = `You are a helpful assistant. Answer the question as well as you can. Use the tools that you are given. ` +
	`Please let me know if there is anything else I can help you with. I could not find any information about that. ` +
	`Here is what I found: The following is a summary of the results. <instructions>` + "\n- " + `</instructions>` + "\n\n## " + "\n- **"

const stack = "Traceback (most recent call last):\n  File \"/usr/local/lib/python3.12/site-packages/agno/models/openai/chat.py\", line 1, in invoke\n" +
	"  File \"/app/.venv/lib/python3.12/site-packages/opentelemetry/trace/__init__.py\", line 5, in use_span\n    yield span\n" +
	"    return func(*args, **kwargs)\n           ^^^^^^^^^^^^^^^^^^^^^\n    response = wrapped(*args, **kwargs)\n" +
	"\nDuring handling of the above exception, another exception occurred:\n\nThe above exception was the direct cause of the following exception:\n\n" +
	"agno.exceptions.ModelProviderError: Error code: 429 - {'error': {'message': 'Rate limit reached'}}\n" +
	"exception\x12exception.type\x12exception.message\x12exception.stacktrace\x12exception.escaped\x12False"

const json = `{"type": "function", "function": {"name": "", "description": "", "parameters": {"type": "object", "properties": {"query": {"type": "string", "description": ""}, "limit": {"type": "integer"}, "value": {"type": "number"}}, "required": ["query"], "additionalProperties": false}}}` +
	`{"temperature": 0.2, "max_tokens": 1024, "top_p": 1, "reasoning_effort": "low", "api_key": "[REDACTED]"}` +
	`", "provider_data": {"id": "chatcmpl-"}, "metrics": {"input_tokens": 10, "output_tokens": 10, "total_tokens": 20, "cache_read_tokens": 0, "reasoning_tokens": 0, "duration": 0.5, "time_to_first_token": 0.1}, "created_at": 17` +
	`{"messages": [{"id": "", "content": "", "from_history": false, "stop_after_tool_call": false, "role": "system", "created_at": 17` +
	`}, {"id": "", "content": "", "from_history": true, "stop_after_tool_call": false, "role": "user", "created_at": 17` +
	`}, {"id": "", "from_history": false, "stop_after_tool_call": false, "role": "assistant", "tool_calls": [{"id": "call_", "function": {"arguments": "{\"query\": \"\"}", "name": ""}, "type": "function"}], ` +
	`}, {"id": "", "content": "", "from_history": false, "stop_after_tool_call": false, "role": "tool", "tool_call_id": "call_", "tool_name": "", "tool_args": {"query": ""}, "tool_call_error": false, "created_at": 17` +
	`[{"role": "assistant", "content": ""}]` + `[{"role": "assistant", "parts": [{"type": "text", "content": ""}, {"type": "tool_call", "id": "call_", "name": "", "arguments": {"query": ""}}], "finish_reason": "stop"}]` +
	`[{"role": "system", "parts": [{"type": "text", "content": ""}]}, {"role": "user", "parts": [{"type": "text", "content": ""}]}, {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_", "response": ""}]}]`

var genAI = [][2]string{
	{"gen_ai.system", "openai"}, {"gen_ai.response.id", "chatcmpl-"}, {"gen_ai.response.model", "gpt-"},
	{"gen_ai.request.max_tokens", ""}, {"gen_ai.request.top_p", ""}, {"gen_ai.request.temperature", ""},
	{"gen_ai.tool.definitions", `[{"type": "function", "name": "`}, {"gen_ai.tool.call.id", "call_"}, {"gen_ai.tool.type", "function"},
	{"gen_ai.tool.description", ""}, {"gen_ai.tool.call.arguments", "{\""}, {"gen_ai.tool.call.result", ""}, {"gen_ai.tool.name", ""},
	{"gen_ai.response.finish_reasons", "stop"}, {"gen_ai.usage.reasoning.output_tokens", ""},
	{"gen_ai.usage.cache_creation.input_tokens", ""}, {"gen_ai.usage.cache_read.input_tokens", ""},
	{"gen_ai.usage.input_tokens", ""}, {"gen_ai.usage.output_tokens", ""},
	{"gen_ai.input.messages", `[{"role": "user", "parts": [{"type": "text", "content": "`}, {"gen_ai.output.messages", `[{"role": "assistant", "parts": [{"type": "text", "content": "`},
	{"gen_ai.system_instructions", `[{"type": "text", "content": "`}, {"gen_ai.provider.name", "anthropic"}, {"gen_ai.provider.name", "openai"},
	{"gen_ai.request.model", "gpt-"}, {"gen_ai.conversation.id", ""}, {"gen_ai.workflow.name", ""}, {"gen_ai.agent.id", ""}, {"gen_ai.agent.name", ""},
	{"gen_ai.operation.name", "invoke_workflow"}, {"gen_ai.operation.name", "execute_tool"}, {"gen_ai.operation.name", "invoke_agent"}, {"gen_ai.operation.name", "chat"},
}

var frequent = [][2]string{
	{"agno.workflow.id", ""}, {"agno.step.type", "agent"}, {"agno.step.agent_name", ""}, {"agno.team", ""}, {"agno.team.id", ""},
	{"agno.agent", ""}, {"agno.agent.id", ""}, {"agent.name", ""}, {"agno.tools", ""}, {"agno.run.id", ""}, {"session.id", ""}, {"user.id", ""}, {"metadata", "{\""},
	{"graph.node.parent_id", ""}, {"graph.node.id", ""}, {"graph.node.name", ""},
	{"tool.name", ""}, {"tool.description", ""}, {"tool.parameters", "{\""},
	{"llm.tools.1.tool.json_schema", `{"type": "function", "function": {"name": "`}, {"llm.tools.0.tool.json_schema", `{"type": "function", "function": {"name": "`},
	{"llm.invocation_parameters", "{\""}, {"llm.model_name", "claude-"}, {"llm.model_name", "gemini-"}, {"llm.model_name", "gpt-"},
	{"llm.provider", "Anthropic"}, {"llm.provider", "Google"}, {"llm.provider", "OpenAI"}, {"llm.system", "anthropic"}, {"llm.system", "openai"},
	{"llm.token_count.total", "300"}, {"llm.token_count.prompt_details.cache_write", "0"}, {"llm.token_count.prompt_details.cache_read", "0"},
	{"llm.token_count.prompt", "300"}, {"llm.token_count.completion", "30"},
	{"openinference.span.kind", "CHAIN"}, {"openinference.span.kind", "AGENT"}, {"openinference.span.kind", "TOOL"}, {"openinference.span.kind", "LLM"},
	{"input.mime_type", "application/json"}, {"input.value", `{"messages": [{"id": "`}, {"input.value", "{\""},
	{"output.mime_type", "text/plain"}, {"output.mime_type", "application/json"}, {"output.value", `[{"role": "assistant", "content": "`}, {"output.value", ""},
}
