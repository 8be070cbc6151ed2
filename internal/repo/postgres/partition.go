package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/agenttrace/agenttrace/internal/model"
)

// partitioned are the tables with a partition for each day. They are dropped in
// this order, so that no list shows a trace whose spans are gone. What is derived
// from traces is stored for those days that have their rows; see settlement.go.
var partitioned = [...]string{"traces", "open_runs", "runs", "bills", "spans", "open_segments", "segments"}

// storageParameters are those of each table's partitions. Rows of spans never
// change, and those of segments, runs and bills do so where a span comes late: for
// rows that only came, vacuum has nothing to do but to freeze them, once, when they
// are many. Rows of traces are updated, with room for that on the same page. What is
// open comes and goes within seconds, and leaves room for the next; its payloads stay
// in their rows where a page has room for them, which is a fifth of the work of COPY.
var storageParameters = map[string]string{
	"spans": `autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000, autovacuum_freeze_min_age = 0`,
	"segments": `autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000, autovacuum_freeze_min_age = 0,
		toast.autovacuum_vacuum_insert_scale_factor = 0, toast.autovacuum_vacuum_insert_threshold = 1000000, toast.autovacuum_freeze_min_age = 0`,
	"bills":  `autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000, autovacuum_freeze_min_age = 0`,
	"traces": `fillfactor = 85`,
	"open_segments": `toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
		toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 50000`,
	"runs":      `autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000, autovacuum_freeze_min_age = 0`,
	"open_runs": `autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000`,
}

// partitions makes the partitions of days and remembers which there are. A
// memory that is wrong, since another process dropped a day, costs a failed
// INSERT, after which the writer calls forget.
type partitions struct {
	pool *pgxpool.Pool
	// turn is held by the one caller that makes partitions: others would only
	// wait for the same locks, and Drop needs a connection while they do.
	turn chan struct{}

	mu    sync.RWMutex
	known map[int64]struct{}
}

func newPartitions(pool *pgxpool.Pool) *partitions {
	return &partitions{pool: pool, turn: make(chan struct{}, 1), known: map[int64]struct{}{}}
}

// missing returns those of days that are not known to have partitions.
func (p *partitions) missing(days []int64) []int64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var missing []int64
	for _, day := range days {
		if _, ok := p.known[day]; !ok {
			missing = append(missing, day)
		}
	}
	return missing
}

func (p *partitions) remember(days ...int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, day := range days {
		p.known[day] = struct{}{}
	}
}

func (p *partitions) forget(days ...int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, day := range days {
		delete(p.known, day)
	}
}

// ensure makes partitions for those of days that have none.
func (p *partitions) ensure(ctx context.Context, days []int64) error {
	if len(p.missing(days)) == 0 {
		return nil
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, day := range p.missing(days) {
		err := untilNoConflict(ctx, func() error {
			return pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error { return create(ctx, tx, day) })
		})
		if err != nil {
			return fmt.Errorf("make room for %s: %w", suffix(day), err)
		}
		p.remember(day)
	}
	return nil
}

