package otlp

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// ErrMalformed says that a request as a whole cannot be read: its sender must
// not send it again.
var ErrMalformed = errors.New("malformed OTLP request")

// TooManySpansError says that a request has more spans than one may have. None
// of them is stored: told one by one that they were rejected, senders would
// drop what two smaller requests can carry.
type TooManySpansError struct {
	Max int
}

// Error implements error.
func (e *TooManySpansError) Error() string {
	return fmt.Sprintf("the message has more than %d spans; send fewer at once", e.Max)
}

// Field numbers of OTLP's trace messages, as far as they are framing.
const (
	tracesResourceSpans = 1

	resourceSpansResource  = 1
	resourceSpansScopes    = 2
	resourceSpansSchemaURL = 3

	scopeSpansScope     = 1
	scopeSpansSpans     = 2
	scopeSpansSchemaURL = 3

	spanAttributes = 9
)

// Request is what a request held.
type Request struct {
	Records []model.Record
	Indexes []int // place in the request of each record, from 0

	// Rejected holds the first [MaxRejections] spans that cannot be stored, in
	// the order of the request. All in all there are Spans - len(Records).
	Rejected []Rejection

	Spans int // how many spans the request held
}

// Rejection says why a span cannot be stored.
type Rejection struct {
	Index  int    // place of the span in the request, from 0
	Reason string // what is wrong where, and what would be right
}

// MaxRejections bounds how many rejections of one request are told: an empty
// span takes two bytes on the wire, and its rejection a hundred in memory.
const MaxRejections = 1000

// Parse reads an ExportTraceServiceRequest (or TracesData, which is the same on
// the wire) for a project. Raw, Resource and Scope of the records alias body,
// which must not change while they are in use; the spans' texts do not.
//
// A span that cannot be stored is rejected alone. When the framing around spans
// is broken, nothing can be said about any of them, and the error wraps
// [ErrMalformed]; more spans than allowed are a [*TooManySpansError].
func Parse(project string, body []byte, l Limits) (*Request, error) {
	p := parsers.Get().(*parser)
	defer p.giveBack()
	return p.parse(project, body, l)
}

func (p *parser) parse(project string, body []byte, l Limits) (*Request, error) {
	p.project, p.limits, p.request = project, l.withDefaults(), &Request{}
	p.walker.maxDepth = p.limits.MaxDepth
	var f wire.Field
	for rest := body; len(rest) > 0; {
		at := len(body) - len(rest)
		next, err := wire.Next(&f, rest)
		if err == nil && f.Num == tracesResourceSpans {
			if message, ok := f.Bytes(); ok {
				err = p.resourceSpans(message)
			}
		}
		if tooMany, ok := errors.AsType[*TooManySpansError](err); ok {
			return nil, tooMany
		}
		if err != nil {
			return nil, fmt.Errorf("%w: byte %d: %w", ErrMalformed, at, err)
		}
		rest = next
	}
	return p.request, nil
}

type parser struct {
	project string
	limits  Limits
	request *Request
	walker  walker
	texts   texts
	short   []byte       // working memory of short attributes
	chunk   []model.Span // room for the next spans
	// What all spans of the current resource and scope share.
	resource resourceFacts
	scope    []byte
}

// parsers keeps parsers for other requests: one has 6 KB, which would be most of what
// a request of one span takes.
var parsers = sync.Pool{New: func() any { return new(parser) }}

// giveBack keeps the parser, without anything of its request: all but the texts and
// what it was about to use aliases the request's body.
func (p *parser) giveBack() {
	p.texts.forget()
	loose := p.walker.loose
	clear(loose[:cap(loose)])
	*p = parser{walker: walker{loose: loose[:0]}, texts: p.texts, short: p.short[:0]}
	parsers.Put(p)
}

// resourceFacts is what a resource says about its spans.
type resourceFacts struct {
	raw         []byte
	service     string
	environment string
	fault       string // why none of its spans can be stored; "" for none
}

func (p *parser) resourceSpans(message []byte) error {
	env, err := wire.OpenEnvelope(message, resourceSpansScopes)
	if err != nil {
		return fmt.Errorf("resource_spans: %w", err)
	}
	if err := p.openResource(env.Raw); err != nil {
		return fmt.Errorf("resource: %w", err)
	}
	return wire.EachChild(message, resourceSpansScopes, p.scopeSpans)
}

// openResource derives what the resource says about its spans, once for all of
// them. Bytes that are not protobuf make the request malformed; attributes that
// break a limit are the fault of the spans that carry them.
func (p *parser) openResource(raw []byte) error {
	p.resource = resourceFacts{raw: raw}
	w := &p.walker
	w.reset()
	err := wire.EachChild(raw, resourceSpansResource, func(resource []byte) error {
		return wire.EachChild(resource, 1, func(data []byte) error {
			key, value, err := w.keyValue(data)
			if number, ok := known.numbers[key]; ok {
				w.facts.set(number, value)
			}
			return err
		})
	})
	switch {
	case errors.Is(err, errTooDeep), errors.Is(err, errTooMany):
		p.resource.fault = "resource: " + p.explain(err)
		return nil
	case err != nil:
		return err
	}
	p.resource.service = p.texts.name(w.facts.text(fieldService, model.TypeUnknown))
	p.resource.environment = p.texts.name(w.facts.text(fieldEnvironment, model.TypeUnknown))
	return nil
}

