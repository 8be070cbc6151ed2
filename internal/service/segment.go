package service

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Bounds of one message of a stream: what every client takes (gRPC's usual
// limit is 4 MiB) and what does not keep a reader waiting.
const (
	batchItems = 256
	batchBytes = 1 << 20
)

// piece is some spans of a segment, as a TracesData message.
type piece struct {
	data  []byte
	spans int
}

// pieces cuts a segment that is too large for one message of a stream. A piece
// has at most maxSpans spans and about batchBytes bytes, and at least one span.
// With byStart, the spans of the segment are ordered by start; without, they
// stay as they were stored. A piece is valid until the next one is asked for.
func pieces(s repo.Segment, maxSpans int, byStart bool) iter.Seq2[piece, error] {
	return func(yield func(piece, error) bool) {
		if len(s.Data) <= batchBytes && s.Spans <= maxSpans {
			yield(piece{data: s.Data, spans: s.Spans}, nil)
			return
		}
		// What is stored passed the limits of its time, which may have been
		// others than today's.
		req, err := otlp.Parse("", s.Data, otlp.Limits{
			MaxSpanBytes: math.MaxInt, MaxDepth: math.MaxInt, MaxSpans: math.MaxInt, MaxEnvelope: math.MaxInt,
		})
		if err == nil && len(req.Records) != req.Spans {
			err = fmt.Errorf("segment of trace %s: %d of %d spans cannot be read", s.TraceID, req.Spans-len(req.Records), req.Spans)
		}
		if err != nil {
			yield(piece{}, err)
			return
		}
		if byStart {
			slices.SortStableFunc(req.Records, func(a, b model.Record) int {
				return cmp.Compare(a.Span.StartNano, b.Span.StartNano)
			})
		}
		var data []byte
		for part := range cut(req.Records, maxSpans) {
			data = otlp.AppendTracesData(data[:0], part)
			if !yield(piece{data: data, spans: len(part)}, nil) {
				return
			}
		}
	}
}

// cut divides records into runs of at most maxSpans records and about
// batchBytes bytes.
func cut(records []model.Record, maxSpans int) iter.Seq[[]model.Record] {
	return func(yield func([]model.Record) bool) {
		for len(records) > 0 {
			n, size := 1, len(records[0].Raw)
			for n < len(records) && n < maxSpans && size+len(records[n].Raw) <= batchBytes {
				size += len(records[n].Raw)
				n++
			}
			if !yield(records[:n]) {
				return
			}
			records = records[n:]
		}
	}
}
