package convert

import "github.com/agenttrace/agenttrace/internal/otlp/wire"

// Builder gathers spans of one trace. It is not safe for concurrent use.
type Builder struct {
	// Service is the service.name of all spans.
	Service string
	// IDs are those of the trace, for the next row that is a span; nil when one has
	// them.
	IDs *IDs

	spans    []byte // fields of a ScopeSpans message
	count    int
	problems []string
}

// Add adds a row, or says in the problems why it is no span.
func (b *Builder) Add(r Row) {
	mark := len(b.spans)
	spans, problems, err := appendSpan(b.spans, r, b.IDs)
	b.problems = append(b.problems, problems...)
	if err != nil {
		b.spans = b.spans[:mark]
		b.problems = append(b.problems, err.Error())
		return
	}
	b.spans, b.IDs = wire.CloseMessage(spans, mark, 2), nil
	b.count++
}

// Size is how many bytes the spans take so far.
func (b *Builder) Size() int { return len(b.spans) }

// scopeName is what Agno's instrumentation calls itself, so that these spans are
// taken for what they are.
const scopeName = "openinference.instrumentation.agno"

// Take returns what was added since the last time: a ResourceSpans message, nil
// where there are no spans, how many it holds, and what could not be taken as it
// is.
func (b *Builder) Take() (resourceSpans []byte, spans int, problems []string) {
	spans, problems = b.count, b.problems
	if spans > 0 {
		resource := wire.CloseMessage(appendKeyValue(nil, 1, "service.name", textValue(b.Service)), 0, 1)
		scope := wire.CloseMessage(wire.AppendString(nil, 1, scopeName), 0, 1)
		resourceSpans = append(resource, wire.CloseMessage(append(scope, b.spans...), 0, 2)...)
	}
	b.spans, b.count, b.problems = b.spans[:0], 0, nil
	return resourceSpans, spans, problems
}
