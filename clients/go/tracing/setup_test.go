package tracing_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver is an OTLP backend that keeps what it gets.
type receiver struct {
	*httptest.Server
	refuses atomic.Bool

	mu      sync.Mutex
	bodies  [][]byte
	headers []http.Header
}

// receive starts a receiver, has the environment point to it, and leaves no
// provider behind.
func receive(t *testing.T) *receiver {
	t.Helper()
	r := new(receiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil || request.URL.Path != "/v1/traces" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if r.refuses.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies, r.headers = append(r.bodies, body), append(r.headers, request.Header)
	}))
	t.Cleanup(r.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	global(t, noop.NewTracerProvider())
	return r
}

// global sets the global provider for the time of a test.
func global(t *testing.T, p trace.TracerProvider) {
	otel.SetTracerProvider(p)
	t.Cleanup(func() { otel.SetTracerProvider(noop.NewTracerProvider()) })
}

func (r *receiver) spans(t *testing.T) []*model.Span {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*model.Span
	for _, body := range r.bodies {
		spans, err := otlp.DecodeSpans("default", body)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, spans...)
	}
	return all
}

func setup(t *testing.T, options ...tracing.Option) (shutdown func()) {
	t.Helper()
	stop, err := tracing.Setup(t.Context(), append([]tracing.Option{tracing.Logger(slog.New(slog.DiscardHandler))}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	end := func() {
		if err := stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { _ = stop(context.WithoutCancel(t.Context())) })
	return end
}

func TestOneLineSetsEverythingUp(t *testing.T) {
	r := receive(t)
	t.Setenv("OTEL_SERVICE_NAME", "weather")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-one=1,Authorization=old")
	shutdown := setup(t, tracing.Token("secret"), tracing.Project("demo"), tracing.Headers(map[string]string{"x-two": "2"}))
	_, run := tracing.Agent(t.Context(), "Weather Agent")
	for i := range 500 {
		run.SetAttributes(attribute.Int("a"+strconv.Itoa(i), i))
	}
	run.End()
	shutdown()

	spans := r.spans(t)
	if len(spans) != 1 {
		t.Fatal(len(spans), "spans arrived")
	}
	s := spans[0]
	if s.TraceID.String() != run.TraceID() || s.SpanID.String() != run.SpanID() || s.RunID != run.RunID() {
		t.Error("the ids are others")
	}
	if s.Service != "weather" || s.Environment != "prod" || s.AgentName != "Weather Agent" {
		t.Errorf("%s in %s: %s", s.Service, s.Environment, s.AgentName)
	}
	if s.Body.DroppedAttributes != 0 || len(s.Body.Attributes) < 500 {
		t.Errorf("%d attributes, %d were cut", len(s.Body.Attributes), s.Body.DroppedAttributes)
	}
	for name, want := range map[string]string{"Authorization": "Bearer secret", "Agenttrace-Project": "demo", "X-One": "1", "X-Two": "2"} {
		if got := r.headers[0].Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
}

func TestOptionsWinOverTheEnvironment(t *testing.T) {
	r := receive(t)
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/nowhere")
	t.Setenv("OTEL_SERVICE_NAME", "other")
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	shutdown := setup(t, tracing.Endpoint(r.URL+"/v1/traces"), tracing.ServiceName("weather"), tracing.Sampler(sdktrace.AlwaysSample()),
		tracing.BatchProcessing(false), tracing.MaxQueueSize(10), tracing.MaxExportBatchSize(5), tracing.ScheduleDelay(time.Minute))
	_, run := tracing.Agent(t.Context(), "a")
	run.End()
	shutdown()
	if spans := r.spans(t); len(spans) != 1 || spans[0].Service != "weather" {
		t.Errorf("%d spans", len(spans))
	}
}

func TestTheSwitchesOfOpenTelemetryHold(t *testing.T) {
	for name, variables := range map[string]map[string]string{
		"disabled":    {"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_SAMPLER": "nonsense"},
		"no exporter": {"OTEL_TRACES_EXPORTER": "none"},
		"sampled out": {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t)
			for variable, value := range variables {
				t.Setenv(variable, value)
			}
			shutdown := setup(t)
			_, run := tracing.Agent(t.Context(), "a", tracing.Input("x"))
			run.End()
			shutdown()
			if n := len(r.spans(t)); n != 0 {
				t.Errorf("%d spans arrived", n)
			}
			if recorded := run.TraceID() != ""; recorded != (name != "disabled") {
				t.Errorf("a trace has an id: %v", recorded)
			}
		})
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		variables map[string]string
		options   []tracing.Option
		want      []string
	}{
		"two variables": {map[string]string{"OTEL_TRACES_SAMPLER": "never", "OPENINFERENCE_HIDE_INPUTS": "maybe"}, nil,
			[]string{`OTEL_TRACES_SAMPLER is "never"`, `OPENINFERENCE_HIDE_INPUTS is "maybe"`}},
		"protocol":  {map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "udp"}, nil, []string{"OTEL_EXPORTER_OTLP_PROTOCOL"}},
		"endpoint":  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://x"}, nil, []string{"OTEL_EXPORTER_OTLP_ENDPOINT"}},
		"its other": {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "ftp://x"}, nil, []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}},
		"options": {nil, []tracing.Option{tracing.MaxQueueSize(0), tracing.MaxExportBatchSize(-1), tracing.ScheduleDelay(0), tracing.Base64ImageMaxLength(-1), tracing.Exporter(nil), tracing.Processor(nil)},
			[]string{"option MaxQueueSize is 0", "option MaxExportBatchSize is -1", "option ScheduleDelay is 0s", "option Base64ImageMaxLength is -1", "option Exporter, number 1, is nil", "option Processor, number 1, is nil"}},
		"option Endpoint": {nil, []tracing.Option{tracing.Endpoint("ftp://x")}, []string{"option Endpoint"}},
	} {
		t.Run(name, func(t *testing.T) {
			receive(t)
			for variable, value := range c.variables {
				t.Setenv(variable, value)
			}
			_, err := tracing.Setup(t.Context(), c.options...)
			if err == nil {
				t.Fatal("nothing is wrong")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if _, ok := otel.GetTracerProvider().(noop.TracerProvider); !ok {
				t.Error("a provider was set nevertheless")
			}
		})
	}
}

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

