package runs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// bills says what the bills do, a line each.
func bills(all []model.Bill) string {
	var text strings.Builder
	for i := range all {
		text.WriteString("\n" + bill(&all[i]))
	}
	return text.String()
}

func TestCallsThatAreAlikeAreOnOneBill(t *testing.T) {
	said := func(d *runs.Derived) string { return bills(d.Bills) }
	hold(t, said, []rule{
		{"of the same run, model and provider", `
			AGENT boss 0-100 agent=boss session=s1 user=u1 run=r1
			  LLM gpt 10-20 in=10 out=1
			  LLM gpt 30-40 in=20 out=2 failed=Timeout
			  LLM gpt 50-60 in=30 out=3 provider=Azure
			  LLM gpt-5 60-70 in=40 out=4`, `
12:00:00.010, agent boss, session s1, user u1, run r1, model gpt: 2 model calls (1 failed), tokens 30 in + 3 out, cost 90, computed 2
12:00:00.050, agent boss, session s1, user u1, run r1, model gpt, provider Azure: 1 model call, tokens 30 in + 3 out, cost 90, computed 1
12:00:00.060, agent boss, session s1, user u1, run r1, model gpt-5: 1 model call, tokens 40 in + 4 out, cost 120, computed 1`},
		{"of two runs that have nothing that tells them apart", `
			AGENT boss 0-100 agent=boss
			  LLM gpt 10-20 in=10
			AGENT again 200-300 agent=boss
			  LLM gpt 210-220 in=20`, `
12:00:00.010, agent boss, model gpt: 2 model calls, tokens 30 in, cost 60, computed 2`},
		{"of the same session, user and run", `
			AGENT a 0-100 agent=boss session=s1 user=u1 run=r1
			  LLM gpt 10-20 in=10
			AGENT b 0-100 agent=boss session=s1 user=u1 run=r2
			  LLM gpt 20-30 in=10
			AGENT c 0-100 agent=boss session=s1 user=u2 run=r1
			  LLM gpt 30-40 in=10
			AGENT d 0-100 agent=boss session=s2 user=u1 run=r1
			  LLM gpt 40-50 in=10
			AGENT e 0-100 agent=boss session=s1 user=u1 run=r1
			  LLM gpt 50-60 in=10`, `
12:00:00.010, agent boss, session s1, user u1, run r1, model gpt: 2 model calls, tokens 20 in, cost 40, computed 2
12:00:00.020, agent boss, session s1, user u1, run r2, model gpt: 1 model call, tokens 10 in, cost 20, computed 1
12:00:00.030, agent boss, session s1, user u2, run r1, model gpt: 1 model call, tokens 10 in, cost 20, computed 1
12:00:00.040, agent boss, session s2, user u1, run r1, model gpt: 1 model call, tokens 10 in, cost 20, computed 1`},
		{"of one hour", `
			AGENT boss 3590000-3610000 agent=boss
			  LLM gpt 3599998-3600010 in=10
			  LLM gpt 3599999-3600010 in=10
			  LLM gpt 3600000-3600010 in=10
			  LLM gpt 3600001-3600010 in=10`, `
12:59:59.998, agent boss, model gpt: 2 model calls, tokens 20 in, cost 40, computed 2
13:00:00.000, agent boss, model gpt: 2 model calls, tokens 20 in, cost 40, computed 2`},
		{"under the name where there is no id", `
			WORKFLOW flow 0-100 workflow.name=Flow
			  TEAM crew 0-100 team.name=Crew
			    AGENT boss 0-100 agent.name=Boss
			      LLM gpt 10-20 in=10`, `
12:00:00.010, agent Boss, team Crew, workflow Flow, model gpt: 1 model call, tokens 10 in, cost 20, computed 1`},
		{"of one tool, and the models that it calls", `
			AGENT boss 0-100 agent=boss
			  LLM gpt 5-10 in=5
			  TOOL ask 10-50
			    AGENT helper 20-40 agent=helper
			      LLM gpt 25-30 in=10
			      TOOL summary 30-39
			        LLM gpt 31-38 in=20
			  TOOL ask 60-70 failed=Timeout model=none provider=none`, `
12:00:00.005, agent boss, model gpt: 1 model call, tokens 5 in, cost 10, computed 1
12:00:00.010, agent boss, tool ask: 2 tool calls (1 failed), tokens 0
12:00:00.025, agent helper, model gpt, tool ask: 1 model call, tokens 10 in, cost 20, computed 1
12:00:00.031, agent helper, model gpt, tool summary: 1 model call, tokens 20 in, cost 40, computed 1
12:00:00.030, agent helper, tool summary: 1 tool call, tokens 0`},
		{"of one service and environment, which are the calls' own", `
			AGENT boss 0-100 agent=boss service=shop environment=prod
			  LLM gpt 10-20 in=10 service=shop environment=prod
			  LLM gpt 20-30 in=10 service=shop environment=test
			  LLM gpt 30-40 in=10 environment=prod
			  LLM gpt 40-50 in=10`, `
12:00:00.040, agent boss, model gpt: 1 model call, tokens 10 in, cost 20, computed 1
12:00:00.030, agent boss, model gpt, environment prod: 1 model call, tokens 10 in, cost 20, computed 1
12:00:00.010, agent boss, model gpt, service shop, environment prod: 1 model call, tokens 10 in, cost 20, computed 1
12:00:00.020, agent boss, model gpt, service shop, environment test: 1 model call, tokens 10 in, cost 20, computed 1`},
		{"with what is reported without a call", `
			AGENT boss 0-100 agent=boss run=r1 in=30 model=gpt
			  LLM gpt 10-20
			  TOOL search 20-30
			TOOL lonely 40-50 in=7 model=gpt`, `
12:00:00.040, model gpt, tool lonely: 0 model calls, tokens 7 in, cost 14, computed 1
12:00:00.040, tool lonely: 1 tool call, tokens 0
12:00:00.000, agent boss, run r1, model gpt: 1 model call, tokens 30 in, cost 60, computed 1
12:00:00.020, agent boss, run r1, tool search: 1 tool call, tokens 0`},
		{"and nothing is billed that is no call", `
			AGENT boss 0-100 agent=boss
			  CHAIN thought 10-20`, ``},
	})
}

