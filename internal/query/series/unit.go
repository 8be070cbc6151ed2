package series

import "github.com/agenttrace/agenttrace/internal/query"

// isDuration reports whether the values of an expression are durations, by the
// same rules as arithmetic. Attributes never are.
func isDuration(e query.Expr) bool {
	switch e := e.(type) {
	case *query.Field:
		return e.Intrinsic != 0 && query.Describe(e.Intrinsic).Kind == query.KindDuration
	case *query.Literal:
		return e.Value.Kind == query.KindDuration
	case *query.Unary:
		return isDuration(e.X)
	case *query.Binary:
		left, right := isDuration(e.Left), isDuration(e.Right)
		switch e.Op {
		case query.Add, query.Subtract, query.Modulo:
			return left && right
		case query.Multiply:
			return left != right
		}
	}
	return false
}

// isInteger reports whether the values of an expression are integers or
// durations, always: those of intrinsics of that kind.
func isInteger(e query.Expr) bool {
	f, ok := e.(*query.Field)
	if !ok || f.Intrinsic == 0 {
		return false
	}
	kind := query.Describe(f.Intrinsic).Kind
	return kind == query.KindInt || kind == query.KindDuration
}
