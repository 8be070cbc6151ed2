package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func openTestStore(t *testing.T) *Store {
	t.Helper()
	store, err := Open(t.Context(), filepath.Join(t.TempDir(), "agenttrace.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// explain returns the lines of a query plan that say how page is found. What
// follows only sorts the page itself.
func explain(t *testing.T, s *Store, query string, args []any) string {
	t.Helper()
	var lines []string
	err := s.read(t.Context(), "explain", func(db *sql.DB) error {
		return readRows(t.Context(), db, "EXPLAIN QUERY PLAN "+query, args, func(r *row) error {
			r.next = len(r.values) - 1
			lines = append(lines, r.text())
			return r.err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(lines, "\n")
	page, _, found := strings.Cut(plan, "SCAN page")
	if !found || !strings.HasPrefix(page, "MATERIALIZE page") {
		t.Fatalf("the page is not found first:\n%s", plan)
	}
	return page
}

func TestTraceListsWalkAnIndexInTheirOrder(t *testing.T) {
	store := openTestStore(t)
	week := model.TimeRange{Start: 1, End: 7 * model.NanosPerDay}
	after := &repo.TraceCursor{Key: model.NanosPerDay, TraceID: model.TraceID{1}}
	for _, c := range []struct {
		name  string
		query repo.TraceQuery
		index string
		want  string
	}{
		{"newest", repo.TraceQuery{}, `traces_start`, `traces_start (project=?)`},
		{"newest after", repo.TraceQuery{After: after}, `traces_start`, `traces_start (project=? AND (start_ns,trace_id)<(?,?))`},
		{"newest of a week", repo.TraceQuery{Start: week}, `traces_start`, `traces_start (project=? AND start_ns>? AND start_ns<?)`},
		{"longest", repo.TraceQuery{Order: repo.LongestFirst}, `traces_duration`, `traces_duration (project=?)`},
		{"longest after", repo.TraceQuery{Order: repo.LongestFirst, After: after}, `traces_duration`, `traces_duration (project=? AND (duration_ns,trace_id)<(?,?))`},
		{"longest of a week", repo.TraceQuery{Order: repo.LongestFirst, Start: week}, `traces_duration`, `traces_duration (project=?)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := traceLister{project: "default", q: c.query}
			conditions := l.conditions()
			plan := explain(t, store, tracePage(c.index, conditions, c.query.Order), append(conditions.args, 10))
			if !strings.Contains(plan, c.want) || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("want %s without a sort, got:\n%s", c.want, plan)
			}
		})
	}
}

func TestIdentityIsLookedUpByIndex(t *testing.T) {
	store := openTestStore(t)
	ids := identityTerms(model.Identity{RunID: "r", SessionID: "s", UserID: "u", WorkflowID: "w", TeamID: "t", AgentID: "a"})
	if len(ids) != 6 {
		t.Fatalf("%d terms, want 6", len(ids))
	}
	for _, id := range ids {
		t.Run(id.index, func(t *testing.T) {
			l := traceLister{project: "default"}
			c := l.conditions()
			addOtherIdentities(&c, "default", []identityTerm{id})
			plan := explain(t, store, tracePage(`traces_start`, c, repo.NewestFirst), append(c.args, 10))
			if !strings.Contains(plan, "spans_identity (project=? AND trace_id=?)") {
				t.Errorf("the spans of a trace are not looked up by its id:\n%s", plan)
			}
		})
	}
}

func TestSpanListsWalkAnIndexInTheirOrder(t *testing.T) {
	store := openTestStore(t)
	failed := true
	after := &repo.SpanCursor{StartNano: 5, TraceID: model.TraceID{1}, SpanID: model.SpanID{2}}
	for _, c := range []struct {
		name  string
		query repo.SpanQuery
		want  string
		sorts bool
	}{
		{"newest", repo.SpanQuery{}, `spans_start (project=?)`, false},
		{"newest after", repo.SpanQuery{After: after}, `spans_start (project=? AND start_ns<?)`, false},
		{"oldest after", repo.SpanQuery{After: after, Order: repo.SpansOldestFirst}, `spans_start (project=? AND start_ns>?)`, false},
		{"failed", repo.SpanQuery{Failed: &failed}, `spans_failed (project=?)`, false},
		{"of a session", repo.SpanQuery{Identity: model.Identity{SessionID: "s"}}, `spans_session (project=? AND session_id=?)`, false},
		{"failed of an agent", repo.SpanQuery{Identity: model.Identity{AgentID: "a"}, Failed: &failed}, `spans_agent (project=? AND agent_id=?)`, false},
		{"of a trace", repo.SpanQuery{TraceID: model.TraceID{1}, Identity: model.Identity{AgentID: "a"}}, `spans_identity (project=? AND trace_id=?)`, true},
		{"one span", repo.SpanQuery{TraceID: model.TraceID{1}, SpanID: model.SpanID{2}, Order: repo.SpansOldestFirst}, `spans_identity (project=? AND trace_id=? AND span_id=?)`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.query.Limit = 10
			query, args := spanPage("default", c.query)
			plan := explain(t, store, query, args)
			if !strings.Contains(plan, c.want) || strings.Contains(plan, "TEMP B-TREE") != c.sorts {
				t.Errorf("want %s, a sort: %t, got:\n%s", c.want, c.sorts, plan)
			}
		})
	}
}

func TestCancelledContextInterruptsARunningQuery(t *testing.T) {
	const endless = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n`
	store := openTestStore(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := store.read(ctx, "count", func(db *sql.DB) error {
		return readRows(ctx, db, endless, nil, func(*row) error { return nil })
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want %v", err, context.DeadlineExceeded)
	}
	if err := store.Ping(t.Context()); err != nil {
		t.Fatalf("the store is of no use afterwards: %v", err)
	}
}
