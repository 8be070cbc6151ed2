package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// The layout of a new file, in the order in which SQLite takes them: the first
// two do nothing to a file that has pages already. Pages of 8 KB cost 6 % less
// time to fill, but 9 % more disk: most segments take more than half a page,
// so that only one fits on it.
const (
	pageSize      = `PRAGMA page_size = 4096`
	autoVacuum    = `PRAGMA auto_vacuum = INCREMENTAL`
	writeAheadLog = `PRAGMA journal_mode = WAL`
)

// Migrate brings the file at path to the newest schema, and creates it where
// there is none. Several processes may do so at once.
func Migrate(ctx context.Context, path string) error {
	file, err := prepareFile(path)
	if err != nil {
		return err
	}
	return migrate(ctx, file)
}

// migrate starts again when another process was in its way: some steps, such as
// the change to a write-ahead log, are refused at once then, without a wait.
func migrate(ctx context.Context, file string) error {
	err := retryBusy(ctx, func() error { return migrateOnce(ctx, file) })
	return mapError(ctx, "migrate "+file, err)
}

func migrateOnce(ctx context.Context, file string) (err error) {
	connector, err := newConnector(file, writing)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, pragma := range []string{pageSize, autoVacuum, writeAheadLog} {
		if _, err := db.ExecContext(ctx, pragma); err != nil {
			return err
		}
	}
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, folder)
	if err != nil {
		return err
	}
	return up(ctx, provider)
}

// up applies what is missing. Goose looks at what is missing before it has any
// lock, so another process may be first, and the same migration fails here: as
// long as the file moves on, somebody got somewhere, and the rest is tried
// again.
func up(ctx context.Context, provider *goose.Provider) error {
	for {
		before, err := version(ctx, provider)
		if err == nil {
			_, err = provider.Up(ctx)
		}
		if err == nil {
			return nil
		}
		if after, versionErr := version(ctx, provider); versionErr != nil || after <= before {
			return err
		}
	}
}

// version returns the file's schema version, -1 when it cannot be told: when
// another process makes goose's own table at this moment.
func version(ctx context.Context, provider *goose.Provider) (int64, error) {
	v, err := provider.GetDBVersion(ctx)
	if err != nil {
		return -1, err
	}
	return v, nil
}
