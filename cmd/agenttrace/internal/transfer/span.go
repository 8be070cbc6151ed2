package transfer

import (
	"encoding/hex"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/otlp/otlpfile"
)

// extent is of which trace some spans are, and when they start.
type extent struct {
	trace            string // in hex
	spans            int
	earliest, latest int64
}

// extentOf reads the extent of a ResourceSpans message, whose spans are of one
// trace.
func extentOf(resourceSpans []byte) (e extent, err error) {
	e.earliest = math.MaxInt64
	err = otlpfile.EachSpan(resourceSpans, func(span []byte) error {
		trace, start := idAndStart(span)
		if e.spans == 0 {
			e.trace = hex.EncodeToString(trace)
		}
		e.spans++
		e.earliest, e.latest = min(e.earliest, start), max(e.latest, start)
		return nil
	})
	return e, err
}

func (e *extent) add(other extent) {
	e.spans += other.spans
	e.earliest, e.latest = min(e.earliest, other.earliest), max(e.latest, other.latest)
}

// idAndStart reads fields 1 and 7 of a Span message.
func idAndStart(span []byte) (trace []byte, start int64) {
	for len(span) > 0 {
		num, typ, n := protowire.ConsumeTag(span)
		if n < 0 {
			return trace, start
		}
		span = span[n:]
		switch {
		case num == 1 && typ == protowire.BytesType:
			trace, n = protowire.ConsumeBytes(span)
		case num == 7 && typ == protowire.Fixed64Type:
			var nano uint64
			nano, n = protowire.ConsumeFixed64(span)
			start = int64(min(nano, math.MaxInt64))
		default:
			n = protowire.ConsumeFieldValue(num, typ, span)
		}
		if n < 0 {
			return trace, start
		}
		span = span[n:]
	}
	return trace, start
}
