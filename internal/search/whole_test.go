package search

import (
	"errors"
	"sync"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// perToken is what a token costs.
type perToken int64

func (p perToken) Price(s *model.Span) (nano int64, ok bool) {
	return int64(p) * s.Usage.Sum(), s.Model != "gpt-0"
}

func TestCostIsComputedWhereItWasNotReported(t *testing.T) {
	spans := runs(10)
	e := &Engine{Store: newMemory(t, 2, spans...), Prices: perToken(1000)}
	for text, want := range map[string]int{
		`{ usage:cost > 0 }`:                    5, // gpt-1
		`{ usage:cost = nil && type = llm }`:    5, // nobody knows what gpt-0 costs
		`{ usage:cost = nil && type != llm }`:   20,
		`{ usage:cost >= 0.000008 }`:            2, // of 8 and 10 tokens
		`{ usage:cost > 0 && usage:input = 2 }`: 1,
	} {
		found := must(t, e.Spans(t.Context(), project, parse(t, text), repo.SpanQuery{}, nil))
		if len(found) != want {
			t.Errorf("%s: %d spans, want %d", text, len(found), want)
		}
	}
	unpriced := &Engine{Store: e.Store}
	if found := must(t, unpriced.Spans(t.Context(), project, parse(t, `{ usage:cost > 0 }`), repo.SpanQuery{}, nil)); len(found) != 0 {
		t.Errorf("without prices: %d spans", len(found))
	}
}

func TestEachTraceIsVisitedOnceWithAllOfIt(t *testing.T) {
	e := &Engine{Store: newMemory(t, 2, runs(40)...)}
	var mu sync.Mutex
	seen := map[model.TraceID]int{}
	within := model.TimeRange{Start: began + 5*second + 100, End: began + 30*second + 1} // cuts the agent of trace 5 off, and all but that of trace 30
	err := e.EachTrace(t.Context(), project, parse(t, `{ type = agent || type = tool }`), within, func(spans []*model.Span, selected []match.Selected) error {
		mu.Lock()
		defer mu.Unlock()
		seen[spans[0].TraceID]++
		if len(spans) != 3 || len(selected) != 2 {
			t.Errorf("trace %s: %d spans, %d selected", spans[0].TraceID, len(spans), len(selected))
		}
		for _, s := range spans {
			if s.Body == nil {
				t.Errorf("%s has no content", s.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 40 {
		want := 0
		if n >= 5 && n <= 30 {
			want = 1
		}
		if seen[traceID(n)] != want {
			t.Errorf("trace %d was visited %d times, want %d", n, seen[traceID(n)], want)
		}
	}
}

func TestVisitThatFailsEndsEachTrace(t *testing.T) {
	stop := errors.New("stop")
	e := &Engine{Store: newMemory(t, 2, runs(100)...), Limits: Limits{Workers: 1}}
	visits := 0
	err := e.EachTrace(t.Context(), project, parse(t, `{ }`), model.TimeRange{}, func([]*model.Span, []match.Selected) error {
		visits++
		return stop
	})
	if !errors.Is(err, stop) || visits > 10 {
		t.Errorf("%v after %d visits", err, visits)
	}
}

func TestEachTraceHasTheLimitsOfSearches(t *testing.T) {
	store := newMemory(t, 2, runs(20)...)
	nothing := func([]*model.Span, []match.Selected) error { return nil }
	for flag, limits := range map[string]Limits{
		FlagMaxTraces: {MaxTraces: 10}, FlagMaxRange: {MaxRange: 1}, FlagMaxTraceSpans: {MaxTraceSpans: 2}, FlagMaxBytes: {MaxBytes: 100},
	} {
		err := (&Engine{Store: store, Limits: limits}).EachTrace(t.Context(), project, parse(t, `{ }`), model.TimeRange{}, nothing)
		if broad, ok := errors.AsType[*TooBroad](err); !ok || broad.Limit != flag {
			t.Errorf("%s: %v", flag, err)
		}
	}
}
