package otlp

import "errors"

// Limits bound what one span, and one request, may cost. Zero values stand for
// the defaults.
type Limits struct {
	MaxSpanBytes int // of a Span message; default 16 MiB
	MaxDepth     int // of nested attribute values, a scalar having depth 1; default 64, at most 128
	MaxSpans     int // of a request; default 131,072
	MaxEnvelope  int // bytes of a resource and a scope, which each segment repeats; default 256 KiB
}

const (
	defaultMaxSpanBytes = 16 << 20
	defaultMaxDepth     = 64
	defaultMaxSpans     = 1 << 17
	defaultMaxEnvelope  = 256 << 10

	// hardMaxDepth is what decoding takes and encoding writes. Each level moves
	// what is below it once when its length becomes known.
	hardMaxDepth = 128
)

func (l Limits) withDefaults() Limits {
	if l.MaxSpanBytes <= 0 {
		l.MaxSpanBytes = defaultMaxSpanBytes
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = defaultMaxDepth
	}
	l.MaxDepth = min(l.MaxDepth, hardMaxDepth)
	if l.MaxSpans <= 0 {
		l.MaxSpans = defaultMaxSpans
	}
	if l.MaxEnvelope <= 0 {
		l.MaxEnvelope = defaultMaxEnvelope
	}
	return l
}

// Faults of one span that are not in its framing.
var (
	errTooDeep = errors.New("nested too deep")
	errTooMany = errors.New("too many values")
)
