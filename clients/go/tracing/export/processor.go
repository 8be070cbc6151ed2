package export

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// grace is how long Shutdown waits past its deadline for the loop to write down
// what is left. It takes well under a millisecond unless a disk hangs.
const grace = 250 * time.Millisecond

// Processor is a span processor for a TracerProvider of the OpenTelemetry SDK. It
// takes finished spans to one backend, in the background.
type Processor struct {
	queue *queue
	loop  *loop

	stopOnce sync.Once
}

var _ sdktrace.SpanProcessor = (*Processor)(nil)

// New starts a processor that sends to one backend. It fails only for options
// that make no sense: a backend that is away or a folder that cannot be used is
// reported and tried again. Of ctx only the values are used; Shutdown ends the
// processor and closes the sender.
func New(ctx context.Context, sender Sender, o Options) (*Processor, error) {
	if sender == nil {
		return nil, errors.New("export: no sender")
	}
	o, err := o.withDefaults(sender.Timeout())
	if err != nil {
		return nil, err
	}
	return start(ctx, otlpTarget{sender}, sender.Destination(), o), nil
}

// NewFor is New for any exporter of the OpenTelemetry SDK. Such an exporter tries
// again by itself: what it returns an error for is rejected, unless the error is
// a [*Fault] that says otherwise. It cannot spill.
func NewFor(ctx context.Context, exporter sdktrace.SpanExporter, o Options) (*Processor, error) {
	if exporter == nil {
		return nil, errors.New("export: no exporter")
	}
	if o.SpillDir != "" {
		return nil, errors.New("export: SpillDir works with New alone: spans cannot be kept on disk for an exporter that wants them as objects")
	}
	o, err := o.withDefaults(0)
	if err != nil {
		return nil, err
	}
	return start(ctx, sdkTarget{exporter}, fmt.Sprintf("%T", exporter), o), nil
}

func start(ctx context.Context, t target, destination string, o Options) *Processor {
	ctx = context.WithoutCancel(ctx)
	q := newQueue(o)
	l := newLoop(ctx, q, t, destination, o)
	go l.run(ctx)
	return &Processor{queue: q, loop: l}
}

// OnStart does nothing.
func (p *Processor) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd takes a sampled span in, or counts it as dropped when there is no room.
// It never waits.
func (p *Processor) OnEnd(s sdktrace.ReadOnlySpan) {
	if s == nil || !s.SpanContext().IsSampled() {
		return
	}
	if p.queue.offer(s, sizeOf(s)) {
		select {
		case p.loop.wake <- struct{}{}:
		default: // it has been told already
		}
	}
}

// Stats returns where the spans are.
func (p *Processor) Stats() Stats { return p.queue.look() }

// ForceFlush sends what has ended so far without waiting for more, and returns
// when all of it is delivered, rejected or safe on disk. While the backend is
// away it tries at once and then as always, until ctx ends, or ExportTimeout
// has passed where ctx has no deadline; then it returns an error, and the spans
// are still held.
func (p *Processor) ForceFlush(ctx context.Context) error {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	request := flush{ctx: ctx, before: p.queue.end(), done: make(chan struct{})}
	select {
	case p.loop.flushes <- request:
	case <-p.loop.done:
		return nil
	case <-ctx.Done():
		return p.unfinished(ctx)
	}
	select {
	case <-request.done:
		return nil
	case <-p.loop.done:
		return nil
	case <-ctx.Done():
		return p.unfinished(ctx)
	}
}

// Shutdown takes no more spans, delivers those that are held until ctx ends, or
// ExportTimeout has passed where ctx has no deadline, and closes the sender. With
// SpillDir, what the backend does not take is written to disk instead, for a
// later process; without, what is left at the end is dropped and counted, and
// Shutdown says how many. It may be called more than once.
func (p *Processor) Shutdown(ctx context.Context) error {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	p.queue.close()
	p.stopOnce.Do(func() { p.loop.stop <- ctx })
	select {
	case <-p.loop.done:
		return p.loop.result
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-p.loop.done:
		return p.loop.result
	case <-late.C:
		return p.unfinished(ctx)
	}
}

func (p *Processor) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, p.loop.o.ExportTimeout)
}

func (p *Processor) unfinished(ctx context.Context) error {
	return fmt.Errorf("export: %d spans are not delivered yet: %w", p.Stats().Held, context.Cause(ctx))
}
