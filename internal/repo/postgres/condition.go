package postgres

import (
	"strings"

	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

// addCondition demands that cond holds for a row of spans, or of traces.
func (c *conditions) addCondition(cond plan.Condition) {
	switch cond := cond.(type) {
	case nil:
	case plan.All:
		for _, part := range cond {
			c.addCondition(part)
		}
	default:
		c.terms = append(c.terms, c.conditionSQL(cond))
	}
}

// conditionSQL returns an expression that is true where cond holds, and false or
// NULL elsewhere: it may stand beside AND and OR but not behind NOT. Its values
// become arguments.
func (c *conditions) conditionSQL(cond plan.Condition) string {
	switch cond := cond.(type) {
	case plan.All:
		return joined(c.each(cond), ` AND `, `TRUE`)
	case plan.Any:
		return joined(c.each(cond), ` OR `, `FALSE`)
	case plan.Term:
		if cond.Attribute != "" {
			return c.attribute(cond)
		}
		return negated(cond.Not, c.column(cond.Intrinsic, cond.Op, cond.Value))
	}
	return `TRUE` // nothing is demanded
}

func (c *conditions) each(parts []plan.Condition) []string {
	expressions := make([]string, len(parts))
	for i, part := range parts {
		expressions[i] = c.conditionSQL(part)
	}
	return expressions
}

// joined puts an operator between expressions. Without any it returns what is
// neutral to the operator.
func joined(parts []string, operator, neutral string) string {
	switch len(parts) {
	case 0:
		return neutral
	case 1:
		return parts[0]
	}
	return `(` + strings.Join(parts, operator) + `)`
}

// negated turns an expression round if it is to be. What is NULL then holds: a
// comparison with what is absent is false.
func negated(not bool, expression string) string {
	if !not {
		return expression
	}
	return `(` + expression + `) IS NOT TRUE`
}

// column compares a column with a value.
func (c *conditions) column(i query.Intrinsic, op plan.Op, v query.Value) string {
	kind := query.Describe(i).Kind
	switch {
	case v.Kind == query.KindNil:
		return c.presence(i, op)
	case i == query.RootMark && v.Kind.IsNumber():
		return c.rootMark(op, v)
	case kind == query.KindString && v.Kind == query.KindString:
		return c.textColumn(i, op, v.Text)
	case kind == query.KindBool && v.Kind == query.KindBool:
		return c.flag(op, v)
	case kind.IsNumber() && v.Kind.IsNumber(), kind == v.Kind:
		return c.number(columnSQL(i), op, v)
	}
	return `FALSE` // values of kinds that do not go together
}

// rootMark needs no value in SQL: a span has one of two.
func (c *conditions) rootMark(op plan.Op, v query.Value) string {
	root, other := compares(query.Integer(-1), op, v), compares(query.Integer(1), op, v)
	return oneOfTwo(root, other, `parent_id IS NULL`, `parent_id IS NOT NULL`)
}

// flag is spelled without a value, as the partial index of failed spans is.
func (c *conditions) flag(op plan.Op, v query.Value) string {
	yes, no := compares(query.Boolean(true), op, v), compares(query.Boolean(false), op, v)
	return oneOfTwo(yes, no, `failed`, `NOT `+`failed`)
}

// oneOfTwo says which of two cases are wanted, of which a row is always one.
func oneOfTwo(first, second bool, isFirst, isSecond string) string {
	switch {
	case first && second:
		return `TRUE`
	case first:
		return isFirst
	case second:
		return isSecond
	}
	return `FALSE`
}

// operator returns how one of the six comparisons is written.
func operator(op plan.Op) string {
	return [...]string{
		plan.Equal: ` = `, plan.NotEqual: ` <> `, plan.Less: ` < `, plan.LessEqual: ` <= `, plan.Greater: ` > `, plan.GreaterEqual: ` >= `,
	}[op]
}

// compares decides what needs no row: a comparison of two numbers, or of two
// flags.
func compares(x query.Value, op plan.Op, y query.Value) bool {
	a, b := asFloat(x), asFloat(y)
	switch op {
	case plan.Equal:
		return a == b
	case plan.NotEqual:
		return a != b
	case plan.Less:
		return a < b
	case plan.LessEqual:
		return a <= b
	case plan.Greater:
		return a > b
	case plan.GreaterEqual:
		return a >= b
	}
	return false
}

func asFloat(v query.Value) float64 {
	if v.Kind == query.KindFloat {
		return v.Float
	}
	return float64(v.Int)
}
