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
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
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

// explained returns the lines of a query plan.
func explained(t *testing.T, s *Store, query string, args []any) string {
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
	return strings.Join(lines, "\n")
}

// explain returns the lines of a query plan that say how page is found. What
// follows only sorts the page itself.
func explain(t *testing.T, s *Store, query string, args []any) string {
	t.Helper()
	plan := explained(t, s, query, args)
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
		{"newest after in a week", repo.TraceQuery{Start: week, After: after}, `traces_start`, `traces_start (project=? AND start_ns>? AND (start_ns,trace_id)<(?,?))`},
		{"newest of a week", repo.TraceQuery{Start: week}, `traces_start`, `traces_start (project=? AND start_ns>? AND start_ns<?)`},
		{"longest", repo.TraceQuery{Order: repo.LongestFirst}, `traces_duration`, `traces_duration (project=?)`},
		{"longest after", repo.TraceQuery{Order: repo.LongestFirst, After: after}, `traces_duration`, `traces_duration (project=? AND (duration_ns,trace_id)<(?,?))`},
		{"longest of a week", repo.TraceQuery{Order: repo.LongestFirst, Start: week}, `traces_duration`, `traces_duration (project=?)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := traceLister{project: "default", q: c.query}
			conditions := l.conditions(nil)
			plan := explain(t, store, tracePage(c.index, conditions, c.query.Order), append(conditions.args, 10))
			if !strings.Contains(plan, c.want) || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("want %s without a sort, got:\n%s", c.want, plan)
			}
		})
	}
}

// byRanges is how the spans of a trace are found.
const byRanges = `SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
SEARCH ranges USING PRIMARY KEY (trace=?)
SEARCH spans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)`

func TestConditionsOnSpansOfATraceAreLookedUpByItsId(t *testing.T) {
	store := openTestStore(t)
	having := append(identityTerms(model.Identity{RunID: "r", SessionID: "s", UserID: "u", WorkflowID: "w", TeamID: "t", AgentID: "a"}),
		plan.Term{Intrinsic: query.ToolName, Value: query.Text("search")})
	if len(having) != 7 {
		t.Fatalf("%d conditions, want 7", len(having))
	}
	for _, h := range having {
		l := traceLister{project: "default"}
		c := l.conditions([]plan.Condition{h})
		found := explain(t, store, tracePage(`traces_start`, c, repo.NewestFirst), append(c.args, 10))
		if !strings.Contains(found, byRanges) {
			t.Errorf("%+v: the spans of a trace are not looked up by its id:\n%s", h, found)
		}
	}
}

func TestSpanListsWalkAnIndexInTheirOrder(t *testing.T) {
	store := openTestStore(t)
	failed := true
	tool := is(query.ToolName, query.Text("search"))
	week := model.TimeRange{Start: 1, End: 7 * model.NanosPerDay}
	after := &repo.SpanCursor{StartNano: 5, TraceID: model.TraceID{1}, SpanID: model.SpanID{2}}
	for _, c := range []struct {
		name  string
		query repo.SpanQuery
		want  string
		sorts bool
	}{
		{"newest", repo.SpanQuery{}, `spans_start (project=?)`, false},
		{"newest after", repo.SpanQuery{After: after}, `spans_start (project=? AND (start_ns,trace_id,span_id)<(?,?,?))`, false},
		{"oldest after", repo.SpanQuery{After: after, Order: repo.SpansOldestFirst}, `spans_start (project=? AND (start_ns,trace_id,span_id)>(?,?,?))`, false},
		{"newest after in a week", repo.SpanQuery{After: after, Start: week}, `spans_start (project=? AND start_ns>? AND (start_ns,trace_id,span_id)<(?,?,?))`, false},
		{"failed where", repo.SpanQuery{Where: plan.All{tool, plan.All{is(query.Failed, query.Boolean(true))}}}, `spans_failed (project=?)`, false},
		{"of a session where", repo.SpanQuery{Where: plan.All{tool, is(query.SessionID, query.Text("s"))}}, `spans_session (project=? AND session_id=?)`, false},
		{"of one of two sessions", repo.SpanQuery{Where: plan.Any{is(query.SessionID, query.Text("s")), is(query.SessionID, query.Text("t"))}}, `spans_start (project=?)`, false},
		{"of no session", repo.SpanQuery{Where: not(is(query.SessionID, query.Text("s")))}, `spans_start (project=?)`, false},
		{"of a trace where", repo.SpanQuery{Where: is(query.TraceID, query.Text(model.TraceID{1}.String()))}, byRanges, true},
		{"failed", repo.SpanQuery{Failed: &failed}, `spans_failed (project=?)`, false},
		{"of a session", repo.SpanQuery{Identity: model.Identity{SessionID: "s"}}, `spans_session (project=? AND session_id=?)`, false},
		{"failed of an agent", repo.SpanQuery{Identity: model.Identity{AgentID: "a"}, Failed: &failed}, `spans_agent (project=? AND agent_id=?)`, false},
		{"of a trace", repo.SpanQuery{TraceID: model.TraceID{1}, Identity: model.Identity{AgentID: "a"}}, byRanges, true},
		{"one span", repo.SpanQuery{TraceID: model.TraceID{1}, SpanID: model.SpanID{2}, Order: repo.SpansOldestFirst}, byRanges, true},
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

func TestStretchesReadNothingButTheIndex(t *testing.T) {
	store := openTestStore(t)
	having := identityTerms(model.Identity{RunID: "r", SessionID: "s", UserID: "u", WorkflowID: "w", TeamID: "t", AgentID: "a"})
	all := finders(append(having, is(query.Failed, query.Boolean(true))))
	if len(all) != 7 {
		t.Fatalf("%d indexes, want 7", len(all))
	}
	for _, f := range all {
		s := newStretches(nil, f.index, f.indexed("default"), 1, 100)
		s.after = &place{90, 7}
		sql, args := s.endOfPart(10)
		found := explained(t, store, sql, args)
		if !strings.Contains(found, "USING COVERING INDEX "+f.index) || !strings.Contains(found, "start_ns>? AND start_ns<?") || strings.Contains(found, "TEMP B-TREE") {
			t.Errorf("%s: %s", f.index, found)
		}
	}
}

func TestSpansOfATraceAreReadByItsId(t *testing.T) {
	found := explained(t, openTestStore(t), selectSpansOfTrace, []any{"default", make([]byte, 16), 1000})
	if !strings.Contains(found, byRanges) {
		t.Error(found)
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
