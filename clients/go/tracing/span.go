package tracing

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Span is something that is going on: a run, a step, a call. Its methods are safe
// for concurrent use, do nothing after [Span.End], cost next to nothing when
// nobody records, and may be called on nil.
type Span struct {
	tracer *Tracer
	span   trace.Span
	what   *kind
	runID  string
	failed atomic.Bool
	ended  atomic.Bool
}

// Recording reports whether anybody will see what is set: a span may be sampled
// out, or there may be no provider. It is worth asking before making an input
// that is costly to make.
func (s *Span) Recording() bool { return s != nil && s.span.IsRecording() }

// SetInput records what went in: texts as they are, all other values as JSON.
func (s *Span) SetInput(input any) {
	if s.Recording() {
		s.setInput(contentOf(input))
	}
}

// SetOutput records what came out: texts as they are, documents as [Span.SetDocuments]
// does, all other values as JSON.
func (s *Span) SetOutput(output any) {
	if !s.Recording() {
		return
	}
	if found, ok := output.([]Document); ok {
		s.SetDocuments(found...)
		return
	}
	s.setOutput(contentOf(output))
}

func (s *Span) setInput(c content) { s.span.SetAttributes(s.input(nil, c)...) }

// input appends what may be told of an input.
func (s *Span) input(to attributes, c content) attributes {
	c = s.tracer.hiding.input(s.what, c)
	to = to.contents(keyInput, keyInputType, c)
	if s.tracer.genAI && s.what.genAIInput != "" {
		to = to.text(s.what.genAIInput, c.text)
	}
	return to
}

func (s *Span) setOutput(c content) {
	c = s.tracer.hiding.output(s.what, c)
	set := attributes(nil).contents(keyOutput, keyOutputType, c)
	if s.tracer.genAI && s.what.genAIOutput != "" {
		set = set.text(s.what.genAIOutput, c.text)
	}
	s.span.SetAttributes(set...)
}

// SetAttributes records attributes of any name. What hides content also holds for
// attributes that are set by the names that content has in OpenInference and in
// the GenAI conventions; of other names nothing is known, and nothing is hidden.
func (s *Span) SetAttributes(set ...attribute.KeyValue) {
	if s.Recording() {
		s.span.SetAttributes(s.tracer.hiding.attributes(set)...)
	}
}

// Event records that something happened now.
func (s *Span) Event(name string, set ...attribute.KeyValue) {
	if s.Recording() {
		s.span.AddEvent(name, trace.WithAttributes(s.tracer.hiding.attributes(set)...))
	}
}

// Fail records that the span failed with err: as an exception event, and as
// status ERROR. Of several failures the last counts. A nil error is no failure.
//
// The type is what the error says of itself with a method ErrorType() string, or
// the Go type of the first error in its chain that is not a mere wrapper. The
// text is hidden when anything is hidden that it may quote; see [HideExceptions].
func (s *Span) Fail(err error) {
	if err == nil || !s.Recording() {
		return
	}
	s.fail(errorType(err), errorText(err), "")
}

func (s *Span) fail(class, message, stack string) {
	hide := s.tracer.hiding.exceptions
	message = valid(hidden(hide, message))
	event := attributes(nil).text(keyExceptionType, class).
		text(keyExceptionMessage, message).text(keyExceptionStacktrace, stack)
	s.failed.Store(true)
	s.span.AddEvent(eventException, trace.WithAttributes(event...))
	s.span.SetAttributes(attributes(nil).text(keyErrorType, class)...)
	s.span.SetStatus(codes.Error, message)
}

// End ends the span, as OK unless it failed; the first call counts. As a deferred
// call, it also records the panic that is passing through, as a failure with the
// stack, and lets it pass.
func (s *Span) End() {
	if s == nil {
		return
	}
	if p := recover(); p != nil {
		s.panicked(p)
		s.end()
		panic(p)
	}
	s.end()
}

func (s *Span) end() {
	if s.ended.Swap(true) {
		return
	}
	if !s.failed.Load() && s.span.IsRecording() {
		s.span.SetStatus(codes.Ok, "")
	}
	s.span.End()
}

// panicked records a panic. Its stack names functions and no values.
func (s *Span) panicked(p any) {
	if !s.Recording() {
		return
	}
	class := "panic"
	message := safely(func() string { return fmt.Sprint(p) })
	if err, ok := p.(error); ok {
		class, message = "panic: "+errorType(err), errorText(err)
	}
	s.fail(class, message, string(debug.Stack()))
}

// RunID returns the id of the run that the span is, or is a part of; "" for none.
// It is there also when nobody records.
func (s *Span) RunID() string {
	if s == nil {
		return ""
	}
	return s.runID
}

// TraceID returns the id of the trace, 32 lower-case hex digits, by which the
// trace is found later; "" when there is none.
func (s *Span) TraceID() string {
	if s == nil || !s.span.SpanContext().HasTraceID() {
		return ""
	}
	return s.span.SpanContext().TraceID().String()
}

// SpanID returns the id of the span, 16 lower-case hex digits; "" when there is
// none.
func (s *Span) SpanID() string {
	if s == nil || !s.span.SpanContext().HasSpanID() {
		return ""
	}
	return s.span.SpanContext().SpanID().String()
}

// Otel returns OpenTelemetry's span, for what this package has no method for:
// links for instance. Nothing that is set there is hidden.
func (s *Span) Otel() trace.Span {
	if s == nil {
		return noop.Span{}
	}
	return s.span
}
