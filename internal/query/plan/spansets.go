package plan

import (
	"slices"

	"github.com/agenttrace/agenttrace/internal/query"
)

// selected returns what is necessary for each span that a source selects.
func (t translator) selected(source query.Spansets) Condition {
	switch source := source.(type) {
	case *query.Filter:
		c, _ := t.condition(source.Condition, true)
		return c
	case *query.Combination:
		if !eitherSide(source) {
			return t.selected(source.Right)
		}
		var sides []Condition
		for _, side := range chainOf(source, eitherSide) {
			sides = append(sides, t.selected(side))
		}
		return either(sides...)
	case *query.Pipeline:
		parts := []Condition{t.selected(source.Source)}
		for _, stage := range source.Stages {
			if f, ok := stage.(*query.Filter); ok {
				parts = append(parts, t.selected(f))
			}
		}
		return all(parts...)
	default:
		return nil
	}
}

// eitherSide reports whether the spans of both sides can be the result.
func eitherSide(c *query.Combination) bool {
	return !c.Relation.Structural() || c.Form == query.Union
}

// needsBoth reports whether a combination selects nothing unless both of its
// sides select something.
func needsBoth(c *query.Combination) bool {
	return c.Relation == query.Both || c.Relation.Structural() && c.Form != query.Negated
}

func isEither(c *query.Combination) bool { return c.Relation == query.Either }

// chainOf returns the operands of a combination and of those among them that
// are such combinations too, so that a long chain is not put together link by
// link.
func chainOf(c *query.Combination, such func(*query.Combination) bool) []query.Spansets {
	var operands []query.Spansets
	for _, side := range [...]query.Spansets{c.Left, c.Right} {
		if inner, ok := side.(*query.Combination); ok && such(inner) {
			operands = append(operands, chainOf(inner, such)...)
		} else {
			operands = append(operands, side)
		}
	}
	return operands
}

// where returns what is necessary for a trace as a whole.
func (t translator) where(source query.Spansets) Condition {
	var parts []Condition
	switch source := source.(type) {
	case *query.Filter:
		return t.selected(source)
	case *query.Combination:
		switch {
		case isEither(source):
			for _, side := range chainOf(source, isEither) {
				parts = append(parts, t.where(side))
			}
			return either(parts...)
		case needsBoth(source):
			for _, side := range chainOf(source, needsBoth) {
				parts = append(parts, t.where(side))
			}
		default:
			return t.where(source.Right)
		}
	case *query.Pipeline:
		parts = append(parts, t.where(source.Source))
		for _, stage := range source.Stages {
			if f, ok := stage.(*query.Filter); ok {
				parts = append(parts, t.selected(f))
			}
		}
	}
	return all(parts...)
}

// demands returns conditions of which each is necessary for some span of the
// trace.
func (t translator) demands(source query.Spansets) []Condition {
	switch source := source.(type) {
	case *query.Combination:
		switch {
		case isEither(source): // the span is of whichever side selects something
			return []Condition{bounded(t.selected(source))}
		case needsBoth(source):
			var demands []Condition
			for _, side := range chainOf(source, needsBoth) {
				demands = append(demands, t.demands(side)...)
			}
			return demands
		default:
			return t.demands(source.Right)
		}
	case *query.Pipeline:
		return append(t.demands(source.Source), bounded(t.selected(source)))
	default:
		return []Condition{bounded(t.selected(source))}
	}
}

// independent returns the conditions that say something, up to a number, and
// not those that hold for a span wherever another one does.
func independent(conditions []Condition) []Condition {
	var kept []Condition
	for _, c := range conditions {
		if len(kept) == maxHaving {
			break
		}
		if c == nil || slices.ContainsFunc(kept, func(other Condition) bool { return implies(other, c) }) {
			continue
		}
		kept = slices.DeleteFunc(kept, func(other Condition) bool { return implies(c, other) })
		kept = append(kept, c)
	}
	return kept
}

// implies reports whether b is known to hold for every span for which a does.
func implies(a, b Condition) bool { return text(all(a, b)) == text(a) }
