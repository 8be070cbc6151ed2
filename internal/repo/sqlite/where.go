package sqlite

import (
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
)

// clause is a piece of SQL and the arguments of the marks in it, in order. The
// SQL is made of constants of this package; values are always arguments.
type clause struct {
	sql  string
	args []any
}

// conditions collects the terms of a WHERE clause.
type conditions struct {
	terms []string
	args  []any
}

func (c *conditions) add(term string, args ...any) {
	c.terms = append(c.terms, term)
	c.args = append(c.args, args...)
}

func (c *conditions) addAll(others *conditions) {
	c.terms = append(c.terms, others.terms...)
	c.args = append(c.args, others.args...)
}

// addText restricts a column unless the value is empty.
func (c *conditions) addText(term, value string) {
	if value != "" {
		c.add(term, value)
	}
}

// addRange restricts start_ns.
func (c *conditions) addRange(r model.TimeRange) {
	if r.Start != 0 {
		c.add(`start_ns >= ?`, r.Start)
	}
	if r.End != 0 {
		c.add(`start_ns < ?`, r.End)
	}
}

// behind returns r without the bound that a list which goes on behind a start
// has anyway. Of two bounds at one side, SQLite may take the wider one to the
// index, and walk all that came before once more.
func behind(start int64, newestFirst bool, r model.TimeRange) model.TimeRange {
	switch {
	case newestFirst && start < r.End:
		r.End = 0
	case !newestFirst && start >= r.Start:
		r.Start = 0
	}
	return r
}

func (c *conditions) addDuration(column string, least, most int64) {
	if least != 0 {
		c.add(column+` >= ?`, least)
	}
	if most != 0 {
		c.add(column+` <= ?`, most)
	}
}

// chain is how many terms stand in one row. SQLite counts each operator of a row
// as one more level of depth, and refuses a thousand of them.
const chain = 16

// String joins the terms. SQLite looks into groups for what its indexes know.
func (c *conditions) String() string { return chained(c.terms, ` AND `) }

// chained puts an operator between expressions, many of them by way of groups.
func chained(parts []string, operator string) string {
	for len(parts) > chain {
		var groups []string
		for group := range slices.Chunk(parts, chain) {
			groups = append(groups, `(`+strings.Join(group, operator)+`)`)
		}
		parts = groups
	}
	return strings.Join(parts, operator)
}
