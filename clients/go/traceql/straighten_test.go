package traceql_test

import "github.com/agenttrace/agenttrace/internal/query"

// What follows turns a drawn query into one that means the same and is put as the
// builder puts it: fields and aggregates stand left of literals, stages follow one
// another without brackets between them.

func straighten(q *query.Query) {
	q.Source = straightenSpansets(q.Source)
}

func straightenSpansets(s query.Spansets) query.Spansets {
	switch s := s.(type) {
	case *query.Filter:
		if s.Condition != nil {
			s.Condition = straightenExpr(s.Condition)
		}
	case *query.Combination:
		s.Left, s.Right = straightenSpansets(s.Left), straightenSpansets(s.Right)
	case *query.Pipeline:
		s.Source = straightenSpansets(s.Source)
		if inner, ok := s.Source.(*query.Pipeline); ok {
			s.Source, s.Stages = inner.Source, append(inner.Stages, s.Stages...)
		}
		for _, stage := range s.Stages {
			straightenStage(stage)
		}
	}
	return s
}

func straightenStage(s query.Stage) {
	switch s := s.(type) {
	case *query.Filter:
		straightenSpansets(s)
	case *query.Measure:
		b, ok := s.Condition.(*query.Binary)
		if !ok { // an aggregate alone, which keeps everything
			b = &query.Binary{Op: query.NotEqual, Left: s.Condition, Right: &query.Literal{}}
		}
		swapLiteral(b)
		if inner, ok := b.Right.(*query.Binary); ok {
			swapLiteral(inner)
		}
		s.Condition = b
	}
}

func straightenExpr(e query.Expr) query.Expr {
	switch e := e.(type) {
	case *query.Unary:
		e.X = straightenExpr(e.X)
	case *query.Binary:
		if e.Op == query.And || e.Op == query.Or {
			e.Left, e.Right = straightenExpr(e.Left), straightenExpr(e.Right)
			return e
		}
		if l, ok := e.Left.(*query.Literal); !ok || !l.Value.Kind.IsNumber() {
			swapLiteral(e)
		}
		if l, ok := e.Right.(*query.Literal); ok && l.Value.Kind == query.KindBool && e.Op != query.NotEqual {
			e.Op = query.Equal // true and false have an order; nobody needs it
		}
	}
	return e
}

// swapLiteral moves a literal to the right side of a comparison. That of a
// calculation changes its value, which does not matter here.
func swapLiteral(b *query.Binary) {
	if _, ok := b.Left.(*query.Literal); !ok {
		return
	}
	b.Left, b.Right = b.Right, b.Left
	if mirrored, ok := map[query.Operator]query.Operator{
		query.Less: query.Greater, query.LessEqual: query.GreaterEqual, query.Greater: query.Less, query.GreaterEqual: query.LessEqual,
	}[b.Op]; ok {
		b.Op = mirrored
	}
}
