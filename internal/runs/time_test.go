package runs_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/runs"
)

func TestTheTimeOfARunIsSplitSoThatNothingCountsTwice(t *testing.T) {
	said := func(d *runs.Derived) string { return split(d.Runs[0].Detail.Time) }
	hold(t, said, []rule{
		{"one after the other", `
			AGENT boss 0-100
			  LLM gpt 10-30
			  TOOL search 30-40
			  AGENT helper 50-65
			  CHAIN thought 70-99`,
			"child 15, model 20, tool 10, own 55"},
		{"at the same time: a child before a model before a tool", `
			AGENT boss 0-100
			  TOOL search 0-60
			  LLM gpt 20-80
			  AGENT helper 40-90`,
			"child 50, model 20, tool 20, own 10"},
		{"two of a kind", `
			AGENT boss 0-100
			  TOOL search 10-50
			  TOOL fetch 20-30
			  TOOL fetch 40-60`,
			"child 0, model 0, tool 50, own 50"},
		{"one in the other, and interrupted", `
			AGENT boss 0-100
			  TOOL ask 10-90
			    LLM gpt 20-30
			    AGENT helper 40-60
			      LLM gpt 45-55
			    TOOL inner 70-80`,
			"child 20, model 10, tool 50, own 20"},
		{"only while the run lasts", `
			AGENT boss 50-100
			  LLM gpt 10-60
			  TOOL search 20-30
			  TOOL search 90-130
			  AGENT helper 110-150`,
			"child 0, model 10, tool 10, own 30"},
		{"of calls only the deepest", `
			AGENT boss 0-100
			  LLM chat 10-90
			    LLM gpt 20-30`,
			"child 0, model 10, tool 0, own 90"},
		{"not of what belongs to a child of a child", `
			AGENT boss 0-100
			  AGENT helper 10-20
			    AGENT inner 30-90`,
			"child 10, model 0, tool 0, own 90"},
		{"of a run that takes no time", `
			AGENT boss 50-50
			  LLM gpt 10-90`,
			"child 0, model 0, tool 0, own 0"},
	})
}

// Receivers repair such spans; nothing may depend on it.
func TestARunThatEndsBeforeItStartsHasItsDuration(t *testing.T) {
	d := runs.Of(read(t, `
		AGENT boss 100-50
		  LLM gpt 60-120
		  TOOL search 110-120
	`), nil)
	if got, want := d.Runs[0].Detail.Time, (model.TimeSplit{Own: -50e6}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
