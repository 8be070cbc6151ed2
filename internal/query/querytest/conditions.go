package querytest

import (
	"strings"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
)

var (
	orders      = []query.Operator{query.Equal, query.NotEqual, query.Less, query.LessEqual, query.Greater, query.GreaterEqual}
	arithmetics = []query.Operator{query.Add, query.Subtract, query.Multiply, query.Divide, query.Modulo, query.Power}
)

func literal(v query.Value) *query.Literal { return &query.Literal{Value: v} }

func field(i query.Intrinsic) *query.Field { return &query.Field{Intrinsic: i} }

func drawOrder(t *rapid.T) query.Operator { return pick(t, "order", orders) }

func drawArithmetic(t *rapid.T) query.Operator { return pick(t, "arithmetic", arithmetics) }

func drawEquality(t *rapid.T) query.Operator {
	return pick(t, "equality", []query.Operator{query.Equal, query.NotEqual})
}

// drawScope draws where an attribute is looked for; most are the span's.
func drawScope(t *rapid.T) query.Scope {
	return pick(t, "scope", []query.Scope{
		query.ScopeAny, query.ScopeAny, query.ScopeSpan, query.ScopeSpan, query.ScopeResource, query.ScopeEvent, query.ScopeLink, query.ScopeInstrumentation,
	})
}

func drawAttribute(t *rapid.T) *query.Field {
	return &query.Field{Scope: drawScope(t), Name: pick(t, "attribute", attributeKeys)}
}

func drawTextField(t *rapid.T) *query.Field {
	return field(pick(t, "text", intrinsicsOf(query.KindString)))
}

// drawField draws any field.
func drawField(t *rapid.T) *query.Field {
	if oneIn(t, "attribute", 3) {
		return drawAttribute(t)
	}
	return field(pick(t, "intrinsic", query.Intrinsics()).Intrinsic)
}

// drawCondition draws conditions with && || and !, nested to some depth.
func drawCondition(t *rapid.T, depth int) query.Expr {
	if depth > 0 && oneIn(t, "nested", 2) {
		if oneIn(t, "not", 4) {
			return &query.Unary{Op: query.Not, X: drawCondition(t, depth-1)}
		}
		return &query.Binary{
			Op:   pick(t, "logic", []query.Operator{query.And, query.Or}),
			Left: drawCondition(t, depth-1), Right: drawCondition(t, depth-1),
		}
	}
	switch rapid.IntRange(0, 13).Draw(t, "condition") {
	case 0, 1, 2:
		return drawTextComparison(t)
	case 3:
		return drawSearch(t, drawTextField(t))
	case 4, 5:
		return drawWordComparison(t)
	case 6, 7:
		return drawNumberComparison(t)
	case 8, 9:
		return drawAttributeComparison(t)
	case 10:
		return drawSearch(t, drawAttribute(t))
	case 11:
		return swapped(t, drawEquality(t), drawField(t), literal(query.Value{}))
	case 12:
		return drawFieldsComparison(t)
	default:
		return drawBoolean(t)
	}
}

// swapped draws on which side of an operator stands what.
func swapped(t *rapid.T, op query.Operator, left, right query.Expr) *query.Binary {
	if oneIn(t, "swapped", 6) {
		left, right = right, left
	}
	return &query.Binary{Op: op, Left: left, Right: right}
}

func drawTextComparison(t *rapid.T) query.Expr {
	f := drawTextField(t)
	op := query.Equal
	if oneIn(t, "no equality", 2) {
		op = drawOrder(t)
	}
	return swapped(t, op, f, literal(query.Text(drawText(t, f.Intrinsic))))
}

// drawText draws a value of an intrinsic, or something near it.
func drawText(t *rapid.T, i query.Intrinsic) string {
	word := pick(t, "word", words(i))
	switch rapid.IntRange(0, 9).Draw(t, "twist") {
	case 8:
		return string([]rune(word)[:utf8.RuneCountInString(word)/2])
	case 9:
		return strings.ToLower(pick(t, "needle", needles)) // ids are compared in lower case
	default:
		return word
	}
}

// drawSearch draws =~, !~ or : on a field.
func drawSearch(t *rapid.T, f *query.Field) query.Expr {
	if oneIn(t, "contains", 2) {
		return &query.Binary{Op: query.Contains, Left: f, Right: literal(query.Text(pick(t, "needle", needles)))}
	}
	pattern, err := query.NewPattern(pick(t, "pattern", patterns))
	if err != nil {
		t.Fatalf("a pattern of the vocabulary is none: %v", err)
	}
	op := pick(t, "matches", []query.Operator{query.Matches, query.NotMatches})
	return &query.Binary{Op: op, Left: f, Right: literal(query.Text(pattern.Text)), Pattern: pattern}
}

