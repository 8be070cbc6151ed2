package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
)

// load returns traces by id, put together from their rows. It leaves out what SQL
// knows to start after latest. All days travel together.
func (l *traceLister) load(ctx context.Context, wanted rowsByDay, latest int64) (map[model.TraceID]*model.Trace, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	var queue pgx.Batch
	traces := map[model.TraceID]*model.Trace{}
	take := func(rows pgx.Rows) error {
		parts, err := pgx.CollectRows(rows, scanTrace)
		for _, p := range parts {
			if whole, ok := traces[p.TraceID]; ok {
				whole.Merge(p)
			} else {
				traces[p.TraceID] = p
			}
		}
		return err
	}
	queue.Queue(keepPlansSQL)
	for day, of := range wanted {
		q := l.loadDay(day, of.ids, latest)
		queue.Queue(q.query, q.args...).Query(take)
	}
	queue.Queue(planAgainSQL)
	return traces, l.tx.SendBatch(ctx, &queue).Close()
}

// What holds between the queries of a transaction of which the plans are kept, as in
// planOnce, and those that are planned each time.
const (
	keepPlansSQL = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)`
	planAgainSQL = `SELECT set_config('plan_cache_mode', 'auto', true), set_config('enable_seqscan', 'on', true)`
)

// loadDay reads the rows of one day, from its own partition unless that has gone.
func (l *traceLister) loadDay(day int64, ids []model.TraceID, latest int64) statement {
	var c conditions
	table := `traces`
	c.add(`project = ?`, l.project)
	if l.partitioned {
		table += `_` + suffix(day)
	} else {
		c.add(`day_ns = ?`, day)
	}
	c.add(`trace_id = ANY(?::uuid[]) AND (part <> 0 OR start_ns <= ?)`, uuids(ids), latest)
	return statement{`SELECT ` + traceColumns + ` FROM ` + table + ` WHERE ` + c.take(), c.args}
}
