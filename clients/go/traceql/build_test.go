package traceql_test

import (
	"fmt"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/traceql"
	"github.com/agenttrace/agenttrace/internal/query"
)

// build makes a parsed query again with the builder.
func build(q *query.Query) string {
	source := buildSpansets(q.Source)
	if q.Metrics == nil {
		return source.String()
	}
	return buildMetrics(source, q.Metrics).String()
}

func buildSpansets(s query.Spansets) traceql.Spanset {
	switch s := s.(type) {
	case *query.Filter:
		return traceql.Spans(buildFilter(s)...)
	case *query.Combination:
		left, right := buildSpansets(s.Left), buildSpansets(s.Right)
		switch s.Relation {
		case query.Both:
			return left.And(right)
		case query.Either:
			return left.Or(right)
		}
		if s.Form == query.Plain {
			return plainRelations[s.Relation](left, right)
		}
		return left.Relate(buildRelation(s), right)
	case *query.Pipeline:
		all := buildSpansets(s.Source)
		for _, stage := range s.Stages {
			all = buildStage(all, stage)
		}
		return all
	}
	panic(fmt.Sprintf("%T", s))
}

var plainRelations = map[query.Relation]func(a, b traceql.Spanset) traceql.Spanset{
	query.Descendant: traceql.Spanset.Descendants, query.Child: traceql.Spanset.Children,
	query.Ancestor: traceql.Spanset.Ancestors, query.Parent: traceql.Spanset.Parents,
	query.Sibling: traceql.Spanset.Siblings, query.Then: traceql.Spanset.Then,
}

func buildRelation(c *query.Combination) traceql.Relation {
	r := map[query.Relation]traceql.Relation{
		query.Descendant: traceql.Descendant(), query.Child: traceql.Child(), query.Ancestor: traceql.Ancestor(),
		query.Parent: traceql.Parent(), query.Sibling: traceql.Sibling(), query.Then: traceql.Follower(),
	}[c.Relation]
	if c.Form == query.Negated {
		return r.None()
	}
	return r.Both()
}

func buildFilter(f *query.Filter) []traceql.Condition {
	if f.Condition == nil {
		return nil
	}
	return []traceql.Condition{buildCondition(f.Condition)}
}

func buildStage(s traceql.Spanset, stage query.Stage) traceql.Spanset {
	switch stage := stage.(type) {
	case *query.Filter:
		return s.Filter(buildFilter(stage)...)
	case *query.Measure:
		return s.Having(buildMeasure(stage.Condition.(*query.Binary)))
	case *query.GroupBy:
		fields := buildFields(stage.By)
		return s.By(fields[0], fields[1:]...)
	case *query.Select:
		fields := buildFields(stage.Fields)
		return s.Select(fields[0], fields[1:]...)
	case *query.Coalesce:
		return s.Coalesce()
	case *query.Repeat:
		return s.Repeat(stage.Times)
	}
	panic(fmt.Sprintf("%T", stage))
}

func buildCondition(e query.Expr) traceql.Condition {
	switch e := e.(type) {
	case *query.Field:
		return buildFlag(e)
	case *query.Literal:
		if e.Value == query.Boolean(true) {
			return traceql.And()
		}
		return traceql.Or()
	case *query.Unary:
		return traceql.Not(buildCondition(e.X))
	case *query.Binary:
		switch e.Op {
		case query.And:
			return traceql.And(buildCondition(e.Left), buildCondition(e.Right))
		case query.Or:
			return traceql.Or(buildCondition(e.Left), buildCondition(e.Right))
		}
		return buildComparison(e)
	}
	panic(fmt.Sprintf("%T", e))
}

func buildComparison(b *query.Binary) traceql.Condition {
	op := traceql.Comparison(b.Op.String())
	if l, ok := b.Right.(*query.Literal); ok {
		if f, ok := b.Left.(*query.Field); ok {
			return buildLiteralComparison(f, b.Op, l.Value)
		}
	}
	if left, ok := b.Left.(*query.Field); ok && mayBeText(left) {
		if right, ok := b.Right.(*query.Field); ok && mayBeText(right) {
			return buildText(left).Compare(op, buildText(right))
		}
	}
	return buildQuantity(b.Left).(interface {
		Compare(traceql.Comparison, traceql.Quantity) traceql.Condition
	}).Compare(op, buildQuantity(b.Right))
}

