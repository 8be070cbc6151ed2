package match_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

// relations are the structural ones, as a query writes them, each with its
// definition.
var relations = map[string]func(t []*model.Span, left, right *model.Span) bool{
	">>": func(t []*model.Span, l, r *model.Span) bool { return slices.Contains(ancestors(t, r), l) },
	">":  func(t []*model.Span, l, r *model.Span) bool { return parentOf(t, r) == l },
	"<<": func(t []*model.Span, l, r *model.Span) bool { return slices.Contains(ancestors(t, l), r) },
	"<":  func(t []*model.Span, l, r *model.Span) bool { return parentOf(t, l) == r },
	"~":  func(_ []*model.Span, l, r *model.Span) bool { return !l.IsRoot() && l.ParentID == r.ParentID },
	"then": func(_ []*model.Span, l, r *model.Span) bool {
		return r.StartNano >= l.EndNano
	},
}

func parentOf(t []*model.Span, s *model.Span) (parent *model.Span) {
	if s.IsRoot() {
		return nil
	}
	for _, other := range t {
		if other.SpanID == s.ParentID && (parent == nil || other.StartNano < parent.StartNano) {
			parent = other
		}
	}
	return parent
}

// ancestors is the transitive closure of parentOf.
func ancestors(t []*model.Span, s *model.Span) (above []*model.Span) {
	for p := parentOf(t, s); p != nil && !slices.Contains(above, p); p = parentOf(t, p) {
		above = append(above, p)
	}
	return above
}

// traces draws traces of up to twelve spans that hang together in every way,
// with names of one letter.
func traces() *rapid.Generator[[]*model.Span] {
	return rapid.Custom(func(t *rapid.T) []*model.Span {
		n := rapid.IntRange(0, 12).Draw(t, "spans")
		spans := make([]*model.Span, n)
		for i := range spans {
			start := rapid.Int64Range(0, 20).Draw(t, "start")
			spans[i] = &model.Span{
				TraceID:   model.TraceID{1},
				SpanID:    model.SpanID{7: byte(i + 1)},
				StartNano: start,
				EndNano:   start + rapid.Int64Range(0, 5).Draw(t, "length"),
				Name:      rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"),
			}
			// Zero is no parent, the last is not stored.
			spans[i].ParentID = model.SpanID{7: byte(rapid.IntRange(0, n+1).Draw(t, "parent"))}
			if rapid.IntRange(0, 9).Draw(t, "same id") == 0 && i > 0 && spans[i-1].StartNano != start {
				spans[i].SpanID = spans[i-1].SpanID
			}
		}
		return spans
	})
}

func side() *rapid.Generator[string] { return rapid.SampledFrom([]string{"-", "a", "ab", "abc", "c"}) }

func keep(spans []*model.Span, wanted func(*model.Span) bool) map[*model.Span]bool {
	kept := map[*model.Span]bool{}
	for _, s := range spans {
		if wanted(s) {
			kept[s] = true
		}
	}
	return kept
}

func setOf(selected []match.Selected) map[*model.Span]bool {
	set := map[*model.Span]bool{}
	for _, s := range selected {
		set[s.Span] = true
	}
	return set
}

func TestStructureIsItsDefinitionOverAllPairs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		spans := traces().Draw(rt, "trace")
		trace := match.NewTrace(spans)
		relation := rapid.SampledFrom([]string{">>", ">", "<<", "<", "~", "then"}).Draw(rt, "relation")
		form := rapid.SampledFrom([]string{"", "!", "&"}).Draw(rt, "form")
		left, right := side().Draw(rt, "left"), side().Draw(rt, "right")
		text := fmt.Sprintf("%s %s%s %s", left, form, relation, right)

		inLeft := func(s *model.Span) bool { return strings.Contains(left, s.Name) }
		inRight := func(s *model.Span) bool { return strings.Contains(right, s.Name) }
		related := func(l, r *model.Span) bool {
			return l != r && inLeft(l) && inRight(r) && relations[relation](spans, l, r)
		}
		hasLeft := func(r *model.Span) bool {
			return slices.ContainsFunc(spans, func(l *model.Span) bool { return related(l, r) })
		}
		hasRight := func(l *model.Span) bool {
			return slices.ContainsFunc(spans, func(r *model.Span) bool { return related(l, r) })
		}
		want := keep(spans, func(s *model.Span) bool {
			switch form {
			case "!":
				return inRight(s) && !hasLeft(s)
			case "&":
				return hasLeft(s) || hasRight(s)
			default:
				return hasLeft(s)
			}
		})
		got := setOf(match.Select(parse(t, text), trace))
		if len(got) != len(want) {
			rt.Fatalf("%s selects %d spans, want %d", text, len(got), len(want))
		}
		for s := range want {
			if !got[s] {
				rt.Fatalf("%s does not select span %s", text, s.SpanID)
			}
		}
	})
}

func TestSpansetsCombineLikeSets(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		trace := match.NewTrace(traces().Draw(rt, "trace"))
		selects := func(text string) string { return names(match.Select(parse(t, text), trace)) }
		a, b, c := side().Draw(rt, "a"), side().Draw(rt, "b"), side().Draw(rt, "c")
		same := [][2]string{
			{a + " || " + b, b + " || " + a},
			{a + " && " + b, b + " && " + a},
			{a + " || " + a, a},
			{a + " && " + a, a},
			{"( " + a + " || " + b + " ) || " + c, a + " || ( " + b + " || " + c + " )"},
			{"( " + a + " && " + b + " ) && " + c, a + " && ( " + b + " && " + c + " )"},
			{a + " || -", a},
			{a + " && -", "-"},
		}
		for _, pair := range same {
			if x, y := selects(pair[0]), selects(pair[1]); x != y {
				rt.Errorf("%s selects %q, %s selects %q", pair[0], x, pair[1], y)
			}
		}
	})
}

// Anything that is not linear would not end within the test's time.
func TestLongChainsCirclesAndWideTracesAreNoTrouble(t *testing.T) {
	const n = 50_000
	queries := []string{">>", "!>>", "&>>", "<<", ">", "<", "~", "then", "&then"}
	shapes := []struct {
		name   string
		parent func(i int) int
		want   []int // of each query
	}{
		{"chain", func(i int) int { return i - 1 }, []int{n - 1, 1, n, n - 1, n - 1, n - 1, 0, n - 1, n}},
		{"circle", func(i int) int { return (i + n - 1) % n }, []int{n, 0, n, n, n, n, 0, n - 1, n}},
		{"star", func(i int) int { return min(i, 1) - 1 }, []int{n - 1, 1, n, 1, n - 1, 1, n - 1, n - 1, n}},
	}
	for _, shape := range shapes {
		spans := make([]*model.Span, n)
		for i := range spans {
			spans[i] = &model.Span{SpanID: model.SpanIDFromInt64(int64(i) + 1), StartNano: int64(i), EndNano: int64(i)}
			if p := shape.parent(i); p >= 0 {
				spans[i].ParentID = model.SpanIDFromInt64(int64(p) + 1)
			}
		}
		trace := match.NewTrace(spans)
		for i, relation := range queries {
			if got := len(match.Select(parseWhole(t, "{ } "+relation+" { }"), trace)); got != shape.want[i] {
				t.Errorf("%s selects %d spans of a %s, want %d", relation, got, shape.name, shape.want[i])
			}
		}
	}
}
