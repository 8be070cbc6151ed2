package tracing

import "go.opentelemetry.io/otel/trace"

// kind is what a span is, in both vocabularies.
type kind struct {
	name        string // of OpenInference
	suffix      string // of the span's name, after Agno's custom
	isRun       bool
	callsModel  bool
	operation   string // of the GenAI conventions
	genAIInput  string // attributes that repeat the input and the output
	genAIOutput string
	otel        trace.SpanKind
	identify    func(to attributes, name, id string) attributes
}

var (
	kindAgent = kind{name: "AGENT", suffix: ".run", isRun: true, operation: "invoke_agent",
		identify: func(to attributes, name, id string) attributes {
			return to.text(keyAgentID, id).text(keyAgentLabel, name).text(keyAgentName, name)
		}}
	// OpenInference knows no teams: they are agents that have the id of a team.
	kindTeam = kind{name: "AGENT", suffix: ".run", isRun: true, operation: "invoke_agent",
		identify: func(to attributes, name, id string) attributes {
			return to.text(keyTeamID, id).text(keyTeamLabel, name).text(keyAgentName, name)
		}}
	// Nor workflows and steps: they are chains that have such an attribute.
	kindWorkflow = kind{name: "CHAIN", suffix: ".run", isRun: true, operation: "invoke_workflow",
		identify: func(to attributes, name, id string) attributes {
			return to.text(keyWorkflowID, id).text(keyWorkflowName, name)
		}}
	kindStep = kind{name: "CHAIN", suffix: ".execute",
		identify: func(to attributes, name, id string) attributes {
			return to.text(keyStepID, id).text(keyStepName, name)
		}}
	kindTool = kind{name: "TOOL", operation: "execute_tool", genAIInput: genaiToolArguments, genAIOutput: genaiToolResult,
		identify: func(to attributes, name, id string) attributes {
			return to.text(keyToolName, name).text(keyToolCallID, id)
		}}
	kindRetriever = kind{name: "RETRIEVER", operation: "retrieval", genAIInput: genaiQuery}
	kindReranker  = kind{name: "RERANKER"}
	kindChain     = kind{name: "CHAIN"}
	kindGuardrail = kind{name: "GUARDRAIL"}
	kindEvaluator = kind{name: "EVALUATOR"}
	kindModel     = kind{name: "LLM", callsModel: true, otel: trace.SpanKindClient}
	kindEmbedding = kind{name: "EMBEDDING", callsModel: true, otel: trace.SpanKindClient}
)
