package match

import (
	"cmp"
	"math"
	"strings"

	"github.com/agenttrace/agenttrace/internal/query"
)

// compare compares two present values. Values of kinds that do not go together
// compare as nothing, also not as unequal, and NaN goes with no number.
func compare(b *query.Binary, left, right *query.Value) bool {
	switch b.Op {
	case query.Matches, query.NotMatches:
		return left.Kind == query.KindString && b.Pattern != nil &&
			b.Pattern.Regexp.MatchString(left.Text) == (b.Op == query.Matches)
	case query.Contains:
		return left.Kind == query.KindString && right.Kind == query.KindString && Fold(left.Text, right.Text)
	}
	if left.Kind == query.KindString && right.Kind == query.KindString {
		// Far more often than not the lengths tell already.
		switch b.Op {
		case query.Equal:
			return left.Text == right.Text
		case query.NotEqual:
			return left.Text != right.Text
		}
	}
	c, ok := order(left, right)
	return ok && holdsFor(b.Op, c)
}

// holdsFor reports whether an operator holds between values in the order c.
func holdsFor(op query.Operator, c int) bool {
	switch op {
	case query.Equal:
		return c == 0
	case query.NotEqual:
		return c != 0
	case query.Less:
		return c < 0
	case query.LessEqual:
		return c <= 0
	case query.Greater:
		return c > 0
	default:
		return op == query.GreaterEqual && c >= 0
	}
}

// order returns the order of two values, and false where they have none.
func order(a, b *query.Value) (c int, ok bool) {
	switch {
	case a.Kind == query.KindFloat && b.Kind == query.KindFloat:
		return orderFloats(a.Float, b.Float)
	case a.Kind == query.KindFloat && b.Kind.IsNumber():
		c, ok = orderMixed(b.Int, a.Float)
		return -c, ok
	case a.Kind.IsNumber() && b.Kind == query.KindFloat:
		return orderMixed(a.Int, b.Float)
	case a.Kind.IsNumber() && b.Kind.IsNumber():
		return cmp.Compare(a.Int, b.Int), true
	case a.Kind != b.Kind || a.Kind == query.KindNil:
		return 0, false
	case a.Kind == query.KindString:
		return strings.Compare(a.Text, b.Text), true
	default:
		return cmp.Compare(a.Int, b.Int), true
	}
}

func orderFloats(a, b float64) (c int, ok bool) {
	return cmp.Compare(a, b), a == a && b == b
}

// orderMixed compares an integer with a float exactly: converting the integer
// would round it.
func orderMixed(n int64, f float64) (c int, ok bool) {
	switch {
	case math.IsNaN(f):
		return 0, false
	case f >= 1<<63:
		return -1, true
	case f < -1<<63:
		return 1, true
	}
	whole := math.Floor(f)
	if c := cmp.Compare(n, int64(whole)); c != 0 || whole == f {
		return c, true
	}
	return -1, true
}
