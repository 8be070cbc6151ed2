package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/agenttrace/agenttrace/bench/floor"
	"github.com/agenttrace/agenttrace/bench/proc"
	"github.com/agenttrace/agenttrace/bench/report"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
	"github.com/agenttrace/agenttrace/internal/repo/sqlite"
)

// measureFloor records what the server says to PostgreSQL while it stores the
// load, and measures that alone; then the same rows by COPY. SQLite has its floor
// behind its load, whose rows it needs.
func (b *bench) measureFloor(ctx context.Context, store *backend) (err error) {
	if store.cluster == nil {
		return nil
	}
	db, err := store.create(ctx, "floor")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.drop(ctx)) }()
	dir, err := os.MkdirTemp(b.dir, "floor-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	recordings, rows, err := b.record(ctx, db, dir)
	if err != nil {
		return err
	}
	dumps, err := floor.DumpTables(ctx, db.conn, rows, dir)
	if err != nil {
		return err
	}
	defer func() {
		for _, d := range dumps {
			err = errors.Join(err, d.Close())
		}
	}()

	socketDir, err := socketOf(db.url)
	if err != nil {
		return err
	}
	var transactions int
	bare := report.Column{Store: store.name, Way: report.Floor}
	err = b.measureBare(ctx, db, rows, &bare, func() (err error) {
		transactions, err = floor.Replay(ctx, socketDir, recordings)
		return err
	})
	if err != nil {
		return err
	}
	bare.SpansPerCommit = float64(b.load.Spans) / float64(transactions)
	copied := report.Column{Store: store.name, Way: report.Copy, SpansPerCommit: bare.SpansPerCommit}
	err = b.measureBare(ctx, db, rows, &copied, func() error {
		return floor.Copy(ctx, db.url, dumps, transactions, len(recordings))
	})
	b.found.Columns = append(b.found.Columns, bare, copied)
	return err
}

// record stores the load through a recorder, and returns what was recorded and
// the tables that it filled.
func (b *bench) record(ctx context.Context, db *database, dir string) (recordings []string, rows floor.Counts, err error) {
	socketDir, err := socketOf(db.url)
	if err != nil {
		return nil, nil, err
	}
	if err := postgres.Migrate(ctx, db.url); err != nil {
		return nil, nil, err
	}
	before, err := floor.Count(ctx, db.conn)
	if err != nil {
		return nil, nil, err
	}
	recorder, err := floor.Record(dir, socketDir)
	if err != nil {
		return nil, nil, err
	}
	through := *db
	if through.url, err = withSocket(db.url, dir); err != nil {
		return nil, nil, err
	}
	var recorded report.Column // its figures are those of a server with a recorder
	if err := b.storeLoad(ctx, &through, b.load, &recorded); err != nil {
		return nil, nil, err
	}
	if recordings, err = recorder.Stop(); err != nil {
		return nil, nil, err
	}
	if rows, err = floor.Count(ctx, db.conn); err != nil {
		return nil, nil, err
	}
	rows = rows.Grown(before)
	recordings, err = floor.Writers(recordings, rows)
	return recordings, rows, err
}

// measureBare empties the tables, does what fills them again, measures it, and
// looks whether they have all their rows.
func (b *bench) measureBare(ctx context.Context, db *database, rows floor.Counts, c *report.Column, do func() error) error {
	if err := rows.Empty(ctx, db.conn); err != nil {
		return err
	}
	if _, err := db.conn.Exec(ctx, `CHECKPOINT`); err != nil {
		return err
	}
	wal, err := db.wal(ctx)
	if err != nil {
		return err
	}
	began, own, stored := time.Now(), proc.OwnCPU(), db.cpu()
	if err := do(); err != nil {
		return err
	}
	spans := b.load.Spans
	c.SpansPerSecond = float64(spans) / time.Since(began).Seconds()
	c.ServerCPU = report.PerMillion(proc.OwnCPU()-own, spans)
	c.DatabaseCPU = report.PerMillion(db.cpu()-stored, spans)
	logged, err := db.wal(ctx)
	if err != nil {
		return err
	}
	disk, err := db.disk(ctx)
	if err != nil {
		return err
	}
	c.WAL, c.Disk = float64(logged-wal)/float64(spans), float64(disk)/float64(spans)
	return rows.Check(ctx, db.conn)
}

// measureSQLiteFloor inserts the rows of a database into another one.
func (b *bench) measureSQLiteFloor(ctx context.Context, from *database, ours report.Column) (err error) {
	to := &database{path: filepath.Join(b.dir, "floor.db")}
	store, err := sqlite.Open(ctx, to.path, sqlite.Options{})
	if err != nil {
		return err
	}
	if err := store.Close(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.drop(ctx)) }()
	commits, err := from.commits(ctx)
	if err != nil {
		return err
	}
	cost, err := floor.SQLite(ctx, from.path, to.path, int(commits))
	if err != nil {
		return err
	}
	disk, err := to.disk(ctx)
	if err != nil {
		return err
	}
	spans := b.load.Spans
	b.found.Columns = append(b.found.Columns, report.Column{
		Store: ours.Store, Way: report.Floor,
		SpansPerSecond: float64(spans) / cost.Took.Seconds(),
		ServerCPU:      report.PerMillion(cost.CPU, spans),
		SpansPerCommit: ours.SpansPerCommit,
		Disk:           float64(disk) / float64(spans),
	})
	return nil
}

// socketOf returns the directory of the socket in an address of PostgreSQL.
func socketOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	return u.Query().Get("host"), nil
}

// withSocket returns the address with another directory.
func withSocket(address, dir string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	query := u.Query()
	query.Set("host", dir)
	u.RawQuery = query.Encode()
	return u.String(), nil
}
