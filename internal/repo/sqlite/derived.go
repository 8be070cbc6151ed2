package sqlite

import (
	"cmp"
	"database/sql/driver"
	"slices"
)

const (
	runSpanColumns    = `id, span_id, start_ns, ` + ownColumns
	selectRunsOfTrace = `SELECT ` + runSpanColumns + ` FROM ` + ofTrace + ` WHERE project = ? AND trace_id = ? AND ` + inRange + ` AND ` + isRun

	selectSpan = `SELECT ` + runSpanColumns + ` FROM spans INDEXED BY spans_start WHERE project = ? AND start_ns = ? AND trace_id = ? AND span_id = ?`
	updateType = `UPDATE spans SET type = ? WHERE project = ? AND start_ns = ? AND trace_id = ? AND span_id = ?`
)

// runKey identifies a run within its trace.
type runKey struct{ span, start int64 }

// spanOfRun is a row of spans.
type spanOfRun struct {
	id  int64
	own []driver.Value // of ownColumns
}

// storeRuns notes what is known of the trace's runs beside what their spans say.
func (s *settling) storeRuns() error {
	if len(s.Runs) == 0 {
		return nil
	}
	spans := make(map[runKey]spanOfRun)
	if err := s.addSpansOfRuns(spans, selectRunsOfTrace, s.Project, s.TraceID[:]); err != nil {
		return err
	}
	for i, run := range s.Runs {
		if !s.isStored(run.StartNano) {
			continue
		}
		key := runKey{run.SpanID.Int64(), run.StartNano}
		span, found := spans[key]
		if !found {
			// No run, by the rules of the version that stored it.
			place := []driver.Value{s.Project, run.StartNano, s.TraceID[:], run.SpanID.Int64()}
			if err := s.tx.exec(updateType, args(append([]driver.Value{int64(run.Type)}, place...)...)...); err != nil {
				return err
			}
			if err := s.addSpansOfRuns(spans, selectSpan, place...); err != nil {
				return err
			}
			if span, found = spans[key]; !found {
				continue
			}
		}
		*s.runs = append(*s.runs, settledRun{span.id, span.add(&s.encoded.runs[i])})
	}
	return nil
}

// addSpansOfRuns adds the rows of a query for runSpanColumns.
func (s *settling) addSpansOfRuns(spans map[runKey]spanOfRun, query string, values ...driver.Value) error {
	return s.tx.query(func(values []driver.Value) error {
		r := row{values: values}
		span := spanOfRun{id: r.int()}
		key := runKey{r.int(), r.int()}
		span.own = slices.Clone(values[r.next:])
		spans[key] = span
		return r.err
	}, query, args(values...)...)
}

// add returns the values of replaceRun: of ownColumns, those that are something else
// than what the span says, and "" where that is nothing.
func (s *spanOfRun) add(run *encodedRun) []driver.Value {
	values := append(make([]driver.Value, 0, 3+len(run.own)+len(run.counted)), s.id, run.Project, run.StartNano)
	for i, v := range run.own {
		switch {
		case v == s.own[i]:
			v = nil
		case v == nil:
			v = ""
		}
		values = append(values, v)
	}
	return append(values, run.counted...)
}

// settledRun is a row of runs.
type settledRun struct {
	id     int64
	values []driver.Value // of replaceRun
}

// insertRuns stores what was derived of runs in the order of their ids, so that
// pages are full when the next one begins.
func insertRuns(t *tx, runs []settledRun) error {
	slices.SortFunc(runs, func(a, b settledRun) int { return cmp.Compare(a.id, b.id) })
	for _, r := range runs {
		if err := t.exec(replaceRun, args(r.values...)...); err != nil {
			return err
		}
	}
	return nil
}

// storeBills puts the trace's bills in place of those that are stored.
func (s *settling) storeBills() error {
	if err := s.tx.exec(deleteBillsOfTrace, args(s.Project, s.TraceID[:])...); err != nil {
		return err
	}
	for i := range s.Bills {
		b := &s.Bills[i]
		if !s.isStored(b.StartNano) {
			continue
		}
		if err := s.tx.exec(insertBill, billArgs(b, int64(i))...); err != nil {
			return err
		}
	}
	return nil
}
