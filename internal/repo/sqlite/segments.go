package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"iter"
	"math"
	"slices"

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

// segmentsOfTrace joins the ranges of traces with their segments, as ofTrace does with
// spans: a segment has the id of a span of its trace and day.
const segmentsOfTrace = `span_ranges CROSS JOIN segments NOT INDEXED USING (project, trace_id)`

const (
	wantedSegments = ` FROM ` + segmentsOfTrace + `
WHERE project = ? AND trace_id = ? AND ` + inRange + ` AND earliest_ns <= ? AND latest_ns >= ?
	AND (? = 0 OR write_id = ? OR writes IS NOT NULL)`

	segmentColumns = `id, earliest_ns, latest_ns, spans, write_id, payload, writes`

	selectSegments = `SELECT ` + segmentColumns + wantedSegments
	selectPlaces   = `SELECT earliest_ns, id` + wantedSegments
	selectSegment  = `SELECT ` + segmentColumns + ` FROM segments WHERE project = ? AND trace_id = ? AND earliest_ns = ? AND id = ?`
)

// wanted are the arguments of wantedSegments.
func (s *segmentReader) wanted() []any {
	first, last := int64(math.MinInt64), int64(math.MaxInt64)
	if s.ref.Range.Start != 0 {
		first = s.ref.Range.Start
	}
	if s.ref.Range.End != 0 {
		last = s.ref.Range.End - 1
	}
	write := int64(s.ref.Write)
	return []any{s.project, s.ref.ID[:], last, first, write, write}
}

// readAtOnce reads all wanted segments of the trace, as they are stored. It
// returns false when they are too much.
func (s *segmentReader) readAtOnce(ctx context.Context) (all bool, err error) {
	all, s.content, s.found = true, s.content[:0], s.found[:0]
	err = s.read(ctx, selectSegments, s.wanted(), func(rows *sql.Rows) (more bool, err error) {
		err = s.take(rows)
		all = len(s.content) <= maxCompactedBytes
		return all, err
	})
	// In Go, as SQLite would copy the content to sort it.
	slices.SortFunc(s.found, func(a, b foundSegment) int { return comparePlaces(a.segment.Place, b.segment.Place) })
	return all, err
}

// readOneByOne is readTrace for a trace of any size. It knows where its segments are
// before it reads the first: nobody puts them together, unless most of the trace is
// dropped meanwhile.
func (s *segmentReader) readOneByOne(ctx context.Context) (more bool, err error) {
	var places []repo.Place
	err = s.read(ctx, selectPlaces, s.wanted(), func(rows *sql.Rows) (more bool, err error) {
		var place repo.Place
		err = rows.Scan(&place.Start, &place.ID)
		places = append(places, place)
		return true, err
	})
	if err != nil {
		return false, err
	}
	slices.SortFunc(places, comparePlaces)
	for _, place := range places {
		s.content, s.found = s.content[:0], s.found[:0]
		err := s.read(ctx, selectSegment, []any{s.project, s.ref.ID[:], place.Start, place.ID}, func(rows *sql.Rows) (more bool, err error) {
			return true, s.take(rows)
		})
		if err != nil {
			return false, err
		}
		for i := range s.found { // none, where it was dropped meanwhile
			if more, err := s.hand(&s.found[i]); err != nil || !more {
				return false, err
			}
		}
	}
	return true, nil
}

func comparePlaces(a, b repo.Place) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID))
}

// read hands each row of a query to fn, as long as it wants more.
func (s *segmentReader) read(ctx context.Context, query string, args []any, fn func(rows *sql.Rows) (more bool, err error)) error {
	return s.store.read(ctx, "read segments", func(*sql.DB) error {
		statement, err := s.store.prepare(ctx, query)
		if err != nil {
			return err
		}
		rows, err := statement.QueryContext(ctx, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for more := true; more && rows.Next(); {
			if more, err = fn(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
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
	g, payload := f.segment, f.payload.of(s.content)
	if s.data, err = otlp.OpenSegment(s.data[:0], payload); err != nil {
		return false, err
	}
	g.Data, g.Quick = s.data, otlp.IsQuick(payload)
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
