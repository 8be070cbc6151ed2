package match

import "github.com/agenttrace/agenttrace/internal/query"

// combined returns the spans that a combination of two sides selects.
func (t *Trace) combined(c *query.Combination) spanset {
	left, right := t.union(t.spansets(c.Left)), t.union(t.spansets(c.Right))
	switch c.Relation {
	case query.Both:
		if len(left) == 0 || len(right) == 0 {
			return nil
		}
		return t.union([]spanset{left, right})
	case query.Either:
		return t.union([]spanset{left, right})
	}
	switch c.Form {
	case query.Negated:
		related := t.related(c.Relation, left)
		return keep(right, func(at int32) bool { return !related(at) })
	case query.Union:
		return t.union([]spanset{
			keep(left, t.related(inverse(c.Relation), right)),
			keep(right, t.related(c.Relation, left)),
		})
	default:
		return keep(right, t.related(c.Relation, left))
	}
}

// inverse returns the relation in which a stands to b when b stands in r to a.
func inverse(r query.Relation) query.Relation {
	switch r {
	case query.Descendant:
		return query.Ancestor
	case query.Ancestor:
		return query.Descendant
	case query.Child:
		return query.Parent
	case query.Parent:
		return query.Child
	case query.Then:
		return before
	default: // Sibling
		return r
	}
}

// before is the inverse of [query.Then], for which the language has no word.
const before = query.Then + 1

func keep(set spanset, wanted func(int32) bool) (kept spanset) {
	for _, at := range set {
		if wanted(at) {
			kept = append(kept, at)
		}
	}
	return kept
}

// related returns a function that reports whether a span stands in a relation to
// some other span of a set. Finding out costs as much as the trace is long, the
// function itself next to nothing.
func (t *Trace) related(r query.Relation, set spanset) func(int32) bool {
	if len(set) == 0 {
		return func(int32) bool { return false }
	}
	if r == query.Then || r == before {
		return t.relatedInTime(r, set)
	}
	tree := t.tree()
	marked := make([]bool, len(t.spans))
	mark(marked, set)
	switch r {
	case query.Descendant:
		above := tree.above(marked)
		return func(at int32) bool { return above[at] }
	case query.Ancestor:
		below := tree.below(marked)
		return func(at int32) bool { return below[at] }
	case query.Child:
		return func(at int32) bool { return tree.parent[at] != none && marked[tree.parent[at]] }
	case query.Parent:
		parents := make([]bool, len(t.spans))
		for _, at := range set {
			if p := tree.parent[at]; p != none {
				parents[p] = true
			}
		}
		return func(at int32) bool { return parents[at] }
	default: // Sibling
		return tree.relatedSiblings(set, marked)
	}
}

func (t *tree) relatedSiblings(set spanset, marked []bool) func(int32) bool {
	inFamily := make([]int32, t.families)
	for _, at := range set {
		if family := t.siblings[at]; family != none {
			inFamily[family]++
		}
	}
	return func(at int32) bool {
		family := t.siblings[at]
		if family == none {
			return false
		}
		others := inFamily[family]
		if marked[at] {
			others--
		}
		return others > 0
	}
}

// relatedInTime compares with the span of the set that is the best partner: the
// one that ended first for Then, that started last for its inverse. A span that
// takes no time would be its own partner, so the second best is needed too.
func (t *Trace) relatedInTime(r query.Relation, set spanset) func(int32) bool {
	first, second := int32(none), int32(none)
	better := func(a, b int32) bool {
		if r == query.Then {
			return t.spans[a].EndNano < t.spans[b].EndNano
		}
		return t.spans[a].StartNano > t.spans[b].StartNano
	}
	for _, at := range set {
		switch {
		case first == none || better(at, first):
			first, second = at, first
		case second == none || better(at, second):
			second = at
		}
	}
	return func(at int32) bool {
		partner := first
		if partner == at {
			partner = second
		}
		switch {
		case partner == none:
			return false
		case r == query.Then:
			return t.spans[at].StartNano >= t.spans[partner].EndNano
		default:
			return t.spans[partner].StartNano >= t.spans[at].EndNano
		}
	}
}
