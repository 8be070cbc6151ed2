package postgres

import (
	"context"
	"iter"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// maxRefs is how many traces one query asks for.
const maxRefs = 100

// Segments yields the segments of the wanted traces.
func (s *Store) Segments(ctx context.Context, project string, refs ...repo.TraceRef) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		// One buffer for all of the sequence: a segment is valid until the next.
		var buffer []byte
		emit := func(segment repo.Segment, payload []byte) (goOn bool, err error) {
			if buffer, err = otlp.OpenSegment(buffer[:0], payload); err != nil {
				return false, err
			}
			segment.Data = buffer
			return yield(segment, nil), nil
		}
		for chunk := range slices.Chunk(refs, maxRefs) {
			goOn, err := s.segments(ctx, project, chunk, emit)
			if err != nil {
				yield(repo.Segment{}, s.explain(ctx, "read segments", err))
				return
			}
			if !goOn {
				return
			}
		}
	}
}

// segmentsSQL takes one array for each of what a reference says, and the days
// that all of them are on. The lateral query, which OFFSET keeps apart, is run
// for one reference after the other along the primary key, as a join could but
// need not be. What is sorted are pointers: payloads are fetched as they are
// sent. The segments of a trace are few: those of one write need no index.
const segmentsSQL = `
SELECT s.trace_id, s.spans, s.start_ns, s.latest_ns, s.payload
FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) WITH ORDINALITY AS wanted (trace_id, day, first, last, write_id, place),
LATERAL (
    SELECT * FROM segments
    WHERE project = $1 AND segments.trace_id = wanted.trace_id
        AND start_ns >= wanted.day AND start_ns <= wanted.last AND latest_ns >= wanted.first
        AND start_ns >= $7 AND start_ns <= $8 AND (wanted.write_id = 0 OR segments.write_id = wanted.write_id)
    OFFSET 0
) AS s
ORDER BY wanted.place, s.start_ns, s.span_id`

// segments runs one query and hands each row on until emit says stop.
func (s *Store) segments(ctx context.Context, project string, refs []repo.TraceRef, emit func(repo.Segment, []byte) (bool, error)) (goOn bool, err error) {
	args, err := s.wantedSegments(ctx, project, refs)
	if err != nil || args == nil {
		return true, err
	}
	var segment repo.Segment
	var id pgtype.UUID
	var payload pgtype.DriverBytes // valid until the next row
	return s.stream(ctx, []statement{{segmentsSQL, args}}, func(rows pgx.Rows) (bool, error) {
		if err := rows.Scan(&id, &segment.Spans, &segment.Earliest, &segment.Latest, &payload); err != nil {
			return false, err
		}
		segment.TraceID = id.Bytes
		return emit(segment, payload)
	})
}

// wantedSegments returns the arguments of segmentsSQL, nil when none of the traces
// is there. Traces whose range is open are looked up.
func (s *Store) wantedSegments(ctx context.Context, project string, refs []repo.TraceRef) ([]any, error) {
	var open []model.TraceID
	for _, r := range refs {
		if r.Range.Start == 0 || r.Range.End == 0 {
			open = append(open, r.ID)
		}
	}
	found := map[model.TraceID]daysOf{}
	if len(open) > 0 {
		var err error
		if found, err = findDays(ctx, s.reads, project, open); err != nil {
			return nil, err
		}
	}
	var ids []pgtype.UUID
	var days, firsts, lasts, writes []int64
	for _, r := range refs {
		first, last := r.Range.Start, r.Range.End-1
		if r.Range.Start == 0 || r.Range.End == 0 {
			stored, ok := found[r.ID]
			if !ok {
				continue
			}
			first = max(first, stored.first)
			if r.Range.End == 0 {
				last = lastOf(stored.last)
			}
			last = min(last, lastOf(stored.last))
		}
		ids, days = append(ids, uuid(r.ID)), append(days, model.Day(first))
		firsts, lasts, writes = append(firsts, first), append(lasts, last), append(writes, int64(r.Write))
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return []any{project, ids, days, firsts, lasts, writes, slices.Min(days), slices.Max(lasts)}, nil
}
