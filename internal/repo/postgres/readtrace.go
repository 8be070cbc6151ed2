package postgres

import (
	"context"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// ReadTrace asks where a trace is and, at once, for everything of it on the day where
// one before was: most are on the same. One that is elsewhere is asked for again.
func (s *Store) ReadTrace(ctx context.Context, project string, id model.TraceID, begin func(*model.Trace) error) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		r := traceReader{begin: begin, segments: segmentReader{yield: yield}}
		goOn, err := s.readTrace(ctx, project, id, &r)
		if err == nil && goOn {
			err = r.beginOnce()
		}
		switch {
		case r.refused != nil:
			yield(repo.Segment{}, r.refused)
		case err != nil:
			yield(repo.Segment{}, s.explain(ctx, "read a trace", err))
		}
	}
}

// readTrace asks the partitions themselves for a trace of one day: the plans of
// that are kept, and to plan takes longer than to read.
func (s *Store) readTrace(ctx context.Context, project string, id model.TraceID, r *traceReader) (goOn bool, err error) {
	guess := s.guessedDay.Load()
	place, goOn, err := s.findTrace(ctx, project, id, guess, r.take)
	if guess != noDay && !r.begun && guessFailed(err) {
		s.guessedDay.CompareAndSwap(guess, noDay)
		guess, r.parts = noDay, nil
		place, goOn, err = s.findTrace(ctx, project, id, guess, r.take)
	}
	switch {
	case err != nil || place.isOn(guess):
		return goOn, err
	case place.isOn(place.first):
		s.guessedDay.Store(place.first)
		goOn, err = s.stream(ctx, planOnce, traceOfDay(project, id, place.first), r.take)
		if stateOf(err) != undefinedTable {
			return goOn, err
		}
		r.parts = nil // the day is being dropped
	}
	return s.stream(ctx, planEachTime, traceStatements(project, id, place.daysOf, `traces`, `all_segments`), r.take)
}

// guessFailed reports whether the day of a guess has gone, or is being dropped or
// worked on.
func guessFailed(err error) bool {
	state := stateOf(err)
	return state == undefinedTable || state == lockNotAvailable || isConflict(err)
}

func traceOfDay(project string, id model.TraceID, day int64) []statement {
	of := suffix(day)
	const columns = `SELECT project, ` + segmentColumns
	segments := `(` + columns + ` FROM segments_` + of + ` UNION ALL ` + columns + ` FROM open_segments_` + of + `) AS segments`
	return traceStatements(project, id, daysOf{day, day}, `traces_`+of, segments)
}

// segmentColumns are what segmentRow.scan reads.
const segmentColumns = `trace_id, start_ns, span_id, spans, latest_ns, write_id, writes, payload`

// traceStatements ask for the rows of a trace and for its segments.
func traceStatements(project string, id model.TraceID, days daysOf, traces, segments string) []statement {
	return []statement{
		{traceSQL(traces), []any{project, uuid(id), days.first, days.last}},
		{`SELECT ` + segmentColumns + ` FROM ` + segments + `
WHERE project = $1 AND trace_id = $2 AND start_ns >= $3 AND start_ns <= $4
ORDER BY start_ns, span_id`,
			[]any{project, uuid(id), days.first, lastOf(days.last)}},
	}
}

// traceReader reads the rows of a trace and then its segments.
type traceReader struct {
	begin    func(*model.Trace) error
	begun    bool
	refused  error // what begin returned
	parts    []*model.Trace
	segments segmentReader
}

func (r *traceReader) take(query int, rows pgx.Rows) (goOn bool, err error) {
	if query == 0 {
		part, err := scanTrace(rows)
		r.parts = append(r.parts, part)
		return true, err
	}
	if err := r.beginOnce(); err != nil {
		return false, err
	}
	var row segmentRow
	if err := row.scan(rows); err != nil {
		return false, err
	}
	return r.segments.emit(&row)
}

// beginOnce hands out the sum, when all of its parts were read.
func (r *traceReader) beginOnce() error {
	switch {
	case r.begun:
		return nil
	case len(r.parts) == 0:
		return repo.ErrNotFound
	}
	r.begun = true
	r.refused = r.begin(merged(r.parts))
	return r.refused
}
