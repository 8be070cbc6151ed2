package runs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// rule is a rule, a trace that it is about, and what follows.
type rule struct{ says, trace, want string }

// hold tests rules by something that is said of what is derived.
func hold(t *testing.T, said func(*runs.Derived) string, rules []rule) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.says, func(t *testing.T) {
			if got := said(runs.Of(read(t, r.trace), prices{})); got != r.want {
				t.Errorf("got  %s\nwant %s", got, r.want)
			}
		})
	}
}

// owners says of each span which run it belongs to.
func owners(d *runs.Derived) string {
	var all []string
	for i, s := range d.Spans {
		owner := "-"
		if j := d.Owner(i); j >= 0 {
			owner = d.Runs[j].Name
		}
		all = append(all, s.Name+":"+owner)
	}
	return strings.Join(all, " ")
}

func TestASpanBelongsToTheNearestRun(t *testing.T) {
	hold(t, owners, []rule{
		{"at it or above it", `
			TEAM crew 0-100
			  AGENT writer 10-50
			    CHAIN thought 20-50
			      LLM gpt 30-40
			  LLM gpt-5 60-70`,
			"crew:crew writer:writer thought:writer gpt:writer gpt-5:crew"},
		{"and to none where there is none above", `
			CHAIN request 0-100
			  AGENT writer 10-50
			TOOL search 60-70`,
			"request:- writer:writer search:-"},
		{"and to none where its parent is not there", `
			AGENT writer 0-100
			  LLM gpt 10-20 parent=99`,
			"writer:writer gpt:-"},
		{"whatever started first", `
			AGENT writer 50-100
			  LLM gpt 10-20`,
			"gpt:writer writer:writer"},
		{"and of several spans with its parent's id, below the earliest", `
			AGENT late 20-100 id=7
			AGENT early 10-100 id=7
			LLM gpt 30-40 parent=7`,
			"early:early late:late gpt:early"},
		{"but never below itself", `
			AGENT early 10-100 id=7
			  AGENT late 20-100 id=7
			AGENT self 30-40 id=9 parent=9`,
			"early:early late:late self:self"},
	})
}

// nesting says of each run which it is part of, and which is the topmost.
func nesting(d *runs.Derived) string {
	names := map[model.SpanID]string{{}: "-"}
	for _, r := range slices.Backward(d.Runs) {
		names[r.SpanID] = r.Name
	}
	var all []string
	for _, r := range d.Runs {
		detail := &r.Detail
		all = append(all, fmt.Sprintf("%s<%s<%s(%d)%s", r.Name, names[detail.ParentSpanID], names[detail.RootSpanID], detail.Children, mark(detail.Detached, "!")))
	}
	return strings.Join(all, " ")
}

func TestRunsNestAsTheirSpansDo(t *testing.T) {
	hold(t, nesting, []rule{
		{"with other spans between", `
			WORKFLOW flow 0-100
			  STEP one 5-50
			    TEAM crew 10-50
			      TOOL ask 15-50
			        AGENT writer 20-30
			  AGENT reviewer 60-70
			AGENT other 80-90`,
			"flow<-<flow(2) crew<flow<flow(1) writer<crew<flow(0) reviewer<flow<flow(0) other<-<other(0)"},
		{"below the earliest of several spans with one id", `
			AGENT early 0-100 id=7
			AGENT late 10-100 id=7
			AGENT child 20-30 parent=7`,
			"early<-<early(1) late<-<early(0) child<early<early(0)"},
		{"and the earliest of a circle is on top", `
			AGENT b 20-90 id=2 parent=3
			AGENT c 30-80 id=3 parent=1
			AGENT a 10-100 id=1 parent=2
			AGENT d 5-6 id=4 parent=3`,
			"d<c<a(0) a<-<a(1) b<c<a(0) c<a<a(2)"},
		{"in each of several circles", `
			AGENT a 10-100 id=1 parent=2
			AGENT b 20-90 id=2 parent=1
			AGENT c 11-100 id=3 parent=4
			AGENT d 21-90 id=4 parent=3`,
			"a<-<a(1) c<-<c(1) b<a<a(0) d<c<c(0)"},
	})
}

func TestARunBelowAFinishedTeamIsDetached(t *testing.T) {
	hold(t, nesting, []rule{
		{"if it starts when the team has ended", `
			TEAM crew 0-100
			  AGENT member 10-90
			  AGENT after 100-150
			    AGENT helper 110-120`,
			"crew<-<crew(1) member<crew<crew(0) after<-<after(1)! helper<after<after(0)"},
		{"not if it starts before", `
			TEAM crew 0-100
			  AGENT member 99-150`,
			"crew<-<crew(1) member<crew<crew(0)"},
		{"not if the team takes no time", `
			TEAM crew 0-0
			  AGENT member 10-20`,
			"crew<-<crew(1) member<crew<crew(0)"},
		{"not below a finished agent", `
			AGENT boss 0-100
			  AGENT member 200-300`,
			"boss<-<boss(1) member<boss<boss(0)"},
		{"not below a finished team that is not the nearest run", `
			TEAM crew 0-100
			  AGENT member 10-90
			    AGENT helper 200-300`,
			"crew<-<crew(1) member<crew<crew(1) helper<member<crew(0)"},
		{"also with other spans between, and whatever its type", `
			TEAM crew 0-100
			  CHAIN request 150-300
			    WORKFLOW after 200-300
			      AGENT helper 210-220`,
			"crew<-<crew(0) after<-<after(1)! helper<after<after(0)"},
		{"also twice", `
			TEAM crew 0-100
			  TEAM second 200-300
			    AGENT third 400-500`,
			"crew<-<crew(0) second<-<second(0)! third<-<third(0)!"},
	})
}

func TestNothingIsPassedBetweenADetachedRunAndWhatIsAbove(t *testing.T) {
	d := runs.Of(read(t, `
		TEAM crew 0-100 team=crew session=s1 user=u1 run=r1 in=30 out=10 model=gpt
		  TOOL leave 50-400
		    AGENT after 200-300 run=r2
		      LLM gpt 210-220 in=10 out=5 failed=Timeout
	`), prices{})
	crew, after := d.Runs[0], d.Runs[1]
	if crew.Failed || crew.Detail.Error != nil || crew.Detail.Children != 0 {
		t.Errorf("the team has its error or is its parent: %+v", crew)
	}
	if crew.Own.Usage != (model.Usage{Input: 30, Output: 10}) || crew.Detail.Total != crew.Own || crew.Detail.Time.Child != 0 {
		t.Errorf("its usage or time counts for the team: %+v", crew)
	}
	if after.Identity != (model.Identity{RunID: "r2"}) || after.Detail.RootSpanID != after.SpanID || after.Detail.RootRunID != "r2" {
		t.Errorf("it has from the team who it is: %+v", after)
	}
	for _, b := range d.Bills {
		if b.Run == "r2" && b.Tool != "" {
			t.Errorf("its calls are billed to a tool of the team: %+v", b)
		}
	}
}
