package postgres

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Drop removes the partitions of old days, then what is kept of them elsewhere.
//
// It holds its locks in one transaction that does nothing else, and works in
// others: DETACH CONCURRENTLY cannot run in a transaction. Writers that want a
// new partition for a day which is being dropped wait for that lock.
func (s *Store) Drop(ctx context.Context, horizon int64) (repo.Dropped, error) {
	select {
	case s.dropping <- struct{}{}:
		defer func() { <-s.dropping }()
	case <-ctx.Done():
		return repo.Dropped{}, s.explain(ctx, "drop old days", ctx.Err())
	}
	var dropped repo.Dropped
	err := pgx.BeginFunc(ctx, s.maintenance, func(locks pgx.Tx) error {
		if err := takeLock(ctx, locks, dropLock); err != nil {
			return err
		}
		d := dropper{locks: locks, pool: s.maintenance, partitions: s.partitions, before: model.Day(horizon)}
		days, err := d.dropDays(ctx)
		if err != nil {
			return err
		}
		if dropped.Days = days; days > 0 {
			dropped.Spans = -1
		}
		return d.trim(ctx)
	})
	return dropped, s.explain(ctx, "drop old days", err)
}

// dropper does the work of one Drop.
type dropper struct {
	locks      pgx.Tx
	pool       *pgxpool.Pool
	partitions *partitions
	before     int64 // a day
}

// lockTimeout is how long a step of dropping waits for others at a time. What
// waits for a strong lock holds up all that come after it.
const lockTimeout = 2 * time.Second

// dropDays drops all partitions of days before the horizon and returns how many
// days had spans.
func (d *dropper) dropDays(ctx context.Context) (int, error) {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	if conn.Conn().Config().DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		// Behind a pooler, the setting would go to another session.
		set := fmt.Sprintf(`SET lock_timeout = %d`, lockTimeout.Milliseconds())
		if _, err := conn.Exec(ctx, set); err != nil {
			return 0, err
		}
		defer func() { _, _ = conn.Exec(ctx, `RESET lock_timeout`) }()
	}
	names, err := d.names(ctx, conn)
	if err != nil {
		return 0, err
	}
	if err := finishDetaching(ctx, conn, names); err != nil {
		return 0, err
	}
	withSpans := 0
	for _, day := range names.days() {
		had, err := d.dropDay(ctx, conn, day, names[day])
		if err != nil {
			return withSpans, fmt.Errorf("day %s: %w", suffix(day), err)
		}
		if had {
			withSpans++
		}
	}
	return withSpans, nil
}

// dayNames holds which tables of a day there are: the parents' names.
type dayNames map[int64][]string

func (n dayNames) days() []int64 {
	var days []int64
	for day := range n {
		days = append(days, day)
	}
	slices.Sort(days)
	return days
}

// names finds the tables of days before the horizon by their names, also those
// that an interrupted Drop has detached already.
func (d *dropper) names(ctx context.Context, q querier) (dayNames, error) {
	const query = `
		SELECT relname FROM pg_class
		WHERE relkind = 'r' AND relname ~ '^(spans|segments|open_segments|traces|open_runs|runs|bills)_[0-9]{8}$'
			AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'spans'::regclass)`
	rows, err := q.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	pattern := regexp.MustCompile(`^(.*)_(.*)$`)
	names := dayNames{}
	for _, table := range tables {
		match := pattern.FindStringSubmatch(table)
		t, err := time.Parse(suffixLayout, match[2])
		if err != nil {
			continue // eight digits that are no date: not ours
		}
		if day := t.UnixNano(); day < d.before {
			names[day] = append(names[day], match[1])
		}
	}
	return names, nil
}

