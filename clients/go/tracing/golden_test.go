package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/internal/model"
)

// The golden files show every attribute that each helper writes.
func TestWhatEachHelperWrites(t *testing.T) {
	for file, options := range map[string][]tracing.TracerOption{
		"openinference.txt": nil,
		"genai.txt":         {tracing.GenAI(true)},
		"hidden.txt":        {tracing.GenAI(true), tracing.HideInputs(true), tracing.HideOutputs(true)},
	} {
		t.Run(file, func(t *testing.T) {
			r := record(t, options...)
			sayEverything(t.Context(), r.Tracer)
			var written strings.Builder
			for _, s := range r.spans(t) {
				write(&written, s)
			}
			golden(t, file, written.String())
		})
	}
}

func write(to *strings.Builder, s *model.Span) {
	fmt.Fprintf(to, "%s\n  reads as %v, kind %v, status %v\n", s.Name, s.Type, s.Kind, s.Status)
	for _, a := range s.Body.Attributes {
		fmt.Fprintf(to, "  %s = %s\n", a.Key, shown(&a.Value))
	}
	for _, e := range s.Body.Events {
		fmt.Fprintf(to, "  event %s\n", e.Name)
		for _, a := range e.Attributes {
			fmt.Fprintf(to, "    %s = %s\n", a.Key, shown(&a.Value))
		}
	}
	to.WriteByte('\n')
}

func shown(v *model.Value) string {
	switch v.Kind {
	case model.KindString:
		return fmt.Sprintf("%q", v.Str)
	case model.KindInt:
		return fmt.Sprint(v.Int)
	case model.KindDouble:
		return fmt.Sprint(v.Double)
	case model.KindBool:
		return fmt.Sprint(v.Bool)
	case model.KindArray:
		var items []string
		for i := range v.Array {
			items = append(items, shown(&v.Array[i]))
		}
		return "[" + strings.Join(items, " ") + "]"
	}
	return fmt.Sprint(v.Kind)
}

func sayEverything(ctx context.Context, t *tracing.Tracer) {
	ctx = tracing.WithSession(tracing.WithUser(ctx, "ada"), "session-7")
	ctx = tracing.WithTags(tracing.WithMetadata(ctx, map[string]any{"tier": 1}), "beta")
	ctx, flow := t.Workflow(ctx, "Daily Report", tracing.RunID("run-1"), tracing.Input(map[string]string{"city": "Paris"}))
	stepCtx, step := tracing.Step(ctx, "Look up", tracing.Input("Paris"))
	teamCtx, team := tracing.Team(stepCtx, "Weather Desk", tracing.RunID("run-2"), tracing.Input("weather in Paris?"))
	agentCtx, agent := tracing.Agent(teamCtx, "Forecaster", tracing.ID("agent-9"), tracing.RunID("run-3"), tracing.Description("forecasts"), tracing.Input("weather in Paris?"))
	sayCalls(agentCtx)
	agent.SetOutput("It is sunny.")
	agent.End()
	team.SetOutput("Sunny.")
	team.End()
	step.SetOutput("Sunny.")
	step.End()
	flow.Fail(fmt.Errorf("sending the report: %w", errors.New("mailbox full")))
	flow.End()
}

func sayCalls(ctx context.Context) {
	_, call := tracing.Model(ctx, tracing.ModelCall{
		Provider: "google", Model: "gemini-2.5-flash", Parameters: `{"temperature":0.2,"max_tokens":300,"stop":["END"]}`,
		Messages: []tracing.Message{
			{Role: "system", Content: "Be brief."},
			{Role: "user", Content: "weather in Paris?", Images: []string{"data:image/png;base64,iVBORw0KGgo="}},
		},
		Tools: []tracing.ToolDefinition{{Name: "get_weather", Description: "Tells the weather.", JSON: `{"type":"function","function":{"name":"get_weather"}}`}},
	})
	call.SetResult(tracing.ModelResult{
		ID: "resp-1", Model: "gemini-2.5-flash-001", FinishReasons: []string{"tool_calls"}, TimeToFirstToken: 250 * time.Millisecond, ServiceTier: "priority",
		Messages: []tracing.Message{{Role: "assistant", Reasoning: "I need a tool.", ToolCalls: []tracing.ToolCall{{ID: "call-1", Name: "get_weather", Arguments: `{"city":"Paris"}`}}}},
		Usage:    tracing.Usage{Input: 20, CacheRead: 100, CacheWrite: 10, CacheWrite1h: 4, AudioInput: 5, Output: 7, Reasoning: 3, AudioOutput: 2, Total: 147},
	})
	call.End()
	_, tool := tracing.Tool(ctx, "get_weather", tracing.ID("call-1"), tracing.Description("Tells the weather."), tracing.Input(map[string]string{"city": "Paris"}))
	tool.SetOutput("sunny")
	tool.End()
	saySearches(ctx)
	_, chain := tracing.Chain(ctx, "glue")
	chain.End()
	_, guard := tracing.Guardrail(ctx, "no secrets", tracing.Input("It is sunny."))
	guard.SetOutput(true)
	guard.End()
	_, judge := tracing.Evaluator(ctx, "helpfulness")
	judge.SetOutput(map[string]any{"score": 0.9})
	judge.End()
}

func saySearches(ctx context.Context) {
	found := []tracing.Document{
		{ID: "doc-1", Content: "Paris is sunny.", Score: 0.75, Metadata: map[string]any{"page": 3}}, {ID: "doc-2", Content: "London is not."},
	}
	_, search := tracing.Retriever(ctx, "almanac", tracing.Input("Paris"))
	search.SetDocuments(found...)
	search.End()
	_, rank := tracing.Reranker(ctx, tracing.Reranking{Model: "rerank-3", Query: "Paris", TopK: 1, Documents: found})
	rank.SetDocuments(found[0])
	rank.End()
	_, embed := tracing.Model(ctx, tracing.ModelCall{Operation: tracing.Embeddings, Provider: "openai", Model: "text-embedding-3-small", Texts: []string{"Paris", "London"}})
	embed.SetResult(tracing.ModelResult{Vectors: [][]float64{{0.25, -0.5}, {1, 0}}, Usage: tracing.Usage{Input: 2}})
	embed.End()
}
