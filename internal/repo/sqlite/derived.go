package sqlite

import (
	"cmp"
	"database/sql/driver"
	"slices"
	"strings"
)

const selectRunsOfTrace = `
SELECT id, span_id, start_ns, ` + ownColumns + ` FROM runs INDEXED BY runs_identity WHERE project = ? AND trace_id = ?`

// runKey identifies a run within its trace.
type runKey struct{ span, start int64 }

// storedRun is a row of runs.
type storedRun struct {
	id  int64
	own []driver.Value // of ownColumns
}

// storeRuns completes the rows of the trace's runs. They are stored since their spans are.
// One that is not was no run by the rules of the version that stored it.
func (s *settling) storeRuns() error {
	if len(s.Runs) == 0 {
		return nil
	}
	stored := make(map[runKey]storedRun)
	err := s.tx.query(func(values []driver.Value) error {
		r := row{values: values}
		run := storedRun{id: r.int()}
		key := runKey{r.int(), r.int()}
		run.own = slices.Clone(values[r.next:])
		stored[key] = run
		return r.err
	}, selectRunsOfTrace, args(s.Project, s.TraceID[:])...)
	if err != nil {
		return err
	}
	for i, run := range s.Runs {
		if !s.isStored(run.StartNano) {
			continue
		}
		old, found := stored[runKey{run.SpanID.Int64(), run.StartNano}]
		if err := s.storeRun(old, found, &s.encoded.runs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *settling) storeRun(old storedRun, found bool, run *encodedRun) (err error) {
	if found {
		err = s.updateRun(old, run.row[runKeyCount:])
	} else if err = s.tx.exec(insertRun, args(run.row...)...); err == nil {
		old.id, err = s.tx.result.LastInsertId()
	}
	if err != nil {
		return err
	}
	*s.runs = append(*s.runs, settledRun{old.id, run.settled})
	return nil
}

// settledRun is a row of settled_runs.
type settledRun struct {
	id     int64
	values []driver.Value // of settledRunColumns
}

// insertSettledRuns stores what was derived of runs in the order of their ids,
// so that pages are full when the next one begins.
func insertSettledRuns(t *tx, runs []settledRun) error {
	slices.SortFunc(runs, func(a, b settledRun) int { return cmp.Compare(a.id, b.id) })
	for _, r := range runs {
		if err := t.exec(replaceSettledRun, args(append([]driver.Value{r.id}, r.values...)...)...); err != nil {
			return err
		}
	}
	return nil
}

// ownParts are the columns of ownColumns, in their order, that are written
// together. SQLite writes an index anew where a column of it is set, be it to the
// value that it has: so only what differs is set. There are few parts, since
// each combination of them is a statement that stays prepared.
var ownParts = [...][]string{
	{`end_ns`, `type`, `status`, `name`, `service`, `environment`},
	{`failed`},
	{`agent_id`, `agent_name`},
	{`team_id`, `team_name`},
	{`workflow_id`, `workflow_name`},
	{`session_id`},
	{`user_id`},
	{`run_id`},
}

// updateRun makes a row hold other values of ownColumns.
func (s *settling) updateRun(old storedRun, own []driver.Value) error {
	var columns []string
	var values []driver.Value
	at := 0
	for _, part := range ownParts {
		from, to := at, at+len(part)
		if at = to; !slices.Equal(old.own[from:to], own[from:to]) {
			columns, values = append(columns, part...), append(values, own[from:to]...)
		}
	}
	if len(columns) == 0 {
		return nil
	}
	return s.tx.exec(`UPDATE runs SET `+strings.Join(columns, ` = ?, `)+` = ? WHERE id = ?`, args(append(values, old.id)...)...)
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
