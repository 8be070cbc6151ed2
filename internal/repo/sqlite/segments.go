package sqlite

import (
	"context"
	"database/sql"
	"iter"
	"math"

	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Segments yields the segments of the wanted traces. It looks up where they are
// first and reads the payloads one by one, so that a slow consumer holds
// neither a connection nor a snapshot: an old snapshot would keep the
// write-ahead log from being reused, and it would grow without bound.
func (s *Store) Segments(ctx context.Context, project string, refs ...repo.TraceRef) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		var buffers segmentBuffers
		for _, ref := range refs {
			more, err := s.traceSegments(ctx, project, ref, &buffers, yield)
			if err != nil {
				yield(repo.Segment{}, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// segmentBuffers are used again for each segment.
type segmentBuffers struct {
	payload sql.RawBytes
	data    []byte
}

const (
	selectSegments = `
SELECT id, spans, earliest_ns, latest_ns FROM segments INDEXED BY segments_trace
WHERE project = ? AND trace_id = ? AND (earliest_ns, id) > (?, ?) AND earliest_ns <= ? AND latest_ns >= ?
	AND (write_id = ? OR ? = 0)
ORDER BY earliest_ns, id LIMIT ?`

	selectPayload = `SELECT payload FROM segments WHERE id = ?`

	segmentsAtOnce = 512
)

// traceSegments yields the segments of one trace, and returns whether the
// consumer wants more.
func (s *Store) traceSegments(
	ctx context.Context, project string, ref repo.TraceRef, buffers *segmentBuffers, yield func(repo.Segment, error) bool,
) (more bool, err error) {
	after := segmentPlace{start: math.MinInt64}
	for {
		found, err := s.findSegments(ctx, project, ref, after)
		if err != nil {
			return false, err
		}
		for _, f := range found {
			there, err := s.readPayload(ctx, f.id, buffers)
			if err != nil {
				return false, err
			}
			f.segment.Data = buffers.data
			if there && !yield(f.segment, nil) {
				return false, nil
			}
			after = segmentPlace{start: f.segment.Earliest, id: f.id}
		}
		if len(found) < segmentsAtOnce {
			return true, nil
		}
	}
}

// segmentPlace is where a segment stands among those of its trace.
type segmentPlace struct{ start, id int64 }

// foundSegment is a segment without its payload.
type foundSegment struct {
	id      int64
	segment repo.Segment
}

// findSegments looks up the next segments of a trace.
func (s *Store) findSegments(ctx context.Context, project string, ref repo.TraceRef, after segmentPlace) (found []foundSegment, err error) {
	first, last := int64(math.MinInt64), int64(math.MaxInt64)
	if ref.Range.Start != 0 {
		first = ref.Range.Start
	}
	if ref.Range.End != 0 {
		last = ref.Range.End - 1
	}
	args := []any{project, ref.ID[:], after.start, after.id, last, first, int64(ref.Write), int64(ref.Write), segmentsAtOnce}
	err = s.read(ctx, "find segments", func(db *sql.DB) error {
		return readRows(ctx, db, selectSegments, args, func(r *row) error {
			id := r.int()
			found = append(found, foundSegment{id, repo.Segment{TraceID: ref.ID, Spans: int(r.int()), Earliest: r.int(), Latest: r.int()}})
			return r.err
		})
	})
	return found, err
}

// readPayload reads and decompresses a segment. It returns false when the
// segment was dropped after it was looked up.
func (s *Store) readPayload(ctx context.Context, id int64, buffers *segmentBuffers) (there bool, err error) {
	err = s.read(ctx, "read segment", func(db *sql.DB) error {
		rows, err := db.QueryContext(ctx, selectPayload, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		if there = rows.Next(); !there {
			return rows.Err()
		}
		// The payload is read where SQLite's driver has put it: no copy.
		if err := rows.Scan(&buffers.payload); err != nil {
			return err
		}
		buffers.data, err = otlp.OpenSegment(buffers.data[:0], buffers.payload)
		return err
	})
	return there, err
}