// create makes the partitions of a day, all or none. Others who do the same
// wait for the lock and then find them.
func create(ctx context.Context, tx pgx.Tx, day int64) error {
	if err := lockDay(ctx, tx, day); err != nil {
		return err
	}
	for _, parent := range partitioned {
		if err := attach(ctx, tx, parent, day); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO days (day_ns) VALUES ($1) ON CONFLICT DO NOTHING`, day)
	return err
}

// attach makes one partition. CREATE TABLE ... PARTITION OF would wait behind
// all open writers of the parent and hold up new ones meanwhile; a table of its
// own that is attached does neither. ATTACH gives it the keys and indexes of
// its parent. It has no rows, so there is nothing to check: the usual CHECK,
// which spares ATTACH a scan, would gain nothing.
func attach(ctx context.Context, tx pgx.Tx, parent string, day int64) error {
	name := parent + "_" + suffix(day)
	is, err := stateOfPartition(ctx, tx, name)
	if err != nil {
		return err
	}
	if is.pending {
		// A Drop was interrupted. What it did not remove is still worth having.
		if _, err := tx.Exec(ctx, `ALTER TABLE `+parent+` DETACH PARTITION `+name+` FINALIZE`); err != nil {
			return err
		}
		is.attached = false
	}
	if !is.there {
		_, err := tx.Exec(ctx, `CREATE TABLE `+name+` (LIKE `+parent+` INCLUDING DEFAULTS INCLUDING STORAGE`+
			startCheck(parent, day)+`) WITH (`+storageParameters[parent]+`)`)
		if err != nil {
			return err
		}
	}
	if is.attached {
		return nil
	}
	_, err = tx.Exec(ctx, `ALTER TABLE `+parent+` ATTACH PARTITION `+name+` FOR VALUES FROM (`+
		strconv.FormatInt(day, 10)+`) TO (`+upperBound(day)+`)`)
	return err
}

// startCheck tells PostgreSQL what the bounds of traces, which are about the
// day, do not say: so a filter by start_ns leaves out days too, in the views.
func startCheck(parent string, day int64) string {
	if parent != "traces" {
		return ""
	}
	return fmt.Sprintf(`, CHECK (start_ns >= %d AND start_ns <= %d)`, day, lastOf(day))
}

// upperBound is the end of a day in a partition's bounds. The last day that has
// nanoseconds at all ends after the greatest of them.
func upperBound(day int64) string {
	if day > math.MaxInt64-model.NanosPerDay {
		return "MAXVALUE"
	}
	return strconv.FormatInt(day+model.NanosPerDay, 10)
}

// partitionState says what there is under the name of a partition.
type partitionState struct {
	there    bool
	attached bool
	pending  bool // attached still, but a DETACH was begun
}

func stateOfPartition(ctx context.Context, q querier, name string) (is partitionState, err error) {
	const query = `
		SELECT c.oid IS NOT NULL, i.inhrelid IS NOT NULL, coalesce(i.inhdetachpending, false)
		FROM (SELECT to_regclass($1)::oid AS oid) c
		LEFT JOIN pg_inherits i ON i.inhrelid = c.oid`
	err = q.QueryRow(ctx, query, name).Scan(&is.there, &is.attached, &is.pending)
	return is, err
}

// querier is what a connection, a pool and a transaction have in common.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// lockDay keeps others from making or dropping the partitions of a day until
// tx ends.
func lockDay(ctx context.Context, tx pgx.Tx, day int64) error {
	return takeLock(ctx, tx, day/model.NanosPerDay)
}

// takeLock takes one of the locks in [lockSpace]. The number is in the text of the
// statement, for which the driver uses the simple protocol: in the other one,
// the result would keep its snapshot as long as the transaction does nothing
// else, and DETACH ... FINALIZE waits for all old snapshots.
func takeLock(ctx context.Context, tx pgx.Tx, number int64) error {
	_, err := tx.Exec(ctx, fmt.Sprintf(`SELECT pg_advisory_xact_lock(%d, %d)`, lockSpace, number))
	return err
}

// executor is what else they have in common.
type executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

const suffixLayout = "20060102"

// suffix ends the name of each partition of a day.
func suffix(day int64) string { return time.Unix(0, day).UTC().Format(suffixLayout) }

// maxPrepared bounds what one call of Prepare may make: ten years.
const maxPrepared = 3660

// Prepare makes the partitions of all days that r touches.
func (s *Store) Prepare(ctx context.Context, r model.TimeRange) error {
	if r.Start <= 0 || r.End <= r.Start || (r.End-r.Start)/model.NanosPerDay > maxPrepared {
		return fmt.Errorf("prepare: the range from %d to %d is open, empty or longer than %d days", r.Start, r.End, maxPrepared)
	}
	var days []int64
	for day := model.Day(r.Start); day < r.End && day >= 0; day += model.NanosPerDay {
		days = append(days, day)
	}
	there, err := daysBetween(ctx, s.maintenance, days[0], days[len(days)-1])
	if err != nil {
		return s.explain(ctx, "prepare", err)
	}
	s.partitions.remember(there...)
	return s.explain(ctx, "prepare", s.partitions.ensure(ctx, days))
}

const daysBetweenSQL = `SELECT day_ns FROM days WHERE day_ns >= $1 AND day_ns <= $2 ORDER BY day_ns`

// daysBetween returns the days that have partitions, in order, both ends
// included.
func daysBetween(ctx context.Context, q querier, first, last int64) ([]int64, error) {
	rows, err := q.Query(ctx, daysBetweenSQL, first, last)
	if err != nil {
		return nil, err
	}
	days, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	return slices.Clip(days), err
}
