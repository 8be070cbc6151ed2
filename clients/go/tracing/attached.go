package tracing

import (
	"context"
	"log/slog"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// attached is a processor that Setup added. It is shut down once, with the time
// that shutdown was given: a provider that lets a processor go shuts it down
// again, without a limit.
type attached struct {
	sdktrace.SpanProcessor
	foreign bool // the option Processor brought it

	once sync.Once
	err  error

	log  *slog.Logger // set where limits are somebody else's
	said sync.Once
}

// limitsOf makes it tell when spans lose attributes to limits that Setup could
// not set.
func (a *attached) limitsOf(log *slog.Logger) { a.log = log }

// OnEnd hands on a span that ended.
func (a *attached) OnEnd(s sdktrace.ReadOnlySpan) {
	if a.log != nil && s.DroppedAttributes() > 0 {
		a.said.Do(func() {
			a.log.Warn("tracing: the limits of the TracerProvider cut spans; OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT raises them",
				slog.String("span", s.Name()), slog.Int("attributes_lost", s.DroppedAttributes()))
		})
	}
	a.SpanProcessor.OnEnd(s)
}

// Shutdown delivers what is held. The first call counts.
func (a *attached) Shutdown(ctx context.Context) error {
	a.once.Do(func() { a.err = a.SpanProcessor.Shutdown(ctx) })
	return a.err
}
