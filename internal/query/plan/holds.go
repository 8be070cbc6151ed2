package plan

import (
	"cmp"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

// HoldsSpan reports whether a condition holds for the row of a span. It defines
// what the SQL of each store must decide.
func HoldsSpan(c Condition, s *model.Span) bool {
	return holds(c, func(t Term) bool {
		if t.Attribute == "" {
			return t.compares(match.Column(t.Intrinsic, s)) != t.Not
		}
		v, told := attributeOf(s.ShortAttributes, t.Attribute)
		return !told || t.compares(v) != t.Not
	})
}

// HoldsTrace is HoldsSpan for the row of a whole trace.
func HoldsTrace(c Condition, tr *model.Trace) bool {
	return holds(c, func(t Term) bool { return t.compares(traceColumn(t.Intrinsic, tr)) != t.Not })
}

func holds(c Condition, term func(Term) bool) bool {
	switch c := c.(type) {
	case All:
		for _, part := range c {
			if !holds(part, term) {
				return false
			}
		}
		return true
	case Any:
		for _, part := range c {
			if holds(part, term) {
				return true
			}
		}
		return false
	case Term:
		return term(c)
	default:
		return c == nil
	}
}

func traceColumn(i query.Intrinsic, t *model.Trace) query.Value {
	switch {
	case i == query.TraceDuration:
		return query.Duration(t.Duration())
	case i == query.TraceSpanCount:
		return query.Integer(t.Spans)
	case i == query.TraceErrorCount:
		return query.Integer(t.Errors)
	case i == query.TraceRootName && t.RootName != "":
		return query.Text(t.RootName)
	default:
		return query.Value{}
	}
}

// compares decides the comparison, without Not, for a column's value. Where the
// term's value is a float, all is compared as floats.
func (t Term) compares(v query.Value) bool {
	w := t.Value
	switch {
	case w.Kind == query.KindNil:
		return t.Op == Equal && v.Kind == query.KindNil || t.Op == NotEqual && v.Kind != query.KindNil
	case v.Kind == query.KindString && w.Kind == query.KindString:
		switch t.Op {
		case Contains:
			return strings.Contains(v.Text, w.Text)
		case HasPrefix:
			return strings.HasPrefix(v.Text, w.Text)
		}
		return ordered(t.Op, v.Text, w.Text)
	case v.Kind.IsNumber() && w.Kind.IsNumber() && (v.Kind == query.KindFloat || w.Kind == query.KindFloat):
		x, _ := v.Number()
		y, _ := w.Number()
		return ordered(t.Op, x, y)
	case v.Kind.IsNumber() && w.Kind.IsNumber(), v.Kind == w.Kind:
		return ordered(t.Op, v.Int, w.Int)
	default:
		return false // values of kinds that do not go together
	}
}

func ordered[T cmp.Ordered](op Op, a, b T) bool {
	switch op {
	case Equal:
		return a == b
	case NotEqual:
		return a != b
	case Less:
		return a < b
	case LessEqual:
		return a <= b
	case Greater:
		return a > b
	case GreaterEqual:
		return a >= b
	default:
		return false
	}
}
