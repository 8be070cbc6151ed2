package e2e_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

// recorder is an OTLP client that keeps what the SDK would have sent.
type recorder struct {
	mu   sync.Mutex
	sent []*tracepb.ResourceSpans
}

func (*recorder) Start(context.Context) error { return nil }
func (*recorder) Stop(context.Context) error  { return nil }

func (r *recorder) UploadTraces(_ context.Context, spans []*tracepb.ResourceSpans) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, spans...)
	return nil
}

// runAgent emits one trace through an exporter, the way an application would,
// and returns its spans.
func runAgent(t *testing.T, exporter sdktrace.SpanExporter) map[string][]sentSpan {
	t.Helper()
	recorded := new(recorder)
	res := resource.NewWithAttributes("https://example.com/resource/1",
		attribute.String("service.name", "support-desk"), attribute.String("deployment.environment.name", "staging"), attribute.Int("process.pid", 42))
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(res),
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSyncer(otlptrace.NewUnstarted(recorded)),
	)
	emit(t.Context(), provider)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := provider.ForceFlush(ctx); err != nil {
		t.Errorf("the exporter's flush: %v", err)
	}
	if err := provider.Shutdown(ctx); err != nil {
		t.Errorf("the exporter's shutdown: %v", err)
	}
	return flatten(recorded.sent)
}

// emit makes an agent's run with all that OTLP can say of a span.
func emit(ctx context.Context, provider trace.TracerProvider) {
	tracer := provider.Tracer("openinference.instrumentation.agno", trace.WithInstrumentationVersion("1.0.3"),
		trace.WithSchemaURL("https://example.com/scope/1"), trace.WithInstrumentationAttributes(attribute.Bool("scope.attribute", true)))
	ctx, run := tracer.Start(ctx, "Support_Agent.run", trace.WithAttributes(
		attribute.String("openinference.span.kind", "AGENT"), attribute.String("agno.agent.id", "support"), attribute.String("agent.name", "Support Agent"),
		attribute.String("session.id", "session-7"), attribute.String("user.id", "ada"), attribute.String("agno.run.id", "run-1"),
		attribute.String("input.value", "Where is my parcel?"), attribute.String("output.value", "On its way."),
	))
	callModel(ctx, tracer)
	callTool(ctx, tracer, run.SpanContext())
	other := provider.Tracer("example.com/kinds")
	for _, kind := range []trace.SpanKind{trace.SpanKindServer, trace.SpanKindClient, trace.SpanKindProducer, trace.SpanKindConsumer} {
		_, span := other.Start(ctx, "kind "+kind.String(), trace.WithSpanKind(kind), trace.WithAttributes(everyKind()...))
		span.End()
	}
	run.SetStatus(codes.Ok, "")
	run.End()
}

func callModel(ctx context.Context, tracer trace.Tracer) {
	_, llm := tracer.Start(ctx, "OpenAIChat.invoke", trace.WithAttributes(
		attribute.String("openinference.span.kind", "LLM"), attribute.String("llm.model_name", "gpt-4o-mini"), attribute.String("llm.provider", "OpenAI"),
		attribute.Int("llm.token_count.prompt", 120), attribute.Int("llm.token_count.completion", 30), attribute.Int("llm.token_count.prompt_details.cache_read", 100),
		attribute.String("llm.input_messages.0.message.role", "user"), attribute.String("llm.input_messages.0.message.content", "Where is my parcel?"),
	))
	llm.End()
}

func callTool(ctx context.Context, tracer trace.Tracer, run trace.SpanContext) {
	_, tool := tracer.Start(ctx, "find_parcel", trace.WithLinks(trace.Link{SpanContext: run, Attributes: []attribute.KeyValue{attribute.String("why", "retry")}}),
		trace.WithAttributes(attribute.String("openinference.span.kind", "TOOL"), attribute.String("tool.name", "find_parcel")))
	tool.AddEvent("cache miss", trace.WithAttributes(everyKind()...))
	tool.RecordError(errors.New("no such parcel"), trace.WithStackTrace(true))
	tool.SetStatus(codes.Error, "no such parcel")
	tool.End()
}

// everyKind has an attribute of each kind that the SDK knows.
func everyKind() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("string", "text with \"quotes\", \n and ünïcode \U0001F600"), attribute.String("empty string", ""),
		attribute.Bool("bool", true), attribute.Bool("false", false),
		attribute.Int64("int", -1<<63), attribute.Int64("zero", 0),
		attribute.Float64("double", 1e-300), attribute.Float64("tenth", 0.1),
		attribute.StringSlice("strings", []string{"a", "", "c"}), attribute.BoolSlice("bools", []bool{true, false}),
		attribute.Int64Slice("ints", []int64{1, -1}), attribute.Float64Slice("doubles", []float64{0.5, -0.5}),
		attribute.ByteSlice("bytes", []byte{0, 1, 0xff}),
		attribute.Slice("mixed", attribute.IntValue(1), attribute.StringValue("two"), attribute.SliceValue(attribute.BoolValue(true))),
		attribute.Map("map", attribute.Int("a", 1), attribute.Map("b", attribute.StringSlice("c", []string{"d"}))),
	}
}