func mayBeText(f *query.Field) bool {
	return f.Intrinsic == 0 || query.Describe(f.Intrinsic).Kind == query.KindString
}

func buildLiteralComparison(f *query.Field, op query.Operator, v query.Value) traceql.Condition {
	switch v.Kind {
	case query.KindNil:
		return buildPresence(f, op == query.NotEqual)
	case query.KindString:
		return buildTextComparison(buildText(f), op, v.Text)
	case query.KindBool:
		if op == query.Equal {
			return buildFlag(f).Is(v == query.Boolean(true))
		}
		return buildFlag(f).IsNot(v == query.Boolean(true))
	case query.KindInt:
		return buildNumberComparison(traceql.Number[int64](f.String()), op, v.Int)
	case query.KindFloat:
		return buildNumberComparison(traceql.Number[float64](f.String()), op, v.Float)
	case query.KindDuration:
		return buildNumberComparison(traceql.Number[time.Duration](f.String()), op, time.Duration(v.Int))
	case query.KindStatus:
		return buildWordComparison(traceql.Status, op, v)
	case query.KindSpanKind:
		return buildWordComparison(traceql.Kind, op, v)
	case query.KindType:
		return buildWordComparison(traceql.Type, op, v)
	}
	panic(v.Kind)
}

func buildPresence(f *query.Field, present bool) traceql.Condition {
	field := buildField(f).(interface{ Absent() traceql.Condition })
	if present {
		return field.(interface{ Present() traceql.Condition }).Present()
	}
	return field.Absent()
}

func buildTextComparison(t traceql.Text, op query.Operator, s string) traceql.Condition {
	return map[query.Operator]func(string) traceql.Condition{
		query.Equal: t.Equals, query.NotEqual: t.NotEquals, query.Less: t.Less, query.LessEqual: t.AtMost,
		query.Greater: t.Greater, query.GreaterEqual: t.AtLeast,
		query.Matches: t.Matches, query.NotMatches: t.NotMatches, query.Contains: t.Contains,
	}[op](s)
}

func buildNumberComparison[T int64 | float64 | time.Duration](n traceql.Number[T], op query.Operator, v T) traceql.Condition {
	return map[query.Operator]func(T) traceql.Condition{
		query.Equal: n.Equals, query.NotEqual: n.NotEquals, query.Less: n.Less, query.LessEqual: n.AtMost,
		query.Greater: n.Greater, query.GreaterEqual: n.AtLeast,
	}[op](v)
}

func buildWordComparison[T traceql.StatusValue | traceql.KindValue | traceql.TypeValue](w traceql.Word[T], op query.Operator, v query.Value) traceql.Condition {
	if op == query.Equal {
		return w.Is(T(v.String()))
	}
	return w.IsNot(T(v.String()))
}

func buildAttribute(f *query.Field) traceql.Attribute {
	return map[query.Scope]func(string) traceql.Attribute{
		query.ScopeAny: traceql.Attr, query.ScopeSpan: traceql.SpanAttr, query.ScopeResource: traceql.ResourceAttr,
		query.ScopeEvent: traceql.EventAttr, query.ScopeLink: traceql.LinkAttr, query.ScopeInstrumentation: traceql.InstrumentationAttr,
	}[f.Scope](f.Name)
}

func buildText(f *query.Field) traceql.Text {
	if f.Intrinsic == 0 {
		return buildAttribute(f).Text()
	}
	return traceql.Text(f.String())
}

func buildFlag(f *query.Field) traceql.Flag {
	if f.Intrinsic == 0 {
		return buildAttribute(f).Bool()
	}
	return traceql.Flag(f.String())
}

func buildField(e query.Expr) traceql.Field {
	f := e.(*query.Field)
	if f.Intrinsic == 0 {
		return buildAttribute(f)
	}
	return map[query.Kind]traceql.Field{
		query.KindString: traceql.Text(f.String()), query.KindBool: traceql.Flag(f.String()),
		query.KindInt: traceql.Number[int64](f.String()), query.KindFloat: traceql.Number[float64](f.String()),
		query.KindDuration: traceql.Number[time.Duration](f.String()),
		query.KindStatus:   traceql.Status, query.KindSpanKind: traceql.Kind, query.KindType: traceql.Type,
	}[query.Describe(f.Intrinsic).Kind]
}

func buildFields(exprs []query.Expr) []traceql.Field {
	var fields []traceql.Field
	for _, e := range exprs {
		fields = append(fields, buildField(e))
	}
	return fields
}