// finishDetaching completes what an interrupted Drop has begun: a table can
// have one partition at a time in that state.
func finishDetaching(ctx context.Context, conn *pgxpool.Conn, names dayNames) error {
	for day, parents := range names {
		for _, parent := range parents {
			is, err := stateOfPartition(ctx, conn, parent+"_"+suffix(day))
			if err != nil {
				return err
			}
			if !is.pending {
				continue
			}
			if err := detach(ctx, conn, parent, parent+"_"+suffix(day)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *dropper) dropDay(ctx context.Context, conn *pgxpool.Conn, day int64, parents []string) (hadSpans bool, err error) {
	if err := lockDay(ctx, d.locks, day); err != nil {
		return false, err
	}
	if slices.Contains(parents, "spans") {
		if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM spans_`+suffix(day)+`)`).Scan(&hadSpans); err != nil {
			return false, err
		}
	}
	if _, err := conn.Exec(ctx, `DELETE FROM days WHERE day_ns = $1`, day); err != nil {
		return false, err
	}
	for _, parent := range partitioned {
		if !slices.Contains(parents, parent) {
			continue
		}
		name := parent + "_" + suffix(day)
		if err := detach(ctx, conn, parent, name); err != nil {
			return false, err
		}
		err := untilLocked(ctx, func() error {
			_, err := conn.Exec(ctx, `DROP TABLE IF EXISTS `+name)
			return err
		})
		if err != nil {
			return false, err
		}
	}
	d.partitions.forget(day)
	return hadSpans, nil
}

// detach takes a partition off its parent. It waits for the transactions that
// use the parent, but lets all others through meanwhile.
func detach(ctx context.Context, conn *pgxpool.Conn, parent, name string) error {
	return untilLocked(ctx, func() error {
		is, err := stateOfPartition(ctx, conn, name)
		if err != nil || !is.attached {
			return err
		}
		how := `CONCURRENTLY`
		if is.pending {
			how = `FINALIZE`
		}
		_, err = conn.Exec(ctx, `ALTER TABLE `+parent+` DETACH PARTITION `+name+` `+how)
		return err
	})
}

// untilLocked repeats do until it gets its locks, or ctx ends.
func untilLocked(ctx context.Context, do func() error) error {
	for unready := 0; ; {
		err := do()
		switch code := stateOf(err); {
		case code == lockNotAvailable, isConflict(err):
		case code == objectNotReady && unready < maxUnready:
			unready++
		default:
			return err
		}
		if err := sleep(ctx, pauseForLocks); err != nil {
			return err
		}
	}
}

// maxUnready is how often a partition may be in the middle of something else.
// Of our own only making it again is so, which is short; a person's DETACH that
// was interrupted stays until that person is told.
const (
	maxUnready    = 50
	pauseForLocks = 100 * time.Millisecond
)

// trim removes what tables without partitions hold of dropped days. A writer
// that comes between, with a late span, makes it begin again: it works on one
// snapshot and may not overlook what that does not show.
func (d *dropper) trim(ctx context.Context) error {
	return untilNoConflict(ctx, func() error {
		return pgx.BeginTxFunc(ctx, d.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, trimTraceDaysSQL, d.before); err != nil {
				return err
			}
			if err := d.moveFirstDays(ctx, tx); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, trimChangeLogSQL, d.before, exactTrims)
			return err
		})
	})
}

// trimTraceDaysSQL forgets traces of which nothing is left. A day before the
// horizon that has partitions has got them since, from a late span.
const trimTraceDaysSQL = `
DELETE FROM trace_days WHERE last_day_ns < $1
    AND last_day_ns NOT IN (SELECT day_ns FROM days)
    AND first_day_ns NOT IN (SELECT day_ns FROM days)`

// moveFirstDaysSQL finds the new first day of traces that have lost theirs.
const moveFirstDaysSQL = `
UPDATE trace_days AS d SET first_day_ns = rest.first
FROM (
    SELECT t.project, t.trace_id, min(t.day_ns) AS first
    FROM traces t JOIN trace_days old USING (project, trace_id)
    WHERE old.first_day_ns < $1 AND old.last_day_ns >= $1 AND old.first_day_ns NOT IN (SELECT day_ns FROM days)
    GROUP BY t.project, t.trace_id
) AS rest
WHERE d.project = rest.project AND d.trace_id = rest.trace_id
RETURNING d.project, d.trace_id, d.first_day_ns, d.last_day_ns`

// moveFirstDays makes the row of the first day that is left the one that stands
// for the trace. Rows of one day alone are whole again.
func (d *dropper) moveFirstDays(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, moveFirstDaysSQL, d.before)
	if err != nil {
		return err
	}
	moved, err := pgx.CollectRows(rows, scanSpread)
	if err != nil || len(moved) == 0 {
		return err
	}
	return markSpread(ctx, tx, moved)
}

// exactTrims is for how many of the latest transactions it is known exactly
// whether their entries were removed. A cursor from before these counts as
// expired if some transaction was running then; cursors are seconds old.
const exactTrims = 10_000

const trimChangeLogSQL = `
WITH gone AS (
    DELETE FROM change_log WHERE written_ns < $1 RETURNING x
), ids AS (
    SELECT DISTINCT x::text::bigint AS x FROM gone
), trim AS (
    SELECT max(x) AS newest, range_agg(int8range(x, x, '[]')) AS all_of_them FROM ids
)
UPDATE change_log_trimmed SET
    trims = trims + 1,
    below = greatest(below, newest - $2),
    recent = (recent + all_of_them) * int8multirange(int8range(greatest(below, newest - $2), NULL))
FROM trim WHERE newest IS NOT NULL`
