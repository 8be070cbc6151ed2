package export_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
)

// backend is a Sender that does as it is told.
type backend struct {
	mu      sync.Mutex
	answer  func(ctx context.Context, names []string) error // nil takes everything
	taken   map[string]int                                  // by name of the span, how often
	batches [][]string                                      // what was taken, by request
	asked   []time.Time
	closed  bool
	to      string
}

func (b *backend) Send(ctx context.Context, request []byte) error {
	names := namesIn(request)
	b.mu.Lock()
	answer := b.answer
	b.asked = append(b.asked, time.Now())
	b.mu.Unlock()
	var err error
	if answer != nil {
		err = answer(ctx, names)
	}
	if err == nil {
		b.take(names)
	}
	return err
}

func (b *backend) take(names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken == nil {
		b.taken = map[string]int{}
	}
	for _, name := range names {
		b.taken[name]++
	}
	b.batches = append(b.batches, names)
}

func (b *backend) Destination() string    { return "backend" + b.to }
func (b *backend) Timeout() time.Duration { return 0 }
func (b *backend) Close() error           { b.closed = true; return nil }

// become changes what the backend does from now on.
func (b *backend) become(answer func(context.Context, []string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

// has returns how many different spans were taken.
func (b *backend) has() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.taken)
}

// sizes returns how many spans each request had that was taken.
func (b *backend) sizes() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	var sizes []int
	for _, batch := range b.batches {
		sizes = append(sizes, len(batch))
	}
	return sizes
}

func (b *backend) requests() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

func namesIn(request []byte) []string {
	var message coltracepb.ExportTraceServiceRequest
	if err := proto.Unmarshal(request, &message); err != nil {
		panic(err)
	}
	var names []string
	for _, r := range message.GetResourceSpans() {
		for _, s := range r.GetScopeSpans() {
			for _, span := range s.GetSpans() {
				names = append(names, span.GetName())
			}
		}
	}
	return names
}

// answers that a backend can have.
func always(err error) func(context.Context, []string) error {
	return func(context.Context, []string) error { return err }
}

func hang(ctx context.Context, _ []string) error {
	<-ctx.Done()
	return ctx.Err()
}

var (
	down    = &export.Fault{Kind: export.Away, Message: "connection refused"}
	refused = &export.Fault{Kind: export.Refused, Message: "bad request"}
)

// named returns an ended span of that name.
func named(name string) sdktrace.ReadOnlySpan {
	return tracetest.SpanStub{Name: name, SpanContext: trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	})}.Snapshot()
}

// end ends n spans with names of their own.
func end(p *export.Processor, prefix string, n int) {
	for i := range n {
		p.OnEnd(named(prefix + string(rune('a'+i%26)) + string(rune('0'+i/26%75)) + string(rune('0'+i/26/75))))
	}
}

// logs keeps what is logged.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logs) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func start(t testing.TB, sender export.Sender, o export.Options) *export.Processor {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p, err := export.New(t.Context(), sender, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stop shuts a processor down and demands that its counts add up.
func stop(t testing.TB, p *export.Processor, within time.Duration) export.Stats {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	err := p.Shutdown(ctx)
	stats := p.Stats()
	if (err != nil) != (stats.Dropped.Stopped > 0) {
		t.Errorf("Shutdown returns %v with %d spans dropped at the end", err, stats.Dropped.Stopped)
	}
	mustAddUp(t, stats)
	if stats.Held != 0 || stats.HeldBytes != 0 {
		t.Errorf("%d spans, %d bytes are held after the end", stats.Held, stats.HeldBytes)
	}
	return stats
}

func mustAddUp(t interface {
	Helper()
	Errorf(string, ...any)
}, s export.Stats) {
	t.Helper()
	if s.Ended+s.Adopted != s.Delivered+s.Rejected+s.Dropped.Total()+s.Held+s.Spilled {
		t.Errorf("the counts do not add up: %+v", s)
	}
}

func mustBe[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