func TestShutdownSaysWhatWasLost(t *testing.T) {
	r := receive(t)
	r.refuses.Store(true)
	shutdown, err := tracing.Setup(t.Context(), tracing.Logger(slog.New(slog.DiscardHandler)), tracing.MaxQueueSize(3))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		_, run := tracing.Agent(t.Context(), "a")
		run.End()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	first := shutdown(ctx)
	var lost *tracing.Lost
	if !errors.As(first, &lost) || lost.Dropped != 5 || lost.Rejected != 0 || !strings.Contains(first.Error(), "5 spans were lost") {
		t.Errorf("%v, want 5 spans that were lost", first)
	}
	if again := shutdown(t.Context()); again != first {
		t.Errorf("the second time it says %v", again)
	}
}

func TestSpansWaitOnDiskForALaterProcess(t *testing.T) {
	r := receive(t)
	folder := t.TempDir()
	r.refuses.Store(true)
	stop, err := tracing.Setup(t.Context(), tracing.SpillDirectory(folder), tracing.Logger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	_, run := tracing.Agent(t.Context(), "a")
	run.End()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stop(ctx); err != nil {
		t.Errorf("what waits on disk is lost: %v", err)
	}
	r.refuses.Store(false)
	setup(t, tracing.SpillDirectory(folder))()
	if spans := r.spans(t); len(spans) != 1 || spans[0].TraceID.String() != run.TraceID() {
		t.Errorf("%d spans arrived", len(spans))
	}
}

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

func TestSetupWorksAgainAfterShutdown(t *testing.T) {
	r := receive(t)
	for range 2 {
		shutdown := setup(t)
		_, run := tracing.Agent(t.Context(), "a")
		run.End()
		shutdown()
	}
	if n := len(r.spans(t)); n != 2 {
		t.Errorf("%d spans arrived", n)
	}
}
