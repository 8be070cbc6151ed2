package sqlite

import "github.com/agenttrace/agenttrace/internal/query/plan"

// conjuncts returns conditions that hold together where c does, none of them a
// plan.All.
func conjuncts(c plan.Condition) []plan.Condition {
	switch c := c.(type) {
	case nil:
		return nil
	case plan.All:
		var all []plan.Condition
		for _, part := range c {
			all = append(all, conjuncts(part)...)
		}
		return all
	default:
		return []plan.Condition{c}
	}
}

// addCondition demands that c holds for the row.
func (c *conditions) addCondition(wanted plan.Condition) {
	for _, part := range conjuncts(wanted) {
		h := holds(part)
		c.add(h.sql, h.args...)
	}
}

// holds returns SQL that is true where c holds, and false or NULL elsewhere. It
// can stand beside AND and OR, and after neither NOT nor IS.
func holds(c plan.Condition) clause {
	switch c := c.(type) {
	case plan.All:
		return joined(` AND `, `TRUE`, c)
	case plan.Any:
		return joined(` OR `, `FALSE`, c)
	case plan.Term:
		return termHolds(c)
	default:
		return clause{sql: `TRUE`} // nil: nothing is demanded
	}
}

func joined(operator, neutral string, parts []plan.Condition) clause {
	var texts []string
	var args []any
	for _, part := range parts {
		h := holds(part)
		texts, args = append(texts, h.sql), append(args, h.args...)
	}
	switch len(texts) {
	case 0:
		return clause{sql: neutral}
	case 1:
		return clause{texts[0], args}
	}
	return clause{`(` + chained(texts, operator) + `)`, args}
}

// termHolds is holds for a single term.
func termHolds(t plan.Term) clause {
	if t.Attribute != "" {
		return attributeHolds(t)
	}
	return negated(t.Not, comparison(columnOf(t.Intrinsic), t.Op, t.Value))
}

// negated turns a clause round if it is to be. What is NULL then holds: a
// comparison with what is absent is false.
func negated(not bool, c clause) clause {
	if !not {
		return c
	}
	return clause{`(` + c.sql + `) IS NOT TRUE`, c.args}
}
