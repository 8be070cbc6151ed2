package otlpfile

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// Parts divides a ResourceSpans message into several that hold the same spans in
// the same order, each of at most maxBytes and maxSpans, the resource and the
// scope repeated in each. One that is within both already is returned as it is.
// A span that is larger than maxBytes by itself makes a part of its own, which
// then is larger.
func Parts(resourceSpans []byte, maxBytes, maxSpans int) ([][]byte, error) {
	spans, err := CountSpans(resourceSpans)
	if err != nil || len(resourceSpans) <= maxBytes && spans <= maxSpans {
		return [][]byte{resourceSpans}, err
	}
	resource, err := wire.OpenEnvelope(resourceSpans, 2)
	if err != nil {
		return nil, err
	}
	p := parts{resource: resource.Raw, maxBytes: maxBytes, maxSpans: maxSpans}
	err = eachField(resourceSpans, func(num protowire.Number, scopeSpans []byte) error {
		if num != 2 {
			return nil
		}
		scope, err := wire.OpenEnvelope(scopeSpans, 2)
		if err != nil {
			return err
		}
		p.scope = scope.Raw
		if err := eachField(scopeSpans, p.add); err != nil {
			return err
		}
		p.end()
		return nil
	})
	return p.done, err
}

type parts struct {
	resource, scope    []byte
	maxBytes, maxSpans int

	spans []byte // fields of a ScopeSpans message
	count int
	done  [][]byte
}

// add takes a field of a ScopeSpans message.
func (p *parts) add(num protowire.Number, span []byte) error {
	if num != 2 {
		return nil
	}
	// Two heads are around all of it.
	const heads = 2 * 6
	size := len(p.resource) + len(p.scope) + len(p.spans) + wire.SizeOfBytes(len(span)) + heads
	if p.count > 0 && (size > p.maxBytes || p.count == p.maxSpans) {
		p.end()
	}
	p.spans = append(wire.AppendHead(p.spans, 2, len(span)), span...)
	p.count++
	return nil
}

// end makes a part of the spans so far, which are of one scope.
func (p *parts) end() {
	if p.count == 0 {
		return
	}
	part := append(make([]byte, 0, len(p.resource)+len(p.scope)+len(p.spans)+16), p.resource...)
	part = wire.AppendHead(part, 2, len(p.scope)+len(p.spans))
	part = append(append(part, p.scope...), p.spans...)
	p.done = append(p.done, part)
	p.spans, p.count = p.spans[:0], 0
}
