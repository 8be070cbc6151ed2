package floor_test

import (
	"context"
	"database/sql"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/bench/floor"
	"github.com/agenttrace/agenttrace/bench/load"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
	"github.com/agenttrace/agenttrace/internal/repo/sqlite"
)

// fill writes some requests to a store from two goroutines.
func fill(t *testing.T, store repo.Writer) *load.Load {
	t.Helper()
	l, err := load.New(load.Options{Seed: 1, Spans: 1500, Batch: 200, First: time.Date(2026, 5, 4, 20, 0, 0, 0, time.UTC), Range: 8 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	write := func(n int) {
		err := l.Send(n, func(_, message []byte) error {
			request, err := otlp.Parse("default", message, otlp.Limits{})
			if err != nil {
				return err
			}
			_, err = store.Write(t.Context(), request.Records)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	for first := range 2 {
		wg.Go(func() {
			for n := first; n < l.Requests; n += 2 {
				write(n)
			}
		})
	}
	wg.Wait()
	return l
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// through returns dsn with another directory for the socket, and the one that it
// had.
func through(t *testing.T, dsn, dir string) (changed, socketDir string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	socketDir = query.Get("host")
	query.Set("host", dir)
	u.RawQuery = query.Encode()
	return u.String(), socketDir
}

// rows returns all rows of tables as text, without the numbers of transactions.
func rows(t *testing.T, conn *pgx.Conn, tables floor.Counts) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for name := range tables {
		found, err := conn.Query(t.Context(), `SELECT (to_jsonb(t) - 'write_id' - 'x')::text FROM `+pgx.Identifier{name}.Sanitize()+` AS t ORDER BY 1`)
		if err != nil {
			t.Fatal(err)
		}
		if all[name], err = pgx.CollectRows(found, pgx.RowTo[string]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func same(t *testing.T, how string, got, want map[string][]string) {
	t.Helper()
	for name := range want {
		if !slices.Equal(got[name], want[name]) {
			t.Errorf("%s: %s has %d rows, had %d, or other ones", how, name, len(got[name]), len(want[name]))
			for i := range min(len(got[name]), len(want[name])) {
				if got[name][i] != want[name][i] {
					t.Logf("first difference:\n%s\n%s", got[name][i], want[name][i])
					break
				}
			}
		}
	}
}

// TestPostgres has a server of its own, since recording needs to know its socket.
func TestPostgres(t *testing.T) {
	cluster := pgtest.Start(t)
	t.Run("the floor has the same rows", func(t *testing.T) { sameRows(t, cluster.DSN("postgres")) })
	t.Run("what PostgreSQL refuses ends a replay", func(t *testing.T) { refused(t, cluster.DSN("postgres")) })
}

// sameRows records what the store says, says it again to the emptied tables,
// copies the rows as well, and compares the tables.
func sameRows(t *testing.T, dsn string) {
	ctx := t.Context()
	dir := t.TempDir()
	recorded, socketDir := through(t, dsn, dir)
	conn := connect(t, dsn)
	if err := postgres.Migrate(ctx, dsn); err != nil {
		t.Fatal(err)
	}
	before, err := floor.Count(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := floor.Record(dir, socketDir)
	if err != nil {
		t.Fatal(err)
	}
	store, err := postgres.Open(ctx, recorded, postgres.Options{SkipMigrations: true})
	if err != nil {
		t.Fatal(err)
	}
	sent := fill(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	recordings, err := recorder.Stop()
	if err != nil {
		t.Fatal(err)
	}
	after, err := floor.Count(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	grown := after.Grown(before)
	if grown["spans"] != int64(sent.Spans) || grown["open_segments"] == 0 || grown["traces"] == 0 {
		t.Fatalf("recorded %v of %d spans", grown, sent.Spans)
	}
	writers, err := floor.Writers(recordings, grown)
	if err != nil || len(writers) == 0 || len(writers) == len(recordings) {
		t.Fatalf("%d of %d connections wrote: %v", len(writers), len(recordings), err)
	}
	want := rows(t, conn, grown)
	dumps, err := floor.DumpTables(ctx, conn, grown, dir)
	if err != nil {
		t.Fatal(err)
	}

	empty := func() {
		if err := grown.Empty(ctx, conn); err != nil {
			t.Fatal(err)
		}
		if err := grown.Check(ctx, conn); err == nil {
			t.Fatal("emptied tables pass for full ones")
		}
	}
	empty()
	transactions, err := floor.Replay(ctx, socketDir, writers)
	if err != nil {
		t.Fatal(err)
	}
	if transactions != sent.Requests {
		t.Errorf("%d transactions were said again, want %d", transactions, sent.Requests)
	}
	if err := grown.Check(ctx, conn); err != nil {
		t.Error(err)
	}
	same(t, "replay", rows(t, conn, grown), want)

	empty()
	if err := floor.Copy(ctx, dsn, dumps, 7, 2); err != nil {
		t.Fatal(err)
	}
	same(t, "copy", rows(t, conn, grown), want)
	for _, d := range dumps {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func refused(t *testing.T, dsn string) {
	dir := t.TempDir()
	dsn, socketDir := through(t, dsn, dir)
	recorder, err := floor.Record(dir, socketDir)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`CREATE TABLE once (n int)`, `INSERT INTO once VALUES (1)`} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	recordings, err := recorder.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := floor.Replay(t.Context(), socketDir, recordings); err == nil || !strings.Contains(err.Error(), "42P07") {
		t.Errorf("making a table twice: %v", err)
	}
}

func TestSQLiteFloorHasTheSameRows(t *testing.T) {
	ctx := t.Context()
	source, target := filepath.Join(t.TempDir(), "a.db"), filepath.Join(t.TempDir(), "b.db")
	for _, path := range []string{source, target} {
		store, err := sqlite.Open(ctx, path, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if path == source {
			fill(t, store)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cost, err := floor.SQLite(ctx, source, target, 5)
	if err != nil || cost.Took <= 0 || cost.CPU <= 0 {
		t.Fatal(cost, err)
	}
	db, err := sql.Open("sqlite", "file:"+target)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `ATTACH ? AS source`, source); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"spans", "segments", "traces", "change_log"} {
		var all, differ int
		err := db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM source.`+name+`), (SELECT count(*) FROM (
			SELECT * FROM source.`+name+` EXCEPT SELECT * FROM main.`+name+`))`).Scan(&all, &differ)
		if err != nil {
			t.Fatal(err)
		}
		if all == 0 || differ > 0 {
			t.Errorf("%s: %d of %d rows are missing or differ", name, differ, all)
		}
	}
}
