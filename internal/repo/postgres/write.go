package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Write stores the records in one transaction: the narrow rows first, then all
// that follows from those that were new.
func (s *Store) Write(ctx context.Context, records []model.Record) (repo.Written, error) {
	if len(records) == 0 {
		return repo.Written{}, nil
	}
	b := newBatch(records)
	stored, err := s.write(ctx, b)
	if stateOf(err) == protocolViolation && b.hasNUL() {
		// In the simple protocol, a statement ends where its text has a NUL.
		// The server sees that the message does not end there and runs nothing.
		err = fmt.Errorf("%w: text with a NUL: %w", repo.ErrRefused, err)
	}
	if err != nil {
		return repo.Written{}, s.explain(ctx, "write spans", err)
	}
	s.statistics.wrote(ctx, b)
	return repo.Written{Stored: stored, Duplicates: len(records) - stored}, nil
}

// maxRefills is how often a write makes partitions that turned out to be
// missing: once is what a Drop elsewhere costs, more may be needed when the
// batch has many days that were dropped.
const maxRefills = 5

func (s *Store) write(ctx context.Context, b *batch) (stored int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for refills := 0; ; refills++ {
		if err := s.partitions.ensure(ctx, b.days); err != nil {
			return 0, err
		}
		err := untilNoConflict(ctx, func() (err error) {
			stored, err = s.writeTrusting(ctx, b)
			return err
		})
		if stateOf(err) != checkViolation || refills == maxRefills {
			return stored, err
		}
		// A row found no partition: another process dropped its day.
		s.partitions.forget(b.days...)
	}
}

