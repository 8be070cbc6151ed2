package match_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/query/match"
)

// folded is what Fold promises to be equal to.
func folded(text, needle string) bool {
	return regexp.MustCompile(`(?i)` + regexp.QuoteMeta(needle)).MatchString(text)
}

func TestFoldIgnoresCase(t *testing.T) {
	tests := []struct {
		text, needle string
		want         bool
	}{
		{"", "", true},
		{"abc", "", true},
		{"", "a", false},
		{"The Refund was paid", "REFUND", true},
		{"refun d", "refund", false},
		{"refun refund", "refund", true},
		{"xxk", "XK", true},
		{"10 \u212a", "k", true},    // the Kelvin sign is a k
		{"mi\u017ft", "MIST", true}, // and the long s an s
		{"mist", "mi\u017ft", true},
		{"ΣΊΣΥΦΟΣ", "σίσυφος", true}, // three sigmas
		{"Straße", "STRASSE", false}, // simple folding keeps the length
		{"ПРИВЕТ, мир", "привет, МИР", true},
		{"aab", "AB", true},
		{"\xff\xfeab", "AB", true},
		{"a\xffb", "a\ufffdb", true}, // as regular expressions have it
		{"a\xff", "A\ufffd", true},
		{"ab", "abc", false},
		{"日本語", "本", true},
	}
	for _, test := range tests {
		if got := match.Fold(test.text, test.needle); got != test.want {
			t.Errorf("Fold(%q, %q) is %v", test.text, test.needle, got)
		}
		if folded(test.text, test.needle) != test.want {
			t.Errorf("(?i) says otherwise of %q and %q", test.text, test.needle)
		}
	}
}

func TestFoldKnowsAllCasesOfEachCharacter(t *testing.T) {
	for r := range unicode.MaxRune + 1 {
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			if !match.Fold("x"+string(other), string(r)) {
				t.Errorf("%q is not found as %q", other, r)
			}
		}
	}
}

func TestFoldIsARegularExpressionThatIgnoresCase(t *testing.T) {
	letters := rapid.SampledFrom([]string{"a", "A", "b", "k", "K", "\u212a", "s", "\u017f", "S", "é", "É", "σ", "ς", "Σ", " ", "\ufffd", "\xff", "\xe2\x84", "本"})
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(letters, 0, 30).Draw(rt, "text"), "")
		needle := strings.ToValidUTF8(strings.Join(rapid.SliceOfN(letters, 0, 4).Draw(rt, "needle"), ""), "\ufffd")
		if got, want := match.Fold(text, needle), folded(text, needle); got != want {
			rt.Errorf("Fold(%q, %q) is %v", text, needle, got)
		}
	})
}

func FuzzFold(f *testing.F) {
	f.Add("The Refund", "refund")
	f.Add("\u212a\u017f", "KS")
	f.Add("\xe2\x84\xaa\xff", "k\ufffd")
	f.Fuzz(func(t *testing.T, text, needle string) {
		if !utf8.ValidString(needle) || len(needle) > 1000 {
			return // no regular expression can be made of it
		}
		if got, want := match.Fold(text, needle), folded(text, needle); got != want {
			t.Errorf("Fold(%q, %q) is %v", text, needle, got)
		}
	})
}

// TestFoldEndsForTextsThatNearlyMatchEverywhere uses long needles: comparing
// each place of the text from the start would take minutes.
func TestFoldEndsForTextsThatNearlyMatchEverywhere(t *testing.T) {
	const n = 100_000
	a, e := strings.Repeat("a", n), strings.Repeat("É", n)
	for _, test := range []struct{ text, needle string }{
		{strings.Repeat("a", 1<<20), a + "b" + a},
		{strings.Repeat(a[1:]+"b", 1<<20/n), a},
		{strings.Repeat("é", 1<<19), e + "e"},
		{strings.Repeat("é", 1<<19), e + "\ufffd"},
	} {
		if match.Fold(test.text, test.needle) {
			t.Errorf("a text holds a needle of %d bytes that it does not", len(test.needle))
		}
	}
}
