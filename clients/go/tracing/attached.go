package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
)

// attached is a processor that Setup added. It is shut down once, with the time
// that shutdown was given: a provider that lets a processor go shuts it down
// again, without a limit.
type attached struct {
	sdktrace.SpanProcessor
	foreign bool // the option Processor brought it
	letGo   atomic.Bool

	once sync.Once
	err  error

	log  *slog.Logger // set where limits are somebody else's
	said sync.Once
}

// limitsOf makes it tell when spans lose attributes to limits that Setup could
// not set.
func (a *attached) limitsOf(log *slog.Logger) { a.log = log }

// OnEnd hands on a span that ended. One that ends when the processor is about to
// be taken from somebody else's provider is not for it any more, and not lost.
func (a *attached) OnEnd(s sdktrace.ReadOnlySpan) {
	if a.log != nil && s.DroppedAttributes() > 0 {
		a.said.Do(func() {
			a.log.Warn("tracing: the limits of the TracerProvider cut spans; OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT raises them",
				slog.String("span", s.Name()), slog.Int("attributes_lost", s.DroppedAttributes()))
		})
	}
	if !a.letGo.Load() {
		a.SpanProcessor.OnEnd(s)
	}
}

// Shutdown delivers what is held. The first call counts.
func (a *attached) Shutdown(ctx context.Context) error {
	a.once.Do(func() {
		a.err = a.SpanProcessor.Shutdown(ctx)
		if p, ok := a.SpanProcessor.(*export.Processor); ok {
			a.err = lost(p.Stats(), a.err)
		}
	})
	return a.err
}

// Lost is the error of shutdown for a receiver that did not get every span, from
// the beginning to the end.
type Lost struct {
	// Dropped is how many spans were given up: there was no room for them, or no
	// time left.
	Dropped int64
	// Rejected is how many the receiver refused for good.
	Rejected int64
	// Unsettled is how many nobody could account for in time.
	Unsettled int64
	// Err is what the end itself went wrong with, if it did.
	Err error
}

func lost(s export.Stats, err error) error {
	l := &Lost{Dropped: s.Dropped.Total(), Rejected: s.Rejected, Unsettled: s.Held, Err: err}
	if l.Dropped+l.Rejected+l.Unsettled == 0 {
		return err
	}
	return l
}

// Error says how many spans were lost, and why.
func (l *Lost) Error() string {
	text := fmt.Sprintf("tracing: %d spans were lost: %d dropped, %d rejected", l.Dropped+l.Rejected+l.Unsettled, l.Dropped, l.Rejected)
	if l.Unsettled > 0 {
		text += fmt.Sprintf(", %d still on their way", l.Unsettled)
	}
	if l.Err != nil {
		text += ": " + l.Err.Error()
	}
	return text
}

// Unwrap returns what the end itself went wrong with.
func (l *Lost) Unwrap() error { return l.Err }
