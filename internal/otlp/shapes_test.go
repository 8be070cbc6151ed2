package otlp

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
)

// testStart is the start of the first span of every test: 2026-10-05 12:00 UTC.
const testStart = int64(1_791_201_600_000_000_000)

// text is a short way to write a text attribute.
func text(key, value string) model.KeyValue {
	return model.KeyValue{Key: key, Value: model.StringValue(value)}
}

func number(key string, n int64) model.KeyValue {
	return model.KeyValue{Key: key, Value: model.IntValue(n)}
}

// spanOf returns a complete span under Agno's scope.
func spanOf(id byte, name string, attributes ...model.KeyValue) *model.Span {
	return &model.Span{
		Project:   "p",
		TraceID:   model.TraceID{15: 1},
		SpanID:    model.SpanID{7: id},
		StartNano: testStart + int64(id)*1000,
		EndNano:   testStart + int64(id)*1000 + 500,
		Name:      name,
		Kind:      1,
		Body: &model.Body{
			FullName:   name,
			Attributes: attributes,
			Scope:      model.Scope{Name: agnoScope, Version: "1.0.3"},
			Resource:   model.Resource{Attributes: []model.KeyValue{text("service.name", "shop")}},
		},
	}
}

// agentRuns returns traces as Agno makes them: an agent that calls its model and
// a tool in turn, each model call with the conversation so far. Spans have about
// 2.5 KB.
func agentRuns(traces, turns int) []*model.Span {
	rng := rand.New(rand.NewPCG(1, 2))
	var spans []*model.Span
	for i := range traces {
		id := model.TraceID{0: 1, 14: byte(i >> 8), 15: byte(i)}
		start := testStart + int64(i)*1_000_000
		run := agentRun(rng, turns)
		for j, s := range run {
			s.TraceID = id
			s.SpanID = model.SpanID{0: byte(rng.Uint32()), 6: byte(i), 7: byte(j + 1)}
			s.StartNano, s.EndNano = start+int64(j)*1000, start+int64(j)*1000+90_000
			if j > 0 {
				s.ParentID = run[0].SpanID
			}
			spans = append(spans, s)
		}
	}
	return spans
}

func agentRun(rng *rand.Rand, turns int) []*model.Span {
	question := words(rng, 40)
	session, run := words(rng, 2), fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64())
	spans := []*model.Span{spanOf(0, "Support_Agent.run",
		text("graph.node.id", fmt.Sprintf("%016x", rng.Uint64())), text("input.value", question),
		text("graph.node.name", "Support Agent"), text("agent.name", "Support Agent"),
		text("agno.agent.id", "support-agent"), text("agno.agent", "Support Agent"),
		text("session.id", session), text("user.id", words(rng, 1)),
		text("output.value", words(rng, 80)), text("agno.run.id", run),
		text("openinference.span.kind", "AGENT"))}
	history := []string{words(rng, 60), question}
	for range turns {
		answer, arguments, result := words(rng, 25), `{"city": "`+words(rng, 1)+`"}`, words(rng, 30)
		spans = append(spans, modelCall(rng, history, answer), spanOf(0, "get_weather",
			text("input.mime_type", "application/json"), text("input.value", arguments),
			text("tool.name", "get_weather"), text("tool.description", "Get the weather for a city."),
			text("tool.parameters", arguments), text("output.value", result),
			text("output.mime_type", "text/plain"), text("openinference.span.kind", "TOOL")))
		history = append(history, answer, result)
	}
	return spans
}

func modelCall(rng *rand.Rand, history []string, answer string) *model.Span {
	attributes := []model.KeyValue{
		text("input.mime_type", "application/json"),
		text("input.value", `{"messages": ["`+strings.Join(history, `", "`)+`"]}`),
	}
	for i, turn := range history {
		at := fmt.Sprintf("llm.input_messages.%d.message.", i)
		attributes = append(attributes, text(at+"role", "user"), text(at+"content", turn))
	}
	return spanOf(0, "OpenAIChat.invoke", append(attributes,
		text("llm.invocation_parameters", `{"temperature": 0.2}`), text("llm.model_name", "gpt-4o-mini"),
		text("llm.provider", "OpenAI"), text("llm.system", "openai"),
		text("llm.output_messages.0.message.role", "assistant"),
		text("llm.output_messages.0.message.content", answer), text("output.value", answer),
		number("llm.token_count.prompt", rng.Int64N(4000)), number("llm.token_count.completion", rng.Int64N(400)),
		text("openinference.span.kind", "LLM"))...)
}

// words returns n words of a small vocabulary, somewhat like language.
func words(rng *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s%s", syllables[rng.IntN(len(syllables))], syllables[rng.IntN(len(syllables))])
		if rng.IntN(2) == 0 {
			b.WriteString(syllables[rng.IntN(len(syllables))])
		}
	}
	return b.String()
}

var syllables = strings.Fields("ta re mo lin dor se pa ku ve rin to ba chi le gra so ni fer um qua ost il ed ing er")
