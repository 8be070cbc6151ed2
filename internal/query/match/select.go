package match

import (
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
)

// Selected is a span that a query selects.
type Selected struct {
	Span *model.Span
	// Fields are what the query names in select() and by() and the span has, in
	// the query's order. A field with several values is there several times.
	Fields []Named
}

// Named is a value under the name that the query gives it.
type Named struct {
	Name  string
	Value query.Value
}

// Select returns the spans of a trace that a query selects: all distinct spans
// of the spansets that its source leaves, by start, then id. What a metrics
// query makes of them is not looked at.
func Select(q *query.Query, t *Trace) []Selected {
	spans := t.union(t.spansets(q.Source))
	if len(spans) == 0 {
		return nil
	}
	named := namedFields(q.Source)
	selected := make([]Selected, len(spans))
	for i, at := range spans {
		selected[i].Span = t.spans[at]
		p := place{trace: t, span: t.spans[at], at: int(at)}
		for _, f := range named {
			p.each(f.expr, func(v query.Value) bool {
				selected[i].Fields = append(selected[i].Fields, Named{Name: f.name, Value: v})
				return true
			})
		}
	}
	return selected
}

// spanset is a set of spans: their places in the trace, ascending. It is never
// changed once it is made.
type spanset []int32

// spansets returns the spansets that a source selects, none of them empty.
func (t *Trace) spansets(source query.Spansets) []spanset {
	switch source := source.(type) {
	case *query.Filter:
		return t.filtered(t.all(), source.Condition)
	case *query.Combination:
		return notEmpty(t.combined(source))
	case *query.Pipeline:
		sets := t.spansets(source.Source)
		for _, stage := range source.Stages {
			sets = t.passed(sets, stage)
		}
		return sets
	default:
		return nil
	}
}

func notEmpty(sets ...spanset) []spanset {
	kept := sets[:0]
	for _, set := range sets {
		if len(set) > 0 {
			kept = append(kept, set)
		}
	}
	return kept
}

// passed returns what a stage of a pipeline makes of spansets.
func (t *Trace) passed(sets []spanset, stage query.Stage) []spanset {
	switch stage.(type) {
	case *query.Coalesce:
		return notEmpty(t.union(sets))
	case *query.Select:
		return sets
	}
	var passed []spanset
	for _, set := range sets {
		switch stage := stage.(type) {
		case *query.Filter:
			passed = append(passed, t.filtered(set, stage.Condition)...)
		case *query.Measure:
			if !isCondition(stage.Condition) || (&place{trace: t, at: none, set: set}).holds(stage.Condition) {
				passed = append(passed, set)
			}
		case *query.GroupBy:
			passed = append(passed, t.grouped(set, stage.By)...)
		case *query.Repeat:
			passed = append(passed, notEmpty(t.repeated(set, stage.Times))...)
		}
	}
	return passed
}

// isCondition tells count() > 2 from count().
func isCondition(e query.Expr) bool {
	switch e := e.(type) {
	case *query.Binary:
		return !isArithmetic(e.Op)
	case *query.Unary:
		return e.Op == query.Not
	default:
		return false
	}
}

// filtered returns the spans of a set for which a condition holds, as a set if
// there are any.
func (t *Trace) filtered(of spanset, condition query.Expr) []spanset {
	var set spanset
	p := place{trace: t}
	for _, at := range of {
		p.span, p.at = t.spans[at], int(at)
		if p.holds(condition) {
			set = append(set, at)
		}
	}
	return notEmpty(set)
}

// union returns the distinct spans of all sets.
func (t *Trace) union(sets []spanset) spanset {
	switch len(sets) {
	case 0:
		return nil
	case 1:
		return sets[0]
	}
	marked := make([]bool, len(t.spans))
	for _, set := range sets {
		mark(marked, set)
	}
	return setOf(marked)
}

func mark(marked []bool, set spanset) {
	for _, at := range set {
		marked[at] = true
	}
}

func setOf(marked []bool) (set spanset) {
	for at, is := range marked {
		if is {
			set = append(set, int32(at))
		}
	}
	return set
}
