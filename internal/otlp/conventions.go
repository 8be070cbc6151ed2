package otlp

import "github.com/agenttrace/agenttrace/internal/model"

// field is something that is derived from attributes.
type field uint8

const (
	fieldKind field = iota // of OpenInference
	fieldOperation
	fieldTeamMark // says that an agent is a team
	fieldService
	fieldEnvironment
	fieldAgentID
	fieldAgentName
	fieldTeamID
	fieldTeamName
	fieldWorkflowID
	fieldWorkflowName
	fieldSessionID
	fieldUserID
	fieldRunID
	fieldModel
	fieldProvider
	fieldPromptTokens
	fieldCompletionTokens
	fieldTotalTokens
	fieldCacheReadTokens
	fieldCacheWriteTokens
	fieldReasoningTokens
	fieldAudioInputTokens
	fieldAudioOutputTokens
	fieldLongCacheWriteTokens
	fieldCost
	fieldServiceTier
	fieldFirstTokenSeconds
	fieldFirstTokenMillis
	fieldToolName
	fieldToolCallID
	fieldErrorType
	fieldErrorMessage
	fieldStacktrace
	fieldInput
	fieldInputType
	fieldOutput
	fieldOutputType
	fieldInputMessages
	fieldOutputMessages
	fieldSystemInstructions
	fieldToolDescription
	fieldToolArguments
	fieldToolResult
	fieldFinishReasons
	fieldParameters
	numFields
)

// fate says what becomes of an attribute beside feeding its field. By default it
// is promoted: it has a column of its own, and is not repeated among the short
// attributes.
type fate uint8

const (
	// content is never stored in rows, however short it is: what was said, what
	// says again what the tree of spans says, and what is always a list, of
	// which a row could only say that it is there.
	content fate = iota + 1
	// detail is not in a column: it stays searchable as a short attribute.
	detail
)

// condition restricts a source to some types of spans.
type condition uint8

const (
	always condition = iota
	onTeam
	notOnTeam
	onAgent
	onWorkflow
	onTool
)

func (c condition) holds(t model.SpanType) bool {
	switch c {
	case onTeam:
		return t == model.TypeTeam
	case notOnTeam:
		return t != model.TypeTeam
	case onAgent:
		return t == model.TypeAgent
	case onWorkflow:
		return t == model.TypeWorkflow
	case onTool:
		return t == model.TypeTool
	default:
		return true
	}
}

// source is an attribute that can feed a field.
type source struct {
	key  string
	when condition
	fate fate
}

// convention lists the sources of one field, the preferred one first. The first
// that is there, has a usable value and whose condition holds, feeds the field.
type convention struct {
	field   field
	name    string // as docs/conventions.md calls it
	sources []source
}

