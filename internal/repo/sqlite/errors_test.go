package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"testing"

	"github.com/agenttrace/agenttrace/internal/repo"
)

func TestErrorsOfSQLiteGetTheMeaningOfTheLaw(t *testing.T) {
	store := openTestStore(t)
	for _, c := range []struct {
		name string
		sql  string
		want error
	}{
		{"constraint", `INSERT INTO consumers (name, cursor, saved_ns) VALUES (NULL, '', 0)`, repo.ErrRefused},
		{"mismatch", `INSERT INTO consumers (name, cursor, saved_ns) VALUES ('a', '', 'text')`, repo.ErrRefused},
		{"too big", `INSERT INTO consumers (name, cursor, saved_ns) VALUES ('a', zeroblob(2000000000), 0)`, repo.ErrRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := mapError(t.Context(), "try", store.writer.transaction(t.Context(), func(tx *tx) error { return tx.exec(c.sql) }))
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAFullDiskIsUnavailableAndUndone(t *testing.T) {
	store := openTestStore(t)
	full := func(tx *tx) error {
		if err := tx.exec(`PRAGMA max_page_count = 1`); err != nil { // rounds up to what there is
			return err
		}
		if err := tx.exec(`INSERT INTO consumers (name, cursor, saved_ns) VALUES ('small', '', 0)`); err != nil {
			return err
		}
		return tx.exec(`INSERT INTO consumers (name, cursor, saved_ns) VALUES ('big', hex(zeroblob(1000000)), 0)`)
	}
	err := mapError(t.Context(), "fill", store.writer.transaction(t.Context(), full))
	if !errors.Is(err, repo.ErrUnavailable) {
		t.Fatalf("got %v, want %v", err, repo.ErrUnavailable)
	}
	var n int
	err = store.read(t.Context(), "count", func(db *sql.DB) error {
		return db.QueryRowContext(t.Context(), `SELECT count(*) FROM consumers`).Scan(&n)
	})
	if err != nil || n != 0 {
		t.Errorf("%d rows are left of a failed transaction, %v", n, err)
	}
}

func TestAMissingDirectoryIsUnavailable(t *testing.T) {
	connector, err := newConnector(filepath.Join(t.TempDir(), "missing", "agenttrace.db"), writing)
	if err != nil {
		t.Fatal(err)
	}
	err = newWriter(connector).transaction(t.Context(), func(*tx) error { return nil })
	if err = mapError(t.Context(), "try", err); !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("got %v, want %v", err, repo.ErrUnavailable)
	}
}

func TestWriteWaitsForALockUntilItsContextEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	var stores [2]*Store
	for i := range stores {
		store, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		stores[i] = store
	}
	save := func(ctx context.Context) error { return stores[1].SaveCursor(ctx, "consumer", "1") }
	waited := make(chan error, 1)
	err := stores[0].writer.transaction(t.Context(), func(*tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 1)
		defer cancel()
		<-ctx.Done()
		if err := save(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		go func() { waited <- save(t.Context()) }()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Errorf("the lock was free again, but: %v", err)
	}
}

func TestCommitsReachTheDisk(t *testing.T) {
	store := openTestStore(t)
	for pragma, want := range map[string]any{"synchronous": int64(2), "journal_mode": "wal"} { // 2 is FULL
		var got any
		err := store.writer.transaction(t.Context(), func(tx *tx) error {
			return tx.query(func(values []driver.Value) error {
				got = values[0]
				return nil
			}, "PRAGMA "+pragma)
		})
		if err != nil || got != want {
			t.Errorf("%s is %v, want %v; %v", pragma, got, want, err)
		}
	}
}

func TestAPanicLeavesTheWriterUsable(t *testing.T) {
	store := openTestStore(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = store.writer.transaction(t.Context(), func(*tx) error { panic("test") })
	}()
	if err := store.SaveCursor(t.Context(), "consumer", "1"); err != nil {
		t.Error(err)
	}
}
