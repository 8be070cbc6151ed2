package querytest_test

import (
	"bytes"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/querytest"
)

// These tests guard the generators: a property that nothing drawn can break
// holds nothing.

// drawn returns many traces, the same each time.
func drawn() [][]*model.Span {
	traces := make([][]*model.Span, 250)
	for seed := range traces {
		traces[seed] = querytest.Traces().Example(seed)
	}
	return traces
}

func TestDrawnTracesHaveEveryIntrinsic(t *testing.T) {
	traces := drawn()
	for _, d := range query.Intrinsics() {
		present, absent := 0, 0
		field := &query.Field{Intrinsic: d.Intrinsic}
		for _, spans := range traces {
			trace := match.NewTrace(spans)
			for _, s := range spans {
				if len(trace.Values(field, s)) > 0 {
					present++
				} else {
					absent++
				}
			}
		}
		if present < 10 {
			t.Errorf("%s is present on %d spans and absent on %d", field, present, absent)
		}
	}
}

func TestDrawnTracesHaveEveryShape(t *testing.T) {
	seen := map[string]int{
		"orphan": 0, "own parent": 0, "two spans with one id": 0, "equal starts": 0, "two roots": 0, "two days": 0,
		"attributes that the row does not have": 0, "attributes that the row has not whole": 0, "several events": 0, "no body value": 0,
	}
	for _, spans := range drawn() {
		ids := map[model.SpanID]int{}
		starts, days := map[int64]int{}, map[int64]bool{}
		roots := 0
		for _, s := range spans {
			ids[s.SpanID]++
			starts[s.StartNano]++
			days[s.StartNano/86400e9] = true
			if s.IsRoot() {
				roots++
			}
		}
		count := func(name string, is bool) {
			if is {
				seen[name]++
			}
		}
		count("two roots", roots > 1)
		count("two days", len(days) > 1)
		count("equal starts", len(starts) < len(spans))
		for _, s := range spans {
			count("orphan", !s.IsRoot() && ids[s.ParentID] == 0)
			count("own parent", s.ParentID == s.SpanID)
			count("two spans with one id", ids[s.SpanID] > 1)
			count("attributes that the row does not have", bytes.Contains(s.ShortAttributes, []byte(model.ShortIncomplete)))
			count("attributes that the row has not whole", bytes.Contains(s.ShortAttributes, []byte("null")))
			count("several events", len(s.Body.Events) > 1)
			count("no body value", s.Body.Input.Value == "")
		}
	}
	for name, n := range seen {
		if n < 5 {
			t.Errorf("%s: %d times", name, n)
		}
	}
}

func TestDrawnQueriesSelectSomeSpansOfSomeTraces(t *testing.T) {
	some, all, none := 0, 0, 0
	for seed, spans := range drawn() {
		for i := range 5 {
			q := querytest.Queries().Example(5*seed + i)
			switch len(match.Select(q, match.NewTrace(spans))) {
			case 0:
				none++
			case len(spans):
				all++
			default:
				some++
			}
		}
	}
	if least := (some + all + none) / 10; some < least || all < least || none < least {
		t.Errorf("queries select nothing %d times, some spans %d times, all spans %d times", none, some, all)
	}
}