// drawWordComparison draws a comparison of a status, a kind or a type.
func drawWordComparison(t *rapid.T) query.Expr {
	kind := pick(t, "word kind", []query.Kind{query.KindStatus, query.KindSpanKind, query.KindType, query.KindType})
	last := map[query.Kind]int{query.KindStatus: int(model.StatusError), query.KindSpanKind: 5, query.KindType: int(model.TypeChain)}[kind]
	f := field(intrinsicsOf(kind)[0])
	v := query.Value{Kind: kind, Int: int64(rapid.IntRange(0, last).Draw(t, "word"))}
	return swapped(t, drawEquality(t), f, literal(v))
}

func drawNumberComparison(t *rapid.T) query.Expr {
	if oneIn(t, "calculated", 3) {
		return &query.Binary{Op: drawOrder(t), Left: drawCalculation(t, 2), Right: drawCalculation(t, 1)}
	}
	return swapped(t, drawOrder(t), drawNumericField(t), drawNumber(t))
}

func drawAttributeComparison(t *rapid.T) query.Expr {
	var v query.Value
	op := drawOrder(t)
	switch rapid.IntRange(0, 3).Draw(t, "attribute value") {
	case 0:
		v = query.Boolean(rapid.Bool().Draw(t, "bool"))
	case 1:
		v = drawNumber(t).Value
	default:
		v = query.Text(pick(t, "text", attributeTexts))
		if oneIn(t, "equal", 2) {
			op = query.Equal
		}
	}
	return swapped(t, op, drawAttribute(t), literal(v))
}

// drawFieldsComparison compares two fields of kinds that go together.
func drawFieldsComparison(t *rapid.T) query.Expr {
	b := &query.Binary{Op: drawOrder(t)}
	switch rapid.IntRange(0, 2).Draw(t, "fields") {
	case 0:
		b.Left, b.Right = drawTextField(t), drawTextField(t)
	case 1:
		b.Left, b.Right = drawAttribute(t), drawAttribute(t)
	default:
		b.Left, b.Right = drawAttribute(t), drawTextField(t)
	}
	return b
}

// drawBoolean draws a condition that is a boolean, or compares one.
func drawBoolean(t *rapid.T) query.Expr {
	switch rapid.IntRange(0, 5).Draw(t, "boolean") {
	case 0:
		return drawAttribute(t)
	case 1:
		return swapped(t, drawEquality(t), field(query.Failed), literal(query.Boolean(rapid.Bool().Draw(t, "bool"))))
	case 2:
		return literal(query.Boolean(rapid.Bool().Draw(t, "bool")))
	case 3:
		return &query.Binary{Op: drawOrder(t), Left: drawNumber(t), Right: drawNumber(t)}
	default:
		return field(query.Failed)
	}
}

// drawNumericField draws a field that is, or may be, a number.
func drawNumericField(t *rapid.T) query.Expr {
	if oneIn(t, "attribute", 3) {
		return &query.Field{Scope: drawScope(t), Name: pick(t, "attribute", []string{"price", "mixed", "tags", "region"})}
	}
	return field(pick(t, "number", intrinsicsOf(query.KindInt, query.KindFloat, query.KindDuration)))
}

// drawNumber draws a literal, as a rule one that fields have too.
func drawNumber(t *rapid.T) *query.Literal {
	switch rapid.IntRange(0, 6).Draw(t, "number") {
	case 0, 1:
		return literal(query.Duration(int64(pick(t, "duration", lengths))))
	case 2, 3:
		return literal(query.Integer(pick(t, "tokens", tokenCounts)))
	case 4:
		return literal(query.Float(pick(t, "cost", costs)))
	case 5:
		return literal(query.Integer(pick(t, "integer", wholeNumbers)))
	default:
		return literal(query.Float(pick(t, "float", brokenNumbers)))
	}
}

// drawCalculation draws arithmetic over numbers, nested to some depth.
func drawCalculation(t *rapid.T, depth int) query.Expr {
	if depth == 0 || oneIn(t, "leaf", 3) {
		if oneIn(t, "literal", 2) {
			return drawNumber(t)
		}
		return drawNumericField(t)
	}
	if oneIn(t, "minus", 4) {
		x := drawCalculation(t, depth-1)
		if _, ok := x.(*query.Literal); !ok { // the minus of a literal is part of it
			return &query.Unary{Op: query.Subtract, X: x}
		}
	}
	return &query.Binary{Op: drawArithmetic(t), Left: drawCalculation(t, depth-1), Right: drawCalculation(t, depth-1)}
}