func TestABillSaysHowLongItsCallsTook(t *testing.T) {
	d := runs.Of(read(t, `
		AGENT boss 0-1000 in=5
		  LLM gpt 10-110
		  LLM gpt 200-205
		  LLM gpt 300-340
		  LLM gpt-5 400-401
	`), nil)
	type latencies struct {
		model string
		nanos time.Duration
		took  []time.Duration
	}
	var got []latencies
	for _, b := range d.Bills {
		l := latencies{model: b.Model, nanos: time.Duration(b.Nanos)}
		model.EachLatency(b.Latencies, func(bucket int) bool {
			l.took = append(l.took, time.Duration(model.LatencyOf(bucket)).Round(time.Millisecond))
			return true
		})
		got = append(got, l)
	}
	want := []latencies{
		{"", 0, nil},
		{"gpt", 145 * time.Millisecond, []time.Duration{5 * time.Millisecond, 40 * time.Millisecond, 100 * time.Millisecond}},
		{"gpt-5", time.Millisecond, []time.Duration{time.Millisecond}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(latencies{})); diff != "" {
		t.Error(diff)
	}
}

func TestBillsOfSomeSpansAreTheirPartOfTheBills(t *testing.T) {
	d := runs.Of(read(t, `
		AGENT boss 0-1000 agent=boss
		  LLM gpt 10-110 in=10
		  LLM gpt 200-205 in=20 failed=Timeout
		  LLM gpt-5 300-340 in=40
		  TOOL search 400-401
	`), prices{})
	failed := d.BillsOf(func(s *model.Span) bool { return s.Failed })
	if got, want := bills(failed), "\n12:00:00.010, agent boss, model gpt: 1 model call (1 failed), tokens 20 in, cost 40, computed 1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(failed) != 1 || failed[0].Nanos != 5e6 || len(failed[0].Latencies) != 2 {
		t.Errorf("the call took 5 ms: %+v", failed)
	}
	if none := d.BillsOf(func(*model.Span) bool { return false }); len(none) > 0 {
		t.Errorf("bills of nothing: %+v", none)
	}
}

func TestBillsSayWhichTraceTheyAreOf(t *testing.T) {
	for _, b := range runs.Of(read(t, typical), nil).Bills {
		if b.Project != "default" || b.TraceID != (model.TraceID{1}) {
			t.Errorf("%+v", b)
		}
	}
}

func TestATraceHasAPartForEachDayThatItsSpansStartOn(t *testing.T) {
	d := runs.Of(read(t, `
		AGENT boss 43199990-43200100
		  LLM gpt 43199999-43200001 in=10 out=1
		  LLM gpt 43200000-43200001 in=20 out=2
		  LLM new 43200001-43200002 in=30 out=3
		  AGENT helper 43200003-43200004 in=7 model=gpt
		LLM gpt 129600000-129600001 in=40 out=4
	`), prices{})
	day := model.Day(noon)
	want := []model.TracePart{
		{Day: day, Spans: 2, Runs: 1, Usage: model.Usage{Input: 10, Output: 1}, Cost: model.Cost{Nano: 30, Computed: 30, ComputedCalls: 1}},
		{Day: day + model.NanosPerDay, Spans: 3, Runs: 1, Usage: model.Usage{Input: 57, Output: 5}, Cost: model.Cost{Nano: 74, Computed: 74, ComputedCalls: 2, UnpricedCalls: 1}},
		{Day: day + 2*model.NanosPerDay, Spans: 1, Usage: model.Usage{Input: 40, Output: 4}, Cost: model.Cost{Nano: 120, Computed: 120, ComputedCalls: 1}},
	}
	if diff := cmp.Diff(want, d.Parts); diff != "" {
		t.Error(diff)
	}
}
