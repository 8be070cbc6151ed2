package sqlite

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func TestRunListsFindFewRunsAndDoNotSortByStart(t *testing.T) {
	store := openTestStore(t)
	week := model.TimeRange{Start: 1, End: 7 * model.NanosPerDay}
	after := &repo.RunCursor{Key: model.NanosPerDay, RunRef: repo.RunRef{TraceID: model.TraceID{1}, SpanID: model.SpanID{2}, StartNano: model.NanosPerDay}}
	refs := []repo.RunRef{{TraceID: model.TraceID{1}, SpanID: model.SpanID{2}, StartNano: 5}, {TraceID: model.TraceID{3}, SpanID: model.SpanID{4}, StartNano: 6}}
	const ties = "USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY"
	for _, c := range []struct {
		name  string
		query repo.RunQuery
		want  string // of spans that say so, and of runs that have it from above
		sort  string
	}{
		{"newest", repo.RunQuery{}, `spans_runs (project=?)`, ties},
		{"newest after", repo.RunQuery{After: after}, `spans_runs (project=? AND start_ns<?)`, ties},
		{"newest after in a week", repo.RunQuery{After: after, Start: week}, `spans_runs (project=? AND start_ns>? AND start_ns<?)`, ties},
		{"oldest after in a week", repo.RunQuery{After: after, Start: week, Order: repo.RunsOldestFirst}, `spans_runs (project=? AND start_ns>? AND start_ns<?)`, ties},
		{"longest of a week", repo.RunQuery{Start: week, Order: repo.RunsLongestFirst}, `spans_runs (project=? AND start_ns>? AND start_ns<?)`, "USE TEMP B-TREE FOR ORDER BY"},
		{"of a session", repo.RunQuery{Identity: model.Identity{SessionID: "s", AgentID: "a"}}, `_session (project=? AND session_id=?)`, ties},
		{"costliest of a session", repo.RunQuery{Identity: model.Identity{SessionID: "s"}, Order: repo.RunsCostliestFirst}, `_session (project=? AND session_id=?)`, "USE TEMP B-TREE FOR ORDER BY"},
		{"of a user", repo.RunQuery{Identity: model.Identity{UserID: "u", TeamID: "t"}}, `_user (project=? AND user_id=?)`, ties},
		{"of a workflow", repo.RunQuery{Identity: model.Identity{WorkflowID: "w"}}, `_workflow (project=? AND workflow_id=?)`, ties},
		{"of a team", repo.RunQuery{Identity: model.Identity{TeamID: "t"}}, `_team (project=? AND team_id=?)`, ties},
		{"of an agent after", repo.RunQuery{Identity: model.Identity{AgentID: "a"}, After: after}, `_agent (project=? AND agent_id=? AND start_ns<?)`, ties},
		{"with a run id", repo.RunQuery{Identity: model.Identity{RunID: "r", SessionID: "s"}}, `spans_run (project=? AND run_id=?)`, ties},
		{"failed", repo.RunQuery{Failed: new(true)}, `spans_runs_failed (project=?)`, ties},
		{"failed, from below", repo.RunQuery{Failed: new(true)}, `runs_failed (project=?)`, ties},
		{"that did not fail", repo.RunQuery{Failed: new(false)}, `spans_runs (project=?)`, ties},
		{"of a trace", repo.RunQuery{TraceID: model.TraceID{1}, Identity: model.Identity{SessionID: "s"}}, byRanges, "USE TEMP B-TREE FOR ORDER BY"},
		{"these", repo.RunQuery{Of: refs}, `COVERING INDEX spans_start (project=? AND start_ns=? AND trace_id=? AND span_id=?)`, "USE TEMP B-TREE FOR ORDER BY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.query.Limit = 10
			query, args := runPage("default", c.query, false)
			plan := explain(t, store, query, args)
			for _, want := range bothOf(c.want) {
				if !strings.Contains(plan, want) || !strings.Contains(plan, c.sort) {
					t.Errorf("want %s, %s, got:\n%s", want, c.sort, plan)
				}
			}
		})
	}
}

// bothOf returns the two indexes that a name with an underscore in front stands for.
func bothOf(index string) []string {
	if strings.HasPrefix(index, "_") {
		return []string{"INDEX spans" + index, "INDEX runs" + index}
	}
	return []string{index}
}