// untilNoConflict repeats do while other transactions stand in its way, with
// pauses of random length that grow, until ctx ends.
func untilNoConflict(ctx context.Context, do func() error) error {
	for pause := time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := do()
		if !isConflict(err) {
			return err
		}
		if err := sleep(ctx, pause/2+rand.N(pause)); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writeTrusting writes a batch as if all of its spans were new and, where one is
// not, once more.
func (s *Store) writeTrusting(ctx context.Context, b *batch) (stored int, err error) {
	if s.trust.given() {
		stored, err = s.writeOnce(ctx, b, true)
		if stateOf(err) != uniqueViolation {
			return stored, err
		}
		s.trust.lost()
	}
	return s.writeOnce(ctx, b, false)
}

// writeOnce runs the transaction. A batch that is trusted is taken to be new. It
// compresses while PostgreSQL works on the narrow rows, in the hope that no record
// is a duplicate.
func (s *Store) writeOnce(ctx context.Context, b *batch, trusted bool) (stored int, err error) {
	conn, err := s.writes.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()

	compressed := make(chan []otlp.Segment, 1)
	go func() { compressed <- otlp.BuildQuickSegments(b.records) }()
	hoped := sync.OnceValue(func() []otlp.Segment { return <-compressed })
	defer hoped() // also on errors: it reads the caller's memory

	fresh := b.records
	if !trusted {
		fresh, err = insertNew(ctx, conn, b)
	}
	if err == nil && len(fresh) > 0 {
		err = s.storeRest(ctx, conn, fresh, trusted, func() []otlp.Segment {
			if len(fresh) < len(b.records) {
				return otlp.BuildQuickSegments(fresh)
			}
			return hoped()
		})
	}
	return len(fresh), finish(ctx, conn, err)
}

// storeRest stores what follows from records that are new and, where they are only
// taken to be, begins the transaction with these. One query does all of that: a COPY
// behind a BEGIN that failed would be a transaction of its own.
func (s *Store) storeRest(ctx context.Context, conn *pgxpool.Conn, fresh []model.Record, withSpans bool, segments func() []otlp.Segment) error {
	query, withRuns := copySegmentsSQL, slices.ContainsFunc(fresh, isRun)
	if withSpans {
		query = `BEGIN; ` + demandDurabilitySQL + `; ` + copySpansSQL + `; ` + query
	}
	if withRuns {
		query += `; ` + copyOpenRunsSQL
	}
	var parts []part
	err := fly(ctx, conn.Conn(), query, func(f *flight) {
		if withSpans {
			copySpans(f, fresh)
		}
		parts = partsOf(fresh)
		copySegments(f, segments(), parts)
		if withRuns {
			copyOpenRuns(f, fresh)
		}
	})
	if err != nil {
		return err
	}
	return s.derive(ctx, conn, parts)
}

// finish commits, or rolls back after an error. A connection that is still in
// its transaction afterwards is broken, and the pool throws it away.
func finish(ctx context.Context, conn *pgxpool.Conn, err error) error {
	if err != nil {
		if !conn.Conn().IsClosed() {
			// What failed is err; the pool sees whether this helped.
			_, _ = conn.Exec(ctx, `ROLLBACK`)
		}
		return err
	}
	tag, err := conn.Exec(ctx, `COMMIT`)
	if err == nil && tag.String() != `COMMIT` {
		// What PostgreSQL says of a transaction in which something failed.
		err = fmt.Errorf("commit ended as %s", tag)
	}
	return err
}

// demandDurabilitySQL makes a commit wait for the disk in a database, or for an
// account, whose default is not to: what was acknowledged is stored. Stricter
// settings stay. It is said in each transaction, since a pooler in between may
// give each of them another session.
const demandDurabilitySQL = `SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`

// insertNew begins the transaction, stores the narrow rows and returns the records
// that were not there.
func insertNew(ctx context.Context, conn *pgxpool.Conn, b *batch) ([]model.Record, error) {
	keys, err := insertSpans(ctx, conn, b.records)
	if err != nil || len(keys) == len(b.records) {
		return b.records, err
	}
	return b.only(keys), nil
}

// insertSpans begins the transaction and inserts the narrow rows. It returns
// the keys of those that were not there.
func insertSpans(ctx context.Context, conn *pgxpool.Conn, records []model.Record) ([]spanKey, error) {
	var queue pgx.Batch
	queue.Queue(`BEGIN`)
	queue.Queue(demandDurabilitySQL)
	statements := 0
	for chunk := range slices.Chunk(records, maxRows) {
		queue.Queue(insertSpansSQL, spanRows(chunk).argument(conn.Conn().Config().DefaultQueryExecMode))
		statements++
	}
	results := conn.SendBatch(ctx, &queue)
	keys, err := readKeys(results, statements, len(records))
	if closeErr := results.Close(); err == nil {
		err = closeErr
	}
	return keys, err
}

func readKeys(results pgx.BatchResults, statements, most int) ([]spanKey, error) {
	for range 2 { // BEGIN, and the demand for durability
		if _, err := results.Exec(); err != nil {
			return nil, err
		}
	}
	keys := make([]spanKey, 0, most)
	for range statements {
		rows, err := results.Query()
		if err != nil {
			return nil, err
		}
		var key spanKey
		var project []byte
		for rows.Next() {
			if err := rows.Scan((*pgtype.DriverBytes)(&project), &key.trace, &key.span, &key.start); err != nil {
				return nil, err
			}
			if string(project) != key.project {
				key.project = string(project)
			}
			keys = append(keys, key)
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// derive notes the change and merges the parts into the rows of their traces.
func (s *Store) derive(ctx context.Context, conn *pgxpool.Conn, parts []part) error {
	var queue pgx.Batch
	queueChanges(&queue, parts, s.now().UnixNano())
	upserts := 0
	for chunk := range slices.Chunk(parts, maxRows) {
		queue.Queue(upsertTracesSQL, partRows(chunk).argument(conn.Conn().Config().DefaultQueryExecMode))
		upserts++
	}
	spread, err := sendDerived(ctx, conn, &queue, upserts)
	if err != nil || len(spread) == 0 {
		return err
	}
	return markSpread(ctx, conn, spread)
}

// sendDerived runs the statements of the second step and returns the traces
// that lie on several days since.
func sendDerived(ctx context.Context, conn *pgxpool.Conn, queue *pgx.Batch, upserts int) ([]spreadTrace, error) {
	results := conn.SendBatch(ctx, queue)
	spread, err := readDerived(results, queue.Len()-upserts, upserts)
	if closeErr := results.Close(); err == nil {
		err = closeErr
	}
	return spread, err
}

func readDerived(results pgx.BatchResults, plain, upserts int) ([]spreadTrace, error) {
	for range plain {
		if _, err := results.Exec(); err != nil {
			return nil, err
		}
	}
	var all []spreadTrace
	for range upserts {
		rows, err := results.Query()
		if err != nil {
			return nil, err
		}
		some, err := pgx.CollectRows(rows, scanSpread)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// spreadTrace is a trace with rows on several days.
type spreadTrace struct {
	project     string
	id          [16]byte
	first, last int64 // days
}

func scanSpread(row pgx.CollectableRow) (t spreadTrace, err error) {
	err = row.Scan(&t.project, &t.id, &t.first, &t.last)
	return t, err
}

// markSpreadSQL tells lists which row stands for the whole of a trace: the one
// of its first day. The last two arguments let PostgreSQL leave out other days.
const markSpreadSQL = `
UPDATE traces AS t SET part = CASE WHEN spread.first = spread.last THEN 0 WHEN t.day_ns = spread.first THEN 1 ELSE 2 END
FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[]) AS spread (project, trace_id, first, last)
WHERE t.project = spread.project AND t.trace_id = spread.trace_id
    AND t.day_ns >= spread.first AND t.day_ns <= spread.last
    AND t.day_ns >= $5 AND t.day_ns <= $6`

// markSpread is exact: whoever entered a day of the same trace in trace_days
// before has committed, since its row was locked until then.
func markSpread(ctx context.Context, q executor, spread []spreadTrace) error {
	first, last := spread[0].first, spread[0].last
	for _, t := range spread {
		first, last = min(first, t.first), max(last, t.last)
	}
	_, err := q.Exec(ctx, markSpreadSQL,
		// Planned anew each time: a plan for any days would lock all.
		pgx.QueryExecModeExec,
		column(spread, func(t spreadTrace) string { return t.project }),
		column(spread, func(t spreadTrace) pgtype.UUID { return uuid(t.id) }),
		column(spread, func(t spreadTrace) int64 { return t.first }),
		column(spread, func(t spreadTrace) int64 { return t.last }),
		first, last)
	return err
}
