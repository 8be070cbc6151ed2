package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Prepare has nothing to make: a SQLite table has no partitions. It tells
// whether the next write has a file to go to.
func (s *Store) Prepare(ctx context.Context, _ model.TimeRange) error {
	return s.Ping(ctx)
}

// chunkSpans is how many spans Drop deletes before it lets writers in: at 20 µs
// each, as long as a write takes.
const chunkSpans = 1000

// Drop deletes trace by trace, in short transactions. A trace's spans, segments
// and row go together, except that one with more spans than fit into a
// transaction is emptied over several: its content goes with the first of them, and
// its row stays as it was until the last.
func (s *Store) Drop(ctx context.Context, horizon int64) (repo.Dropped, error) {
	d := dropper{store: s, before: model.Day(horizon), days: make(map[int64]struct{})}
	err := d.drop(ctx)
	return repo.Dropped{Days: len(d.days), Spans: d.spans}, mapError(ctx, "drop old days", err)
}

// dropper is one Drop.
type dropper struct {
	store  *Store
	before int64 // start of the first day that is kept
	days   map[int64]struct{}
	spans  int64
}

func (d *dropper) drop(ctx context.Context) error {
	for more := true; more; {
		var err error
		if more, err = d.dropSome(ctx); err != nil {
			return err
		}
	}
	if err := d.store.writer.transaction(ctx, d.trimChangeLog); err != nil {
		return err
	}
	return d.giveBackSpace(ctx)
}

// selectOldTraces finds the traces that have spans to drop: each of them is the
// start of its trace or later.
const selectOldTraces = `
SELECT project, trace_id, spans FROM traces INDEXED BY traces_start
WHERE project = ? AND start_ns < ? ORDER BY start_ns LIMIT 200`

// selectNextProject walks the projects by one index lookup each.
const selectNextProject = `SELECT project FROM traces WHERE project > ? ORDER BY project LIMIT 1`

// oldTrace is a trace that starts before the horizon.
type oldTrace struct {
	project string
	id      model.TraceID
	spans   int64
}

// dropSome deletes what fits into one transaction and reports whether there
// may be more to delete.
func (d *dropper) dropSome(ctx context.Context) (more bool, err error) {
	err = d.store.writer.transaction(ctx, func(t *tx) error {
		traces, err := d.oldTraces(t)
		if err != nil {
			return err
		}
		more = len(traces) > 0
		budget := int64(chunkSpans)
		for _, old := range traces {
			if err := ctx.Err(); err != nil {
				return err
			}
			if budget -= old.spans; budget < 0 && budget+old.spans < chunkSpans {
				return nil // not the first: it fits better into the next one
			}
			if err := d.dropTrace(t, old); err != nil {
				return err
			}
		}
		return nil
	})
	return more, err
}

