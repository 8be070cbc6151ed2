package postgres

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// unsettledSQL reads the rows of some traces that lie between the same days.
const unsettledSQL = `
SELECT trace_id, min(start_ns), max(end_ns), sum(spans)::bigint
FROM traces
WHERE project = $1 AND trace_id = ANY($2::uuid[]) AND day_ns >= $3 AND day_ns <= $4
GROUP BY trace_id
HAVING sum(spans) <> sum(settled_spans)`

// Unsettled returns those of some traces that have spans which no settlement
// has counted.
func (s *Store) Unsettled(ctx context.Context, project string, ids []model.TraceID) ([]repo.TraceRef, error) {
	refs := []repo.TraceRef{}
	found, err := findDays(ctx, s.reads, project, ids)
	for days, some := range byDays(found) {
		if err != nil {
			break
		}
		var rows pgx.Rows
		if rows, err = s.reads.Query(ctx, unsettledSQL, project, uuids(some), days.first, days.last); err != nil {
			break
		}
		refs, err = pgx.AppendRows(refs, rows, func(row pgx.CollectableRow) (ref repo.TraceRef, err error) {
			var start, end int64
			err = row.Scan((*[16]byte)(&ref.ID), &start, &end, &ref.MaxSpans)
			ref.Range = model.Including(start, end)
			return ref, err
		})
	}
	return refs, s.explain(ctx, "find unsettled traces", err)
}

// byDays puts those traces together that lie between the same days: all in one
// query would be planned over all days of all.
func byDays(found map[model.TraceID]daysOf) map[daysOf][]model.TraceID {
	groups := map[daysOf][]model.TraceID{}
	for id, days := range found {
		groups[days] = append(groups[days], id)
	}
	return groups
}

// errRoomLost says that something that a transaction had found was gone when it
// came back: a day was dropped meanwhile.
var errRoomLost = errors.New("a day was dropped meanwhile")

// Settle stores what was derived of some traces.
func (s *Store) Settle(ctx context.Context, fence *repo.Lease, settlements []repo.Settlement) error {
	b, err := newSettleBatch(settlements)
	if err == nil {
		err = s.settle(ctx, fence, b)
	}
	return s.explain(ctx, "settle traces", err)
}

func (s *Store) settle(ctx context.Context, fence *repo.Lease, b *settleBatch) error {
	for refills := 0; ; refills++ {
		err := untilNoConflict(ctx, func() error {
			return pgx.BeginFunc(ctx, s.writes, func(tx pgx.Tx) error { return settleOnce(ctx, tx, fence, b) })
		})
		if stateOf(err) == uniqueViolation && !b.doubted {
			b.doubted = true
			continue
		}
		if stateOf(err) != checkViolation && !errors.Is(err, errRoomLost) || refills == maxRefills {
			return err
		}
		// A day was dropped: then its trace rows have gone too, by the next time.
		// Or it was made by a server that did not know all the tables.
		days, err := daysBetween(ctx, s.writes, slices.Min(b.days), slices.Max(b.days))
		if err != nil {
			return err
		}
		days = slices.DeleteFunc(days, func(day int64) bool { return !slices.Contains(b.days, day) })
		s.partitions.forget(days...)
		if err := s.partitions.ensure(ctx, days); err != nil {
			return err
		}
	}
}

// prepareSettlingSQL is said at the beginning. A role may have a limit of time that
// is meant for questions. All that follows looks a few rows up by their keys, in
// partitions that the arguments tell. A plan for any arguments would lock all
// partitions, and of one that was never analyzed PostgreSQL thinks that a few keys
// lead to all of it.
const prepareSettlingSQL = `
SELECT set_config('statement_timeout', '0', true), set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`

// settleOnce runs the transaction: it locks the rows of the traces, in the order
// in which writers do, and then knows what is there and stays so.
func settleOnce(ctx context.Context, tx pgx.Tx, fence *repo.Lease, b *settleBatch) error {
	if err := checkFence(ctx, tx, fence); err != nil || len(b.settlements) == 0 {
		return err
	}
	rows, there, err := lockSettled(ctx, tx, b)
	if err != nil {
		return err
	}
	var queue pgx.Batch
	w := settleWriter{queue: &queue, batch: b.inTime(rows), rows: rows}
	w.traces()
	w.forget()
	runs, err := w.runs()
	if err != nil {
		return err
	}
	bills, segments := w.bills(), w.segments(there)
	if queue.Len() == 0 {
		return nil // all of the traces were dropped, or all settlements come too late
	}
	if err := tx.SendBatch(ctx, &queue).Close(); err != nil {
		return err
	}
	return fly(ctx, tx.Conn(), copyRunsSQL+`; `+copyBillsSQL+`; `+copyCompactedSQL, func(f *flight) {
		copyRuns(f, runs)
		copyBills(f, bills)
		copyCompacted(f, segments)
	})
}

