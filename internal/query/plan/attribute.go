package plan

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agenttrace/agenttrace/internal/query"
)

// attributeLeaf translates a comparison with a short attribute. Nothing is
// exact, since a row may not tell.
func attributeLeaf(key string, c comparison) leaf {
	present := Term{Attribute: key, Op: NotEqual}
	switch {
	case c.value.Kind == query.KindNil && c.op == query.NotEqual:
		return leaf{holds: present, fails: present.negated()}
	case c.value.Kind == query.KindNil:
		return leaf{holds: present.negated(), fails: present}
	case c.op == query.Matches || c.op == query.NotMatches:
		return attributePattern(present, c)
	case c.op == query.Contains && (strings.ContainsFunc(c.value.Text, hasCases) || !isPlain(c.value.Text)):
		return leaf{holds: present}
	case c.op == query.Contains:
		return leaf{holds: Term{Attribute: key, Op: Contains, Value: c.value}}
	}
	t := Term{Attribute: key, Op: opOf(c.op), Value: c.value}
	switch {
	case c.value.Kind == query.KindString:
		return attributeText(t)
	case c.value.Kind.IsNumber():
		return attributeNumber(t)
	case c.value.Kind == query.KindBool && (t.Op == Equal || t.Op == NotEqual):
		return leaf{holds: t, fails: t.negated()}
	case c.value.Kind == query.KindBool:
		return leaf{holds: present}
	default:
		return leaf{holds: never} // attributes have no statuses, kinds and types
	}
}

// maxText is the longest text that is worth comparing with: no row has longer
// ones.
const maxText = 256

// isPlain reports whether a text is in rows as it was sent: not repaired, and
// not cut.
func isPlain(text string) bool {
	return len(text) <= maxText && utf8.ValidString(text) && !strings.ContainsAny(text, "\x00\uFFFD")
}

// notNumbers are the doubles that rows have as texts.
var notNumbers = []string{"NaN", "Infinity", "-Infinity"}

// maybeNumber reports whether a double could be taken for a text that compares
// so.
func (t Term) maybeNumber() bool {
	return slices.ContainsFunc(notNumbers, func(s string) bool { return t.compares(query.Text(s)) })
}

func attributeText(t Term) leaf {
	switch {
	case !isPlain(t.Value.Text), t.Op != Equal && t.Op != NotEqual:
		return leaf{holds: t.presence()} // repairing a text may change its order
	case t.maybeNumber():
		return leaf{holds: t}
	default:
		return leaf{holds: t, fails: t.negated()}
	}
}

// maxExact bounds the numbers that are the same in every form: beyond it, a
// float's shortest decimal, which rows have, may be another whole number than
// the float is.
const maxExact = 1 << 53

func attributeNumber(t Term) leaf {
	f, _ := t.Value.Number()
	if math.Abs(f) < maxExact {
		return leaf{holds: t.orInfinite(), fails: t.negated()}
	}
	switch {
	case t.Op != Equal, math.IsInf(f, 0):
		return leaf{holds: t.presence()}
	case t.Value.Kind != query.KindFloat && int64(f) == t.Value.Int:
		t.Value = query.Float(f) // for databases to compare as floats
	}
	return leaf{holds: t}
}

// orInfinite returns a condition that holds where a comparison with a number
// does, also for the numbers that rows have as texts.
func (t Term) orInfinite() Condition {
	parts := []Condition{t}
	for _, infinite := range [...]struct {
		text  string
		value float64
	}{{"Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)}} {
		if t.compares(query.Float(infinite.value)) {
			parts = append(parts, Term{Attribute: t.Attribute, Value: query.Text(infinite.text)})
		}
	}
	return either(parts...)
}

func attributePattern(present Term, c comparison) leaf {
	shape := shapeOf(c.pattern, false)
	if slices.ContainsFunc(shape.texts, func(s string) bool { return !isPlain(s) }) {
		return leaf{holds: present}
	}
	column := Term{Attribute: present.Attribute}
	matches := shape.condition(column, present)
	sure := shape.exact && !slices.ContainsFunc(shape.texts, func(s string) bool {
		return Term{Op: shape.op, Value: query.Text(s)}.maybeNumber()
	})
	switch {
	case c.op == query.Matches && sure:
		return leaf{holds: matches, fails: negate(matches)}
	case c.op == query.Matches:
		return leaf{holds: matches}
	case sure:
		return leaf{holds: shape.opposite(column, present)}
	default:
		return leaf{holds: present}
	}
}