func TestSessionListsWalkRunsInTheirOrder(t *testing.T) {
	store := openTestStore(t)
	for _, c := range []struct {
		name  string
		query repo.SessionQuery
		want  string
	}{
		{"all", repo.SessionQuery{}, `spans_runs (project=?)`},
		{"after", repo.SessionQuery{After: &repo.SessionCursor{Last: 7, ID: "s"}}, `spans_runs (project=? AND start_ns<?)`},
		{"of a user", repo.SessionQuery{Identity: model.Identity{UserID: "u"}}, `_user (project=? AND user_id=?)`},
		{"one", repo.SessionQuery{SessionID: "s"}, `_session (project=? AND session_id=?)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.query.Limit = 10
			query, args := sessionPage("default", c.query, false)
			plan := explained(t, store, query, args)
			met, later := bothOf(c.want), bothOf(`_session (project=? AND session_id=? AND start_ns>?)`)
			if c.query.SessionID != "" {
				later = nil
			}
			for _, want := range slices.Concat(met, later) {
				if !strings.Contains(plan, want) {
					t.Errorf("want %s, got:\n%s", want, plan)
				}
			}
			// What was met in two places is sorted together, once it is few.
			if n := strings.Count(plan, "USE TEMP B-TREE FOR ORDER BY"); n != len(met)-1 {
				t.Errorf("%d sorts of all that is met:\n%s", n, plan)
			}
		})
	}
}

func TestBillsAreReadAsTheyLie(t *testing.T) {
	store := openTestStore(t)
	query, args := billTexts("default", &repo.BillQuery{
		By: []repo.BillField{repo.ByModel, repo.ByDay}, Session: "s", Start: model.TimeRange{Start: 1, End: model.NanosPerDay},
	})
	plan := explained(t, store, query, args)
	if !strings.Contains(plan, "SEARCH bills USING PRIMARY KEY (project=? AND hour>? AND hour<?)") || strings.Contains(plan, "TEMP B-TREE") {
		t.Error(plan)
	}
}

// segmentsByRanges is how the segments of a trace are found.
const segmentsByRanges = `SEARCH traces USING COVERING INDEX traces_trace (project=? AND trace_id=?)
SEARCH ranges USING PRIMARY KEY (trace=?)
SEARCH segments USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)`

func TestSettlingLooksUpWhatItReplaces(t *testing.T) {
	store := openTestStore(t)
	unsettled, ids := unsettledOf("default", []model.TraceID{{1}, {2}})
	id := []any{"default", make([]byte, 16)}
	for _, c := range []struct {
		sql  string
		args []any
		want string
	}{
		{unsettled, ids, "traces_trace (project=? AND trace_id=?)"},
		{selectTraceToSettle, id, "traces_trace (project=? AND trace_id=?)"},
		{selectDays, append([]any{1}, id...), byRanges},
		{selectRunsOfTrace, id, byRanges},
		{deleteBillsOfTrace, id, "bills_trace (project=? AND trace_id=?)"},
		{deleteRuns, append(id, 7), strings.ReplaceAll(byRanges, "SEARCH spans", "SEARCH runs")},
		{deleteBills, append(id, 7), "bills_trace (project=? AND trace_id=?"},
		{selectSegmentSizes, id, segmentsByRanges},
		{deleteSegments, append(id, 7), segmentsByRanges},
	} {
		if plan := explained(t, store, c.sql, c.args); !strings.Contains(plan, c.want) {
			t.Errorf("%s\nwant %s, got:\n%s", c.sql, c.want, plan)
		}
	}
}

// TestRunsSessionsAndBillsAsSQL shows, for each kind of question, what is asked
// of SQLite, and how SQLite goes about it.
func TestRunsSessionsAndBillsAsSQL(t *testing.T) {
	store := openTestStore(t)
	var b strings.Builder
	show := func(what, sql string, args []any) {
		shown, _, _ := strings.Cut(withArguments(sql, args), "\nSELECT")
		steps, _, _ := strings.Cut(explained(t, store, sql, args), "\nSCAN page")
		fmt.Fprintf(&b, "-- %s\n%s\n-- %s\n\n", what, shown, strings.ReplaceAll(steps, "\n", "\n-- "))
	}
	day := model.TimeRange{Start: model.NanosPerDay, End: 2 * model.NanosPerDay}
	for _, c := range []struct {
		name  string
		order repo.RunOrder
	}{{"newest", repo.RunsNewestFirst}, {"oldest", repo.RunsOldestFirst}, {"longest", repo.RunsLongestFirst}, {"costliest", repo.RunsCostliestFirst}} {
		q := repo.RunQuery{Order: c.order, Start: day, Limit: 20}
		sql, args := runPage("default", q, false)
		show(c.name+" runs of a day", sql, args)
		q.After = &repo.RunCursor{Key: 7, RunRef: repo.RunRef{TraceID: model.TraceID{1}, SpanID: model.SpanID{2}, StartNano: 9}}
		sql, args = runPage("default", q, false)
		show("the next page", sql, args)
	}
	everything := repo.RunQuery{
		Identity: model.Identity{UserID: "u-1", AgentID: "support"}, Types: []model.SpanType{model.TypeAgent, model.TypeTeam},
		Name: "support.run", Service: "shop", Environment: "production", Status: new(model.StatusOK), Failed: new(true),
		MinDuration: 1e9, MaxDuration: 60e9, Limit: 20,
	}
	sql, args := runPage("default", everything, false)
	show("runs by every field", sql, args)
	sql, args = runPage("default", everything, true)
	show("the same, where there are few runs", sql, args)
	sql, args = runPage("default", repo.RunQuery{Of: []repo.RunRef{{StartNano: 5}, {StartNano: 6}}, Limit: 20}, false)
	show("two runs", sql, args)
	sql, args = sessionPage("default", repo.SessionQuery{Start: day, Limit: 20}, false)
	show("sessions of a day", sql, args)
	sql, args = sessionPage("default", repo.SessionQuery{Identity: model.Identity{UserID: "u-1"}, After: &repo.SessionCursor{Last: 7, ID: "s-1"}, Limit: 20}, false)
	show("sessions of a user, the next page", sql, args)
	sql, args = runsOfSessions("default", []string{"s-1", "s-2"})
	show("the runs of two sessions", sql, args)
	sql, args = billTexts("default", &repo.BillQuery{By: []repo.BillField{repo.ByModel, repo.ByDay}, Start: day})
	show("bills of a day by model", sql, args)
	sql, args = billTexts("default", &repo.BillQuery{Session: "s-1", Model: "gpt-5"})
	show("bills of a session for a model", sql, args)
	golden(t, "testdata/settled.sql", b.String())
}
