package querytest

import (
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

// kinds are OpenInference's, and those of agenttrace beside them; the frequent
// ones come more than once.
var kinds = []string{
	"LLM", "LLM", "LLM", "TOOL", "TOOL", "AGENT", "AGENT", "TEAM", "WORKFLOW", "STEP", "CHAIN", "RETRIEVER",
	"EMBEDDING", "RERANKER", "GUARDRAIL", "EVALUATOR", "PROMPT", "UNKNOWN", "",
}

// drawAgentAttributes draws the attributes that intrinsics come from.
func drawAgentAttributes(t *rapid.T) []model.KeyValue {
	kind := pick(t, "type", kinds)
	var all []model.KeyValue
	if kind != "" {
		all = append(all, text("openinference.span.kind", kind))
	}
	if oneIn(t, "identity", 2) {
		all = append(all, drawSome(t, identities)...)
	}
	if kind == "LLM" || oneIn(t, "model", 4) {
		all = append(all, drawModelCall(t)...)
	}
	if kind == "TOOL" || oneIn(t, "tool", 6) {
		all = append(all, drawSome(t, []choice{
			{"tool.name", tools}, {"tool.id", calls}, {"tool.parameters", contents}, {"gen_ai.tool.call.arguments", contents},
		})...)
	}
	return append(all, drawSome(t, []choice{
		{"input.value", append([]string{long}, contents...)}, {"output.value", contents}, {"error.type", errorNames},
	})...)
}

// choice is an attribute and what its value may be.
type choice struct {
	key   string
	texts []string
}

var identities = []choice{
	{"agno.agent.id", teams}, {"agno.agent", teams}, {"team.id", teams}, {"team.name", teams},
	{"workflow.id", teams}, {"agno.workflow.name", teams}, {"session.id", people}, {"user.id", people}, {"run_id", people},
}

// drawSome draws each attribute or leaves it out.
func drawSome(t *rapid.T, choices []choice) []model.KeyValue {
	var all []model.KeyValue
	for _, c := range choices {
		if oneIn(t, c.key, 2) {
			all = append(all, text(c.key, pick(t, "value", c.texts)))
		}
	}
	return all
}

// drawModelCall draws what a call says of its model, its tokens, its cost and
// its conversation. Tokens may be on spans that only repeat them.
func drawModelCall(t *rapid.T) []model.KeyValue {
	all := drawSome(t, []choice{
		{"llm.model_name", models}, {"llm.provider", providers},
		{"llm.input_messages.0.message.content", contents},
		{"llm.input_messages.1.message.contents.0.message_content.text", contents},
		{"llm.output_messages.0.message.content", contents},
		{"llm.output_messages.0.message.tool_calls.0.tool_call.function.name", tools},
		{"llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments", contents},
	})
	for _, key := range []string{
		"llm.token_count.prompt", "llm.token_count.completion", "llm.token_count.total",
		"llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_write",
		"llm.token_count.completion_details.reasoning", "llm.token_count.prompt_details.audio",
	} {
		if oneIn(t, key, 2) {
			all = append(all, number(key, pick(t, "tokens", tokenCounts)))
		}
	}
	if oneIn(t, "cost", 2) {
		all = append(all, double("llm.cost.total", pick(t, "dollars", costs)))
	}
	return all
}
