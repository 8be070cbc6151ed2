package runs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// failures says of each run what its error is.
func failures(d *runs.Derived) string {
	var all []string
	for _, r := range d.Runs {
		text := r.Name + " fine"
		if e := r.Detail.Error; e != nil {
			text = e.Type + " at " + strings.Join(e.Path, ">")
		}
		if r.Failed != (r.Detail.Error != nil) {
			text += ", or not"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func TestTheErrorOfARunIsTheDeepestFailureBelow(t *testing.T) {
	hold(t, failures, []rule{
		{"none", `
			AGENT boss 0-100
			  LLM gpt 10-20`,
			"boss fine"},
		{"its own", `
			AGENT boss 0-100 failed=Cancelled
			  LLM gpt 10-20`,
			"Cancelled at boss"},
		{"rather than those it led to above", `
			AGENT boss 0-100 failed=RunError
			  STEP one 5-50 failed=StepError
			    LLM gpt 10-20 failed=Timeout`,
			"Timeout at boss>one>gpt"},
		{"even if it failed later", `
			AGENT boss 0-100
			  LLM gpt 10-20 failed=Timeout
			  STEP one 30-50
			    TOOL search 30-40 failed=NotFound`,
			"NotFound at boss>one>search"},
		{"of those just as deep, the one that ended first", `
			AGENT boss 0-100
			  LLM late 10-60 failed=Timeout
			  LLM early 20-50 failed=RateLimit`,
			"RateLimit at boss>early"},
		{"then the one with the smaller id", `
			AGENT boss 0-100
			  LLM b 10-50 id=9 failed=Timeout
			  LLM a 20-50 id=8 failed=RateLimit`,
			"RateLimit at boss>a"},
		{"then the one that started first", `
			AGENT boss 0-100
			  LLM b 20-50 id=9 failed=Timeout
			  LLM a 10-50 id=9 failed=RateLimit
			    CHAIN http 11-12`,
			"RateLimit at boss>a"},
		{"children's are the parents' too, but not the other way round", `
			TEAM crew 0-100
			  LLM gpt 1-5 failed=Timeout
			  AGENT writer 10-50
			    LLM gpt 20-30 failed=RateLimit
			  AGENT reader 60-70`,
			"RateLimit at crew>writer>gpt, RateLimit at writer>gpt, reader fine"},
		{"a detached run's is its own", `
			TEAM crew 0-100
			  AGENT after 200-300
			    LLM gpt 210-220 failed=Timeout`,
			"crew fine, Timeout at after>gpt"},
	})
}

func TestAnErrorSaysWhatTheFailedSpanDid(t *testing.T) {
	d := runs.Of(read(t, `
		AGENT boss 0-100
		  LLM gpt 10-20 failed=Timeout message=slow
	`), nil)
	got := d.Runs[0].Detail.Error
	if got == nil || got.SpanID != id(2) || got.SpanName != "gpt" || got.Type != "Timeout" || got.Message != "slow" {
		t.Errorf("got %+v", got)
	}
}

// chain returns a trace of spans each of which is below the one before, which
// have their numbers as names. The last one failed.
func chain(n int, typeOf func(i int) model.SpanType) []*model.Span {
	spans := make([]*model.Span, n)
	for i := range spans {
		spans[i] = &model.Span{
			TraceID: model.TraceID{1}, SpanID: id(i + 1), Type: typeOf(i), Name: fmt.Sprint(i),
			StartNano: ms(int64(i)), EndNano: ms(int64(2*n - i)), Failed: i == n-1,
		}
		if i > 0 {
			spans[i].ParentID = id(i)
		}
	}
	return spans
}

func TestOfALongPathTheMiddleIsLeftOut(t *testing.T) {
	for _, row := range []struct {
		spans int
		want  string
	}{
		{model.MaxPath, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31"},
		{model.MaxPath + 1, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32"},
		{1000, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 984 985 986 987 988 989 990 991 992 993 994 995 996 997 998 999"},
	} {
		d := runs.Of(chain(row.spans, func(i int) model.SpanType {
			if i == 0 {
				return model.TypeAgent
			}
			return model.TypeChain
		}), nil)
		if got := strings.Join(d.Runs[0].Detail.Error.Path, " "); got != row.want {
			t.Errorf("%d spans: %s", row.spans, got)
		}
	}
}

// steps says which steps each run has.
func steps(d *runs.Derived) string {
	var all []string
	for _, r := range d.Runs {
		said := []string{r.Name + ":"}
		for _, s := range r.Detail.Steps {
			said = append(said, s.Type.String(), s.Name+mark(s.Failed, "!"))
		}
		all = append(all, strings.Join(said, " "))
	}
	return strings.Join(all, " | ")
}

func TestTheStepsOfAWorkflow(t *testing.T) {
	hold(t, steps, []rule{
		{"are its step spans, by start, also those within others", `
			WORKFLOW flow 0-100
			  STEP second 30-40
			    STEP inner 35-39
			  STEP first 10-20`,
			"flow: STEP first STEP second STEP inner"},
		{"and runs that no step is about", `
			WORKFLOW flow 0-100
			  STEP one 10-20
			    AGENT writer 11-19
			  CHAIN router 30-50
			    AGENT reader 31-40
			    STEP two 41-45
			      CHAIN thought 42-45
			        TEAM crew 43-44`,
			"flow: STEP one AGENT reader STEP two | writer: | reader: | crew:"},
		{"and failed where anything below them did", `
			WORKFLOW flow 0-100
			  STEP one 10-20
			    AGENT writer 11-19
			      LLM gpt 12-13 failed=Timeout
			  AGENT reader 30-40 failed=Cancelled
			  STEP three 50-60`,
			"flow: STEP one! AGENT reader! STEP three | writer: | reader:"},
		{"are not those of a run below, nor of other runs", `
			WORKFLOW flow 0-100
			  AGENT writer 10-50
			    STEP thought 11-19
			    AGENT helper 20-30
			  WORKFLOW inner 60-90
			    STEP one 61-70`,
			"flow: AGENT writer WORKFLOW inner | writer: | helper: | inner: STEP one"},
		{"even if that run stands below a step", `
			WORKFLOW flow 0-100
			  STEP one 10-50
			    WORKFLOW inner 20-40
			      AGENT writer 21-30`,
			"flow: STEP one | inner: AGENT writer | writer:"},
	})
}

func TestAStepSaysWhereAndWhenItWas(t *testing.T) {
	d := runs.Of(read(t, `
		WORKFLOW flow 0-100
		  STEP one 10-50
	`), nil)
	want := model.RunStep{SpanID: id(2), Name: "one", Type: model.TypeStep, StartNano: ms(10), EndNano: ms(50)}
	if got := d.Runs[0].Detail.Steps; len(got) != 1 || got[0] != want {
		t.Errorf("got %+v", got)
	}
}
