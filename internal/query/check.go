package query

import (
	"fmt"
	"slices"
)

// maxFields bounds how many fields by() and select() name.
const maxFields = 16

// check decides what the grammar does not: that fields, literals and functions
// go together, and that no part nests too deep. It compiles patterns and brings
// literals with which ids are compared into the ids' form.
func check(q *Query, p *parser) *Error {
	c := &checker{parser: p}
	c.spansets(q.Source)
	if q.Metrics != nil {
		c.metrics(q.Metrics)
	}
	return c.fault
}

// checker walks a tree that is complete.
type checker struct {
	*parser
	nesting  int
	patterns int // size of those compiled so far
	measured bool
}

// blame notes that a node is wrong.
func (c *checker) blame(node any, message, suggestion string) {
	if t := c.at[node]; t != nil {
		c.parser.blame(t, message, suggestion)
		return
	}
	c.parser.blame(&c.tokens[0], message, suggestion)
}

// inner runs a check one level deeper, where that level shows in the text.
func (c *checker) inner(node any, shows bool, check func()) {
	if c.fault != nil {
		return
	}
	if shows {
		c.nesting++
		defer func() { c.nesting-- }()
	}
	if c.nesting > maxNesting {
		c.blame(node, tooDeep, "")
		return
	}
	check()
}

func (c *checker) spansets(s Spansets) {
	switch s := s.(type) {
	case *Filter:
		c.filter(s)
	case *Combination:
		c.inner(s, s.brackets(s.Left, false), func() { c.spansets(s.Left) })
		c.inner(s, s.brackets(s.Right, true), func() { c.spansets(s.Right) })
	case *Pipeline:
		c.inner(s, s.brackets(), func() { c.spansets(s.Source) })
		for _, stage := range s.Stages {
			c.stage(stage)
		}
	}
}

func (c *checker) filter(f *Filter) {
	if f.Condition != nil {
		c.inner(f, true, func() { c.condition(f.Condition) })
	}
}

func (c *checker) stage(s Stage) {
	switch s := s.(type) {
	case *Filter:
		c.filter(s)
	case *Measure:
		c.measure(s)
	case *GroupBy:
		c.fields(s, s.By)
	case *Select:
		c.fields(s, s.Fields)
	}
}

// fields checks what by() and select() name.
func (c *checker) fields(node any, fields []Expr) {
	if len(fields) > maxFields {
		c.blame(node, fmt.Sprintf("at most %d fields are named here", maxFields), "")
	}
	for i, e := range fields {
		same := func(other Expr) bool { return other.String() == e.String() }
		if slices.ContainsFunc(fields[:min(i, maxFields)], same) {
			c.blame(e, "this field is named already", "")
		}
	}
}

// measure checks a stage of aggregates.
func (c *checker) measure(m *Measure) {
	c.measured = true
	defer func() { c.measured = false }()
	b, ok := m.Condition.(*Binary)
	switch {
	case ok && b.Op.rank() == comparisonRank:
		c.comparison(b)
	case ok && b.Op.rank() < comparisonRank:
		c.blame(b, joinStages, "")
	default:
		c.number(m.Condition)
	}
	if !hasAggregate(m.Condition) {
		c.blame(m, "a stage compares count(), avg(), min(), max() or sum() of each spanset; conditions on spans stand in braces", "")
	}
}

const joinStages = "two comparisons that must both hold are two stages: | count() > 2 | max(duration) > 1s"

func hasAggregate(e Expr) bool {
	switch e := e.(type) {
	case *Aggregate:
		return true
	case *Binary:
		return hasAggregate(e.Left) || hasAggregate(e.Right)
	case *Unary:
		return hasAggregate(e.X)
	default:
		return false
	}
}

func (c *checker) metrics(m *Metrics) {
	c.fields(m, m.By)
	if m.Field == nil {
		return
	}
	c.number(m.Field)
	if !hasField(m.Field) {
		c.blame(m, m.Function.String()+"() needs a number of each span, as in "+m.Function.String()+"(duration)", "")
	}
}

func hasField(e Expr) bool {
	found := false
	w := walker{yield: func(*Field) bool { found = true; return false }}
	w.expr(e)
	return found
}
