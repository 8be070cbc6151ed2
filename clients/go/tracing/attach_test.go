package tracing_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
)

func TestSetupAddsToAProviderThatIsThere(t *testing.T) {
	for name, byOption := range map[string]bool{"the global one": false, "one by option": true} {
		t.Run(name, func(t *testing.T) {
			r := receive(t)
			there := tracetest.NewSpanRecorder()
			provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(there))
			t.Cleanup(func() { _ = provider.Shutdown(context.WithoutCancel(t.Context())) })
			var log bytes.Buffer
			options := []tracing.Option{tracing.Logger(slog.New(slog.NewTextHandler(&log, nil))), tracing.ServiceName("mine")}
			if byOption {
				options = append(options, tracing.Provider(provider))
			} else {
				global(t, provider)
			}
			shutdown := setup(t, options...)
			if otel.GetTracerProvider() == trace.TracerProvider(provider) == byOption {
				t.Error("the global provider is another")
			}
			_, run := tracing.Agent(t.Context(), "a")
			for i := range 200 {
				run.SetAttributes(attribute.Int("a"+strconv.Itoa(i), i))
			}
			run.End()
			shutdown()
			_, after := provider.Tracer("x").Start(t.Context(), "after")
			after.End()

			spans := r.spans(t)
			if len(spans) != 1 || spans[0].TraceID.String() != run.TraceID() {
				t.Fatalf("%d spans arrived", len(spans))
			}
			ended := there.Ended()
			if len(ended) != 2 || ended[0].SpanContext().SpanID().String() != run.SpanID() || ended[1].Name() != "after" {
				t.Errorf("what was there got %d spans", len(ended))
			}
			for _, want := range []string{"span limits, resource and sampler stay", "option ServiceName has no effect", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"} {
				if !strings.Contains(log.String(), want) {
					t.Errorf("nobody was told: %s\n%s", want, log.String())
				}
			}
		})
	}
}

func TestAProviderThatIsNoneOfTheSDKIsRefused(t *testing.T) {
	receive(t)
	type wrapped struct{ trace.TracerProvider }
	global(t, wrapped{noop.NewTracerProvider()})
	_, err := tracing.Setup(t.Context())
	if err == nil || !strings.Contains(err.Error(), "option Provider") {
		t.Error(err)
	}
}

func TestEveryReceiverGetsTheSameIds(t *testing.T) {
	r := receive(t)
	memory, synchronous := tracetest.NewInMemoryExporter(), tracetest.NewSpanRecorder()
	shutdown := setup(t, tracing.Exporter(keeping{memory}), tracing.Processor(synchronous))
	ctx, run := tracing.Agent(t.Context(), "a")
	_, tool := tracing.Tool(ctx, "t")
	tool.End()
	run.End()
	shutdown()
	spans, kept, ended := r.spans(t), memory.GetSpans(), synchronous.Ended()
	if len(spans) != 2 || len(kept) != 2 || len(ended) != 2 {
		t.Fatalf("%d, %d, %d spans", len(spans), len(kept), len(ended))
	}
	for i := range 2 {
		id := spans[i].TraceID.String() + spans[i].SpanID.String()
		if c := kept[i].SpanContext; c.TraceID().String()+c.SpanID().String() != id {
			t.Error("the second exporter got other ids")
		}
		if c := ended[i].SpanContext(); c.TraceID().String()+c.SpanID().String() != id {
			t.Error("the processor got other ids")
		}
	}
}

// keeping is an exporter whose spans stay after it was shut down.
type keeping struct{ *tracetest.InMemoryExporter }

func (keeping) Shutdown(context.Context) error { return nil }

// What one Setup hides stays hidden below it, beside another, and after all of
// them are shut down.
func TestHidingFollowsTheSetupThatAskedForIt(t *testing.T) {
	r := receive(t)
	hide := setup(t, tracing.HideInputs(true))
	ctx, outer := tracing.Agent(t.Context(), "outer", tracing.Input("secret"))
	show := setup(t)
	_, shown := tracing.Agent(t.Context(), "shown", tracing.Input("open"))
	shown.End()
	_, inner := tracing.Tool(ctx, "inner", tracing.Input("secret"))
	inner.End()
	outer.End()
	show()
	_, again := tracing.Agent(t.Context(), "again", tracing.Input("secret"))
	again.End()
	hide()

	// Somebody else's provider, after all is shut down: the last that was there
	// still says what is hidden.
	after := new(wire)
	global(t, sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporterTo(after))))
	_, last := tracing.Agent(t.Context(), "last", tracing.Input("secret"))
	last.End()
	for _, s := range append(r.spans(t), after.spans(t)...) {
		want := "__REDACTED__"
		if s.Name == "shown.run" {
			want = "open"
		}
		if s.Body.Input.Value != want {
			t.Errorf("%s: input %q, want %q", s.Name, s.Body.Input.Value, want)
		}
	}
}

// counting is a processor that counts what it is told.
type counting struct{ started, ended, shutdowns atomic.Int64 }

func (c *counting) OnStart(context.Context, sdktrace.ReadWriteSpan) { c.started.Add(1) }
func (c *counting) OnEnd(sdktrace.ReadOnlySpan)                     { c.ended.Add(1) }
func (c *counting) ForceFlush(context.Context) error                { return nil }

func (c *counting) Shutdown(ctx context.Context) error {
	c.shutdowns.Add(1)
	return context.Cause(ctx)
}

// What was added is shut down once, with the time that there is, and taken away.
func TestShutdownTakesAwayWhatWasAdded(t *testing.T) {
	receive(t)
	provider := sdktrace.NewTracerProvider()
	global(t, provider)
	added := new(counting)
	stop, err := tracing.Setup(t.Context(), tracing.Processor(added), tracing.Logger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	_, run := tracing.Agent(t.Context(), "a")
	run.End()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stop(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the processor had another context: %v", err)
	}
	_, after := provider.Tracer("x").Start(t.Context(), "after")
	after.End()
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if s, e, n := added.started.Load(), added.ended.Load(), added.shutdowns.Load(); s != 1 || e != 1 || n != 1 {
		t.Errorf("%d spans started, %d ended, %d shutdowns; want one each", s, e, n)
	}
}
