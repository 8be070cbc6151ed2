package traceql_test

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/clients/go/traceql"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/querytest"
)

func TestWhatIsBuiltIsTheQueryThatTheParserReads(t *testing.T) {
	for name, queries := range map[string]*rapid.Generator[*query.Query]{
		"searches": querytest.Queries(), "metrics": querytest.MetricsQueries(),
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := queries.Draw(t, "query")
				straighten(want)
				text := build(want)
				got, err := query.Parse(text)
				if err != nil {
					t.Fatalf("%s\ndoes not parse: %v", text, err)
				}
				if diff := cmp.Diff(want, got, cmp.Comparer(sameRegexp)); diff != "" {
					t.Fatalf("%s\nis another query (-want +got):\n%s", text, diff)
				}
				if printed := got.String(); printed != text {
					t.Fatalf("built   %s\nprinted %s", text, printed)
				}
			})
		})
	}
}

func sameRegexp(a, b *regexp.Regexp) bool { return a.String() == b.String() }

// Names and texts are quoted so that the parser reads what was given.
func TestAnyNameAndAnyTextArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOf(rapid.RuneFrom([]rune(`aZ0_.-/@$: "\é∞µ²`+"\n\t\x01\x7f\u0301`{}|"))).
			Filter(func(s string) bool { return s != "" }).Draw(t, "name")
		value := rapid.String().Filter(func(s string) bool { return !regexp.MustCompile("\x00").MatchString(s) }).Draw(t, "value")
		text := traceql.Spans(traceql.SpanAttr(name).Text().Equals(value)).String()
		q, err := query.Parse(text)
		if err != nil {
			t.Fatalf("%s\ndoes not parse: %v", text, err)
		}
		b := q.Source.(*query.Filter).Condition.(*query.Binary)
		if f := b.Left.(*query.Field); f.Name != name || f.Scope != query.ScopeSpan {
			t.Errorf("%s names %q, want %q", text, f.Name, name)
		}
		if got := b.Right.(*query.Literal).Value.Text; got != value {
			t.Errorf("%s compares with %q, want %q", text, got, value)
		}
	})
}
