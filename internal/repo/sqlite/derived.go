package sqlite

import (
	"database/sql/driver"

	"github.com/agenttrace/agenttrace/internal/model"
)

const selectRunsOfTrace = `
SELECT id, span_id, start_ns, failed, ` + identityColumns + ` FROM runs INDEXED BY runs_identity WHERE project = ? AND trace_id = ?`

// runKey identifies a run within its trace.
type runKey struct{ span, start int64 }

// storedRun is what of a run the indexes are about.
type storedRun struct {
	id       int64
	failed   bool
	identity model.Identity
}

// storeRuns completes the trace's runs. They are stored since their spans are.
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
		run.failed, run.identity = r.int() != 0, r.identity()
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
		if err := s.storeRun(stored, run, s.encoded.runs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *settling) storeRun(stored map[runKey]storedRun, run *model.Run, values []driver.Value) error {
	old, found := stored[runKey{run.SpanID.Int64(), run.StartNano}]
	switch {
	case !found:
		return s.tx.exec(insertSettledRun, args(values...)...)
	case old.failed != run.Failed || old.identity != run.Identity:
		return s.tx.exec(replaceRun, args(append(values, old.id)...)...)
	}
	plain := append(values[keyOfRun:plainColumns:plainColumns], values[len(values)-derivedCount:]...)
	return s.tx.exec(completeRun, args(append(plain, old.id)...)...)
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