// conventions is the whole of what agenttrace knows about attributes of spans.
// Where Agno's own exporter knows several names, its order is kept, so that both
// give the same answer; OpenInference comes before OTel GenAI, since it is what
// Agno's instrumentation writes first, and current names before deprecated ones.
var conventions = [...]convention{
	{fieldKind, "type", []source{{key: "openinference.span.kind"}}},
	{fieldOperation, "type, without a kind", []source{{key: "gen_ai.operation.name", fate: detail}}},
	{fieldTeamMark, "type TEAM instead of AGENT", []source{
		{key: "agno.team.id"}, {key: "agno.team"}, {key: "team.id"},
	}},

	{fieldAgentID, "identity.agent_id", []source{
		{key: "agent_id"}, {key: "agno.agent.id"}, {key: "agent.id"}, {key: "gen_ai.agent.id", when: notOnTeam},
	}},
	{fieldAgentName, "identity.agent_name", []source{
		{key: "agno.agent"}, {key: "agent.name", when: notOnTeam}, {key: "gen_ai.agent.name", when: notOnTeam},
		{key: "graph.node.name", when: onAgent, fate: content},
	}},
	{fieldTeamID, "identity.team_id", []source{
		{key: "team_id"}, {key: "agno.team.id"}, {key: "team.id"}, {key: "gen_ai.agent.id", when: onTeam},
	}},
	{fieldTeamName, "identity.team_name", []source{
		{key: "agno.team"}, {key: "team.name"}, {key: "agent.name", when: onTeam},
		{key: "gen_ai.agent.name", when: onTeam}, {key: "graph.node.name", when: onTeam, fate: content},
	}},
	{fieldWorkflowID, "identity.workflow_id", []source{
		{key: "workflow_id"}, {key: "agno.workflow.id"}, {key: "workflow.id"},
	}},
	{fieldWorkflowName, "identity.workflow_name", []source{
		{key: "agno.workflow.name"}, {key: "workflow.name"}, {key: "gen_ai.workflow.name"},
		{key: "graph.node.name", when: onWorkflow, fate: content},
	}},
	{fieldSessionID, "identity.session_id", []source{
		{key: "session_id"}, {key: "agno.session.id"}, {key: "session.id"}, {key: "gen_ai.conversation.id"},
	}},
	{fieldUserID, "identity.user_id", []source{
		{key: "user_id"}, {key: "agno.user.id"}, {key: "user.id"}, {key: "enduser.id"},
	}},
	{fieldRunID, "identity.run_id", []source{{key: "run_id"}, {key: "agno.run.id"}}},

	// The requested model comes before the one that answered: it is the name
	// that people configure and group by, and dual emission agrees on it.
	{fieldModel, "model_call.model", []source{
		{key: "llm.model_name"}, {key: "gen_ai.request.model"}, {key: "llm.request.model_name"},
		{key: "embedding.model_name"}, {key: "reranker.model_name"},
		{key: "gen_ai.response.model", fate: detail}, {key: "llm.response.model_name", fate: detail},
	}},
	{fieldProvider, "model_call.provider", []source{
		{key: "llm.provider"}, {key: "gen_ai.provider.name"}, {key: "gen_ai.system"}, {key: "llm.system", fate: detail},
	}},

	{fieldPromptTokens, "prompt tokens", []source{
		{key: "llm.token_count.prompt"}, {key: "gen_ai.usage.input_tokens"}, {key: "gen_ai.usage.prompt_tokens"},
	}},
	{fieldCompletionTokens, "completion tokens", []source{
		{key: "llm.token_count.completion"}, {key: "gen_ai.usage.output_tokens"}, {key: "gen_ai.usage.completion_tokens"},
	}},
	{fieldTotalTokens, "model_call.usage.reported_total_tokens", []source{
		{key: "llm.token_count.total"}, {key: "gen_ai.usage.total_tokens"},
	}},
	{fieldCacheReadTokens, "model_call.usage.cache_read_tokens", []source{
		{key: "llm.token_count.prompt_details.cache_read"}, {key: "llm.token_count.prompt_details.cache_input"},
		{key: "gen_ai.usage.cache_read.input_tokens"}, {key: "gen_ai.usage.cache_read_input_tokens"},
		{key: "gen_ai.usage.details.cache_read_tokens"},
	}},
	{fieldCacheWriteTokens, "model_call.usage.cache_write_tokens", []source{
		{key: "llm.token_count.prompt_details.cache_write"},
		{key: "gen_ai.usage.cache_creation.input_tokens"}, {key: "gen_ai.usage.cache_creation_input_tokens"},
		{key: "gen_ai.usage.cache_write_input_tokens"}, {key: "gen_ai.usage.details.cache_write_tokens"},
	}},
	{fieldReasoningTokens, "model_call.usage.reasoning_tokens", []source{
		{key: "llm.token_count.completion_details.reasoning"},
		{key: "gen_ai.usage.reasoning.output_tokens"}, {key: "gen_ai.usage.reasoning_tokens"},
		{key: "gen_ai.usage.details.reasoning_tokens"}, {key: "gen_ai.usage.experimental.reasoning_tokens"},
	}},
	{fieldAudioInputTokens, "model_call.usage.audio_input_tokens", []source{
		{key: "llm.token_count.prompt_details.audio"}, {key: "gen_ai.usage.details.input_audio_tokens"},
	}},
	{fieldAudioOutputTokens, "model_call.usage.audio_output_tokens", []source{
		{key: "llm.token_count.completion_details.audio"}, {key: "gen_ai.usage.details.output_audio_tokens"},
	}},
	// Of Anthropic's cache writes, those that are kept for an hour. No convention
	// names them: these are the names that senders have made up.
	{fieldLongCacheWriteTokens, "1-hour cache writes, for prices", []source{
		{key: "llm.token_count.prompt_details.cache_write_1h", fate: detail},
		{key: "gen_ai.usage.cache_creation.ephemeral_1h_input_tokens", fate: detail},
		{key: "gen_ai.usage.cache_creation_ephemeral_1h_input_tokens", fate: detail},
		{key: "dash0.gen_ai.usage.cache_creation.ephemeral_1h.input_tokens", fate: detail},
	}},
	{fieldCost, "usage:cost of queries", []source{
		{key: "llm.cost.total", fate: detail}, {key: "gen_ai.usage.cost", fate: detail},
	}},
	// What was served comes before what was asked for: priority can be refused.
	{fieldServiceTier, "service tier, for prices", []source{
		{key: "gen_ai.openai.response.service_tier", fate: detail}, {key: "openai.response.service_tier", fate: detail},
		{key: "gen_ai.response.service_tier", fate: detail}, {key: "gen_ai.anthropic.service_tier", fate: detail},
		{key: "gen_ai.openai.request.service_tier", fate: detail}, {key: "openai.request.service_tier", fate: detail},
		{key: "gen_ai.request.service_tier", fate: detail},
	}},
	{fieldFirstTokenSeconds, "model_call.time_to_first_token, in seconds", []source{
		{key: "gen_ai.response.time_to_first_chunk"}, {key: "gen_ai.server.time_to_first_token"},
	}},
	{fieldFirstTokenMillis, "model_call.time_to_first_token, in milliseconds", []source{
		{key: "ai.response.msToFirstChunk"},
	}},

	{fieldToolName, "tool_use.name", []source{
		{key: "tool.name"}, {key: "gen_ai.tool.name"}, {key: "tool_call.function.name"},
	}},
	{fieldToolCallID, "tool_use.call_id", []source{
		{key: "tool.id"}, {key: "tool_call.id"}, {key: "gen_ai.tool.call.id"},
	}},
	{fieldErrorType, "error.type", []source{{key: "error.type"}, {key: "exception.type"}}},
	{fieldErrorMessage, "error.message", []source{{key: "exception.message"}, {key: "error.message"}}},

	{fieldInput, "input.value", []source{
		{key: "input.value", fate: content}, {key: "gen_ai.tool.call.arguments", fate: content},
		{key: "gen_ai.input.messages", fate: content}, {key: "gen_ai.prompt", fate: content},
	}},
	{fieldInputType, "input.mime_type", []source{{key: "input.mime_type", fate: content}}},
	{fieldOutput, "output.value", []source{
		{key: "output.value", fate: content}, {key: "gen_ai.tool.call.result", fate: content},
		{key: "gen_ai.output.messages", fate: content}, {key: "gen_ai.completion", fate: content},
	}},
	{fieldOutputType, "output.mime_type", []source{{key: "output.mime_type", fate: content}}},
	{fieldInputMessages, "model_call.input_messages, without llm.input_messages.N", []source{
		{key: "gen_ai.input.messages", fate: content}, {key: "gen_ai.prompt", fate: content},
	}},
	{fieldOutputMessages, "model_call.output_messages, without llm.output_messages.N", []source{
		{key: "gen_ai.output.messages", fate: content}, {key: "gen_ai.completion", fate: content},
	}},
	{fieldSystemInstructions, "the first of model_call.input_messages", []source{
		{key: "gen_ai.system_instructions", fate: content},
	}},
	{fieldToolDescription, "tool_use.description", []source{
		{key: "tool.description", fate: content}, {key: "gen_ai.tool.description", fate: content},
	}},
	// OpenInference means a schema by tool.parameters, Agno writes the arguments
	// there: it comes last.
	{fieldToolArguments, "tool_use.arguments", []source{
		{key: "gen_ai.tool.call.arguments", fate: content}, {key: "tool_call.function.arguments", fate: content},
		{key: "input.value", when: onTool, fate: content}, {key: "tool.parameters", when: onTool, fate: content},
	}},
	{fieldToolResult, "tool_use.result", []source{
		{key: "gen_ai.tool.call.result", fate: content}, {key: "output.value", when: onTool, fate: content},
	}},
	{fieldFinishReasons, "model_call.finish_reasons", []source{
		{key: "gen_ai.response.finish_reasons", fate: content}, {key: "llm.finish_reason", fate: detail},
	}},
	{fieldParameters, "model_call.invocation_parameters", []source{
		{key: "llm.invocation_parameters", fate: content},
	}},
	{fieldStacktrace, "error.stacktrace", []source{{key: "exception.stacktrace", fate: content}}},

	// These two come from the resource, not from the span: on a span, they are
	// attributes like any other.
	{fieldService, "service", []source{{key: "service.name", fate: detail}}},
	{fieldEnvironment, "environment", []source{
		{key: "deployment.environment.name", fate: detail}, {key: "deployment.environment", fate: detail},
	}},
}

// contentPrefixes begin the names of attributes that hold conversation or
// documents, one attribute for each piece; and of Agno's own drawing of the run
// (random ids that repeat the tree), which was a third of all short attributes,
// and its list of an agent's tools.
var contentPrefixes = [...]string{
	"llm.input_messages.", "llm.output_messages.", "llm.tools.", "llm.prompts.", "llm.choices.",
	"llm.prompt_template.", "llm.function_call", "gen_ai.prompt.", "gen_ai.completion.", "gen_ai.tool.definitions",
	"retrieval.documents.", "reranker.input_documents.", "reranker.output_documents.", "reranker.query",
	"embedding.embeddings.", "embedding.text", "embedding.vector", "input.", "output.", "message.", "graph.node.",
	"agno.tools",
}
