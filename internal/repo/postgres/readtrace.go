package postgres

import (
	"context"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// segmentsOfTraceSQL is segmentsSQL for one trace: it takes less to plan.
const segmentsOfTraceSQL = `
SELECT trace_id, start_ns, span_id, spans, latest_ns, write_id, writes, payload FROM all_segments
WHERE project = $1 AND trace_id = $2 AND start_ns >= $3 AND start_ns <= $4
ORDER BY start_ns, span_id`

// ReadTrace asks for the days of a trace, and then for everything else at once.
func (s *Store) ReadTrace(ctx context.Context, project string, id model.TraceID, begin func(*model.Trace) error) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		r := traceReader{begin: begin, segments: segmentReader{yield: yield}}
		days, err := findTrace(ctx, s.reads, project, id)
		goOn := true
		if err == nil {
			goOn, err = s.stream(ctx, []statement{
				{traceSQL, []any{project, uuid(id), days.first, days.last}},
				{segmentsOfTraceSQL, []any{project, uuid(id), days.first, lastOf(days.last)}},
			}, r.take)
		}
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
