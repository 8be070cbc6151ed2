package match_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/query/match"
)

func TestStructureSelects(t *testing.T) {
	// a has b and c; b has d; d has e. f is another root.
	const family = "a b<a c<a d<b e<d f"
	// a and b are each other's parents, c hangs from b, d from c.
	const circle = "a<b b<a c<b d<c"
	tests := []struct {
		trace, query, want string
	}{
		{family, "a >> abcdef", "b c d e"},
		{family, "bc >> abcdef", "d e"},
		{family, "d >> abc", ""},
		{family, "- >> abc", ""},
		{family, "abc >> -", ""},
		{family, "a > abcdef", "b c"},
		{family, "ab > abcdef", "b c d"},
		{family, "e << abcdef", "a b d"},
		{family, "f << abcdef", ""},
		{family, "e < abcdef", "d"},
		{family, "bc < abcdef", "a"},
		{family, "b ~ abcdef", "c"},
		{family, "bc ~ abcdef", "b c"},
		{family, "af ~ abcdef", ""}, // roots are nobody's children
		{family, "b ~ b", ""},

		{family, "a !>> abcdef", "a f"},
		{family, "b !> abcdef", "a b c e f"},
		{family, "e !<< abcdef", "c e f"},
		{family, "e !< abcdef", "a b c e f"},
		{family, "b !~ abcdef", "a b d e f"},
		{family, "- !>> abc", "a b c"},
		{family, "- !~ abc", "a b c"},
		{family, "a !>> -", ""},

		{family, "af &>> de", "a d e"},
		{family, "abcdef &> e", "d e"},
		{family, "e &<< af", "a e"},
		{family, "e &< abcdef", "d e"},
		{family, "b &~ abcdef", "b c"},
		{family, "f &>> abcdef", ""},
		{family, "a &>> -", ""},

		{family, "a && f", "a f"},
		{family, "a && -", ""},
		{family, "a || -", "a"},
		{family, "- || f", "f"},
		{family, "- || -", ""},
		{family, "ab || bc", "a b c"},

		{family, "a >> b >> e", "e"}, // from the left
		{family, "a >> ( b && d )", "b d"},
		{family, "( a >> abcdef ) ~ abcdef", "b c"},
		{family, "( a | count() = 1 ) > abcdef", "b c"},
		{family, "( abf | by(name) ) > abcdef", "b c d"}, // all spans of all spansets

		{circle, "a >> abcd", "b c d"}, // never itself
		{circle, "ab >> abcd", "a b c d"},
		{circle, "c >> abcd", "d"},
		{circle, "d << abcd", "a b c"},
		{circle, "a << abcd", "b"},
		{circle, "a > abcd", "b"},
		{circle, "b > abcd", "a c"},
		{circle, "a < abcd", "b"},
		{circle, "a !>> abcd", "a"},
		{circle, "d !<< abcd", "d"},
		{circle, "a ~ abcd", "c"},
		{"a<a b<a", "ab >> ab", "b"},
		{"a<a b<a", "b << ab", "a"},
		{"a<a b<a", "a ~ ab", "b"}, // both name a as their parent

		// Parents that are not stored have children all the same.
		{"a b<x c<x", "a >> bc", ""},
		{"a b<x c<x", "b ~ bc", "c"},
		{"a b<x c<x", "a !>> bc", "b c"},

		// Of several spans with one id, the earliest is the parent.
		{"a@0-9 a'@5-9 b<a@6-7", "a > b", "b"},
		{"a@0-9 a'@5-9 b<a@6-7", "b < a", "a"},
		{"a@0-9 a'<a@5-9 b<a@6-7", "a > a", "a'"},
	}
	for _, test := range tests {
		if got := names(match.Select(parse(t, test.query), match.NewTrace(spansOf(test.trace)))); got != test.want {
			t.Errorf("of %s, %s selects %q, want %q", test.trace, test.query, got, test.want)
		}
	}
}

func TestThenSelectsWhatStartsWhenTheLeftSideEnded(t *testing.T) {
	const calls = "a@0-10 b@10-20 c@15-30 d@20-20 e@31-40"
	tests := []struct {
		trace, query, want string
	}{
		{calls, "a then abcde", "b c d e"},
		{calls, "b then abcde", "d e"},
		{calls, "bc then abcde", "d e"},
		{calls, "e then abcde", ""},
		{calls, "d then d", ""}, // not itself, though it starts when it ends
		{"a@5-5 b@5-5", "ab then ab", "a b"},
		{calls, "b !then abcde", "a b c"},
		{calls, "- !then ab", "a b"},
		{calls, "abcde &then d", "a b d"},
		{calls, "abc &then e", "a b c e"},
		{calls, "d &then d", ""},
		{"a@5-5 b@5-5", "a &then b", "a b"},
	}
	for _, test := range tests {
		if got := names(match.Select(parse(t, test.query), match.NewTrace(spansOf(test.trace)))); got != test.want {
			t.Errorf("of %s, %s selects %q, want %q", test.trace, test.query, got, test.want)
		}
	}
}
