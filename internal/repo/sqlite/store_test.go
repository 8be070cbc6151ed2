package sqlite_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/repotest"
	"github.com/agenttrace/agenttrace/internal/repo/sqlite"
)

func TestStoreKeepsTheLaw(t *testing.T) { repotest.Run(t, newDatabase) }

// Other laws have few runs, which are looked through.
func TestRunsAreFoundByTheirIndexes(t *testing.T) {
	repotest.RunRuns(t, func(t *testing.T) repotest.Opener {
		path := filepath.Join(t.TempDir(), "agenttrace.db")
		return func(t *testing.T) repo.Store {
			store := open(t, path)
			store.LookRunsUp()
			return store
		}
	})
}

func TestQueriesFindWhatTheLanguageSays(t *testing.T) { repotest.RunQueries(t, newDatabase) }

func newDatabase(t *testing.T) repotest.Opener {
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	return func(t *testing.T) repo.Store { return open(t, path) }
}

// open opens a store that the caller closes.
func open(tb testing.TB, path string) *sqlite.Store {
	tb.Helper()
	store, err := sqlite.Open(tb.Context(), path, sqlite.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return store
}

// openStore opens a new store that is closed when the test ends.
func openStore(tb testing.TB) *sqlite.Store {
	tb.Helper()
	store := open(tb, filepath.Join(tb.TempDir(), "agenttrace.db"))
	tb.Cleanup(func() {
		if err := store.Close(); err != nil {
			tb.Error(err)
		}
	})
	return store
}

func TestOpenMakesWhatOnlyTheOwnerCanRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(dir, "agenttrace.db")
	store := open(t, path)
	mustWrite(t, store, record(1, 1, 1))
	for name, want := range map[string]fs.FileMode{dir: 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenTakesAnyFileName(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain", "two words", "100%.db", "what?mode=memory", "a#b", "a&b=c;d", "ä"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name)
			store := open(t, path)
			mustWrite(t, store, record(1, 1, 1))
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Size() == 0 {
				t.Fatalf("nothing was written to the file: %v", err)
			}
		})
	}
}

func TestOpenRefusesAStoreInMemory(t *testing.T) {
	for _, path := range []string{"", ":memory:", "file::memory:?cache=shared"} {
		if _, err := sqlite.Open(t.Context(), path, sqlite.Options{}); err == nil {
			t.Errorf("%q was opened", path)
		}
	}
}

func TestOpenByManyAtOnceMigratesOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	var all sync.WaitGroup
	for i := range uint64(6) {
		all.Go(func() {
			store, err := sqlite.Open(t.Context(), path, sqlite.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := store.Write(t.Context(), []model.Record{record(i+1, 1, 1)}); err != nil {
				t.Error(err)
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	store := open(t, path)
	defer store.Close()
	traces, err := store.Traces(t.Context(), project, repo.TraceQuery{Limit: 10})
	if err != nil || len(traces) != 6 {
		t.Errorf("got %d traces, want 6; %v", len(traces), err)
	}
}

func TestOpenReportsAPathThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("this is no database, but long enough to be taken for one at first sight: "+
		"SQLite looks at the first hundred bytes of a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below a file")} {
		if _, err := sqlite.Open(t.Context(), path, sqlite.Options{}); err == nil {
			t.Errorf("%q was opened", path)
		}
	}
}

func TestOpenWithoutMigrationsNeedsASchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{SkipMigrations: true}); err == nil {
		t.Fatal("a file without tables was opened")
	}
	if err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), path, sqlite.Options{SkipMigrations: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCloseEmptiesTheLogAndLeavesNothingRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	store := open(t, path)
	mustWrite(t, store, record(1, 1, 1))
	for range 2 { // closing again changes nothing
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log is still there: %v", err)
	}
}

func TestViewsShowIdsAndTimesAsPeopleReadThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	store := open(t, path)
	s := record(0xab, 0xfedcba9876543210, 1_700_000_000_000_000_042)
	s.Span.EndNano += 1_500_000
	s.Span.Type, s.Span.Failed, s.Span.Model = model.TypeLLM, true, "m"
	mustWrite(t, store, s)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, view := range []string{"agenttrace_spans", "agenttrace_traces"} {
		var traceID, start, end, kind string
		var milliseconds float64
		var failed bool
		err := db.QueryRowContext(t.Context(), `SELECT trace_id, start_time, end_time, duration_ms, type, failed FROM `+view).
			Scan(&traceID, &start, &end, &milliseconds, &kind, &failed)
		if err != nil {
			t.Fatalf("%s: %v", view, err)
		}
		if traceID != s.Span.TraceID.String() || start != "2023-11-14T22:13:20.000000042Z" || end != "2023-11-14T22:13:20.001500042Z" ||
			milliseconds != 1.5 || kind != "LLM" || !failed {
			t.Errorf("%s: got %s %s %s %g %s %t", view, traceID, start, end, milliseconds, kind, failed)
		}
	}
	var spanID string
	if err := db.QueryRowContext(t.Context(), `SELECT span_id FROM agenttrace_spans`).Scan(&spanID); err != nil || spanID != "fedcba9876543210" {
		t.Errorf("got span id %s, %v", spanID, err)
	}
}
