package query_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/querytest"
)

// samePatterns compares compiled patterns by their texts.
var samePatterns = cmp.Comparer(func(a, b *query.Pattern) bool {
	return a == b || a != nil && b != nil && a.Text == b.Text && a.Regexp.String() == b.Regexp.String()
})

func TestWhatIsPrintedParsesToTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.OneOf(querytest.Queries(), querytest.MetricsQueries()).Draw(t, "query")
		text := q.String()
		parsed, err := query.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(q, parsed, samePatterns); diff != "" {
			t.Fatalf("%s parses to something else (-printed +parsed):\n%s", text, diff)
		}
	})
}
