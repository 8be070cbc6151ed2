package tracing

// The names of attributes of OpenInference, which every span has. They are
// written out here: nothing else of OpenInference is needed.
const (
	keyKind = "openinference.span.kind"

	keyInput      = "input.value"
	keyInputType  = "input.mime_type"
	keyOutput     = "output.value"
	keyOutputType = "output.mime_type"

	keySession           = "session.id"
	keyUser              = "user.id"
	keyTags              = "tag.tags"
	keyMetadata          = "metadata"
	keyPromptTemplate    = "llm.prompt_template.template"
	keyPromptVersion     = "llm.prompt_template.version"
	keyPromptVariables   = "llm.prompt_template.variables"
	keyAgentName         = "agent.name"
	keyToolName          = "tool.name"
	keyToolDescription   = "tool.description"
	keyToolCallID        = "tool.id"
	keyModel             = "llm.model_name"
	keyProvider          = "llm.provider"
	keyResponseModel     = "llm.response.model_name"
	keyParameters        = "llm.invocation_parameters"
	keyFinishReason      = "llm.finish_reason"
	keyEmbeddingModel    = "embedding.model_name"
	keyEmbeddingParams   = "embedding.invocation_parameters"
	keyRerankerModel     = "reranker.model_name"
	keyRerankerQuery     = "reranker.query"
	keyPromptTokens      = "llm.token_count.prompt"
	keyCompletionTokens  = "llm.token_count.completion"
	keyTotalTokens       = "llm.token_count.total"
	keyCacheReadTokens   = "llm.token_count.prompt_details.cache_read"
	keyCacheWriteTokens  = "llm.token_count.prompt_details.cache_write"
	keyAudioInputTokens  = "llm.token_count.prompt_details.audio"
	keyReasoningTokens   = "llm.token_count.completion_details.reasoning"
	keyAudioOutputTokens = "llm.token_count.completion_details.audio"
	// No convention names the tokens that are kept in a cache for an hour.
	keyLongCacheWriteTokens = "llm.token_count.prompt_details.cache_write_1h"

	prefixInputMessages   = "llm.input_messages."
	prefixOutputMessages  = "llm.output_messages."
	prefixTools           = "llm.tools."
	prefixPrompts         = "llm.prompts."
	prefixChoices         = "llm.choices."
	prefixPromptTemplate  = "llm.prompt_template."
	prefixEmbeddings      = "embedding.embeddings."
	prefixRetrieved       = "retrieval.documents."
	prefixRerankerInputs  = "reranker.input_documents."
	prefixRerankerOutputs = "reranker.output_documents."
)

// Agno's own names, by which agenttrace and Agno's own exporter know who ran.
const (
	keyAgentID      = "agno.agent.id"
	keyAgentLabel   = "agno.agent"
	keyTeamID       = "agno.team.id"
	keyTeamLabel    = "agno.team"
	keyWorkflowID   = "agno.workflow.id"
	keyWorkflowName = "agno.workflow.name"
	keyStepID       = "agno.step.id"
	keyStepName     = "agno.step.name"
	keyRunID        = "agno.run.id"
)

// The names of OpenTelemetry's GenAI conventions. Those of the first group are
// on spans of models in either case, since OpenInference has no names for what
// they say.
const (
	keyResponseID    = "gen_ai.response.id"
	keyFirstChunk    = "gen_ai.response.time_to_first_chunk"
	keyServiceTier   = "gen_ai.response.service_tier"
	keyFinishReasons = "gen_ai.response.finish_reasons"

	genaiOperation        = "gen_ai.operation.name"
	genaiProvider         = "gen_ai.provider.name"
	genaiConversation     = "gen_ai.conversation.id"
	genaiAgentID          = "gen_ai.agent.id"
	genaiAgentName        = "gen_ai.agent.name"
	genaiAgentDescription = "gen_ai.agent.description"
	genaiWorkflowName     = "gen_ai.workflow.name"
	genaiToolName         = "gen_ai.tool.name"
	genaiToolType         = "gen_ai.tool.type"
	genaiToolDescription  = "gen_ai.tool.description"
	genaiToolCallID       = "gen_ai.tool.call.id"
	genaiToolArguments    = "gen_ai.tool.call.arguments"
	genaiToolResult       = "gen_ai.tool.call.result"
	genaiToolDefinitions  = "gen_ai.tool.definitions"
	genaiRequestModel     = "gen_ai.request.model"
	genaiResponseModel    = "gen_ai.response.model"
	genaiInputMessages    = "gen_ai.input.messages"
	genaiOutputMessages   = "gen_ai.output.messages"
	genaiInputTokens      = "gen_ai.usage.input_tokens"
	genaiOutputTokens     = "gen_ai.usage.output_tokens"
	genaiCacheReadTokens  = "gen_ai.usage.cache_read.input_tokens"
	genaiCacheWriteTokens = "gen_ai.usage.cache_creation.input_tokens"
	genaiReasoningTokens  = "gen_ai.usage.reasoning.output_tokens"
	genaiQuery            = "gen_ai.retrieval.query.text"
	genaiDocuments        = "gen_ai.retrieval.documents"
	genaiDimensions       = "gen_ai.embeddings.dimension.count"
	prefixRequest         = "gen_ai.request."
)

// What OpenTelemetry says of errors.
const (
	keyErrorType           = "error.type"
	eventException         = "exception"
	keyExceptionType       = "exception.type"
	keyExceptionMessage    = "exception.message"
	keyExceptionStacktrace = "exception.stacktrace"
)

// The types of content that the conventions know.
const (
	typeText = "text/plain"
	typeJSON = "application/json"
)