// exporters are the SDK's, in the ways that they can be set up.
func exporters(ctx context.Context, host, project string) map[string]func() (sdktrace.SpanExporter, error) {
	header := map[string]string{projectHeader: project}
	overGRPC := func(options ...otlptracegrpc.Option) func() (sdktrace.SpanExporter, error) {
		options = append(options, otlptracegrpc.WithEndpoint(host), otlptracegrpc.WithInsecure(), otlptracegrpc.WithHeaders(header))
		return func() (sdktrace.SpanExporter, error) { return otlptracegrpc.New(ctx, options...) }
	}
	overHTTP := func(compression otlptracehttp.Compression) func() (sdktrace.SpanExporter, error) {
		return func() (sdktrace.SpanExporter, error) {
			return otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(host), otlptracehttp.WithInsecure(),
				otlptracehttp.WithHeaders(header), otlptracehttp.WithCompression(compression))
		}
	}
	return map[string]func() (sdktrace.SpanExporter, error){
		"grpc":      overGRPC(),
		"grpc gzip": overGRPC(otlptracegrpc.WithCompressor("gzip")),
		"http":      overHTTP(otlptracehttp.NoCompression),
		"http gzip": overHTTP(otlptracehttp.GzipCompression),
	}
}

func TestWhatRealExportersSendIsReadBack(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := startServer(t, "--store="+store)
		for name, open := range exporters(t.Context(), s.address(), "exporters") {
			t.Run(name, func(t *testing.T) {
				exporter, err := open()
				if err != nil {
					t.Fatal(err)
				}
				for id, sent := range runAgent(t, exporter) {
					for protocol, get := range everyProtocol(t, s, "exporters") {
						t.Run(protocol, func(t *testing.T) {
							got, err := get(t.Context(), id)
							if err != nil {
								t.Fatal(err)
							}
							mustEqual(t, sent, got.GetSpans())
							mustUnderstand(t, got)
						})
					}
				}
			})
		}
		s.stop()
	})
}

// mustUnderstand checks what is derived from the trace that emit makes.
func mustUnderstand(t *testing.T, got *agenttracev1.GetTraceResponse) {
	t.Helper()
	summary := got.GetTrace()
	for what, holds := range map[string]bool{
		"name":     summary.GetName() == "Support_Agent.run" && summary.GetRootName() == "Support_Agent.run" && summary.GetRootArrived(),
		"status":   summary.GetStatus() == agenttracev1.StatusCode_STATUS_CODE_ERROR && summary.GetFailed(),
		"error":    summary.GetFirstError().GetSpanName() == "find_parcel" && summary.GetFirstError().GetMessage() == "no such parcel",
		"counts":   summary.GetSpanCount() == 7 && summary.GetErrorCount() == 1 && summary.GetLlmCount() == 1 && summary.GetToolCount() == 1,
		"usage":    summary.GetUsage().GetInputTokens() == 20 && summary.GetUsage().GetCacheReadTokens() == 100 && summary.GetUsage().GetOutputTokens() == 30,
		"sets":     slices.Equal(summary.GetModels(), []string{"gpt-4o-mini"}) && slices.Equal(summary.GetTools(), []string{"find_parcel"}),
		"identity": summary.GetIdentity().GetAgentId() == "support" && summary.GetIdentity().GetSessionId() == "session-7" && summary.GetIdentity().GetUserId() == "ada",
		"origin":   summary.GetService() == "support-desk" && summary.GetEnvironment() == "staging",
		"previews": summary.GetInputPreview() == "Where is my parcel?" && summary.GetOutputPreview() == "On its way.",
	} {
		if !holds {
			t.Errorf("%s of the trace is wrong: %v", what, summary)
		}
	}
	root := got.GetSpans()[0]
	if root.GetSpanId() != summary.GetRootSpanId() || root.GetDepth() != 0 || root.GetChildCount() != 6 || root.GetType() != agenttracev1.SpanType_SPAN_TYPE_AGENT {
		t.Errorf("the first span is not the root with its six children: %v", root)
	}
	for _, span := range got.GetSpans()[1:] {
		if span.GetDepth() != 1 || span.GetOrphan() {
			t.Errorf("%s has depth %d and orphan %v, want it right below the root", span.GetName(), span.GetDepth(), span.GetOrphan())
		}
	}
}

// TestExporterWithoutConfigurationFindsServerWithoutFlags uses the ports that
// everybody uses and therefore runs alone. The SDK for Go is the one that has to
// be told that there is no TLS; those for other languages assume it.
func TestExporterWithoutConfigurationFindsServerWithoutFlags(t *testing.T) {
	for _, port := range []string{"4317", "4318"} {
		if conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second); err == nil {
			conn.Close()
			t.Fatalf("something on this machine listens on port %s, which this test needs: stop it (another agenttrace, a collector, Jaeger?)", port)
		}
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
	s := newServer(t)
	s.start()
	for name, open := range map[string]func() (sdktrace.SpanExporter, error){
		"grpc": func() (sdktrace.SpanExporter, error) {
			return otlptracegrpc.New(t.Context(), otlptracegrpc.WithInsecure())
		},
		"http": func() (sdktrace.SpanExporter, error) {
			return otlptracehttp.New(t.Context(), otlptracehttp.WithInsecure())
		},
	} {
		t.Run(name, func(t *testing.T) {
			exporter, err := open()
			if err != nil {
				t.Fatal(err)
			}
			for id, sent := range runAgent(t, exporter) {
				got, err := reader(t, s, "default").GetTrace(t.Context(), &agenttracev1.GetTraceRequest{TraceId: id})
				if err != nil {
					t.Fatal(err)
				}
				mustEqual(t, sent, got.GetSpans())
			}
		})
	}
	s.stop()
}
