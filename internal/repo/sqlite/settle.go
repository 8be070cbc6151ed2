package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Settle stores settlements in one transaction. Ingest waits meanwhile, so all
// that can be done without the write lock is done before.
func (s *Store) Settle(ctx context.Context, fence *repo.Lease, settlements []repo.Settlement) error {
	ready := make([]encoded, len(settlements))
	for i := range settlements {
		var err error
		if ready[i], err = encode(&settlements[i]); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	err := s.writer.transaction(ctx, func(t *tx) error {
		if err := checkFence(t, fence, s.now().UnixNano()); err != nil {
			return err
		}
		var runs []settledRun
		for i := range ready {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := settleTrace(t, &ready[i], &runs); err != nil {
				return err
			}
		}
		return insertRuns(t, runs)
	})
	return mapError(ctx, "settle traces", err)
}

// encoded is a settlement as it is stored.
type encoded struct {
	*repo.Settlement
	runs     []encodedRun
	segments []compacted
}

// encodedRun is a run as it is stored.
type encodedRun struct {
	*model.Run
	own     []driver.Value // of ownColumns
	counted []driver.Value // of what follows them
}

func encode(s *repo.Settlement) (encoded, error) {
	e := encoded{Settlement: s, runs: make([]encodedRun, 0, len(s.Runs))}
	for _, r := range s.Runs {
		counted, err := countedValues(r)
		if err != nil {
			return encoded{}, err
		}
		e.runs = append(e.runs, encodedRun{r, ownValues(r), counted})
	}
	for i := range s.Segments {
		c, err := compact(&s.Segments[i])
		if err != nil {
			return encoded{}, fmt.Errorf("trace %s: %w", s.TraceID, err)
		}
		e.segments = append(e.segments, c)
	}
	return e, nil
}

// settling is one settlement inside its transaction.
type settling struct {
	*encoded
	tx     *tx
	runs   *[]settledRun // of all settlements of the transaction
	trace  settlingTrace
	stored map[int64]int64   // spans by day
	parts  []model.TracePart // of these days
}

// settlingTrace is what settling needs of a trace's row.
type settlingTrace struct {
	id, start, spans int64
	counted          int64             // by the settlement before
	parts            []model.TracePart // of that one, where it had several
}

// settleTrace stores one settlement. A trace that is gone was dropped.
func settleTrace(t *tx, e *encoded, runs *[]settledRun) error {
	s := settling{encoded: e, tx: t, runs: runs}
	found, err := s.find()
	if err != nil || !found {
		return err
	}
	if err := s.countDays(); err != nil || s.isLate() {
		return err
	}
	for _, step := range []func() error{s.settleRow, s.storeRuns, s.storeBills, s.compact} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

const selectTraceToSettle = `SELECT id, start_ns, spans, settled_spans, settled_parts FROM traces WHERE project = ? AND trace_id = ?`

func (s *settling) find() (found bool, err error) {
	err = s.tx.query(func(values []driver.Value) error {
		r := row{values: values}
		s.trace, found = settlingTrace{id: r.int(), start: r.int(), spans: r.int(), counted: r.int(), parts: r.parts()}, true
		return r.err
	}, selectTraceToSettle, args(s.Project, s.TraceID[:])...)
	return found, err
}

// selectDays counts the spans of a trace by day.
const selectDays = `
SELECT start_ns / ?, count(*) FROM ` + ofTrace + ` WHERE project = ? AND trace_id = ? AND ` + inRange + ` GROUP BY 1`

// countDays finds out which days are stored, and how many spans on each. Where
// all are on one, which is almost always, the trace's row knows.
func (s *settling) countDays() error {
	day := model.Day(s.trace.start)
	if s.parts = s.Parts; len(s.parts) == 1 && s.parts[0].Day == day && s.parts[0].Spans == s.trace.spans {
		s.stored = map[int64]int64{day: s.trace.spans}
		return nil
	}
	s.stored = make(map[int64]int64)
	err := s.tx.query(func(values []driver.Value) error {
		r := row{values: values}
		s.stored[r.int()*model.NanosPerDay] = r.int()
		return r.err
	}, selectDays, args(model.NanosPerDay, s.Project, s.TraceID[:])...)
	s.parts = slices.DeleteFunc(slices.Clone(s.Parts), func(p model.TracePart) bool { return !s.isStored(p.Day) })
	return err
}

// isStored reports whether the day of a time has spans of the trace.
func (s *settling) isStored(nano int64) bool {
	_, ok := s.stored[model.Day(nano)]
	return ok
}

// isLate reports whether the settlement counts fewer spans of some day than the
// one before. Which day that was is not known where it was only one.
func (s *settling) isLate() bool {
	if len(s.trace.parts) == 0 {
		return !slices.ContainsFunc(s.parts, func(p model.TracePart) bool { return p.Spans >= s.trace.counted }) && s.trace.counted > 0
	}
	return slices.ContainsFunc(s.trace.parts, func(before model.TracePart) bool {
		now := slices.IndexFunc(s.parts, func(p model.TracePart) bool { return p.Day == before.Day })
		return now < 0 || s.parts[now].Spans < before.Spans
	})
}

const (
	settleTraceRow = `UPDATE traces SET (` + settledColumns + `, ` + usageColumns + `, settled_parts) =
	(` + tenMarks + `?, ?, ?, ?, ?, ?, ?) WHERE id = ?`

	// countTraceRow says how much is known of a trace of which more is stored.
	countTraceRow = `UPDATE traces SET (settled_spans, settled_parts) = (?, ?) WHERE id = ? AND spans > ?`
)

// settleRow completes the trace's row if every span stored was counted. Else it
// only notes what was.
func (s *settling) settleRow() error {
	all := len(s.parts) == len(s.stored)
	for _, p := range s.parts {
		all = all && s.stored[p.Day] == p.Spans
	}
	sum := sumOf(s.parts)
	if all && sum.Spans == s.trace.spans {
		return updateSettled(s.tx, s.trace.id, sum, s.parts)
	}
	parts, err := encodeParts(s.parts)
	if err != nil {
		return err
	}
	return s.tx.exec(countTraceRow, args(sum.Spans, parts, s.trace.id, sum.Spans)...)
}

// sumOf sums up parts. The day of the sum says nothing.
func sumOf(parts []model.TracePart) (sum model.TracePart) {
	for _, p := range parts {
		sum.Spans += p.Spans
		sum.Runs += p.Runs
		sum.Usage = sum.Usage.Plus(p.Usage)
		sum.Cost = sum.Cost.Plus(p.Cost)
	}
	return sum
}

// updateSettled writes the settled part of a trace's row.
func updateSettled(t *tx, id int64, sum model.TracePart, parts []model.TracePart) error {
	byDay, err := encodeParts(parts)
	if err != nil {
		return err
	}
	u, c := &sum.Usage, &sum.Cost
	return t.exec(settleTraceRow, args(
		sum.Spans, sum.Runs, c.Nano, c.Reported, c.Computed, c.ReportedCalls, c.ComputedCalls, c.UnpricedCalls,
		u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.AudioInput, u.AudioOutput, u.Total, byDay, id,
	)...)
}

// encodeParts writes parts as JSON. One alone is the sum, which the row has.
func encodeParts(parts []model.TracePart) (driver.Value, error) {
	if len(parts) < 2 {
		return nil, nil
	}
	data, err := json.Marshal(parts)
	if err != nil {
		return nil, fmt.Errorf("parts of trace: %w", err)
	}
	return string(data), nil
}

// parts reads what encodeParts has written.
func (r *row) parts() (parts []model.TracePart) {
	if s := r.text(); s != "" {
		if err := json.Unmarshal([]byte(s), &parts); err != nil && r.err == nil {
			r.err = fmt.Errorf("column %d: %w", r.next, err)
		}
	}
	return parts
}

// Unsettled looks the traces up by their ids.
func (s *Store) Unsettled(ctx context.Context, project string, ids []model.TraceID) ([]repo.TraceRef, error) {
	var refs []repo.TraceRef
	err := s.readSnapshot(ctx, "find unsettled traces", func(tx *sql.Tx) error {
		for some := range slices.Chunk(ids, idsAtOnce) {
			query, args := unsettledOf(project, some)
			err := readRows(ctx, tx, query, args, func(r *row) error {
				t := &model.Trace{TraceID: r.traceID(), StartNano: r.int(), EndNano: r.int()}
				ref := repo.RefOf(t)
				ref.MaxSpans = r.int()
				refs = append(refs, ref)
				return r.err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return refs, err
}

// idsAtOnce is how many ids are looked up with one query.
const idsAtOnce = 500

func unsettledOf(project string, ids []model.TraceID) (query string, args []any) {
	args = append(args, project)
	for i := range ids {
		args = append(args, ids[i][:])
	}
	return `SELECT trace_id, start_ns, max(end_ns, start_ns), spans FROM traces INDEXED BY traces_trace
WHERE project = ? AND trace_id IN (` + marks(len(ids)) + `) AND settled_spans <> spans`, args
}

// marks returns n marks for arguments.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat(`?, `, n), `, `) }
