package postgres_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// enter begins a transaction that has an entry in the change log, as a writer
// that is slow to commit has.
func enter(t *testing.T, conn *pgx.Conn, project string) {
	t.Helper()
	exec(t, conn, `BEGIN`)
	exec(t, conn, `INSERT INTO change_log (part, project, spans, earliest_ns, latest_ns, written_ns, trace_ids)
		VALUES (0, $1, 1, $2, $2, $2, '{}')`, project, noon(100))
}

// projects follows a cursor to the end of the log, by pages of two.
func projects(t *testing.T, store *postgres.Store, after repo.Cursor) ([]string, repo.Cursor) {
	t.Helper()
	var all []string
	for {
		changes, next, err := store.Changes(t.Context(), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			all = append(all, c.Project)
		}
		if after = next; len(changes) == 0 {
			return all, after
		}
	}
}

func writeAs(t *testing.T, store *postgres.Store, project string, trace byte) {
	t.Helper()
	s := span(trace, 1, noon(0))
	s.Project = project
	write(t, store, records(s))
}

func TestFeedFindsSlowTransactionsAndNoneThatWereRolledBack(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	store := opened(t, dsn, postgres.Options{})
	slow, undone := connect(t, dsn), connect(t, dsn)
	start, err := store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	enter(t, slow, "slow")
	enter(t, undone, "undone")
	for trace := range byte(5) {
		writeAs(t, store, "fast", trace)
	}
	got, cursor := projects(t, store, start)
	if want := slices.Repeat([]string{"fast"}, 5); !slices.Equal(got, want) {
		t.Errorf("beside open transactions: %v, want %v", got, want)
	}
	exec(t, undone, `ROLLBACK`)
	exec(t, slow, `COMMIT`)
	writeAs(t, store, "later", 1)
	got, cursor = projects(t, store, cursor)
	if want := []string{"slow", "later"}; !slices.Equal(got, want) {
		t.Errorf("after their end: %v, want %v", got, want)
	}
	if got, _ := projects(t, store, cursor); len(got) != 0 {
		t.Errorf("read twice: %v", got)
	}
	got, _ = projects(t, store, start)
	if want := []string{"slow", "fast", "fast", "fast", "fast", "fast", "later"}; !slices.Equal(got, want) {
		t.Errorf("from the start again: %v, want %v", got, want)
	}
}

// TestTrimExpiresOnlyCursorsThatMissSomething trims an entry that a cursor has
// passed while an older transaction is running, which that cursor has not.
func TestTrimExpiresOnlyCursorsThatMissSomething(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	clock := noon(0)
	store := opened(t, dsn, postgres.Options{Now: func() time.Time { return time.Unix(0, clock) }})
	before, err := store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slow := connect(t, dsn)
	enter(t, slow, "slow")
	writeAs(t, store, "old", 1)
	_, paging, err := store.Changes(t.Context(), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	behind, err := store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Drop(t.Context(), noon(1)); err != nil {
		t.Fatal(err)
	}
	exec(t, slow, `COMMIT`)
	for name, cursor := range map[string]repo.Cursor{"behind": behind, "zero": ""} {
		if got, _ := projects(t, store, cursor); !slices.Equal(got, []string{"slow"}) {
			t.Errorf("%s: %v, want the slow transaction", name, got)
		}
	}
	for name, cursor := range map[string]repo.Cursor{"before": before, "in the middle of pages": paging} {
		if changes, _, err := store.Changes(t.Context(), cursor, 10); !errors.Is(err, repo.ErrCursorExpired) {
			t.Errorf("%s: %v, %v; want ErrCursorExpired", name, changes, err)
		}
	}
}

func TestCursorsThatAreNotOfThisDatabaseAreExpired(t *testing.T) {
	t.Parallel()
	store := opened(t, migrated.Database(t), postgres.Options{})
	for _, cursor := range []repo.Cursor{
		"17", "x", "1:2", "1:2:3:4", "a:b:", "1:2:x", "1:2:,", "5:6: 5:6:", "5:6: 5:6: 1 2 x", "5:6: ! 1 2 3", "-1:6:", "1:1:0",
		"5:4:", "3:9:2", "3:9:9", "3:9:6,5",
		"900000000000000:900000000000001:", // of a database with more transactions
	} {
		if _, _, err := store.Changes(t.Context(), cursor, 10); !errors.Is(err, repo.ErrCursorExpired) {
			t.Errorf("cursor %q: %v, want ErrCursorExpired", cursor, err)
		}
	}
}

func TestLargeWriteIsSeveralChanges(t *testing.T) {
	t.Parallel()
	store := opened(t, migrated.Database(t), postgres.Options{})
	batch := records()
	for i := range 2500 {
		s := span(0, 1, noon(0)+int64(i))
		s.TraceID = [16]byte{1: byte(i >> 8), 2: byte(i)}
		s.TraceID[15] = 1
		batch = append(batch, records(s)...)
	}
	write(t, store, batch)
	changes, _, err := store.Changes(t.Context(), "", 100)
	if err != nil || len(changes) != 3 {
		t.Fatalf("%d changes, %v; want 3", len(changes), err)
	}
	spans, first, last := 0, changes[0].Earliest, changes[2].Latest
	for _, c := range changes {
		spans += c.Spans
		if c.Spans != len(c.TraceIDs) {
			t.Errorf("a change has %d spans of %d traces", c.Spans, len(c.TraceIDs))
		}
	}
	if spans != 2500 || first != noon(0) || last != noon(0)+2499 {
		t.Errorf("together: %d spans from %d to %d", spans, first, last)
	}
}
