package e2e_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	delivery "github.com/agenttrace/agenttrace/clients/go/tracing/export"
	"github.com/agenttrace/agenttrace/clients/go/tracing/export/otlp"
)

// agent ends spans, at its own pace, for several ways of delivery at once.
type agent struct {
	provider *sdktrace.TracerProvider
	ways     map[string]*delivery.Processor // by project, which is the protocol's name

	mu    sync.Mutex
	ended map[string]bool // by trace and span id
	quit  chan struct{}
	done  chan struct{}
}

// startAgent starts an agent that sends to an address over each protocol. Those
// that have a folder may write there.
func startAgent(t *testing.T, address string, folders map[string]string) *agent {
	t.Helper()
	a := &agent{ways: map[string]*delivery.Processor{}, ended: map[string]bool{}, quit: make(chan struct{}), done: make(chan struct{})}
	var options []sdktrace.TracerProviderOption
	for project, protocol := range map[string]otlp.Protocol{"http": otlp.HTTP, "grpc": otlp.GRPC} {
		sender, err := otlp.New(otlp.Config{Protocol: protocol, Endpoint: address, Headers: map[string]string{projectHeader: project}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := delivery.New(t.Context(), sender, delivery.Options{
			MaxQueueSize: 100_000, ScheduleDelay: 20 * time.Millisecond, RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond,
			SpillDir: folders[project], Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		a.ways[project] = p
		options = append(options, sdktrace.WithSpanProcessor(p))
	}
	a.provider = sdktrace.NewTracerProvider(options...)
	go a.loop(context.WithoutCancel(t.Context()))
	return a
}

// loop makes a small run every ten milliseconds until it is told to end.
func (a *agent) loop(ctx context.Context) {
	defer close(a.done)
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-a.quit:
			return
		case <-pace.C:
			a.run(ctx)
		}
	}
}

func (a *agent) run(ctx context.Context) {
	tracer := a.provider.Tracer("e2e")
	ctx, root := tracer.Start(ctx, "Support_Agent.run")
	for range 2 {
		_, call := tracer.Start(ctx, "OpenAIChat.invoke")
		call.SetAttributes(attribute.String("input.value", "Where is my parcel?"))
		call.End()
		a.note(call.SpanContext().TraceID().String(), call.SpanContext().SpanID().String())
	}
	root.End()
	a.note(root.SpanContext().TraceID().String(), root.SpanContext().SpanID().String())
}

func (a *agent) note(traceID, spanID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended[key(traceID, spanID)] = true
}

// every reports whether a condition holds for all ways.
func (a *agent) every(holds func(delivery.Stats) bool) bool {
	for _, p := range a.ways {
		if !holds(p.Stats()) {
			return false
		}
	}
	return true
}

// end stops the agent and flushes, and returns where the spans are.
func (a *agent) end(t *testing.T) map[string]delivery.Stats {
	t.Helper()
	close(a.quit)
	<-a.done
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := a.provider.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	all := map[string]delivery.Stats{}
	for project, p := range a.ways {
		s := p.Stats()
		all[project] = s
		if s.Held+s.Rejected+s.Dropped.Total() > 0 || s.Ended+s.Adopted != s.Delivered+s.Spilled {
			t.Errorf("%s: %+v, want everything delivered or on disk", project, s)
		}
	}
	return all
}

// mustHave demands that each span that ended is stored once, in every project.
func mustHave(t *testing.T, s *server, ended map[string]bool) {
	t.Helper()
	for _, project := range []string{"http", "grpc"} {
		listed := map[string]int{}
		for _, span := range listSpans(t, reader(t, s, project), 1000) {
			listed[key(span.GetTraceId(), span.GetSpanId())]++
		}
		mustBeOnce(t, "listed in "+project, listed, ended)
	}
}

// TestAgentLosesNothingWhenItsServerIsKilled kills the server while an agent
// works, and starts it again on the same port. What waits meanwhile waits on disk
// for one protocol and in memory for the other.
func TestAgentLosesNothingWhenItsServerIsKilled(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		address := freeAddress(t)
		s := newServer(t, "--listen="+address, "--store="+store)
		s.start()
		a := startAgent(t, address, map[string]string{"http": t.TempDir()})
		var delivered int64
		for range 2 {
			await(t, "spans are delivered", func() bool {
				return a.every(func(s delivery.Stats) bool { return s.Delivered > delivered+50 })
			})
			s.kill()
			s.check()
			var failures int64
			for _, p := range a.ways {
				failures = max(failures, p.Stats().Failures)
				delivered = max(delivered, p.Stats().Delivered)
			}
			await(t, "the agent notices", func() bool {
				return a.every(func(s delivery.Stats) bool { return s.Failures > failures })
			})
			s.start()
		}
		await(t, "what waited on disk is delivered", func() bool {
			return a.every(func(s delivery.Stats) bool { return s.Delivered > delivered+50 && s.Spilled == 0 })
		})
		for project, stats := range a.end(t) {
			t.Logf("%s: %+v", project, stats)
		}
		mustHave(t, s, a.ended)
		s.stop()
	})
}

// TestNextAgentDeliversWhatTheLastCouldNot ends an agent while its server is
// away. The next agent with the same folder delivers what it left.
func TestNextAgentDeliversWhatTheLastCouldNot(t *testing.T) {
	s := newServer(t, "--listen="+freeAddress(t), "--store="+newSQLite(t))
	s.start()
	dir := t.TempDir()
	folders := map[string]string{"http": dir, "grpc": dir}
	first := startAgent(t, s.address(), folders)
	await(t, "spans are delivered", func() bool {
		return first.every(func(s delivery.Stats) bool { return s.Delivered > 50 })
	})
	s.kill()
	s.check()
	await(t, "spans go to disk", func() bool {
		return first.every(func(s delivery.Stats) bool { return s.Spilled > 100 })
	})
	left := first.end(t)

	s.start()
	second := startAgent(t, s.address(), folders)
	await(t, "what was left is delivered", func() bool {
		return second.every(func(s delivery.Stats) bool { return s.Adopted > 0 && s.Spilled == 0 })
	})
	for project, stats := range second.end(t) {
		if stats.Adopted != left[project].Spilled {
			t.Errorf("%s: %d spans were adopted, %d were left", project, stats.Adopted, left[project].Spilled)
		}
	}
	for span := range first.ended {
		second.ended[span] = true
	}
	mustHave(t, s, second.ended)
	s.stop()
}
