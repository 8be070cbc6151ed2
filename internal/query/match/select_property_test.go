package match_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/querytest"
)

func TestAnyQuerySelectsDistinctSpansWhateverTheirOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		spans := querytest.Traces().Draw(rt, "trace")
		q := querytest.Queries().Draw(rt, "query")
		selected := match.Select(q, match.NewTrace(spans))
		seen := setOf(selected)
		if len(seen) != len(selected) {
			rt.Fatalf("%s selects a span twice", q)
		}
		for _, s := range selected {
			if !slices.Contains(spans, s.Span) {
				rt.Fatalf("%s selects a span that is none of the trace", q)
			}
		}
		shuffled := match.Select(q, match.NewTrace(rapid.Permutation(spans).Draw(rt, "order")))
		if len(shuffled) != len(selected) {
			rt.Fatalf("%s selects %d spans, of the same in another order %d", q, len(selected), len(shuffled))
		}
		for i := range shuffled {
			if shuffled[i].Span != selected[i].Span || fmt.Sprint(shuffled[i].Fields) != fmt.Sprint(selected[i].Fields) {
				rt.Fatalf("%s selects other spans when they come in another order", q)
			}
		}
	})
}
