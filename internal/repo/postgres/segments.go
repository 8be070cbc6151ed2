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
		reader := segmentReader{yield: yield}
		for chunk := range slices.Chunk(refs, maxRefs) {
			goOn, err := s.segments(ctx, project, chunk, reader.emit)
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

// segmentReader hands on what is in rows. It has buffers for all of the
// sequence: a segment is valid until the next.
type segmentReader struct {
	yield          func(repo.Segment, error) bool
	buffer, picked []byte
}

// segmentRow is a row of segmentsSQL: a segment, and what of it is wanted.
type segmentRow struct {
	repo.Segment
	payload, writes pgtype.DriverBytes // valid until the next row
	write           repo.WriteID
	first, last     int64
}

// scan reads the columns of a segment, and others behind them.
func (r *segmentRow) scan(rows pgx.Rows, others ...any) error {
	columns := []any{(*[16]byte)(&r.TraceID), &r.Earliest, &r.Place.ID, &r.Spans, &r.Latest, &r.Write, &r.writes, &r.payload}
	err := rows.Scan(append(columns, others...)...)
	r.Place.Start = r.Earliest
	return err
}

func (r *segmentReader) emit(row *segmentRow) (goOn bool, err error) {
	segment := row.Segment
	if len(row.writes) > 0 {
		if segment.Writes, err = repo.DecodeWrites(row.writes, segment.Spans); err != nil {
			return false, err
		}
	}
	if row.write != 0 && !segment.HasWrite(row.write) {
		return true, nil
	}
	if r.buffer, err = otlp.OpenSegment(r.buffer[:0], row.payload); err != nil {
		return false, err
	}
	segment.Data, segment.Quick = r.buffer, otlp.IsQuick(row.payload)
	if row.write != 0 && segment.Writes != nil {
		if goOn, err = r.pick(&segment, row); err != nil || !goOn {
			return true, err
		}
	}
	return r.yield(segment, nil), nil
}

// pick leaves those spans in a segment that are of one write, and reports whether
// any of them starts when it is to.
func (r *segmentReader) pick(segment *repo.Segment, row *segmentRow) (some bool, err error) {
	r.picked, segment.Spans, segment.Earliest, segment.Latest, err = otlp.Pick(r.picked[:0], r.buffer, func(i int, s *model.Span) bool {
		if i >= len(segment.Writes) || segment.Writes[i] != row.write {
			return false
		}
		some = some || s.StartNano >= row.first && s.StartNano <= row.last
		return true
	})
	segment.Data, segment.Write, segment.Writes = r.picked, row.write, nil
	return some, err
}

// segmentsSQL takes one array for each of what a reference says, and the days
// that all of them are on. The lateral query, which OFFSET keeps apart, is run
// for one reference after the other along the primary key, as a join could but
// need not be. What is sorted are pointers: payloads are fetched as they are
// sent. The segments of a trace are few: those of one write need no index, and
// which of those of several writes have spans of it is looked up when they come.
const segmentsSQL = `
SELECT s.trace_id, s.start_ns, s.span_id, s.spans, s.latest_ns, s.write_id, s.writes, s.payload, wanted.write_id, wanted.first, wanted.last
FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) WITH ORDINALITY AS wanted (trace_id, day, first, last, write_id, place),
LATERAL (
    SELECT * FROM all_segments AS segments
    WHERE project = $1 AND segments.trace_id = wanted.trace_id
        AND start_ns >= wanted.day AND start_ns <= wanted.last AND latest_ns >= wanted.first
        AND start_ns >= $7 AND start_ns <= $8
        AND (wanted.write_id = 0 OR segments.write_id = wanted.write_id OR segments.writes IS NOT NULL)
    OFFSET 0
) AS s
ORDER BY wanted.place, s.start_ns, s.span_id`

// segments runs one query and hands each row on until emit says stop.
func (s *Store) segments(ctx context.Context, project string, refs []repo.TraceRef, emit func(*segmentRow) (bool, error)) (goOn bool, err error) {
	args, err := s.wantedSegments(ctx, project, refs)
	if err != nil || args == nil {
		return true, err
	}
	return s.stream(ctx, planEachTime, []statement{{segmentsSQL, args}}, func(_ int, rows pgx.Rows) (bool, error) {
		var row segmentRow
		if err := row.scan(rows, &row.write, &row.first, &row.last); err != nil {
			return false, err
		}
		return emit(&row)
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
