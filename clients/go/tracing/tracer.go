package tracing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
)

// scopeName is the name of the instrumentation, by which receivers know who
// wrote a span.
const scopeName = "github.com/agenttrace/agenttrace/clients/go/tracing"

// Tracer starts spans: by one provider, in one choice of vocabularies, and hiding
// one choice of content. The functions of the package use the Tracer that began
// the span above, or else that of [Setup]; a Tracer of one's own is for programs
// with several. A nil Tracer, or an empty one, starts spans that record nothing,
// and so do those below them. Its methods are safe for concurrent use.
type Tracer struct {
	tracer trace.Tracer
	hiding hiding
	genAI  bool
}

// NewTracer returns a Tracer that starts its spans by provider, which somebody
// else set up and will shut down. What is hidden and whether GenAI attributes are
// written, comes from the OPENINFERENCE_ variables and the options. The error
// names the variable that is wrong.
func NewTracer(provider trace.TracerProvider, options ...TracerOption) (*Tracer, error) {
	choice, err := choiceFrom(os.Getenv)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	for _, o := range options {
		o.applyTracer(&choice)
	}
	return newTracer(provider, choice), nil
}

func newTracer(provider trace.TracerProvider, c choice) *Tracer {
	return &Tracer{
		tracer: provider.Tracer(scopeName),
		hiding: c.resolved(),
		genAI:  c.genAI,
	}
}

// defaults is a second global beside OpenTelemetry's provider, because that one
// cannot carry what is to be hidden: a program that calls tracing.Tool deep in a
// library and hides content in main must not depend on a Tracer being handed
// down.
var defaults standing

// standing is every Setup that was not shut down.
type standing struct {
	current atomic.Pointer[Tracer] // of the last of them

	mu   sync.Mutex
	all  []*attachment
	like *Tracer // what to write and hide without any; nil until asked for
}

// Default returns the Tracer that [Setup] made. Before it, or without it, it is
// one on OpenTelemetry's global provider; if a variable that hides content cannot
// be read then, all content is hidden, since there is nobody to tell. After all is
// shut down, what the last Setup hid stays hidden.
func Default() *Tracer {
	if t := defaults.current.Load(); t != nil {
		return t
	}
	t := *defaults.model(os.Getenv)
	t.tracer = otel.GetTracerProvider().Tracer(scopeName)
	return &t
}

// model returns a Tracer that writes and hides as one should without a Setup. The
// environment is read once: this is asked for every span.
func (s *standing) model(getenv func(string) string) *Tracer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.like == nil {
		c, err := choiceFrom(getenv)
		if err != nil {
			c = choice{hiding: everything}
		}
		s.like = &Tracer{hiding: c.resolved(), genAI: c.genAI}
	}
	return s.like
}

func (s *standing) add(a *attachment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, a)
	s.current.Store(a.tracer)
}

func (s *standing) remove(a *attachment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = slices.DeleteFunc(s.all, func(other *attachment) bool { return other == a })
	s.like = a.tracer
	s.current.Store(nil)
	if n := len(s.all); n > 0 {
		s.current.Store(s.all[n-1].tracer)
	}
}

// Flush delivers every span that has ended, for as long as ctx lasts, or ten
// seconds where it has no deadline. It is for programs that are stopped without
// being asked, as functions in a cloud are between two requests; all others leave
// it to shutdown. Without a [Setup] it does nothing.
func Flush(ctx context.Context) error {
	defaults.mu.Lock()
	all := slices.Clone(defaults.all)
	defaults.mu.Unlock()
	var wrong []error
	for _, a := range all {
		wrong = append(wrong, a.each(func(p *attached) error { return p.ForceFlush(ctx) }))
	}
	return errors.Join(wrong...)
}

// tracerOf returns the Tracer that began the span above, or the default one.
func tracerOf(ctx context.Context) *Tracer {
	if s, ok := ctx.Value(scopeKey{}).(*scope); ok && s.tracer != nil {
		return s.tracer
	}
	return Default()
}
