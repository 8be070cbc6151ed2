package model

// NoParent stands in the answer of [Parents] where a span has none.
const NoParent = -1

// Parents returns, for each of the spans of a trace, the place of its parent
// among them: [NoParent] for a root, where the parent is not there, and where the
// span names itself. Of several spans with the parent's id, the earliest is meant.
//
// Senders may report spans that are each other's parents: following parents may
// go round in a circle.
func Parents(spans []*Span) []int32 {
	places := make(map[SpanID]int32, len(spans))
	for i, s := range spans {
		if other, known := places[s.SpanID]; !known || s.StartNano < spans[other].StartNano {
			places[s.SpanID] = int32(i)
		}
	}
	parents := make([]int32, len(spans))
	for i, s := range spans {
		parents[i] = NoParent
		if s.IsRoot() {
			continue
		}
		if p, stored := places[s.ParentID]; stored && int(p) != i {
			parents[i] = p
		}
	}
	return parents
}
