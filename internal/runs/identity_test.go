package runs_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/runs"
)

func TestIdentityIsTheSpansOwnElseTheNearestAbove(t *testing.T) {
	for _, row := range []struct {
		says, trace string
		want        model.Identity // of the span that is named "x"
	}{
		{"all of it from above", `
			AGENT boss 0-100 agent=boss agent.name=Boss session=s1 user=u1 run=r1
			  CHAIN thought 10-90
			    LLM x 20-80`,
			model.Identity{AgentID: "boss", AgentName: "Boss", SessionID: "s1", UserID: "u1", RunID: "r1"}},
		{"each field from the nearest that has it", `
			WORKFLOW flow 0-100 workflow=flow session=s1 user=u1 run=r1
			  TEAM crew 10-90 team=crew session=s2 run=r2
			    AGENT writer 20-80 agent=writer run=r3
			      TOOL x 30-40`,
			model.Identity{WorkflowID: "flow", TeamID: "crew", AgentID: "writer", SessionID: "s2", UserID: "u1", RunID: "r3"}},
		{"its own first", `
			AGENT boss 0-100 agent=boss session=s1 user=u1
			  LLM x 20-80 session=s2`,
			model.Identity{AgentID: "boss", SessionID: "s2", UserID: "u1"}},
		{"the name of an agent goes with its id", `
			AGENT boss 0-100 agent=boss agent.name=Boss
			  AGENT x 20-80 agent=helper`,
			model.Identity{AgentID: "helper"}},
		{"and the id with the name", `
			AGENT boss 0-100 agent=boss agent.name=Boss
			  AGENT x 20-80 agent.name=Helper`,
			model.Identity{AgentName: "Helper"}},
		{"so do those of teams", `
			TEAM crew 0-100 team=crew team.name=Crew
			  TEAM x 20-80 team.name=Inner`,
			model.Identity{TeamName: "Inner"}},
		{"and of workflows", `
			WORKFLOW flow 0-100 workflow=flow workflow.name=Flow
			  WORKFLOW x 20-80 workflow=inner`,
			model.Identity{WorkflowID: "inner"}},
		{"a run has the run id that it says itself, or none", `
			TEAM crew 0-100 team=crew run=r1
			  AGENT x 20-80`,
			model.Identity{TeamID: "crew"}},
		{"a call has the run id of its run", `
			TEAM crew 0-100 team=crew run=r1
			  AGENT writer 20-80
			    LLM x 30-40`,
			model.Identity{TeamID: "crew"}},
		{"whatever it says itself", `
			AGENT writer 20-80 run=r1
			  LLM x 30-40 run=r2`,
			model.Identity{RunID: "r1"}},
		{"what belongs to no run has the run id that it says, or that is said above", `
			CHAIN request 0-100 run=r1
			  CHAIN other 10-90 run=r2
			    LLM x 20-80`,
			model.Identity{RunID: "r2"}},
		{"nothing from what is below, beside or not there", `
			CHAIN request 0-100
			  AGENT boss 10-20 agent=boss session=s1
			  TOOL x 30-40
			    AGENT helper 31-39 agent=helper session=s2
			  LLM y 50-60 parent=99 session=s3`,
			model.Identity{}},
	} {
		t.Run(row.says, func(t *testing.T) {
			d := runs.Of(read(t, row.trace), nil)
			for i, s := range d.Spans {
				if s.Name != "x" {
					continue
				}
				if got := d.Identity(i); got != row.want {
					t.Errorf("got  %+v\nwant %+v", got, row.want)
				}
				if s.Type.IsRun() && d.Runs[d.Owner(i)].Identity != row.want {
					t.Errorf("the run has %+v", d.Runs[d.Owner(i)].Identity)
				}
			}
		})
	}
}

func TestParentAndRootRunIDsAreThoseOfTheRuns(t *testing.T) {
	d := runs.Of(read(t, `
		WORKFLOW flow 0-100 run=r1
		  TEAM crew 10-90
		    AGENT writer 20-80 run=r3
		      AGENT helper 30-70 run=r4
	`), nil)
	for i, want := range []model.RunDetail{
		{RootSpanID: id(1), RootRunID: "r1"},
		{ParentSpanID: id(1), RootSpanID: id(1), ParentRunID: "r1", RootRunID: "r1"},
		{ParentSpanID: id(2), RootSpanID: id(1), ParentRunID: "", RootRunID: "r1"},
		{ParentSpanID: id(3), RootSpanID: id(1), ParentRunID: "r3", RootRunID: "r1"},
	} {
		got := d.Runs[i].Detail
		if got.ParentSpanID != want.ParentSpanID || got.RootSpanID != want.RootSpanID || got.ParentRunID != want.ParentRunID || got.RootRunID != want.RootRunID {
			t.Errorf("%s: %+v", d.Runs[i].Name, got)
		}
	}
}
