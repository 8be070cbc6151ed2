package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/agenttrace/agenttrace/internal/repo"
)

var _ repo.Inspector = (*Store)(nil)

const (
	inspectFile = `
SELECT sqlite_version(),
	(SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied),
	(SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)`

	selectHeldLeases = `SELECT name, holder, term, until_ns FROM leases WHERE until_ns > ? ORDER BY name`
)

// Inspect looks into the file's head and small tables. The write-ahead log is not
// counted: it goes back into the file.
func (s *Store) Inspect(ctx context.Context) (repo.Inspection, error) {
	var in repo.Inspection
	err := s.readSnapshot(ctx, "inspect the database", func(tx *sql.Tx) (err error) {
		if err := tx.QueryRowContext(ctx, inspectFile).Scan(&in.Version, &in.Schema, &in.Bytes); err != nil {
			return err
		}
		if in.KnownSchema, err = newestMigration(migrations); err != nil {
			return err
		}
		in.Leases, err = heldLeases(ctx, tx, s.now().UnixNano())
		return err
	})
	if err != nil {
		return repo.Inspection{}, err
	}
	in.FreeBytes, in.TotalBytes = diskSpace(s.file)
	return in, nil
}

func heldLeases(ctx context.Context, tx *sql.Tx, now int64) ([]repo.HeldLease, error) {
	rows, err := tx.QueryContext(ctx, selectHeldLeases, now)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var held []repo.HeldLease
	for rows.Next() {
		var l repo.HeldLease
		var until int64
		if err := rows.Scan(&l.Name, &l.Holder, &l.Term, &until); err != nil {
			return nil, err
		}
		l.Until = time.Unix(0, until)
		held = append(held, l)
	}
	return held, rows.Err()
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
