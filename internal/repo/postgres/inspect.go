package postgres

import (
	"context"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/agenttrace/agenttrace/internal/repo"
)

var _ repo.Inspector = (*Store)(nil)

// inspectSQL finds what takes no search. The size is that of the files, which are
// a few for each partition.
const inspectSQL = `
SELECT current_setting('server_version'),
	(SELECT coalesce(max(version_id), 0) FROM ` + migrationsTable + ` WHERE is_applied),
	pg_database_size(current_database())`

// Inspect asks the catalog, not the tables.
func (s *Store) Inspect(ctx context.Context) (repo.Inspection, error) {
	in := repo.Inspection{Partitioned: true}
	err := s.reads.AcquireFunc(ctx, func(conn *pgxpool.Conn) (err error) {
		if in.Clock, err = s.readClock(ctx, conn); err != nil {
			return err
		}
		if err := conn.QueryRow(ctx, inspectSQL).Scan(&in.Version, &in.Schema, &in.Bytes); err != nil {
			return err
		}
		in.Version, _, _ = strings.Cut(in.Version, " ") // "17.5 (Debian 17.5-1)"
		if in.Days, err = wholeDays(ctx, conn); err != nil {
			return err
		}
		in.Leases, err = heldLeases(ctx, conn)
		return err
	})
	if err == nil {
		in.KnownSchema, err = newestMigration(migrationFiles)
	}
	if err != nil {
		return repo.Inspection{}, s.explain(ctx, "inspect the database", err)
	}
	return in, nil
}

// readings is how often the clock is read. The one that took least time tells
// most: the first may have to prepare its statement.
const readings = 3

// readClock compares the database's clock with ours.
func (s *Store) readClock(ctx context.Context, q querier) (*repo.ClockReading, error) {
	var best *repo.ClockReading
	for range readings {
		before := s.now()
		var theirs time.Time
		if err := q.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&theirs); err != nil {
			return nil, err
		}
		half := s.now().Sub(before) / 2
		if best == nil || half < best.Within {
			best = &repo.ClockReading{Ahead: theirs.Sub(before.Add(half)), Within: half}
		}
	}
	return best, nil
}

// wholeDaysSQL finds the days of which each partitioned table has its part. It does
// not believe the table days: what is missing is most likely missing because
// somebody removed it by hand.
const wholeDaysSQL = `
SELECT right(c.relname, 8)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = ANY (ARRAY['traces'::regclass, 'open_runs'::regclass, 'runs'::regclass, 'bills'::regclass, 'spans'::regclass, 'open_segments'::regclass, 'segments'::regclass])
	AND NOT i.inhdetachpending
GROUP BY 1 HAVING count(*) = 7
ORDER BY 1`

func wholeDays(ctx context.Context, q querier) ([]int64, error) {
	rows, err := q.Query(ctx, wholeDaysSQL)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	var days []int64
	for _, name := range names {
		t, err := time.Parse(suffixLayout, name)
		if err != nil {
			continue // somebody's own partition
		}
		days = append(days, t.UnixNano())
	}
	return days, nil
}

const heldLeasesSQL = `
SELECT name, holder, term, expires FROM leases
WHERE expires > clock_timestamp() AND expires < 'infinity' ORDER BY name`

func heldLeases(ctx context.Context, q querier) ([]repo.HeldLease, error) {
	rows, err := q.Query(ctx, heldLeasesSQL)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l repo.HeldLease, err error) {
		err = row.Scan(&l.Name, &l.Holder, &l.Term, &l.Until)
		return l, err
	})
}

// newestMigration returns the highest number of a migration.
func newestMigration(files fs.FS) (int64, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("find the migrations: %d, %w", len(names), err)
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(names[len(names)-1], "migrations/"), "_")
	return strconv.ParseInt(number, 10, 64)
}
