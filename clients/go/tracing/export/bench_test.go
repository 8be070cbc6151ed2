package export_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
	"github.com/agenttrace/agenttrace/clients/go/tracing/export/otlp"
)

// llmSpan is the span of a model call as OpenInference describes it: n
// attributes, 5 KB of content.
func llmSpan(n int) sdktrace.ReadOnlySpan {
	attributes := []attribute.KeyValue{
		attribute.String("openinference.span.kind", "LLM"), attribute.String("llm.model_name", "gpt-4o-mini"),
		attribute.Int("llm.token_count.prompt", 1200), attribute.Int("llm.token_count.completion", 150),
		attribute.Bool("llm.streaming", true), attribute.Float64("llm.temperature", 0.2),
		attribute.String("session.id", "session-17"), attribute.StringSlice("tag.tags", []string{"support", "beta"}),
		attribute.String("input.value", strings.Repeat("Where is my parcel? ", 100)), attribute.String("output.value", strings.Repeat("On its way. ", 60)),
	}
	rest := n - len(attributes)
	for i := range rest {
		attributes = append(attributes, attribute.String(fmt.Sprintf("llm.input_messages.%d.message.content", i), strings.Repeat("x", 2300/rest)))
	}
	return tracetest.SpanStub{
		Name: "OpenAIChat.invoke", SpanKind: trace.SpanKindInternal, StartTime: time.Unix(1, 0), EndTime: time.Unix(2, 0),
		SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled}),
		Attributes:  attributes, Resource: resource.NewSchemaless(attribute.String("service.name", "bench")),
	}.Snapshot()
}

// backends are servers in every state, by the address of one.
func backends(tb testing.TB) map[string]string {
	tb.Helper()
	quit := make(chan struct{})
	var servers []*httptest.Server
	tb.Cleanup(func() {
		close(quit)
		for _, server := range servers {
			server.Close()
		}
	})
	serve := func(handle http.HandlerFunc) string {
		server := httptest.NewServer(handle)
		servers = append(servers, server)
		return server.URL
	}
	answer := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(code)
		}
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	nobody.Close()
	return map[string]string{
		"fine": serve(answer(http.StatusOK)), "refusing": serve(answer(http.StatusServiceUnavailable)), "rejecting": serve(answer(http.StatusBadRequest)),
		"hanging": serve(func(http.ResponseWriter, *http.Request) { <-quit }),
		"slow": serve(func(http.ResponseWriter, *http.Request) {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-quit:
			}
		}),
		"down": "http://" + nobody.Addr().String(),
	}
}

func sendTo(tb testing.TB, config otlp.Config) *otlp.Sender {
	tb.Helper()
	sender, err := otlp.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	return sender
}

// abandon stops a processor of a benchmark without waiting for its backend.
func abandon(b *testing.B, p *export.Processor) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	_ = p.Shutdown(ctx)         // what is left does not matter here,
	_ = p.Shutdown(b.Context()) // but that nobody writes to its folder any more
	mustAddUp(b, p.Stats())
}

// measure times OnEnd: ns/op is by the clock, cpu-ns/op what the agent's thread
// worked.
func measure(b *testing.B, p *export.Processor, span sdktrace.ReadOnlySpan) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	begun := cpuTime(b)
	for b.Loop() {
		p.OnEnd(span)
	}
	b.ReportMetric(float64(cpuTime(b)-begun)/float64(b.N), "cpu-ns/op")
	s := p.Stats()
	b.ReportMetric(100*float64(s.Dropped.Total())/float64(s.Ended), "%dropped")
}

// BenchmarkOnEnd measures what the agent's goroutine spends for a span, with the
// server in every state, and files on and off. Ended spans pile up faster here
// than any agent makes them, so the queue is full most of the time.
func BenchmarkOnEnd(b *testing.B) {
	span := llmSpan(120)
	servers := backends(b)
	for _, state := range slices.Sorted(maps.Keys(servers)) {
		for _, spill := range []bool{false, true} {
			b.Run(fmt.Sprintf("server=%s/spill=%t", state, spill), func(b *testing.B) {
				o := export.Options{MaxQueueBytes: 16 << 20}
				if spill {
					o.SpillDir = b.TempDir()
				}
				p := start(b, sendTo(b, otlp.Config{Endpoint: servers[state]}), o)
				measure(b, p, span)
				abandon(b, p)
			})
		}
	}
}

// room is how many spans a processor takes in BenchmarkOnEndAccepted before another
// has its place.
const room = 1 << 18

// BenchmarkOnEndAccepted measures what the agent's goroutine spends for a span that
// is taken in, with the server in every state: all of the work, no short cut. It
// fails when a span is dropped.
func BenchmarkOnEndAccepted(b *testing.B) {
	span := llmSpan(120)
	servers := backends(b)
	for _, state := range slices.Sorted(maps.Keys(servers)) {
		for _, spill := range []bool{false, true} {
			b.Run(fmt.Sprintf("server=%s/spill=%t", state, spill), func(b *testing.B) {
				measureAccepted(b, span, func() *export.Processor {
					o := export.Options{MaxQueueSize: room, MaxQueueBytes: 1 << 50, MaxSpillBytes: 16 << 20}
					if spill {
						o.SpillDir = b.TempDir()
					}
					return start(b, sendTo(b, otlp.Config{Endpoint: servers[state]}), o)
				})
			})
		}
	}
}

// measureAccepted is measure for as many processors as it takes for none of them to
// be full. The time between two of them does not count.
func measureAccepted(b *testing.B, span sdktrace.ReadOnlySpan, begin func() *export.Processor) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	var worked time.Duration
	p, left, begun := begin(), room, cpuTime(b)
	end := func() {
		worked += cpuTime(b) - begun
		if s := p.Stats(); s.Dropped.Total() > 0 {
			b.Fatalf("dropped %+v of %d", s.Dropped, s.Ended)
		}
		abandon(b, p)
	}
	for b.Loop() {
		if left == 0 {
			b.StopTimer()
			end()
			p, left, begun = begin(), room, cpuTime(b)
			b.StartTimer()
		}
		left--
		p.OnEnd(span)
	}
	end()
	b.ReportMetric(float64(worked)/float64(b.N), "cpu-ns/op")
}

// BenchmarkOnEndFromManyGoroutines is with as many agents as there are CPUs, by
// the clock.
func BenchmarkOnEndFromManyGoroutines(b *testing.B) {
	span := llmSpan(120)
	servers := backends(b)
	for _, state := range slices.Sorted(maps.Keys(servers)) {
		b.Run("server="+state, func(b *testing.B) {
			p := start(b, sendTo(b, otlp.Config{Endpoint: servers[state]}), export.Options{MaxQueueBytes: 16 << 20})
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					p.OnEnd(span)
				}
			})
			b.StopTimer()
			abandon(b, p)
		})
	}
}
