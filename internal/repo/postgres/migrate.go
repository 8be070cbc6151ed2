package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrationsTable is where goose remembers what it has done.
const migrationsTable = "agenttrace_migrations"

// Migrate brings the schema of a database up to date. Several processes may do
// so at once: they wait for each other.
func Migrate(ctx context.Context, dsn string) error {
	err := migrate(ctx, dsn)
	return mapError(ctx, "migrate the database", err)
}

func migrate(ctx context.Context, dsn string) (err error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := migrationsOf(db)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

func migrationsOf(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName(migrationsTable), goose.WithSessionLocker(sessionLocker{}))
}

// sessionLocker lets one process migrate at a time. Goose's own polls for the
// lock every few seconds; PostgreSQL can wait by itself.
type sessionLocker struct{}

var _ lock.SessionLocker = sessionLocker{}

func (sessionLocker) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1, $2)`, lockSpace, migrationLock)
	return err
}

func (sessionLocker) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	var held bool
	err := conn.QueryRowContext(ctx, `SELECT pg_advisory_unlock($1, $2)`, lockSpace, migrationLock).Scan(&held)
	if err == nil && !held {
		return fmt.Errorf("the lock of the migration was lost")
	}
	return err
}

// Advisory locks have two numbers. The first is ours, the second says what is
// locked: a day since 1970 for its partitions, or one of these.
const (
	lockSpace     = 0x6174_7263 // "atrc"
	migrationLock = -1
	dropLock      = -2
)
