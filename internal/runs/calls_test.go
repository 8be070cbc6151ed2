package runs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// totals says what each run did with all runs below it, and after a bar, what the
// whole trace did.
func totals(d *runs.Derived) string {
	var all []string
	for _, r := range d.Runs {
		all = append(all, r.Name+": "+tally(r.Detail.Total))
	}
	for _, part := range d.Parts {
		all = append(all, usage(part.Usage)+money(part.Cost))
	}
	return strings.Join(all, " | ")
}

func TestUsageCountsWhereItIsReportedDeepest(t *testing.T) {
	hold(t, totals, []rule{
		{"not its copies above", `
			WORKFLOW flow 0-100 in=30 out=6 model=gpt
			  AGENT writer 10-90 in=30 out=6 model=gpt
			    LLM gpt 20-30 in=10 out=2
			    LLM gpt 40-50 in=20 out=4`,
			"flow: 4 spans, 2 model calls, tokens 30 in + 6 out, cost 120, computed 2 | " +
				"writer: 3 spans, 2 model calls, tokens 30 in + 6 out, cost 120, computed 2 | " +
				"tokens 30 in + 6 out, cost 120, computed 2"},
		{"even if nothing between says so", `
			AGENT boss 0-100 in=10 out=2 model=gpt
			  CHAIN thought 10-90
			    AGENT helper 20-80
			      LLM gpt 30-40 in=10 out=2`,
			"boss: 4 spans, 1 model call, tokens 10 in + 2 out, cost 40, computed 1 | " +
				"helper: 2 spans, 1 model call, tokens 10 in + 2 out, cost 40, computed 1 | " +
				"tokens 10 in + 2 out, cost 40, computed 1"},
		{"on whatever type of span", `
			AGENT boss 0-100 in=10 out=2 model=gpt
			  LLM gpt 10-20
			  TOOL search 30-40`,
			"boss: 3 spans, 1 model call, 1 tool call, tokens 10 in + 2 out, cost 40, computed 1 | tokens 10 in + 2 out, cost 40, computed 1"},
		{"without a run, too", `
			CHAIN request 0-100 in=10 out=2 model=gpt
			  LLM gpt 10-20 in=10 out=2`,
			"tokens 10 in + 2 out, cost 40, computed 1"},
		{"beside other reports", `
			AGENT boss 0-100
			  EMBEDDING small 10-20 in=7
			  TOOL search 30-40 in=1 model=gpt`,
			"boss: 3 spans, 1 model call, 1 tool call, tokens 8 in, cost 16, computed 2 | tokens 8 in, cost 16, computed 2"},
		{"a total alone is usage that nobody can price", `
			AGENT boss 0-100
			  LLM gpt 10-20 total=12`,
			"boss: 2 spans, 1 model call, tokens 0, unpriced 1 | tokens 0, unpriced 1"},
		{"but a detached run's is no copy", `
			TEAM crew 0-100 in=10 out=2 model=gpt
			  AGENT after 200-300
			    LLM gpt 210-220 in=10 out=2`,
			"crew: 1 span, tokens 10 in + 2 out, cost 40, computed 1 | after: 2 spans, 1 model call, tokens 10 in + 2 out, cost 40, computed 1 | " +
				"tokens 20 in + 4 out, cost 80, computed 2"},
	})
}

func TestAModelCallHasNoModelCallBelowItInItsRun(t *testing.T) {
	hold(t, totals, []rule{
		{"of two names of one call, the deeper counts", `
			AGENT boss 0-100
			  LLM chat 10-50 in=10 out=2
			    CHAIN http 20-40
			      LLM gpt 20-40 in=10 out=2`,
			"boss: 4 spans, 1 model call, tokens 10 in + 2 out, cost 40, computed 1 | tokens 10 in + 2 out, cost 40, computed 1"},
		{"whichever reports the usage", `
			AGENT boss 0-100
			  LLM chat 10-50 in=10 out=2
			    LLM gpt 20-40`,
			"boss: 3 spans, 1 model call, tokens 10 in + 2 out, cost 40, computed 1 | tokens 10 in + 2 out, cost 40, computed 1"},
		{"another run's call is another call", `
			AGENT boss 0-100
			  LLM chat 10-50
			    AGENT helper 20-40
			      LLM gpt 20-30 in=10 out=2`,
			"boss: 4 spans, 2 model calls, tokens 10 in + 2 out, cost 40, computed 1 | " +
				"helper: 2 spans, 1 model call, tokens 10 in + 2 out, cost 40, computed 1 | tokens 10 in + 2 out, cost 40, computed 1"},
		{"tools that call tools are both calls", `
			AGENT boss 0-100
			  TOOL outer 10-50
			    TOOL inner 20-40 failed=Timeout`,
			"boss: 3 spans, 2 tool calls (1 failed), tokens 0 | tokens 0"},
	})
}

