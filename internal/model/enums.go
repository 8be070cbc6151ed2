package model

// SpanType says what a span did in an agent's terms. It is derived from the
// span's attributes at ingest. The numbers are stored and sent: never renumber.
type SpanType uint8

const (
	TypeUnknown   SpanType = 0
	TypeAgent     SpanType = 1
	TypeTeam      SpanType = 2
	TypeWorkflow  SpanType = 3
	TypeStep      SpanType = 4
	TypeLLM       SpanType = 5
	TypeTool      SpanType = 6
	TypeRetriever SpanType = 7
	TypeEmbedding SpanType = 8
	TypeReranker  SpanType = 9
	TypeGuardrail SpanType = 10
	TypeEvaluator SpanType = 11
	TypePrompt    SpanType = 12
	TypeChain     SpanType = 13
)

// typeNames is indexed by SpanType.
var typeNames = [...]string{
	"UNKNOWN", "AGENT", "TEAM", "WORKFLOW", "STEP", "LLM", "TOOL", "RETRIEVER",
	"EMBEDDING", "RERANKER", "GUARDRAIL", "EVALUATOR", "PROMPT", "CHAIN",
}

// String returns the upper-case name that OpenInference uses, "UNKNOWN" for
// numbers that are not ours.
func (t SpanType) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return typeNames[TypeUnknown]
}

// IsRun reports whether a span of this type is one execution of an agent, a
// team or a workflow.
func (t SpanType) IsRun() bool {
	return t == TypeAgent || t == TypeTeam || t == TypeWorkflow
}

// CallsModel reports whether token usage on a span of this type is its own and
// not a copy of its children's.
func (t SpanType) CallsModel() bool {
	return t == TypeLLM || t == TypeEmbedding || t == TypeReranker
}

// StatusCode is OTLP's Status.StatusCode. The order matters: a trace has the
// greatest code of its spans.
type StatusCode uint8

const (
	StatusUnset StatusCode = 0
	StatusOK    StatusCode = 1
	StatusError StatusCode = 2
)

// SpanKind is OTLP's Span.SpanKind, by its numbers (0 unspecified, 1 internal,
// 2 server, 3 client, 4 producer, 5 consumer). Unknown numbers are kept.
type SpanKind int32
