package load

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/model"
)

// walk finds the places to patch in an ExportTraceServiceRequest.
type walk struct {
	frame   []byte
	index   map[model.TraceID]uint32
	patches []patch
	spans   int
	seen    map[uint32]bool // traces
	trace   uint32          // of the span at hand
}

// fields calls f for each field of the message between two offsets, with where
// its value lies: for a field with a length, the bytes behind that.
func (w *walk) fields(from, to int, f func(number protowire.Number, from, to int) error) error {
	for from < to {
		number, kind, n := protowire.ConsumeTag(w.frame[from:to])
		if n < 0 {
			return protowire.ParseError(n)
		}
		from += n
		if n = protowire.ConsumeFieldValue(number, kind, w.frame[from:to]); n < 0 {
			return protowire.ParseError(n)
		}
		begin := from
		if kind == protowire.BytesType {
			_, length := protowire.ConsumeVarint(w.frame[from:to])
			begin += length
		}
		from += n
		if err := f(number, begin, from); err != nil {
			return err
		}
	}
	return nil
}

// request, resource_spans and scope_spans lie in each other; spans are field 2
// of the last.
func (w *walk) request(from, to int) error {
	return w.fields(from, to, func(n protowire.Number, from, to int) error {
		if n != 1 {
			return nil
		}
		return w.fields(from, to, func(n protowire.Number, from, to int) error {
			if n != 2 {
				return nil
			}
			return w.fields(from, to, func(n protowire.Number, from, to int) error {
				if n != 2 {
					return nil
				}
				return w.span(from, to)
			})
		})
	})
}

func (w *walk) span(from, to int) error {
	w.spans++
	return w.fields(from, to, func(n protowire.Number, from, to int) error {
		switch n {
		case 1: // trace_id comes first
			trace, known := w.index[model.TraceID(w.frame[from:to])]
			if !known {
				return fmt.Errorf("trace %x is not of this template", w.frame[from:to])
			}
			w.trace, w.seen[trace] = trace, true
			w.patch(traceID, from, binary.BigEndian.Uint64(w.frame[from:]))
		case 2, 4: // span_id, parent_span_id
			w.patch(spanID, from, binary.BigEndian.Uint64(w.frame[from:]))
		case 7, 8: // start_time_unix_nano, end_time_unix_nano
			w.patch(moment, from, binary.LittleEndian.Uint64(w.frame[from:]))
		case 9:
			return w.attribute(from, to)
		case 11:
			return w.fields(from, to, func(n protowire.Number, from, to int) error {
				if n == 1 { // time_unix_nano of the event
					w.patch(moment, from, binary.LittleEndian.Uint64(w.frame[from:]))
				}
				return nil
			})
		}
		return nil
	})
}

// attribute notes the ids of sessions and runs.
func (w *walk) attribute(from, to int) error {
	wanted := false
	return w.fields(from, to, func(n protowire.Number, from, to int) error {
		if n == 1 { // the key comes before the value
			switch string(w.frame[from:to]) {
			case "session.id", "agno.run.id", "gen_ai.conversation.id":
				wanted = true
			}
			return nil
		}
		if !wanted {
			return nil
		}
		return w.fields(from, to, func(_ protowire.Number, from, to int) error {
			var digits [4]byte
			if _, err := hex.Decode(digits[:], w.frame[from:from+8]); err != nil {
				return fmt.Errorf("id of a session or run: %w", err)
			}
			w.patch(uuid, from, uint64(binary.BigEndian.Uint32(digits[:])))
			return nil
		})
	})
}

func (w *walk) patch(kind patchKind, at int, value uint64) {
	w.patches = append(w.patches, patch{at: uint32(at), trace: w.trace, kind: kind, value: value})
}