func TestACostIsReportedComputedOrNeither(t *testing.T) {
	hold(t, totals, []rule{
		{"reported before computed", `
			AGENT boss 0-100
			  LLM gpt 10-20 in=10 out=2 reported=7`,
			"boss: 2 spans, 1 model call, tokens 10 in + 2 out, cost 7, reported 1 | tokens 10 in + 2 out, cost 7, reported 1"},
		{"unpriced where nobody knows", `
			AGENT boss 0-100
			  LLM new 10-20 in=10 out=2`,
			"boss: 2 spans, 1 model call, tokens 10 in + 2 out, unpriced 1 | tokens 10 in + 2 out, unpriced 1"},
		{"reported without usage", `
			AGENT boss 0-100 reported=9
			  CHAIN thought 5-25
			    LLM gpt 10-20 reported=7`,
			"boss: 3 spans, 1 model call, tokens 0, cost 7, reported 1 | tokens 0, cost 7, reported 1"},
		{"nothing without usage or report", `
			AGENT boss 0-100
			  LLM gpt 10-20 failed=Timeout`,
			"boss: 2 spans, 1 model call (1 failed), tokens 0 | tokens 0"},
		{"a report above reported usage is a copy", `
			AGENT boss 0-100 reported=9
			  LLM gpt 10-20 in=10 out=2`,
			"boss: 2 spans, 1 model call, tokens 10 in + 2 out, cost 40, computed 1 | tokens 10 in + 2 out, cost 40, computed 1"},
		{"a report below usage that counts is part of that", `
			AGENT boss 0-100
			  LLM gpt 10-90 in=10 out=2 reported=9
			    CHAIN http 20-80
			      CHAIN retry 30-70 reported=9`,
			"boss: 4 spans, 1 model call, tokens 10 in + 2 out, cost 9, reported 1 | tokens 10 in + 2 out, cost 9, reported 1"},
		{"what nobody would pay is no report", `
			AGENT boss 0-100
			  LLM gpt 10-20 in=10 out=2 reported=1000000000000001
			  LLM gpt 30-40 in=10 out=2 reported=1000000000000000
			  LLM gpt 50-60 in=10 out=2 reported=-1`,
			"boss: 4 spans, 3 model calls, tokens 30 in + 6 out, cost 1000000000000080, reported 1, computed 2 | " +
				"tokens 30 in + 6 out, cost 1000000000000080, reported 1, computed 2"},
	})
}

func TestBothSidesOfACostAreKept(t *testing.T) {
	d := runs.Of(read(t, `
		AGENT boss 0-100
		  LLM gpt 10-20 in=10 out=2 reported=7
		  LLM new 30-40 in=10 out=2 reported=5
		  LLM gpt 50-60 in=20
	`), prices{})
	want := model.Cost{Nano: 7 + 5 + 40, Reported: 7 + 5, Computed: 40 + 40, ReportedCalls: 2, ComputedCalls: 1}
	if got := d.Runs[0].Own.Cost; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWithoutPricesOnlyReportsCost(t *testing.T) {
	d := runs.Of(read(t, `
		AGENT boss 0-100
		  LLM gpt 10-20 in=10 out=2 reported=7
		  LLM gpt 30-40 in=10 out=2
	`), nil)
	if got, want := tally(d.Runs[0].Own), "3 spans, 2 model calls, tokens 20 in + 4 out, cost 7, reported 1, unpriced 1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// retries says how many retries each run has itself.
func retries(d *runs.Derived) string {
	var all []string
	for _, r := range d.Runs {
		all = append(all, fmt.Sprintf("%s %d", r.Name, r.Own.Retries))
	}
	return strings.Join(all, ", ")
}

func TestARetryFollowsAFailedCallOfTheSame(t *testing.T) {
	hold(t, retries, []rule{
		{"whatever becomes of it", `
			AGENT boss 0-100
			  LLM gpt 10-20 failed=Timeout
			  LLM gpt 20-30 failed=Timeout
			  LLM gpt 30-40
			  LLM gpt 40-50`,
			"boss 2"},
		{"in the order of time", `
			AGENT boss 0-100
			  LLM gpt 30-40
			  LLM gpt 20-30 failed=Timeout`,
			"boss 1"},
		{"with others between", `
			AGENT boss 0-100
			  TOOL search 10-20 failed=Timeout
			  LLM gpt 20-30
			  TOOL fetch 30-40
			  TOOL search 40-50`,
			"boss 1"},
		{"not of another name or kind", `
			AGENT boss 0-100
			  LLM gpt 10-20 failed=Timeout
			  LLM gpt-5 20-30
			  TOOL gpt 30-40`,
			"boss 0"},
		{"not below another parent", `
			AGENT boss 0-100
			  STEP one 5-20
			    LLM gpt 10-20 failed=Timeout
			  STEP two 25-40
			    LLM gpt 30-40`,
			"boss 0"},
		{"only once it failed", `
			AGENT boss 0-100
			  LLM gpt 10-20
			  LLM gpt 20-30 failed=Timeout`,
			"boss 0"},
		{"each run has its own", `
			TEAM crew 0-100
			  LLM gpt 10-20 failed=Timeout
			  AGENT writer 20-40
			    TOOL search 20-30 failed=Timeout
			    TOOL search 30-40
			  LLM gpt 50-60`,
			"crew 1, writer 1"},
	})
}

func TestModelsAndToolsAreTheRunsOwnByName(t *testing.T) {
	said := func(d *runs.Derived) string {
		var all []string
		for _, r := range d.Runs {
			all = append(all, fmt.Sprint(r.Name, r.Detail.Models, r.Detail.Tools))
		}
		return strings.Join(all, " ")
	}
	hold(t, said, []rule{{"and what has no name is not among them", `
		TEAM crew 0-100
		  LLM gpt-5 10-20
		  TOOL search 20-30
		  LLM call 30-40 model=
		  LLM gpt-4 40-50
		  TOOL search 50-60
		  LLM chat 60-70
		    LLM gpt-5 61-69
		  AGENT writer 70-90
		    LLM search 71-72
		    TOOL fetch 72-73`,
		"crew[{gpt-4 1} {gpt-5 2}] [{search 2}] writer[{search 1}] [{fetch 1}]"}})
}
