package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// TestViewsShowWhatSettlingKnows reads a trace, its run and its bill as a
// dashboard does, before the trace settles and afterwards.
func TestViewsShowWhatSettlingKnows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	store := open(t, path)
	r := record(0xab, 0xfedcba9876543210, 1_700_000_000_000_000_042)
	r.Span.Type, r.Span.EndNano, r.Span.AgentID, r.Span.InputPreview = model.TypeAgent, r.Span.StartNano+1_500_000, "support", "hello"
	mustWrite(t, store, r)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	type line struct {
		id, start, kind, agent string
		settled                bool
		cost                   float64
	}
	read := func(query string) (l line) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), query).Scan(&l.id, &l.start, &l.kind, &l.agent, &l.settled, &l.cost); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return l
	}
	const (
		traces = `SELECT trace_id, start_time, type, agent_id, settled, cost_usd FROM agenttrace_traces`
		runs   = `SELECT span_id, start_time, type, agent_id, settled, cost_usd FROM agenttrace_runs`
		bills  = `SELECT trace_id, start_time, kind, agent, calls = 3 AND total_ms = 4.5 AND input_tokens = 7 AND reported_total_tokens = 9, cost_usd FROM agenttrace_bills`
	)
	trace, start := r.Span.TraceID.String(), "2023-11-14T22:13:20.000000042Z"
	if got, want := read(traces), (line{trace, start, "AGENT", "support", false, 0}); got != want {
		t.Errorf("before it settles, the trace is %+v, want %+v", got, want)
	}
	if got, want := read(runs), (line{"fedcba9876543210", start, "AGENT", "support", false, 0}); got != want {
		t.Errorf("before it settles, the run is %+v, want %+v", got, want)
	}

	cost := model.Cost{Nano: 1_250_000_000, Computed: 1_250_000_000, ComputedCalls: 3}
	run := model.RunOf(r.Span)
	run.Own.Cost, run.Detail.Total.Cost = cost, cost
	if err := store.Settle(t.Context(), nil, []repo.Settlement{{
		Project: project, TraceID: r.Span.TraceID, Runs: []*model.Run{run},
		Parts: []model.TracePart{{Day: model.Day(r.Span.StartNano), Spans: 1, Runs: 1, Cost: cost}},
		Bills: []model.Bill{{
			Project: project, TraceID: r.Span.TraceID, StartNano: r.Span.StartNano, Agent: "support", Kind: model.CallsOfModel,
			Calls: 3, Nanos: 4_500_000, Usage: model.Usage{Input: 7, Total: 9}, Cost: cost,
		}},
	}}); err != nil {
		t.Fatal(err)
	}
	if got, want := read(traces), (line{trace, start, "AGENT", "support", true, 1.25}); got != want {
		t.Errorf("settled, the trace is %+v, want %+v", got, want)
	}
	if got, want := read(runs), (line{"fedcba9876543210", start, "AGENT", "support", true, 1.25}); got != want {
		t.Errorf("settled, the run is %+v, want %+v", got, want)
	}
	if got, want := read(bills), (line{trace, start, "MODEL", "support", true, 1.25}); got != want {
		t.Errorf("the bill is %+v, want %+v", got, want)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}
