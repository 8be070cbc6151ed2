package plan

import (
	"math"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

// rowLeaf returns what the rows of spans can tell of a comparison.
func rowLeaf(searchable func(string) bool) func(*query.Field, comparison) leaf {
	return func(f *query.Field, c comparison) leaf {
		if column, ok := columnOf(f); ok {
			return columnLeaf(column, c)
		}
		if f.Intrinsic == 0 && f.Scope == query.ScopeSpan && searchable(f.Name) {
			return attributeLeaf(f.Name, c)
		}
		return leaf{}
	}
}

// traceLeaf returns what the row of a whole trace can tell.
func traceLeaf(f *query.Field, c comparison) leaf {
	if f.Intrinsic != 0 && query.Describe(f.Intrinsic).Source == query.FromTrace {
		return columnLeaf(f.Intrinsic, c)
	}
	return leaf{}
}

// columnLeaf translates a comparison with a column. All are exact but those with
// patterns and with : that SQL has no like of.
func columnLeaf(i query.Intrinsic, c comparison) leaf {
	present := Condition(Term{Intrinsic: i, Op: NotEqual})
	if alwaysThere(i) {
		present = nil
	}
	kind := query.Describe(i).Kind
	switch {
	case c.value.Kind == query.KindNil && c.op == query.NotEqual:
		return exactly(present)
	case c.value.Kind == query.KindNil:
		return exactly(negate(present))
	case i == query.RootMark:
		return exactly(oneOfTwo(c, i, &model.Span{}, &model.Span{ParentID: model.SpanID{1}},
			Term{Intrinsic: query.ParentID}, Term{Intrinsic: query.ParentID, Op: NotEqual}))
	case i == query.Failed:
		return exactly(oneOfTwo(c, i, &model.Span{Failed: true}, &model.Span{},
			Term{Intrinsic: i, Value: query.Boolean(true)}, Term{Intrinsic: i, Value: query.Boolean(false)}))
	case i == query.Status && c.op == query.Equal && c.value == errorStatus:
		// Whoever says so has failed (model.Span), and databases have an index of
		// the few that did.
		said := Term{Intrinsic: i, Value: errorStatus}
		return leaf{holds: all(said, Term{Intrinsic: query.Failed, Value: query.Boolean(true)}), fails: negate(said), exact: true}
	case kind == query.KindString:
		return textLeaf(i, present, c)
	case kind.IsNumber() && c.value.Kind.IsNumber():
		return exactly(whole(Term{Intrinsic: i, Op: opOf(c.op)}, present, c.value))
	case kind == c.value.Kind:
		return exactly(Term{Intrinsic: i, Op: opOf(c.op), Value: c.value})
	default:
		return exactly(never) // values of kinds that do not go together
	}
}

// errorStatus is the status that always comes with a failure.
var errorStatus = query.Value{Kind: query.KindStatus, Int: int64(model.StatusError)}

// rootLeaf returns what the row of a trace's root tells of a comparison that does
// not hold where there is no root.
func rootLeaf(f *query.Field, c comparison) leaf {
	if f.Intrinsic == query.TraceRootService && (c.op != query.Equal || c.value.Kind != query.KindNil) {
		return leaf{holds: columnLeaf(query.Service, c).holds}
	}
	return leaf{}
}

// oneOfTwo decides a comparison with a field that has one of two values.
func oneOfTwo(c comparison, i query.Intrinsic, first, second *model.Span, isFirst, isSecond Term) Condition {
	compared := &query.Binary{
		Op: c.op, Left: &query.Field{Intrinsic: i}, Right: &query.Literal{Value: c.value}, Pattern: c.pattern,
	}
	switch a, b := match.Holds(compared, first), match.Holds(compared, second); {
	case a && b:
		return nil
	case a:
		return isFirst
	case b:
		return isSecond
	default:
		return never
	}
}

// opOf returns the operator of terms that is one of the six comparisons.
func opOf(op query.Operator) Op {
	switch op {
	case query.NotEqual:
		return NotEqual
	case query.Less:
		return Less
	case query.LessEqual:
		return LessEqual
	case query.Greater:
		return Greater
	case query.GreaterEqual:
		return GreaterEqual
	default:
		return Equal
	}
}

// whole returns the comparison of a column of whole numbers with any number:
// databases would compare as floats, which are not exact.
func whole(t Term, present Condition, v query.Value) Condition {
	t.Value = query.Value{Kind: query.Describe(t.Intrinsic).Kind, Int: v.Int}
	if v.Kind != query.KindFloat {
		return t
	}
	above, below := t.Op == Greater || t.Op == GreaterEqual, t.Op == Less || t.Op == LessEqual
	f := v.Float
	switch {
	case f != f:
		return never
	case f >= 1<<63 && (below || t.Op == NotEqual), f < math.MinInt64 && (above || t.Op == NotEqual):
		return present
	case f >= 1<<63, f < math.MinInt64:
		return never
	}
	t.Value.Int = int64(math.Floor(f))
	switch fraction := f != math.Floor(f); {
	case fraction && above:
		t.Op = Greater
	case fraction && below:
		t.Op = LessEqual
	case fraction && t.Op == NotEqual:
		return present
	case fraction:
		return never
	}
	return t
}

func textLeaf(i query.Intrinsic, present Condition, c comparison) leaf {
	if c.op == query.Matches || c.op == query.NotMatches {
		return patternLeaf(i, present, c)
	}
	switch {
	case c.value.Kind != query.KindString:
		return exactly(never)
	case c.op == query.Contains && c.value.Text == "":
		return exactly(present)
	case c.op == query.Contains && !strings.ContainsFunc(c.value.Text, hasCases):
		return exactly(Term{Intrinsic: i, Op: Contains, Value: c.value})
	case c.op == query.Contains:
		return leaf{holds: present}
	default:
		return exactly(Term{Intrinsic: i, Op: opOf(c.op), Value: c.value})
	}
}

// patternLeaf translates a match with a regular expression.
func patternLeaf(i query.Intrinsic, present Condition, c comparison) leaf {
	shape := shapeOf(c.pattern, false)
	column := Term{Intrinsic: i}
	matches := shape.condition(column, present)
	switch {
	case c.op == query.Matches && shape.exact:
		return exactly(matches)
	case c.op == query.Matches:
		return leaf{holds: matches}
	case shape.exact:
		return exactly(shape.opposite(column, present))
	default:
		return leaf{holds: present, fails: either(negate(present), matches)}
	}
}
