package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/agenttrace/agenttrace/internal/config"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
	"github.com/agenttrace/agenttrace/internal/repo/sqlite"
)

// settlingConns are what settling needs beside the shards: one for what it stores,
// one for its lease, which must not wait behind batches of spans.
const settlingConns = 2

// openStore opens the database that c names and brings its schema up to
// date, unless it says not to. Shards is how many writes there will be at once.
func openStore(ctx context.Context, c *config.Config, shards int, now func() time.Time) (repo.Store, error) {
	var store repo.Store
	var err error
	switch c.Store.Kind {
	case config.Postgres:
		store, err = postgres.Open(ctx, string(c.Store.DSN), postgres.Options{
			SkipMigrations:   c.SkipMigrations,
			WriteConns:       cmp.Or(c.WriteConnections, shards+settlingConns),
			ReadConns:        c.ReadConnections,
			StatementTimeout: time.Duration(c.StatementTimeout),
			Now:              now,
		})
	default:
		store, err = sqlite.Open(ctx, c.Store.Path, sqlite.Options{
			SkipMigrations: c.SkipMigrations,
			Readers:        c.ReadConnections,
			Now:            now,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", c.Store, err)
	}
	return store, nil
}

// newFile returns the file of an SQLite database that is not there yet. Where a
// database was expected, the server was started in another directory: the whole
// path tells.
func newFile(store config.Store) (path string, isNew bool) {
	if store.Kind != config.SQLite {
		return "", false
	}
	if _, err := os.Stat(store.Path); !errors.Is(err, fs.ErrNotExist) {
		return "", false
	}
	path, err := filepath.Abs(store.Path)
	if err != nil { // there is no working directory; the path given is what there is
		path = store.Path
	}
	return path, true
}

// migrate is the command of that name: for those who deploy the schema before
// the servers, or whose servers reach the database through a pooler.
func migrate(ctx context.Context, c *config.Config, stdout io.Writer) error {
	var err error
	switch c.Store.Kind {
	case config.Postgres:
		err = postgres.Migrate(ctx, string(c.Store.DSN))
	default:
		err = sqlite.Migrate(ctx, c.Store.Path)
	}
	if err != nil {
		return fmt.Errorf("migrate %s: %w", c.Store, err)
	}
	fmt.Fprintf(stdout, "The schema of %s is up to date.\n", c.Store)
	return nil
}
