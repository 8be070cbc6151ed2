package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/bench/proc"
	"github.com/agenttrace/agenttrace/bench/report"
	"github.com/agenttrace/agenttrace/internal/pgtest"
)

// backend is a store that makes empty databases.
type backend struct {
	name    string          // as reported
	cluster *pgtest.Cluster // nil for SQLite
	dir     string
}

// database is one that a server can store in, and how to measure it.
type database struct {
	url     string    // for --store
	path    string    // of SQLite's file
	admin   *pgx.Conn // to another database of the cluster
	conn    *pgx.Conn
	cluster *pgtest.Cluster
	name    string
}

func (b *bench) openBackend(ctx context.Context, name string) (*backend, error) {
	switch name {
	case "sqlite":
		return &backend{name: report.SQLite, dir: b.dir}, nil
	case "postgres":
		// PostgreSQL's own durability, and memory that fits a machine that it
		// shares with the server.
		cluster, err := pgtest.Launch(ctx, "shared_buffers=1GB", "max_wal_size=4GB")
		if err != nil {
			return nil, err
		}
		s := &backend{name: report.PostgreSQL, cluster: cluster, dir: b.dir}
		b.found.Machine.PostgreSQL, err = s.version(ctx)
		b.found.Machine.HugePages = proc.HugePages(cluster.PID()) > 0
		return s, err
	}
	return nil, fmt.Errorf("unknown store; want postgres or sqlite")
}

func (s *backend) close() error {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Stop()
}

func (s *backend) version(ctx context.Context) (version string, err error) {
	conn, err := pgx.Connect(ctx, s.cluster.DSN("postgres"))
	if err != nil {
		return "", err
	}
	err = conn.QueryRow(ctx, `SELECT split_part(current_setting('server_version'), ' ', 1)`).Scan(&version)
	return version, errors.Join(err, conn.Close(ctx))
}

// create makes an empty database. Its owner drops it.
func (s *backend) create(ctx context.Context, name string) (*database, error) {
	if s.cluster == nil {
		path := filepath.Join(s.dir, name+".db")
		return &database{url: "sqlite:" + path, path: path}, nil
	}
	admin, err := pgx.Connect(ctx, s.cluster.DSN("postgres"))
	if err != nil {
		return nil, err
	}
	// A checkpoint first: none from the work before falls into the work that
	// comes.
	for _, command := range []string{`CREATE DATABASE ` + name, `CHECKPOINT`} {
		if _, err := admin.Exec(ctx, command); err != nil {
			return nil, errors.Join(err, admin.Close(ctx))
		}
	}
	conn, err := pgx.Connect(ctx, s.cluster.DSN(name))
	if err != nil {
		return nil, errors.Join(err, admin.Close(ctx))
	}
	return &database{url: s.cluster.DSN(name), admin: admin, conn: conn, cluster: s.cluster, name: name}, nil
}

// drop removes the database and all in it.
func (d *database) drop(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if d.conn == nil {
		var errs []error
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(d.path + suffix); !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	}
	err := d.conn.Close(ctx)
	_, dropErr := d.admin.Exec(ctx, `DROP DATABASE `+d.name+` WITH (FORCE)`)
	return errors.Join(err, dropErr, d.admin.Close(ctx))
}

// cpu is what PostgreSQL has used. SQLite runs in the server.
func (d *database) cpu() time.Duration {
	if d.cluster == nil {
		return 0
	}
	return proc.CPU(d.cluster.PID())
}

// number asks for one.
func (d *database) number(ctx context.Context, query string) (n int64, err error) {
	if d.conn != nil {
		err = d.conn.QueryRow(ctx, query).Scan(&n)
		return n, err
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: d.path}).EscapedPath()+"?mode=ro")
	if err != nil {
		return 0, err
	}
	err = db.QueryRowContext(ctx, query).Scan(&n)
	return n, errors.Join(err, db.Close())
}

// commits returns how many transactions stored the segments that there are.
func (d *database) commits(ctx context.Context) (int64, error) {
	table := "segments"
	if d.conn != nil {
		table = "open_segments" // where they are until they settle
	}
	return d.number(ctx, `SELECT count(DISTINCT write_id) FROM `+table)
}

// wal is how much PostgreSQL has logged, in bytes.
func (d *database) wal(ctx context.Context) (int64, error) {
	if d.conn == nil {
		return 0, nil
	}
	return d.number(ctx, `SELECT (pg_current_wal_lsn() - '0/0')::bigint`)
}

// disk is what all tables and indexes take, in bytes.
func (d *database) disk(ctx context.Context) (int64, error) {
	if d.conn == nil {
		info, err := os.Stat(d.path)
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	return d.number(ctx, `SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
		WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`)
}

// vacuum does what PostgreSQL does by itself within minutes.
func (d *database) vacuum(ctx context.Context) error {
	if d.conn == nil {
		return nil
	}
	_, err := d.conn.Exec(ctx, `VACUUM (ANALYZE)`)
	return err
}

const tablesSQL = `
SELECT regexp_replace(relname, '_[0-9]{8}$', '') AS name, sum(greatest(reltuples, 0))::bigint,
    sum(pg_table_size(oid))::bigint, sum(pg_indexes_size(oid))::bigint
FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
GROUP BY name
HAVING sum(pg_total_relation_size(oid)) > 1000000
ORDER BY sum(pg_total_relation_size(oid)) DESC`

// tables says where the bytes are; SQLite does not say.
func (d *database) tables(ctx context.Context, spans int) ([]report.Table, error) {
	if d.conn == nil {
		return nil, nil
	}
	rows, err := d.conn.Query(ctx, tablesSQL)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t report.Table, err error) {
		var heap, indexes int64
		err = row.Scan(&t.Name, &t.Rows, &heap, &indexes)
		t.Heap, t.Indexes = float64(heap)/float64(spans), float64(indexes)/float64(spans)
		return t, err
	})
}