// oldTraces returns some traces of the first project that has any to drop.
func (d *dropper) oldTraces(t *tx) (found []oldTrace, err error) {
	project, more := "", true
	for more && len(found) == 0 {
		more = false
		err := t.query(func(values []driver.Value) error {
			r := row{values: values}
			project, more = r.text(), true
			return r.err
		}, selectNextProject, args(project)...)
		if err != nil {
			return nil, err
		}
		err = t.query(func(values []driver.Value) error {
			r := row{values: values}
			found = append(found, oldTrace{project: r.text(), id: r.traceID(), spans: r.int()})
			return r.err
		}, selectOldTraces, args(project, d.before)...)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

const (
	// deleteSpans returns the starts, for counting days.
	deleteSpans = `
DELETE FROM spans WHERE id IN (
	SELECT id FROM ` + ofTrace + ` WHERE project = ? AND trace_id = ? AND ` + inRange + ` AND start_ns < ? LIMIT ?)
RETURNING start_ns`

	// shortenRanges makes ranges end with a span: greater ids may be given again.
	shortenRanges = `
UPDATE ranges SET last_id = coalesce((
	SELECT max(id) FROM spans NOT INDEXED
	WHERE id BETWEEN first_id AND last_id AND project = ?1 AND trace_id = ?2), first_id - 1)
WHERE trace = (SELECT id FROM traces WHERE project = ?1 AND trace_id = ?2)`
	deleteRanges = `DELETE FROM ranges WHERE trace = (SELECT id FROM traces WHERE project = ? AND trace_id = ?) AND last_id < first_id`

	deleteSegments = `
DELETE FROM segments WHERE id IN (
	SELECT id FROM ` + segmentsOfTrace + ` WHERE project = ? AND trace_id = ? AND ` + inRange + ` AND earliest_ns < ?)`
	// deleteRuns does not look at the spans, of which a trace may have many more.
	deleteRuns = `
DELETE FROM runs WHERE id IN (
	SELECT id FROM span_ranges CROSS JOIN runs NOT INDEXED USING (project) WHERE project = ? AND trace_id = ? AND ` + inRange + ` AND start_ns < ?)`
	deleteBills = `DELETE FROM bills INDEXED BY bills_trace WHERE project = ? AND trace_id = ? AND start_ns < ?`
	deleteTrace = `DELETE FROM traces WHERE project = ? AND trace_id = ?`
)

// dropTrace deletes the old runs and segments of a trace, whose ids are those of
// spans, then its old spans, at most chunkSpans of them. When none is left it makes
// the row say what is still stored.
func (d *dropper) dropTrace(t *tx, old oldTrace) error {
	for _, statement := range []string{deleteRuns, deleteSegments} { // which lie on one day each
		if err := t.exec(statement, args(old.project, old.id[:], d.before)...); err != nil {
			return err
		}
	}
	deleted := int64(0)
	err := t.query(func(values []driver.Value) error {
		r := row{values: values}
		d.days[model.Day(r.int())] = struct{}{}
		deleted++
		return r.err
	}, deleteSpans, args(old.project, old.id[:], d.before, int64(chunkSpans))...)
	if err != nil {
		return err
	}
	d.spans += deleted
	for _, statement := range []string{shortenRanges, deleteRanges} {
		if err := t.exec(statement, args(old.project, old.id[:])...); err != nil {
			return err
		}
	}
	if deleted == chunkSpans {
		return nil
	}
	if err := t.exec(deleteBills, args(old.project, old.id[:], d.before)...); err != nil {
		return err
	}
	return d.recompute(t, old)
}

const selectTraceSpans = `SELECT ` + spanColumns + ` FROM ` + ofTrace + ` WHERE project = ? AND trace_id = ? AND ` + inRange

// recompute replaces the row of a trace by the sum of the spans it still has,
// and deletes it when there are none.
func (d *dropper) recompute(t *tx, old oldTrace) error {
	stored, id, err := loadTrace(t, old.project, old.id)
	if err != nil {
		return err
	}
	if stored == nil {
		return fmt.Errorf("trace %s vanished while the write lock was held", old.id)
	}
	var rest *model.Trace
	err = t.query(func(values []driver.Value) error {
		r := row{values: values}
		s, err := r.span()
		if err != nil {
			return err
		}
		if rest == nil {
			rest = model.TraceOf(s)
		} else {
			rest.Merge(model.TraceOf(s))
		}
		return nil
	}, selectTraceSpans, args(old.project, old.id[:])...)
	if err != nil {
		return err
	}
	if rest == nil {
		return t.exec(deleteTrace, args(old.project, old.id[:])...)
	}
	if string(rest.HeadKey) == string(stored.HeadKey) {
		rest.InputPreview, rest.OutputPreview = stored.InputPreview, stored.OutputPreview
	} else if err := d.readPreviews(t, rest); err != nil {
		return err
	}
	if err := updateTrace(t, id, rest, stored.StartNano, stored.EndNano); err != nil {
		return err
	}
	return d.resettle(t, id, rest)
}

const selectParts = `SELECT settled_parts FROM traces WHERE id = ?`

// resettle makes a trace's row say what settling knew of the days that are left.
// It is settled still where each span that is left was counted.
func (d *dropper) resettle(t *tx, id int64, rest *model.Trace) error {
	var parts []model.TracePart
	err := t.query(func(values []driver.Value) error {
		r := row{values: values}
		parts = r.parts()
		return r.err
	}, selectParts, args(id)...)
	if err != nil {
		return err
	}
	parts = slices.DeleteFunc(parts, func(p model.TracePart) bool { return p.Day < d.before })
	sum := sumOf(parts)
	if sum.Spans != rest.Spans {
		sum.Usage = rest.Usage
	}
	return updateSettled(t, id, sum, parts)
}

const selectPayloads = `SELECT payload FROM ` + segmentsOfTrace + ` WHERE project = ? AND trace_id = ? AND ` + inRange

// readPreviews takes the previews of a trace from its complete head span:
// narrow spans have none. A segment that cannot be read leaves them empty; it
// must not keep what is old from being dropped for ever.
func (d *dropper) readPreviews(t *tx, rest *model.Trace) error {
	head := rest.HeadSpanID()
	var data []byte
	return t.query(func(values []driver.Value) (err error) {
		r := row{values: values}
		if data, err = otlp.OpenSegment(data[:0], r.blob()); err != nil {
			return r.err
		}
		spans, err := otlp.DecodeSpans(rest.Project, data)
		if err != nil {
			return r.err
		}
		for _, s := range spans {
			if s.SpanID == head && string(model.HeadKey(s)) == string(rest.HeadKey) {
				rest.InputPreview, rest.OutputPreview = s.InputPreview, s.OutputPreview
			}
		}
		return r.err
	}, selectPayloads, args(rest.Project, rest.TraceID[:])...)
}

// trimChangeLog removes the entries that were written before the horizon, up to
// the first that was not: the clock may have been set back between them.
func (d *dropper) trimChangeLog(t *tx) error {
	const floor = `
UPDATE change_log_floor SET floor = max(floor, coalesce(
	(SELECT min(id) - 1 FROM change_log WHERE written_ns >= ?),
	(SELECT max(id) FROM change_log),
	0))`
	if err := t.exec(floor, args(d.before)...); err != nil {
		return err
	}
	return t.exec(`DELETE FROM change_log WHERE id <= (SELECT floor FROM change_log_floor)`)
}

const (
	// vacuumPages is how many pages are moved in one transaction: 4 MB.
	vacuumPages = `PRAGMA incremental_vacuum(512)`
	freePages   = `PRAGMA freelist_count`
)

// giveBackSpace returns free pages to the file system, some at a time, as long
// as that makes them fewer: a file that was made by other means may not be able
// to shrink.
func (d *dropper) giveBackSpace(ctx context.Context) error {
	for before, left := int64(math.MaxInt64), int64(math.MaxInt64-1); 0 < left && left < before; {
		before = left
		err := d.store.writer.transaction(ctx, func(t *tx) error {
			if err := t.exec(vacuumPages); err != nil {
				return err
			}
			return t.query(func(values []driver.Value) error {
				r := row{values: values}
				left = r.int()
				return r.err
			}, freePages)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
