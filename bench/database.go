package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/pgtest"
)

// database is what the server stores in, and how to measure it.
type database struct {
	url       string // for --store
	cpu       func() time.Duration
	walBytes  func(context.Context) int64
	diskBytes func(context.Context) (float64, error)
	tables    func(context.Context) ([]tableSize, error)
	vacuum    func(context.Context) error // what the database does by itself in a few minutes
	rowsRead  func(context.Context) int64 // so far, of tables and indexes; always 0 where nobody counts
	close     func()
}

func openDatabase(ctx context.Context, store, dir string) (*database, error) {
	switch store {
	case "sqlite":
		return openSQLite(filepath.Join(dir, "bench.db")), nil
	case "postgres":
		return openPostgres(ctx)
	}
	return nil, fmt.Errorf("unknown store; want postgres or sqlite")
}

// openSQLite measures a file and what lies beside it. SQLite runs in the server,
// so it uses no CPU of its own.
func openSQLite(path string) *database {
	return &database{
		url:      "sqlite:" + path,
		cpu:      func() time.Duration { return 0 },
		walBytes: func(context.Context) int64 { return 0 },
		diskBytes: func(context.Context) (float64, error) {
			info, err := os.Stat(path)
			if err != nil {
				return 0, err
			}
			return float64(info.Size()), nil
		},
		tables:   func(context.Context) ([]tableSize, error) { return nil, nil },
		vacuum:   func(context.Context) error { return nil },
		rowsRead: func(context.Context) int64 { return 0 },
		close:    func() {},
	}
}

// openPostgres starts a cluster with PostgreSQL's own durability and memory
// settings that fit a machine that it shares with the server.
func openPostgres(ctx context.Context) (*database, error) {
	cluster, err := pgtest.Launch(ctx, "shared_buffers=1GB", "max_wal_size=4GB")
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, cluster.DSN("postgres"))
	if err != nil {
		return nil, err
	}
	number := func(ctx context.Context, sql string) (n int64, err error) {
		err = conn.QueryRow(ctx, sql).Scan(&n)
		return n, err
	}
	return &database{
		url: cluster.DSN("postgres"),
		cpu: func() time.Duration { return treeCPU(cluster.PID()) },
		walBytes: func(ctx context.Context) int64 {
			n, _ := number(ctx, `SELECT (pg_current_wal_lsn() - '0/0')::bigint`)
			return n
		},
		diskBytes: func(ctx context.Context) (float64, error) {
			n, err := number(ctx, `SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
				WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`)
			return float64(n), err
		},
		vacuum: func(ctx context.Context) error {
			_, err := conn.Exec(ctx, `VACUUM`)
			return err
		},
		tables: func(ctx context.Context) ([]tableSize, error) {
			rows, err := conn.Query(ctx, tableSizesSQL)
			if err != nil {
				return nil, err
			}
			return pgx.CollectRows(rows, pgx.RowToStructByPos[tableSize])
		},
		rowsRead: func(ctx context.Context) int64 {
			// Backends that are idle report what they did after a second or so.
			_, _ = conn.Exec(ctx, `SELECT pg_sleep(1.5)`)
			n, _ := number(ctx, `SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables`)
			return n
		},
		close: func() {
			_ = conn.Close(ctx)
			_ = cluster.Stop()
		},
	}, nil
}

// tableSize is where the bytes of a table are, all its partitions together.
type tableSize struct {
	Name    string
	Rows    int64 // as PostgreSQL estimates
	Heap    int64 // bytes, with what is stored beside it (TOAST)
	Indexes int64 // bytes
}

const tableSizesSQL = `
SELECT regexp_replace(relname, '_[0-9]{8}$', '') AS name, sum(greatest(reltuples, 0))::bigint,
    sum(pg_table_size(oid))::bigint, sum(pg_indexes_size(oid))::bigint
FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
GROUP BY name
HAVING sum(pg_total_relation_size(oid)) > 1000000
ORDER BY sum(pg_total_relation_size(oid)) DESC`
