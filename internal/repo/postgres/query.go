package postgres

import (
	"strconv"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
)

// conditions is a WHERE clause that grows.
type conditions struct {
	terms []string
	args  []any
}

// add adds a term with a question mark for each argument.
func (c *conditions) add(term string, args ...any) {
	for _, arg := range args {
		term = strings.Replace(term, "?", c.arg(arg), 1)
	}
	c.terms = append(c.terms, term)
}

// arg adds an argument and returns the place that stands for it.
func (c *conditions) arg(arg any) string {
	c.args = append(c.args, arg)
	return "$" + strconv.Itoa(len(c.args))
}

func (c *conditions) addText(term, value string) {
	if value != "" {
		c.add(term, value)
	}
}

// addBetween demands a first and a last value, both included.
func (c *conditions) addBetween(column string, first, last int64) {
	c.add(column+` >= ? AND `+column+` <= ?`, first, last)
}

func (c *conditions) addRange(column string, r model.TimeRange) {
	if r.Start != 0 {
		c.add(column+` >= ?`, r.Start)
	}
	if r.End != 0 {
		c.add(column+` < ?`, r.End)
	}
}

func (c *conditions) addDuration(least, most int64) {
	if least > 0 {
		c.add(`end_ns - start_ns >= ?`, least)
	}
	if most > 0 {
		c.add(`end_ns - start_ns <= ?`, most)
	}
}

// take returns the clause and begins another, with the same arguments.
func (c *conditions) take() string {
	clause := strings.Join(c.terms, "\n    AND ")
	c.terms = nil
	return clause
}

// windows yields runs of days, newest first when the days are: one, then twice
// as many each time. A list that finds its page soon looks at little, and one
// that finds nothing plans a handful of queries.
func windows(days []int64, yield func(days []int64) bool) {
	for size := 1; len(days) > 0; size *= 2 {
		n := min(size, len(days))
		if !yield(days[:n]) {
			return
		}
		days = days[n:]
	}
}
