package tracing_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
		"protocol":                  {map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "udp"}, nil, []string{"OTEL_EXPORTER_OTLP_PROTOCOL"}},
		"endpoint":                  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://x"}, nil, []string{"OTEL_EXPORTER_OTLP_ENDPOINT"}},
		"its other":                 {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "ftp://x"}, nil, []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}},
		"a token with a line break": {nil, []tracing.Option{tracing.Token("secret\n")}, []string{"option Headers or Token", "authorization", "line break"}},
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

// Spans may begin and end while tracing is set up and shut down beside them.
func TestSetupAndShutdownBesideSpans(t *testing.T) {
	receive(t)
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					ctx, run := tracing.Agent(t.Context(), "a")
					_, tool := tracing.Tool(ctx, "t")
					tool.End()
					run.End()
				}
			}
		})
	}
	for range 3 {
		stop, err := tracing.Setup(t.Context(), tracing.Logger(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Error(err)
			break
		}
		var lost *tracing.Lost
		if err := stop(t.Context()); err != nil && !errors.As(err, &lost) {
			t.Error(err)
		}
	}
	close(stop)
	all.Wait()
}

// Flush delivers what has ended, and shutdown is still to come.
func TestFlushDeliversWhatHasEnded(t *testing.T) {
	if err := tracing.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	r := receive(t)
	shutdown := setup(t, tracing.ScheduleDelay(time.Hour))
	_, run := tracing.Agent(t.Context(), "a")
	run.End()
	if err := tracing.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if n := len(r.spans(t)); n != 1 {
		t.Errorf("%d spans arrived", n)
	}
	shutdown()
}
