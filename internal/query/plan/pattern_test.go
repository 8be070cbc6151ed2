package plan

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

// drawPattern draws regular expressions that match some of the texts below.
func drawPattern(t *rapid.T, depth int) string {
	if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
		return rapid.SampledFrom([]string{"a", "b", "ab", "K", "é", ".", ".*", ".+", "[ab]", "[^a]", "[a-z]", "", "^", "$", `\b`, "(?i)k", "(?i:ab)", "(?-s:.*)", "\uFFFD"}).Draw(t, "atom")
	}
	a, b := drawPattern(t, depth-1), drawPattern(t, depth-1)
	switch rapid.IntRange(0, 6).Draw(t, "shape") {
	case 0:
		return "(" + a + "|" + b + ")"
	case 1:
		return a + "|" + b
	case 2:
		return "(?:" + a + ")" + rapid.SampledFrom([]string{"?", "*", "+", "{2}", "{0,2}"}).Draw(t, "repetition")
	default:
		return a + b
	}
}

func drawWord(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "A", "k", "K", "\u212A", "é", "\n", "\uFFFD"}), 0, 5).Draw(t, "word"), "")
}

// compares decides a shape by its definition.
func (s shape) compares(word string) bool {
	return slices.ContainsFunc(s.texts, func(text string) bool {
		if s.folded {
			return match.Fold(word, text)
		}
		return Term{Op: s.op, Value: query.Text(text)}.compares(query.Text(word))
	})
}

func TestAPatternMatchesNothingButItsShape(t *testing.T) {
	exact, telling := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p, err := query.NewPattern(drawPattern(t, 3))
		if err != nil {
			return // too large
		}
		strict, loose := shapeOf(p, false), shapeOf(p, true)
		if strict.exact {
			exact++
		}
		if !slices.Contains(strict.texts, "") {
			telling++
		}
		for range 10 {
			word := drawWord(t)
			matches := p.Regexp.MatchString(word)
			if matches && !strict.compares(word) || strict.exact && matches != strict.compares(word) {
				t.Fatalf("%q matches %q: %v, but its shape is %+v", p.Text, word, matches, strict)
			}
			if matches && !loose.compares(word) {
				t.Fatalf("%q matches %q, but its shape is %+v", p.Text, word, loose)
			}
		}
	})
	if exact < 10 || telling < 10 {
		t.Errorf("%d patterns were exact, %d said something", exact, telling)
	}
}

func TestAShapeHasFewTexts(t *testing.T) {
	for _, text := range []string{"[a-z]", "[ab][ab][ab][ab][ab][ab]", "a?b?c?d?e?f?g?", strings.Repeat("x|", 40) + "yy", strings.Repeat("(a|b)", 50)} {
		p, err := query.NewPattern(text)
		if err != nil {
			t.Fatal(err)
		}
		if s := shapeOf(p, false); len(s.texts) > maxAlternatives {
			t.Errorf("%q: %d texts", text, len(s.texts))
		}
	}
}