// lockTracesSQL finds the rows of traces, each between two days, on the days
// that all of them are on.
const lockTracesSQL = `
SELECT t.project, t.trace_id, t.day_ns, t.spans, t.settled_spans
FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[]) AS wanted (project, trace_id, first, last)
JOIN traces t ON t.project = wanted.project AND t.trace_id = wanted.trace_id
    AND t.day_ns >= wanted.first AND t.day_ns <= wanted.last
WHERE t.day_ns = ANY($5::bigint[])
ORDER BY t.project, t.trace_id, t.day_ns
FOR NO KEY UPDATE OF t`

// daysOfTracesSQL is read behind the locks: other settlements of these traces
// have been made then, or wait.
const daysOfTracesSQL = `
SELECT d.project, d.trace_id, d.first_day_ns, d.last_day_ns
FROM unnest($1::text[], $2::uuid[]) AS wanted (project, trace_id)
JOIN trace_days d ON d.project = wanted.project AND d.trace_id = wanted.trace_id`

// replacedSQL finds those of some segments of a day that are still there, and in
// which of the two tables.
const replacedSQL = `
SELECT s.project, s.trace_id, s.start_ns, s.span_id, s.spans, s.open
FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[]) AS wanted (project, trace_id, start_ns, span_id)
JOIN (
    SELECT project, trace_id, start_ns, span_id, spans, true AS open FROM open_segments
    UNION ALL SELECT project, trace_id, start_ns, span_id, spans, false FROM segments
) AS s ON s.project = wanted.project AND s.trace_id = wanted.trace_id
    AND s.start_ns = wanted.start_ns AND s.span_id = wanted.span_id
WHERE s.start_ns >= $5 AND s.start_ns <= $6`

// foundSegment is a segment that is to be replaced.
type foundSegment struct {
	spans int
	open  bool // in open_segments
}

// settledRow is what a trace row says of its spans.
type settledRow struct{ spans, settled int64 }

// lockSettled returns the rows of all traces of the batch, which are locked now,
// and which of the segments that are to be replaced are there.
func lockSettled(ctx context.Context, tx pgx.Tx, b *settleBatch) (rows map[traceDay]settledRow, there map[spanKey]foundSegment, err error) {
	rows, there = map[traceDay]settledRow{}, map[spanKey]foundSegment{}
	var others []spreadTrace
	var queue pgx.Batch
	queue.Queue(demandDurabilitySQL)
	queue.Queue(prepareSettlingSQL)
	queueLocks(&queue, b.traces, b.days, rows)
	queue.Queue(daysOfTracesSQL,
		column(b.traces, func(t spreadTrace) string { return t.project }),
		column(b.traces, func(t spreadTrace) pgtype.UUID { return uuid(t.id) }),
	).Query(func(found pgx.Rows) (err error) {
		others, err = pgx.CollectRows(found, scanSpread)
		return err
	})
	for day, replaced := range b.replaced {
		queue.Queue(replacedSQL, append(placeArgs(replaced), day, lastOf(day))...).Query(func(found pgx.Rows) error {
			var key spanKey
			var segment foundSegment
			_, err := pgx.ForEachRow(found, []any{&key.project, &key.trace, &key.start, &key.span, &segment.spans, &segment.open}, func() error {
				there[key] = segment
				return nil
			})
			return err
		})
	}
	if err := tx.SendBatch(ctx, &queue).Close(); err != nil {
		return nil, nil, err
	}
	return rows, there, lockOthers(ctx, tx, others, rows)
}

// queueLocks adds the statement that locks rows.
func queueLocks(queue *pgx.Batch, traces []spreadTrace, days []int64, rows map[traceDay]settledRow) {
	queue.Queue(lockTracesSQL,
		column(traces, func(t spreadTrace) string { return t.project }),
		column(traces, func(t spreadTrace) pgtype.UUID { return uuid(t.id) }),
		column(traces, func(t spreadTrace) int64 { return t.first }),
		column(traces, func(t spreadTrace) int64 { return t.last }),
		days,
	).Query(func(found pgx.Rows) error {
		var key traceDay
		var row settledRow
		_, err := pgx.ForEachRow(found, []any{&key.project, &key.id, &key.day, &row.spans, &row.settled}, func() error {
			rows[key] = row
			return nil
		})
		return err
	})
}

// lockOthers finds the rows of traces that lie on several days, of which some
// may be newer than the settlement.
func lockOthers(ctx context.Context, tx pgx.Tx, traces []spreadTrace, rows map[traceDay]settledRow) error {
	first, last := int64(math.MaxInt64), int64(0)
	traces = slices.DeleteFunc(traces, func(t spreadTrace) bool {
		_, known := rows[traceDay{t.project, t.id, t.first}]
		return t.first == t.last && known
	})
	if len(traces) == 0 {
		return nil
	}
	for _, t := range traces {
		first, last = min(first, t.first), max(last, t.last)
	}
	days, err := daysBetween(ctx, tx, first, last)
	if err != nil {
		return err
	}
	var queue pgx.Batch
	queueLocks(&queue, traces, days, rows)
	return tx.SendBatch(ctx, &queue).Close()
}
