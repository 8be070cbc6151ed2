package match

import (
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
)

// Holds reports whether a condition holds for one span. Fields that need the
// other spans of its trace are absent.
func Holds(e query.Expr, s *model.Span) bool {
	return (&place{span: s, at: none}).holds(e)
}

// Values returns the values of an expression on one of the trace's spans: none
// where it is absent, several for a field that has several.
func (t *Trace) Values(e query.Expr, s *model.Span) []query.Value {
	p := place{trace: t, span: s, at: t.at(s)}
	return p.values(e)
}

// First returns the first value of an expression on one of the trace's spans,
// the nil value where it is absent: what by() and arithmetic go by.
func (t *Trace) First(e query.Expr, s *model.Span) query.Value {
	p := place{trace: t, span: s, at: t.at(s)}
	return p.first(e)
}

// place is where an expression is evaluated: at a span, or over a set of spans.
type place struct {
	trace *Trace // nil where there is nothing but the span
	span  *model.Span
	at    int // of the span in the trace; none where it is not in it

	set []int32 // what aggregates sum up
}

// holds reports whether a condition holds. A condition is two-valued: where it
// cannot be told, it does not hold.
func (p *place) holds(e query.Expr) bool {
	switch e := e.(type) {
	case nil:
		return true
	case *query.Binary:
		switch e.Op {
		case query.And:
			return p.holds(e.Left) && p.holds(e.Right)
		case query.Or:
			return p.holds(e.Left) || p.holds(e.Right)
		default:
			return isComparison(e.Op) && p.compares(e)
		}
	case *query.Unary:
		return e.Op == query.Not && !p.holds(e.X)
	default: // a field or a literal that is true or false itself
		return !p.each(e, func(v query.Value) bool { return v != query.Boolean(true) })
	}
}

// compares reports whether a comparison holds for any value of its sides, or,
// where it denies something, for all of them and there are some.
func (p *place) compares(b *query.Binary) bool {
	switch {
	case isNil(b.Right):
		return p.comparesWithNil(b.Op, b.Left)
	case isNil(b.Left):
		return p.comparesWithNil(b.Op, b.Right)
	}
	all := b.Op == query.NotEqual || b.Op == query.NotMatches
	holds := false
	p.each(b.Left, func(left query.Value) bool {
		return p.each(b.Right, func(right query.Value) bool {
			holds = compare(b, &left, &right)
			return holds == all // until one decides
		})
	})
	return holds
}

func isNil(e query.Expr) bool {
	literal, ok := e.(*query.Literal)
	return ok && literal.Value.Kind == query.KindNil
}

func (p *place) comparesWithNil(op query.Operator, e query.Expr) bool {
	absent := p.each(e, func(query.Value) bool { return false })
	return op == query.Equal && absent || op == query.NotEqual && !absent
}

// each calls yield for each value of an expression until it returns false, and
// reports whether it never did. Only fields have several values.
func (p *place) each(e query.Expr, yield func(query.Value) bool) bool {
	if f, ok := e.(*query.Field); ok {
		return p.eachOf(f, yield)
	}
	v := p.first(e)
	return v.Kind == query.KindNil || yield(v)
}

// first returns the first value of an expression, the nil value where it is
// absent.
func (p *place) first(e query.Expr) (first query.Value) {
	switch e := e.(type) {
	case *query.Literal:
		return e.Value
	case *query.Field:
		p.eachOf(e, func(v query.Value) bool {
			first = v
			return false
		})
		return first
	case *query.Aggregate:
		return p.aggregate(e)
	case *query.Unary:
		if e.Op == query.Subtract {
			return negate(p.first(e.X))
		}
	case *query.Binary:
		if isArithmetic(e.Op) {
			return calculate(e.Op, p.first(e.Left), p.first(e.Right))
		}
	}
	return query.Boolean(p.holds(e))
}

func (p *place) values(e query.Expr) (values []query.Value) {
	p.each(e, func(v query.Value) bool {
		values = append(values, v)
		return true
	})
	return values
}

func isComparison(op query.Operator) bool { return op >= query.Equal && op <= query.Contains }

func isArithmetic(op query.Operator) bool { return op >= query.Add && op <= query.Power }
