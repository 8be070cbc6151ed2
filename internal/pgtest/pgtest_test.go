package pgtest_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/pgtest"
)

func TestDatabasesAreEmptyAndApart(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{pgtest.Database(t), pgtest.Database(t)} {
		conn := connect(t, dsn)
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (n int)"); err != nil {
			t.Errorf("a table of another test is in the way: %v", err)
		}
	}
}

func TestCopiesOfATemplateHaveWhatWasPreparedAndAreApart(t *testing.T) {
	t.Parallel()
	times := 0
	template := pgtest.NewTemplate(func(ctx context.Context, dsn string) error {
		times++
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, "CREATE TABLE prepared AS SELECT 42 AS n")
		return errors.Join(err, conn.Close(ctx))
	})
	for _, dsn := range []string{template.Database(t), template.Database(t)} {
		var n int
		if err := connect(t, dsn).QueryRow(t.Context(), "DELETE FROM prepared RETURNING n").Scan(&n); err != nil || n != 42 {
			t.Errorf("a copy has n = %d, %v; want 42", n, err)
		}
	}
	if own := os.Getenv(pgtest.URLVariable) == ""; own && times != 1 {
		t.Errorf("prepared %d times, want once", times)
	}
}

func TestClusterComesBackAfterKillWithWhatWasCommitted(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	dsn := cluster.DSN("postgres")
	conn := connect(t, dsn)
	if _, err := conn.Exec(t.Context(), "CREATE TABLE kept AS SELECT 42 AS n"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := cluster.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cluster.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var n int
	if err := connect(t, dsn).QueryRow(t.Context(), "SELECT n FROM kept").Scan(&n); err != nil || n != 42 {
		t.Errorf("after three crashes: n = %d, %v; want 42", n, err)
	}
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	// Ending the connection of a killed server fails, and need not succeed.
	t.Cleanup(func() { _ = conn.PgConn().Conn().Close() })
	return conn
}
