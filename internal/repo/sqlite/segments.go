package sqlite

import (
	"context"
	"database/sql"
	"iter"
	"math"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Segments yields the segments of the wanted traces. It reads the compressed
// content of a trace with one query, so that all of it is of one moment, and
// hands it over afterwards: a slow consumer holds neither a connection nor a
// snapshot, as an old snapshot would keep the write-ahead log from being reused,
// and it would grow without bound. The segments of a trace that is too large for
// that are never put together: they are read one by one.
func (s *Store) Segments(ctx context.Context, project string, refs ...repo.TraceRef) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		reader := segmentReader{store: s, project: project, yield: yield}
		for i := range refs {
			reader.ref = &refs[i]
			more, err := reader.readTrace(ctx)
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

// ReadTrace has no turns to save.
func (s *Store) ReadTrace(ctx context.Context, project string, id model.TraceID, begin func(*model.Trace) error) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		t, err := s.Trace(ctx, project, id)
		if err == nil {
			err = begin(t)
		}
		if err != nil {
			yield(repo.Segment{}, err)
			return
		}
		s.Segments(ctx, project, repo.RefOf(t))(yield)
	}
}

// segmentReader reads for one call of Segments. Its buffers are used again for
// each segment.
type segmentReader struct {
	store   *Store
	project string
	ref     *repo.TraceRef // the trace at hand
	yield   func(repo.Segment, error) bool

	content []byte // payloads and writes of found, one after the other
	found   []foundSegment
	data    []byte // decompressed
	picked  []byte // what of data is wanted
}

// foundSegment is a segment as it is stored.
type foundSegment struct {
	segment         repo.Segment
	payload, writes part // of the reader's content
}

// part is a part of a slice.
type part struct{ start, end int }

func (p part) of(b []byte) []byte { return b[p.start:p.end:p.end] }

// readTrace yields the segments of one trace, and returns whether the consumer
// wants more.
func (s *segmentReader) readTrace(ctx context.Context) (more bool, err error) {
	all, err := s.readAtOnce(ctx)
	if err != nil {
		return false, err
	}
	if !all {
		return s.readOneByOne(ctx)
	}
	for i := range s.found {
		if err := mapError(ctx, "read segments", ctx.Err()); err != nil {
			return false, err
		}
		if more, err := s.hand(&s.found[i]); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

const (
	wantedSegments = `FROM segments INDEXED BY segments_trace
WHERE project = ? AND trace_id = ? AND (earliest_ns, id) > (?, ?) AND earliest_ns <= ? AND latest_ns >= ?
	AND (? = 0 OR write_id = ? OR writes IS NOT NULL)
ORDER BY earliest_ns, id`

	segmentColumns = `id, earliest_ns, latest_ns, spans, write_id`

	selectSegments    = `SELECT ` + segmentColumns + `, payload, writes ` + wantedSegments
	selectNextSegment = selectSegments + ` LIMIT 1`
)

// query asks for the wanted segments behind a place.
func (s *segmentReader) query(ctx context.Context, query string, after repo.Place) (*sql.Rows, error) {
	statement, err := s.store.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	first, last := int64(math.MinInt64), int64(math.MaxInt64)
	if s.ref.Range.Start != 0 {
		first = s.ref.Range.Start
	}
	if s.ref.Range.End != 0 {
		last = s.ref.Range.End - 1
	}
	write := int64(s.ref.Write)
	return statement.QueryContext(ctx, s.project, s.ref.ID[:], after.Start, after.ID, last, first, write, write)
}

// readAtOnce reads all wanted segments of the trace, as they are stored. It
// returns false when they are too much.
func (s *segmentReader) readAtOnce(ctx context.Context) (all bool, err error) {
	all, s.content, s.found = true, s.content[:0], s.found[:0]
	err = s.store.read(ctx, "read segments", func(*sql.DB) error {
		rows, err := s.query(ctx, selectSegments, repo.Place{Start: math.MinInt64})
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := s.take(rows); err != nil {
				return err
			}
			if all = len(s.content) <= maxCompactedBytes; !all {
				return nil
			}
		}
		return rows.Err()
	})
	return all, err
}

// readOneByOne is readTrace for a trace of any size.
func (s *segmentReader) readOneByOne(ctx context.Context) (more bool, err error) {
	for after := (repo.Place{Start: math.MinInt64}); ; {
		s.content, s.found = s.content[:0], s.found[:0]
		err := s.store.read(ctx, "read segment", func(*sql.DB) error {
			rows, err := s.query(ctx, selectNextSegment, after)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				if err := s.take(rows); err != nil {
					return err
				}
			}
			return rows.Err()
		})
		if err != nil {
			return false, err
		}
		if len(s.found) == 0 {
			return true, nil
		}
		after = s.found[0].segment.Place
		if more, err := s.hand(&s.found[0]); err != nil || !more {
			return false, err
		}
	}
}

// take copies the row at hand. The payload is copied from where SQLite's driver
// has put it.
func (s *segmentReader) take(rows *sql.Rows) error {
	var payload, writes sql.RawBytes
	g := repo.Segment{TraceID: s.ref.ID}
	if err := rows.Scan(&g.Place.ID, &g.Earliest, &g.Latest, &g.Spans, &g.Write, &payload, &writes); err != nil {
		return err
	}
	g.Place.Start = g.Earliest
	start := len(s.content)
	s.content = append(append(s.content, payload...), writes...)
	middle, end := start+len(payload), len(s.content)
	s.found = append(s.found, foundSegment{g, part{start, middle}, part{middle, end}})
	return nil
}

// hand hands a segment over to the consumer, and returns whether it wants more.
func (s *segmentReader) hand(f *foundSegment) (more bool, err error) {
	g := f.segment
	if s.data, err = otlp.OpenSegment(s.data[:0], f.payload.of(s.content)); err != nil {
		return false, err
	}
	g.Data = s.data
	if writes := f.writes.of(s.content); len(writes) > 0 {
		if g.Writes, err = repo.DecodeWrites(writes, g.Spans); err != nil {
			return false, err
		}
		wanted, err := s.pick(&g)
		if err != nil || !wanted {
			return err == nil, err
		}
	}
	return s.yield(g, nil), nil
}

// pick leaves in a segment of several writes the spans of the one that is
// wanted. It returns false when there are none.
func (s *segmentReader) pick(g *repo.Segment) (wanted bool, err error) {
	if s.ref.Write == 0 {
		return true, nil
	}
	if !g.HasWrite(s.ref.Write) {
		return false, nil
	}
	writes := g.Writes
	g.Write, g.Writes = s.ref.Write, nil
	s.picked, g.Spans, g.Earliest, g.Latest, err = otlp.Pick(s.picked[:0], g.Data, func(i int, _ *model.Span) bool {
		return i < len(writes) && writes[i] == g.Write
	})
	g.Data = s.picked
	r := &s.ref.Range
	return g.Spans > 0 && g.Latest >= r.Start && (r.End == 0 || g.Earliest < r.End), err
}