func (p *parser) scopeSpans(message []byte) error {
	env, err := wire.OpenEnvelope(message, scopeSpansSpans)
	if err != nil {
		return fmt.Errorf("scope_spans: %w", err)
	}
	if env.Children > p.limits.MaxSpans-p.request.Spans { // before memory is taken for them
		return &TooManySpansError{Max: p.limits.MaxSpans}
	}
	fault, err := p.openScope(env.Raw)
	if err != nil {
		return fmt.Errorf("scope: %w", err)
	}
	if p.resource.fault != "" {
		fault = p.resource.fault
	} else if size := len(p.resource.raw) + len(env.Raw); size > p.limits.MaxEnvelope {
		fault = fmt.Sprintf("resource and scope have %d bytes, want at most %d", size, p.limits.MaxEnvelope)
	}
	p.scope = env.Raw

	if fault == "" {
		p.request.Records = slices.Grow(p.request.Records, env.Children)
		p.request.Indexes = slices.Grow(p.request.Indexes, env.Children)
	}
	left := env.Children
	return wire.EachChild(message, scopeSpansSpans, func(raw []byte) error {
		reason := fault
		if reason == "" {
			reason = p.span(raw, left)
		}
		if reason != "" {
			p.reject(reason)
		}
		p.request.Spans++
		left--
		return nil
	})
}

// reject notes why the span at hand cannot be stored.
func (p *parser) reject(reason string) {
	if len(p.request.Rejected) < MaxRejections {
		p.request.Rejected = append(p.request.Rejected, Rejection{Index: p.request.Spans, Reason: reason})
	}
}

// spansPerChunk bounds how many spans share one allocation, and so how much
// memory one surviving span can keep alive.
const spansPerChunk = 512

// openScope remembers the scope's name and checks the rest of it.
func (p *parser) openScope(raw []byte) (fault string, err error) {
	w := &p.walker
	w.values = 0
	w.scopeName = ""
	var f wire.Field
	err = wire.EachChild(raw, scopeSpansScope, func(scope []byte) (err error) {
		for len(scope) > 0 {
			if scope, err = wire.Next(&f, scope); err != nil {
				return err
			}
			switch f.Num {
			case 1:
				if s, ok := f.Text(); ok {
					w.scopeName = s
				}
			case 3:
				if data, ok := f.Bytes(); ok {
					if _, _, err := w.keyValue(data); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
	if errors.Is(err, errTooDeep) || errors.Is(err, errTooMany) {
		return "scope: " + p.explain(err), nil
	}
	return "", err
}

// span appends a record, or returns why it cannot. At most left spans of the
// scope, this one included, may follow.
func (p *parser) span(raw []byte, left int) (reason string) {
	if len(raw) > p.limits.MaxSpanBytes {
		return fmt.Sprintf("span has %d bytes, want at most %d", len(raw), p.limits.MaxSpanBytes)
	}
	w := &p.walker
	if err := w.span(raw); err != nil {
		return p.explain(err)
	}
	if reason := w.fault(); reason != "" {
		return reason
	}
	if len(p.chunk) == 0 {
		p.chunk = make([]model.Span, min(left, spansPerChunk))
	}
	to := &p.chunk[0]
	p.chunk = p.chunk[1:]
	*to = model.Span{
		Project:     p.project,
		TraceID:     model.TraceID(w.traceID),
		SpanID:      model.SpanID(w.spanID),
		StartNano:   int64(w.start),
		EndNano:     int64(max(w.start, w.end)),
		Kind:        w.kind,
		Service:     p.resource.service,
		Environment: p.resource.environment,
	}
	copy(to.ParentID[:], w.parentID)
	if w.end > math.MaxInt64 {
		to.EndNano = to.StartNano
	}
	w.derive(to, &p.texts)
	if p.short = w.appendShort(p.short[:0]); len(p.short) > 0 {
		to.ShortAttributes = slices.Clone(p.short)
	}
	p.request.Records = append(p.request.Records, model.Record{
		Span: to, Raw: raw, Resource: p.resource.raw, Scope: p.scope,
	})
	p.request.Indexes = append(p.request.Indexes, p.request.Spans)
	return ""
}

// explain turns what the walker found into a reason.
func (p *parser) explain(err error) string {
	switch {
	case errors.Is(err, errTooDeep):
		return fmt.Sprintf("%v, want at most %d levels", err, p.limits.MaxDepth)
	case errors.Is(err, errTooMany):
		return fmt.Sprintf("%v, want at most %d attributes and nested values", err, maxSpanValues)
	default:
		return err.Error()
	}
}

// fault returns why a well-formed span cannot be stored.
func (w *walker) fault() string {
	if reason := idFault("trace_id", w.traceID, len(model.TraceID{})); reason != "" {
		return reason
	}
	if reason := idFault("span_id", w.spanID, len(model.SpanID{})); reason != "" {
		return reason
	}
	if n := len(w.parentID); n != 0 && n != len(model.SpanID{}) {
		return fmt.Sprintf("parent_span_id has %d bytes, want 8, in JSON as 16 hex digits, or 0 for a root", n)
	}
	if w.start == 0 {
		return "start_time_unix_nano is 0, want nanoseconds since 1970"
	}
	if w.start > math.MaxInt64 {
		return fmt.Sprintf("start_time_unix_nano is %d, want at most %d", w.start, int64(math.MaxInt64))
	}
	return ""
}

func idFault(name string, id []byte, want int) string {
	if len(id) != want {
		return fmt.Sprintf("%s has %d bytes, want %d, in JSON as %d hex digits", name, len(id), want, 2*want)
	}
	for _, b := range id {
		if b != 0 {
			return ""
		}
	}
	return fmt.Sprintf("%s is all zeros, want at least one other byte", name)
}
