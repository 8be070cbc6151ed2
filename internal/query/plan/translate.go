package plan

import (
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

// translator makes conditions of expressions. What its leaves cannot decide is
// weakened: a result is necessary for what it stands for, and may be true of
// more.
type translator struct {
	leaf func(*query.Field, comparison) leaf
}

// comparison is what a field is compared with.
type comparison struct {
	op      query.Operator
	value   query.Value    // nil value for nil
	pattern *query.Pattern // with Matches and NotMatches
}

// isThere is the comparison with nil that every other one implies, but that
// with nil itself.
var isThere = comparison{op: query.NotEqual}

// leaf is what is necessary for a comparison to hold, and for it not to hold.
type leaf struct {
	holds, fails Condition
	exact        bool // sufficient too
}

// exactly is the leaf of a comparison that a condition decides.
func exactly(c Condition) leaf { return leaf{holds: c, fails: negate(c), exact: true} }

// condition returns what is necessary for an expression to hold, or for it not
// to hold, and whether that is sufficient too.
func (t translator) condition(e query.Expr, wanted bool) (c Condition, exact bool) {
	switch e := e.(type) {
	case nil:
		return truth(wanted), true
	case *query.Field:
		return t.leaf(e, comparison{op: query.Equal, value: query.Boolean(true)}).as(wanted)
	case *query.Unary:
		if e.Op == query.Not {
			return t.condition(e.X, !wanted)
		}
	case *query.Binary:
		switch {
		case e.Op == query.And || e.Op == query.Or:
			return t.connected(operands(e, e.Op), wanted, (e.Op == query.And) == wanted)
		case e.Op >= query.Equal && e.Op <= query.Contains:
			return t.comparison(e).as(wanted)
		}
	}
	// A literal; arithmetic makes numbers, which are not true.
	return truth(match.Holds(e, nil) == wanted), true
}

func (l leaf) as(wanted bool) (c Condition, exact bool) {
	if wanted {
		return l.holds, l.exact
	}
	return l.fails, l.exact
}

func truth(b bool) Condition {
	if b {
		return nil
	}
	return never
}

// operands returns the operands of a chain of one connective.
func operands(e query.Expr, op query.Operator) []query.Expr {
	if b, ok := e.(*query.Binary); ok && b.Op == op {
		return append(operands(b.Left, op), operands(b.Right, op)...)
	}
	return []query.Expr{e}
}

// connected returns what is necessary for all of some expressions, or for any.
func (t translator) connected(exprs []query.Expr, wanted, conjunction bool) (c Condition, exact bool) {
	parts := make([]Condition, len(exprs))
	exact = true
	for i, e := range exprs {
		part, sure := t.condition(e, wanted)
		if sure && isDecisive(part, conjunction) {
			return part, true
		}
		parts[i], exact = part, exact && sure
	}
	return combine(parts, conjunction), exact
}

// isDecisive reports whether a part alone makes a conjunction false, or a
// disjunction true.
func isDecisive(c Condition, conjunction bool) bool {
	if conjunction {
		return isNever(c)
	}
	return c == nil
}

// comparison translates a comparison of a field with what needs no span, and
// weakens every other one.
func (t translator) comparison(b *query.Binary) leaf {
	left, isField := b.Left.(*query.Field)
	right, isFieldToo := b.Right.(*query.Field)
	switch {
	case isConstant(b.Left) && isConstant(b.Right):
		return exactly(truth(match.Holds(b, nil)))
	case isField && isConstant(b.Right):
		return t.withConstant(left, b.Op, b.Right, b.Pattern)
	case isFieldToo && isConstant(b.Left) && mirrored[b.Op] != 0:
		return t.withConstant(right, mirrored[b.Op], b.Left, nil)
	case b.Op == query.Equal && (isNil(b.Left) || isNil(b.Right)):
		return leaf{} // holds for what is absent
	default:
		return leaf{holds: all(t.presences(b.Left), t.presences(b.Right))}
	}
}

// mirrored are the operators that say the same with their sides exchanged.
var mirrored = [query.Not + 1]query.Operator{
	query.Equal: query.Equal, query.NotEqual: query.NotEqual, query.Less: query.Greater, query.LessEqual: query.GreaterEqual,
	query.Greater: query.Less, query.GreaterEqual: query.LessEqual,
}

func (t translator) withConstant(f *query.Field, op query.Operator, constant query.Expr, p *query.Pattern) leaf {
	c := comparison{op: op, value: match.NewTrace(nil).First(constant, nil), pattern: p}
	if c.value.Kind == query.KindNil {
		switch {
		case !isNil(constant): // calculated, and absent
			return exactly(never)
		case op != query.Equal && op != query.NotEqual:
			return exactly(never)
		}
	}
	return t.leaf(f, c)
}

func isNil(e query.Expr) bool {
	literal, ok := e.(*query.Literal)
	return ok && literal.Value.Kind == query.KindNil
}

// isConstant reports whether an expression is the same on every span.
func isConstant(e query.Expr) bool {
	switch e := e.(type) {
	case *query.Literal:
		return true
	case *query.Unary:
		return isConstant(e.X)
	case *query.Binary:
		return isConstant(e.Left) && isConstant(e.Right)
	default:
		return false
	}
}

// presences returns what is necessary for a calculated value not to be absent.
func (t translator) presences(e query.Expr) Condition {
	switch e := e.(type) {
	case *query.Field:
		return t.leaf(e, isThere).holds
	case *query.Unary:
		if e.Op == query.Subtract {
			return t.presences(e.X)
		}
	case *query.Binary:
		if e.Op >= query.Add && e.Op <= query.Power {
			return all(t.presences(e.Left), t.presences(e.Right))
		}
	}
	return nil
}
