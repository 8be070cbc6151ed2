package repo_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// aRun is a run of which every field that a query asks for has a value.
func aRun() *model.Run {
	return &model.Run{
		Project: "p", TraceID: model.TraceID{1}, SpanID: model.SpanID{2}, StartNano: 100, EndNano: 150,
		Type: model.TypeAgent, Name: "run", Status: model.StatusOK, Service: "desk", Environment: "production",
		Identity: model.Identity{AgentID: "a", AgentName: "A", TeamID: "t", WorkflowID: "w", SessionID: "s", UserID: "u", RunID: "r"},
		Failed:   true,
		Detail:   model.RunDetail{Total: model.Tally{Cost: model.Cost{Nano: 42}}},
	}
}

func TestEachFieldOfARunQueryRestricts(t *testing.T) {
	here := repo.RunRef{TraceID: model.TraceID{1}, SpanID: model.SpanID{2}, StartNano: 100}
	for name, tt := range map[string]struct{ hit, miss repo.RunQuery }{
		"TraceID":     {repo.RunQuery{TraceID: model.TraceID{1}}, repo.RunQuery{TraceID: model.TraceID{2}}},
		"Of":          {repo.RunQuery{Of: []repo.RunRef{{}, here}}, repo.RunQuery{Of: []repo.RunRef{{TraceID: here.TraceID, SpanID: here.SpanID}}}},
		"AgentID":     {repo.RunQuery{Identity: model.Identity{AgentID: "a"}}, repo.RunQuery{Identity: model.Identity{AgentID: "b"}}},
		"TeamID":      {repo.RunQuery{Identity: model.Identity{TeamID: "t"}}, repo.RunQuery{Identity: model.Identity{TeamID: "a"}}},
		"WorkflowID":  {repo.RunQuery{Identity: model.Identity{WorkflowID: "w"}}, repo.RunQuery{Identity: model.Identity{WorkflowID: "a"}}},
		"SessionID":   {repo.RunQuery{Identity: model.Identity{SessionID: "s"}}, repo.RunQuery{Identity: model.Identity{SessionID: "a"}}},
		"UserID":      {repo.RunQuery{Identity: model.Identity{UserID: "u"}}, repo.RunQuery{Identity: model.Identity{UserID: "U"}}},
		"RunID":       {repo.RunQuery{Identity: model.Identity{RunID: "r"}}, repo.RunQuery{Identity: model.Identity{RunID: "a"}}},
		"Types":       {repo.RunQuery{Types: []model.SpanType{model.TypeTeam, model.TypeAgent}}, repo.RunQuery{Types: []model.SpanType{model.TypeTeam}}},
		"Name":        {repo.RunQuery{Name: "run"}, repo.RunQuery{Name: "ru"}},
		"Service":     {repo.RunQuery{Service: "desk"}, repo.RunQuery{Service: "Desk"}},
		"Environment": {repo.RunQuery{Environment: "production"}, repo.RunQuery{Environment: "staging"}},
		"Status":      {repo.RunQuery{Status: new(model.StatusOK)}, repo.RunQuery{Status: new(model.StatusUnset)}},
		"Failed":      {repo.RunQuery{Failed: new(true)}, repo.RunQuery{Failed: new(false)}},
		"from":        {repo.RunQuery{Start: model.TimeRange{Start: 100}}, repo.RunQuery{Start: model.TimeRange{Start: 101}}},
		"until":       {repo.RunQuery{Start: model.TimeRange{End: 101}}, repo.RunQuery{Start: model.TimeRange{End: 100}}},
		"MinDuration": {repo.RunQuery{MinDuration: 50}, repo.RunQuery{MinDuration: 51}},
		"MaxDuration": {repo.RunQuery{MaxDuration: 50}, repo.RunQuery{MaxDuration: 49}},
	} {
		if !tt.hit.Matches(aRun()) {
			t.Errorf("%s: the run is not selected by %+v", name, tt.hit)
		}
		if tt.miss.Matches(aRun()) {
			t.Errorf("%s: the run is selected by %+v", name, tt.miss)
		}
	}
	names := repo.RunQuery{Identity: model.Identity{AgentName: "x", TeamName: "x", WorkflowName: "x"}, Limit: 1, Order: repo.RunsLongestFirst}
	if !names.Matches(aRun()) || !(repo.RunQuery{}).Matches(aRun()) {
		t.Error("names, an order or nothing at all restrict")
	}
}

func TestPlacesOfARunInItsLists(t *testing.T) {
	ref := repo.RunRef{TraceID: model.TraceID{1}, SpanID: model.SpanID{2}, StartNano: 100}
	for order, key := range map[repo.RunOrder]int64{
		repo.RunsNewestFirst: 100, repo.RunsOldestFirst: 100, repo.RunsLongestFirst: 50, repo.RunsCostliestFirst: 42,
	} {
		if got, want := order.CursorOf(aRun()), (repo.RunCursor{Key: key, RunRef: ref}); got != want {
			t.Errorf("order %d: got %+v, want %+v", order, got, want)
		}
	}
}
