package runs_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/runs"
)

func TestRunsHaveTheBeginningOfWhatWentInAndCameOut(t *testing.T) {
	team := &model.Span{SpanID: model.SpanID{1}, Type: model.TypeTeam, StartNano: 1, EndNano: 9, InputPreview: "plan a trip", OutputPreview: "done"}
	agent := &model.Span{SpanID: model.SpanID{2}, ParentID: team.SpanID, Type: model.TypeAgent, StartNano: 2, EndNano: 8, InputPreview: "find a train"}
	found := runs.Of([]*model.Span{agent, team}, nil).Runs
	if len(found) != 2 {
		t.Fatalf("%d runs, want 2", len(found))
	}
	for _, run := range found {
		own := map[model.SpanID]*model.Span{team.SpanID: team, agent.SpanID: agent}[run.SpanID]
		if run.Detail.InputPreview != own.InputPreview || run.Detail.OutputPreview != own.OutputPreview {
			t.Errorf("run %s: %q, %q, want %q, %q", run.SpanID, run.Detail.InputPreview, run.Detail.OutputPreview, own.InputPreview, own.OutputPreview)
		}
	}
}
