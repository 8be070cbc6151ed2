package sqlite

import (
	"cmp"
	"database/sql/driver"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
)

const selectRunsOfTrace = `
SELECT id, span_id, start_ns, ` + ownColumns + ` FROM ` + runsOfTrace + ` WHERE project = ? AND trace_id = ? AND ` + inRange

const selectSpanID = `SELECT id FROM spans INDEXED BY spans_start WHERE project = ? AND start_ns = ? AND trace_id = ? AND span_id = ?`

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
		encoded := &s.encoded.runs[i]
		if found {
			err = s.updateRun(old, encoded.row[runKeyCount:])
		} else {
			old.id, err = s.insertRun(run, encoded)
		}
		if err != nil {
			return err
		}
		if old.id != 0 {
			*s.runs = append(*s.runs, settledRun{old.id, encoded.settled})
		}
	}
	return nil
}

// insertRun stores a run whose span is stored, and returns its id.
func (s *settling) insertRun(run *model.Run, encoded *encodedRun) (id int64, err error) {
	err = s.tx.query(func(values []driver.Value) error {
		r := row{values: values}
		id = r.int()
		return r.err
	}, selectSpanID, args(s.Project, run.StartNano, s.TraceID[:], run.SpanID.Int64())...)
	if err != nil || id == 0 {
		return 0, err
	}
	return id, s.tx.exec(insertRun, args(append([]driver.Value{id}, encoded.row...)...)...)
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
