package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
)

// screen is an exporter that prints what the examples send.
type screen struct{ show []attribute.Key }

func (s screen) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		fmt.Println(span.Name(), span.Status().Code)
		for _, key := range s.show {
			for _, a := range span.Attributes() {
				if a.Key == key {
					fmt.Printf("  %s = %s\n", key, a.Value.String())
				}
			}
		}
	}
	return nil
}

func (screen) Shutdown(context.Context) error { return nil }

// onScreen sets tracing up to print the spans, with some of their attributes,
// instead of sending them.
func onScreen(show ...attribute.Key) (ctx context.Context, shutdown func()) {
	ctx = context.Background()
	if err := os.Setenv("OTEL_TRACES_EXPORTER", "none"); err != nil {
		log.Fatal(err)
	}
	stop, err := tracing.Setup(ctx, tracing.Exporter(screen{show}))
	if err != nil {
		log.Fatal(err)
	}
	return ctx, func() {
		if err := errors.Join(stop(ctx), os.Unsetenv("OTEL_TRACES_EXPORTER")); err != nil {
			log.Fatal(err)
		}
	}
}

// A program sets tracing up where it starts, and shuts it down where it ends. The
// variables of OpenTelemetry say where spans go to.
func ExampleSetup() {
	ctx := context.Background()
	shutdown, err := tracing.Setup(ctx,
		tracing.ServiceName("weather"),
		tracing.Endpoint("http://127.0.0.1:4318"),
		tracing.SpillDirectory(os.TempDir()+"/weather-spans"),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		var lost *tracing.Lost
		if err := shutdown(ctx); errors.As(err, &lost) {
			log.Printf("%d spans were dropped", lost.Dropped)
		}
	}()
	// Output:
}

// An agent, a call of a model and a tool.
func Example() {
	ctx, shutdown := onScreen("input.value", "output.value", "llm.token_count.total")
	ctx, run := tracing.Agent(ctx, "Weather Agent", tracing.Input("Is it sunny in Paris?"))

	_, call := tracing.Model(ctx, tracing.ModelCall{
		Provider: "openai", Model: "gpt-4o-mini",
		Messages: []tracing.Message{{Role: "user", Content: "Is it sunny in Paris?"}},
	})
	call.SetResult(tracing.ModelResult{
		Messages: []tracing.Message{{Role: "assistant", ToolCalls: []tracing.ToolCall{{ID: "call-1", Name: "get_weather", Arguments: `{"city":"Paris"}`}}}},
		Usage:    tracing.Usage{Input: 12, CacheRead: 30, Output: 8, Total: 50},
	})
	call.End()

	lookUp := func(context.Context, string) (string, error) { return "sunny", nil }
	weather, err := tracing.Run(ctx, tracing.Tool, "get_weather", "Paris", lookUp, tracing.ID("call-1"))
	run.Fail(err)
	run.SetOutput("It is " + weather + ".")
	run.End()
	shutdown()
	// Output:
	// chat gpt-4o-mini Ok
	//   input.value = Is it sunny in Paris?
	//   output.value = get_weather({"city":"Paris"})
	//   llm.token_count.total = 50
	// get_weather Ok
	//   input.value = Paris
	//   output.value = sunny
	// Weather_Agent.run Ok
	//   input.value = Is it sunny in Paris?
	//   output.value = It is sunny.
}

// A function is wrapped once and traced each time. Its error is the span's.
func ExampleWrap() {
	ctx, shutdown := onScreen("input.value", "output.value", "error.type")
	divide := tracing.Wrap(tracing.Tool, "divide", func(_ context.Context, by int) (int, error) {
		if by == 0 {
			return 0, errors.New("division by zero")
		}
		return 100 / by, nil
	})
	for _, by := range []int{4, 0} {
		if _, err := divide(ctx, by); err != nil {
			fmt.Println("the caller has the error:", err)
		}
	}
	shutdown()
	// Output:
	// the caller has the error: division by zero
	// divide Ok
	//   input.value = 4
	//   output.value = 25
	// divide Error
	//   input.value = 0
	//   error.type = error
}

// A context carries who is asking to every span that is started with it.
func ExampleWithSession() {
	ctx, shutdown := onScreen("session.id", "user.id", "tag.tags")
	ctx = tracing.WithUser(tracing.WithSession(ctx, "chat-42"), "ada")
	ctx = tracing.WithTags(ctx, "beta")

	ctx, team := tracing.Team(ctx, "Desk")
	_, agent := tracing.Agent(ctx, "Researcher")
	agent.End()
	team.End()
	shutdown()
	// Output:
	// Researcher.run Ok
	//   session.id = chat-42
	//   user.id = ada
	//   tag.tags = ["beta"]
	// Desk.run Ok
	//   session.id = chat-42
	//   user.id = ada
	//   tag.tags = ["beta"]
}

// A workflow has steps.
func ExampleWorkflow() {
	ctx, shutdown := onScreen("agno.workflow.id", "agno.step.name")
	ctx, flow := tracing.Workflow(ctx, "Daily Report")
	for _, name := range []string{"Collect", "Write"} {
		_, err := tracing.Run(ctx, tracing.Step, name, "", func(context.Context, string) (string, error) { return "done", nil })
		flow.Fail(err)
	}
	flow.End()
	shutdown()
	// Output:
	// Collect.execute Ok
	//   agno.step.name = Collect
	// Write.execute Ok
	//   agno.step.name = Write
	// Daily_Report.run Ok
	//   agno.workflow.id = daily-report
}

// What a retriever found.
func ExampleSpan_SetDocuments() {
	ctx, shutdown := onScreen("input.value", "retrieval.documents.0.document.id", "retrieval.documents.0.document.score")
	_, search := tracing.Retriever(ctx, "handbook", tracing.Input("holidays"))
	search.SetDocuments(
		tracing.Document{ID: "hr-7", Content: "Thirty days a year.", Score: 0.92},
		tracing.Document{ID: "hr-9", Content: "Not on Sundays.", Score: 0.41},
	)
	search.End()
	shutdown()
	// Output:
	// handbook Ok
	//   input.value = holidays
	//   retrieval.documents.0.document.id = hr-7
	//   retrieval.documents.0.document.score = 0.92
}

// Content is hidden by OpenInference's variables, or by options of their names.
func ExampleHideInputs() {
	tracer, err := tracing.NewTracer(
		sdktrace.NewTracerProvider(sdktrace.WithSyncer(screen{[]attribute.Key{"input.value", "output.value"}})),
		tracing.HideInputs(true),
	)
	if err != nil {
		log.Fatal(err)
	}
	_, run := tracer.Agent(context.Background(), "Doctor", tracing.Input("My back hurts."))
	run.SetOutput("Walk more.")
	run.End()
	// Output:
	// Doctor.run Ok
	//   input.value = __REDACTED__
	//   output.value = Walk more.
}

// A Tracer of one's own, for programs with several, or for tests.
func ExampleNewTracer() {
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(screen{[]attribute.Key{"agno.run.id"}}))
	tracer, err := tracing.NewTracer(provider)
	if err != nil {
		log.Fatal(err)
	}
	ctx, run := tracer.Agent(context.Background(), "Clerk", tracing.RunID("run-1"))
	_, tool := tracing.Tool(ctx, "stamp") // Below it, the package's functions use it too.
	tool.End()
	run.End()
	// Output:
	// stamp Ok
	//   agno.run.id = run-1
	// Clerk.run Ok
	//   agno.run.id = run-1
}
