package tracing_test

import (
	"context"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
)

// nowhere takes spans and forgets them: what is measured is the helpers and the
// SDK, not the sending.
type nowhere struct{}

func (nowhere) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (nowhere) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (nowhere) Shutdown(context.Context) error                  { return nil }
func (nowhere) ForceFlush(context.Context) error                { return nil }

// BenchmarkHelpers says what one span costs the agent: with all recorded, in both
// vocabularies, with all content hidden, sampled out, and without a provider.
func BenchmarkHelpers(b *testing.B) {
	recorded := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(nowhere{}))
	sampledOut := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(nowhere{}), sdktrace.WithSampler(sdktrace.NeverSample()))
	for _, c := range []struct {
		name     string
		provider trace.TracerProvider
		options  []tracing.TracerOption
	}{
		{"recorded", recorded, nil},
		{"GenAI too", recorded, []tracing.TracerOption{tracing.GenAI(true)}},
		{"hidden", recorded, []tracing.TracerOption{tracing.HideInputs(true), tracing.HideOutputs(true)}},
		{"sampled out", sampledOut, nil},
		{"no provider", noop.NewTracerProvider(), nil},
	} {
		tracer, err := tracing.NewTracer(c.provider, c.options...)
		if err != nil {
			b.Fatal(err)
		}
		ctx := tracing.WithUser(tracing.WithSession(b.Context(), "session-7"), "ada")
		b.Run("tool/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				useTool(ctx, tracer)
			}
		})
		b.Run("model/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				callModel(ctx, tracer)
			}
		})
	}
}

var (
	conversation = []tracing.Message{
		{Role: "system", Content: "You tell the weather."}, {Role: "user", Content: "What is the weather in Paris?"},
		{Role: "assistant", ToolCalls: []tracing.ToolCall{{ID: "1", Name: "get_weather", Arguments: `{"city":"Paris"}`}}},
		{Role: "tool", Content: "sunny", ToolCallID: "1"},
	}
	answer = tracing.ModelResult{
		Messages: []tracing.Message{{Role: "assistant", Content: "It is sunny."}}, FinishReasons: []string{"stop"},
		Usage: tracing.Usage{Input: 30, CacheRead: 10, Output: 5, Total: 45},
	}
)

func useTool(ctx context.Context, tracer *tracing.Tracer) {
	_, s := tracer.Tool(ctx, "get_weather", tracing.ID("1"), tracing.Input("Paris"))
	s.SetOutput("sunny")
	s.End()
}

func callModel(ctx context.Context, tracer *tracing.Tracer) {
	_, m := tracer.Model(ctx, tracing.ModelCall{Provider: "openai", Model: "gpt-4o-mini", Parameters: `{"temperature":0.2}`, Messages: conversation})
	m.SetResult(answer)
	m.End()
}
