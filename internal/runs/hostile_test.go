package runs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// many is so many spans that steps in proportion to their square, ten billion, take
// longer than anybody's patience.
const many = 100_000

// patience is far more than what takes time in proportion to the spans needs, also
// under the race detector on a busy machine.
const patience = 10 * time.Second

// each returns many spans of one trace, made by a function that gets their numbers
// from 0 on.
func each(spanOf func(i int, s *model.Span)) []*model.Span {
	spans := make([]*model.Span, many)
	for i := range spans {
		spans[i] = &model.Span{
			TraceID: model.TraceID{1}, SpanID: id(i + 1), StartNano: ms(int64(i)), EndNano: ms(2 * many), Name: "span",
		}
		spanOf(i, spans[i])
	}
	return spans
}

func TestTimeIsInProportionToTheSpansHoweverTheyHangTogether(t *testing.T) {
	for _, row := range []struct {
		shape string
		spans func(i int, s *model.Span)
		runs  int
		first int64 // spans of the earliest run and all below it
	}{
		{"a chain of runs, of which the last failed", func(i int, s *model.Span) {
			s.Type, s.ParentID, s.Failed = model.TypeAgent, id(i), i == many-1
		}, many, many},
		{"a chain of runs that start before their parents", func(i int, s *model.Span) {
			s.Type, s.ParentID, s.StartNano, s.Failed = model.TypeAgent, id(i), ms(int64(many-i)), true
		}, many, 1},
		{"a chain of model calls that repeat each other's usage", func(i int, s *model.Span) {
			s.Type, s.ParentID, s.Usage.Input, s.Billing.Reported = model.TypeLLM, id(i), 5, 5
			if i == 0 {
				s.Type = model.TypeAgent
			}
		}, 1, many},
		{"a chain of workflows and steps", func(i int, s *model.Span) {
			s.Type, s.ParentID = []model.SpanType{model.TypeWorkflow, model.TypeStep}[i%2], id(i)
		}, many / 2, many},
		{"a star of failed calls with a name each", func(i int, s *model.Span) {
			s.Type, s.ParentID, s.Model, s.Failed = model.TypeLLM, id(1), fmt.Sprint(i), true
			if i == 0 {
				s.Type, s.ParentID = model.TypeAgent, model.SpanID{}
			}
		}, 1, many},
		{"a star of steps", func(i int, s *model.Span) {
			s.Type, s.ParentID = model.TypeStep, id(1)
			if i == 0 {
				s.Type, s.ParentID = model.TypeWorkflow, model.SpanID{}
			}
		}, 1, many},
		{"a circle of runs", func(i int, s *model.Span) {
			s.Type, s.ParentID, s.Failed = model.TypeTeam, id(i), i == many/2
			if i == 0 {
				s.ParentID = id(many)
			}
		}, many, many},
		{"many small circles", func(i int, s *model.Span) {
			s.Type, s.ParentID = model.TypeAgent, id(i^1+1)
		}, many, 2},
		{"one id", func(_ int, s *model.Span) {
			s.Type, s.SpanID, s.ParentID = model.TypeAgent, id(7), id(7)
		}, many, many},
		{"runs that are all detached", func(i int, s *model.Span) {
			s.Type, s.ParentID, s.EndNano = model.TypeTeam, id(i), s.StartNano+1
		}, many, 1},
		{"an identity and an hour for each, and thousands of days", func(i int, s *model.Span) {
			s.Type, s.ParentID, s.SessionID = model.TypeTool, id(1), fmt.Sprint(i)
			s.StartNano = int64(i) * (model.NanosPerDay / 8)
			s.EndNano = s.StartNano
			if i == 0 {
				s.Type, s.ParentID, s.EndNano = model.TypeAgent, model.SpanID{}, many*(model.NanosPerDay/8)
			}
		}, 1, many},
	} {
		t.Run(row.shape, func(t *testing.T) {
			spans := each(row.spans)
			begin := time.Now()
			d := runs.Of(spans, prices{})
			if took := time.Since(begin); took > patience {
				t.Errorf("it took %v", took)
			}
			if len(d.Runs) != row.runs || d.Runs[0].Detail.Total.Spans != row.first {
				t.Errorf("%d runs, the first with %d spans, want %d and %d", len(d.Runs), d.Runs[0].Detail.Total.Spans, row.runs, row.first)
			}
		})
	}
}

func TestATraceWithoutSpansMeansNothing(t *testing.T) {
	d := runs.Of(nil, prices{})
	if len(d.Spans)+len(d.Runs)+len(d.Bills)+len(d.Parts) > 0 || len(d.BillsOf(func(*model.Span) bool { return true })) > 0 {
		t.Errorf("got %+v", d)
	}
}

// No sum of a trace that a store takes may overflow, and none that does may panic.
func TestAbsurdNumbersDoNoHarm(t *testing.T) {
	const most = 1<<63 - 1
	spans := read(t, `
		AGENT boss 0-100
		  LLM gpt 10-20
		  LLM gpt 30-40
		  TOOL search 50-60
	`)
	for i, s := range spans {
		s.Usage = model.Usage{Input: most, Output: most}
		s.Billing.Reported = most
		s.StartNano, s.EndNano = -most+int64(i), most-int64(i)
	}
	if d := runs.Of(spans, prices{}); len(d.Runs) != 1 || d.Runs[0].Own.Spans != 4 {
		t.Errorf("got %+v", d.Runs)
	}
}
