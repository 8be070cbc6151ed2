package repo_test

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func aBill() *model.Bill {
	return &model.Bill{
		StartNano: time.Date(2026, 3, 14, 15, 9, 26, 5, time.UTC).UnixNano(),
		Agent:     "agent", Team: "team", Workflow: "workflow", Session: "session", User: "user", Run: "run",
		Kind: model.CallsOfModel, Model: "model", Provider: "provider", Tool: "tool", Service: "service", Environment: "environment",
		Calls: 3, Failures: 1, Nanos: 700, Latencies: "010203", Usage: model.Usage{Input: 9}, Cost: model.Cost{Nano: 5},
	}
}

func TestEachFieldOfABillIsItsLabelAndRestricts(t *testing.T) {
	for _, tt := range []struct {
		field repo.BillField
		want  string
		query func(string) repo.BillQuery
	}{
		{repo.ByAgent, "agent", func(v string) repo.BillQuery { return repo.BillQuery{Agent: v} }},
		{repo.ByTeam, "team", func(v string) repo.BillQuery { return repo.BillQuery{Team: v} }},
		{repo.ByWorkflow, "workflow", func(v string) repo.BillQuery { return repo.BillQuery{Workflow: v} }},
		{repo.BySession, "session", func(v string) repo.BillQuery { return repo.BillQuery{Session: v} }},
		{repo.ByUser, "user", func(v string) repo.BillQuery { return repo.BillQuery{User: v} }},
		{repo.ByRun, "run", func(v string) repo.BillQuery { return repo.BillQuery{Run: v} }},
		{repo.ByModel, "model", func(v string) repo.BillQuery { return repo.BillQuery{Model: v} }},
		{repo.ByProvider, "provider", func(v string) repo.BillQuery { return repo.BillQuery{Provider: v} }},
		{repo.ByTool, "tool", func(v string) repo.BillQuery { return repo.BillQuery{Tool: v} }},
		{repo.ByService, "service", func(v string) repo.BillQuery { return repo.BillQuery{Service: v} }},
		{repo.ByEnvironment, "environment", func(v string) repo.BillQuery { return repo.BillQuery{Environment: v} }},
	} {
		if got, when := tt.field.Of(aBill()); got != tt.want || when != 0 {
			t.Errorf("field %d is %q and %d, want %q and no time", tt.field, got, when, tt.want)
		}
		for value, want := range map[string]bool{"": true, tt.want: true, "other": false} {
			if q := tt.query(value); q.Matches(aBill()) != want {
				t.Errorf("field %d = %q selects the bill: %t, want %t", tt.field, value, !want, want)
			}
		}
	}
}

func TestBillsCountToTheHourAndTheDayTheyStartIn(t *testing.T) {
	for field, want := range map[repo.BillField]time.Time{
		repo.ByHour: time.Date(2026, 3, 14, 15, 0, 0, 0, time.UTC),
		repo.ByDay:  time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC),
	} {
		if label, got := field.Of(aBill()); label != "" || got != want.UnixNano() {
			t.Errorf("field %d is %q and %d, want %v", field, label, got, want)
		}
	}
	start := aBill().StartNano
	for within, want := range map[model.TimeRange]bool{
		{Start: start}: true, {Start: start + 1}: false, {End: start + 1}: true, {End: start}: false,
	} {
		if q := (repo.BillQuery{Start: within}); q.Matches(aBill()) != want {
			t.Errorf("%+v selects the bill: %t, want %t", within, !want, want)
		}
	}
}

func TestBillsOfModelsAndToolsAreSummedUpApart(t *testing.T) {
	tool := aBill()
	tool.Kind, tool.Calls, tool.Failures, tool.Nanos, tool.Latencies, tool.Usage, tool.Cost = model.CallsOfTool, 2, 2, 40, "0404", model.Usage{}, model.Cost{}
	var got repo.BillSum
	for _, b := range []*model.Bill{aBill(), tool, aBill()} {
		got.Add(b)
	}
	want := repo.BillSum{
		ModelCalls: repo.CallSum{Calls: 6, Failures: 2, Nanos: 1400, Latencies: "010203010203"},
		ToolCalls:  repo.CallSum{Calls: 2, Failures: 2, Nanos: 40, Latencies: "0404"},
		Usage:      model.Usage{Input: 18}, Cost: model.Cost{Nano: 10},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("the sum differs (-want +got):\n%s", diff)
	}
}
