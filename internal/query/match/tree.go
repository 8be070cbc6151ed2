package match

import "github.com/agenttrace/agenttrace/internal/model"

// none stands for "no span" where a place in the trace is meant.
const none = model.NoParent

// tree says how the spans of a trace hang together. Spans are numbers: their
// places in the trace.
//
// Each span has one parent at most, so that the spans form trees, but senders
// may also report spans that are each other's parents. Then the parents form a
// cycle, with trees hanging from it; every span of a cycle is above and below
// every other one of it.
type tree struct {
	parent   []int32 // none for roots, and where the parent is not stored
	children []int32 // how many spans have this one as their parent

	// siblings numbers the parents' ids: spans of one number have the same,
	// stored or not. It is none for roots.
	siblings []int32
	families int // how many such numbers there are

	// upwards has every span that is on no cycle, children before parents.
	upwards []int32
	cycles  [][]int32
}

func newTree(spans []*model.Span) *tree {
	t := &tree{
		parent:   model.Parents(spans),
		children: make([]int32, len(spans)),
		siblings: make([]int32, len(spans)),
	}
	families := make(map[model.SpanID]int32)
	for i, s := range spans {
		if p := t.parent[i]; p != none {
			t.children[p]++
		}
		t.siblings[i] = none
		if s.IsRoot() {
			continue
		}
		family, known := families[s.ParentID]
		if !known {
			family = int32(len(families))
			families[s.ParentID] = family
		}
		t.siblings[i] = family
	}
	t.families = len(families)
	t.sort()
	return t
}

// sort takes away spans that have no children left, as long as there are any:
// what remains are the cycles.
func (t *tree) sort() {
	left := make([]int32, len(t.children)) // children that were not taken yet
	copy(left, t.children)
	t.upwards = make([]int32, 0, len(left))
	for i, n := range left {
		if n == 0 {
			t.upwards = append(t.upwards, int32(i))
		}
	}
	for next := 0; next < len(t.upwards); next++ {
		if p := t.parent[t.upwards[next]]; p != none {
			if left[p]--; left[p] == 0 {
				t.upwards = append(t.upwards, p)
			}
		}
	}
	if len(t.upwards) == len(left) {
		return
	}
	for i := range left {
		if left[i] == 0 {
			continue
		}
		var cycle []int32
		for at := int32(i); left[at] > 0; at = t.parent[at] {
			left[at] = 0
			cycle = append(cycle, at)
		}
		t.cycles = append(t.cycles, cycle)
	}
}

// above returns, for each span, whether there is a marked one above it.
func (t *tree) above(marked []bool) []bool {
	above := make([]bool, len(marked))
	for _, cycle := range t.cycles {
		spread(cycle, marked, above, count(cycle, marked))
	}
	for i := len(t.upwards) - 1; i >= 0; i-- {
		at := t.upwards[i]
		if p := t.parent[at]; p != none {
			above[at] = marked[p] || above[p]
		}
	}
	return above
}

// below returns, for each span, whether there is a marked one below it.
func (t *tree) below(marked []bool) []bool {
	below := make([]bool, len(marked))
	for _, at := range t.upwards {
		if p := t.parent[at]; p != none && (marked[at] || below[at]) {
			below[p] = true
		}
	}
	for _, cycle := range t.cycles {
		// What hangs from one span of a cycle is below all of them, and is none
		// of them itself.
		spread(cycle, marked, below, count(cycle, marked)+count(cycle, below))
	}
	return below
}

// spread says of each span of a cycle whether there is one other than itself
// among n spans, which include those of the cycle that are marked.
func spread(cycle []int32, marked, found []bool, n int) {
	for _, at := range cycle {
		found[at] = n > 1 || n == 1 && !marked[at]
	}
}

func count(spans []int32, marked []bool) (n int) {
	for _, at := range spans {
		if marked[at] {
			n++
		}
	}
	return n
}
