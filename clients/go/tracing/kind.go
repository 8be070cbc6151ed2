package tracing

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

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

	// start is what every span of the kind starts with. A sampler sees the kind; all
	// else is set when the span is known to be recorded, and hidden first where it
	// must be.
	start []trace.SpanStartOption
}

func newKind(k kind) *kind {
	k.start = []trace.SpanStartOption{
		trace.WithSpanKind(k.otel),
		trace.WithAttributes(attribute.String(keyKind, k.name)),
	}
	return &k
}

var (
	kindAgent = newKind(kind{name: "AGENT", suffix: ".run", isRun: true, operation: "invoke_agent",
		identify: func(to attributes, name, id string) attributes {
			return to.text(keyAgentID, id).text(keyAgentLabel, name).text(keyAgentName, name)
		}})
	// OpenInference knows no teams: they are agents that have the id of a team.
	kindTeam = newKind(kind{name: "AGENT", suffix: ".run", isRun: true, operation: "invoke_agent",
		identify: func(to attributes, name, id string) attributes {
			return to.text(keyTeamID, id).text(keyTeamLabel, name).text(keyAgentName, name)
		}})
	// Nor workflows and steps: they are chains that have such an attribute.
	kindWorkflow = newKind(kind{name: "CHAIN", suffix: ".run", isRun: true, operation: "invoke_workflow",
		identify: func(to attributes, name, id string) attributes {
			return to.text(keyWorkflowID, id).text(keyWorkflowName, name)
		}})
	kindStep = newKind(kind{name: "CHAIN", suffix: ".execute",
		identify: func(to attributes, name, id string) attributes {
			return to.text(keyStepID, id).text(keyStepName, name)
		}})
	kindTool = newKind(kind{name: "TOOL", operation: "execute_tool", genAIInput: genaiToolArguments, genAIOutput: genaiToolResult,
		identify: func(to attributes, name, id string) attributes {
			return to.text(keyToolName, name).text(keyToolCallID, id)
		}})
	kindRetriever = newKind(kind{name: "RETRIEVER", operation: "retrieval", genAIInput: genaiQuery})
	kindReranker  = newKind(kind{name: "RERANKER"})
	kindChain     = newKind(kind{name: "CHAIN"})
	kindGuardrail = newKind(kind{name: "GUARDRAIL"})
	kindEvaluator = newKind(kind{name: "EVALUATOR"})
	kindModel     = newKind(kind{name: "LLM", callsModel: true, otel: trace.SpanKindClient})
	kindEmbedding = newKind(kind{name: "EMBEDDING", callsModel: true, otel: trace.SpanKindClient})
)
