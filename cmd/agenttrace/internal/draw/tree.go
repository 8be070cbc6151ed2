package draw

import (
	"cmp"
	"slices"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

// node is a span in the tree of its trace.
type node struct {
	span     *agenttracev1.Span
	parent   *node
	children []*node
	below    int  // how many spans are below it
	depth    int  // how many spans are above it
	orphan   bool // it names a parent that is not there
	shown    bool
}

// newTree arranges spans, in whatever order they come, below a node without a span.
// Children stand by their start. Spans whose parent is missing stand at the top, and
// so do those that are their own ancestors.
func newTree(spans []*agenttracev1.Span) *node {
	top := &node{}
	byID := make(map[string]*node, len(spans))
	nodes := make([]*node, 0, len(spans))
	for _, s := range spans {
		n := &node{span: s}
		if _, twice := byID[s.GetSpanId()]; !twice {
			byID[s.GetSpanId()] = n
		}
		nodes = append(nodes, n)
	}
	for _, n := range nodes {
		n.parent = byID[n.span.GetParentSpanId()]
		n.orphan = n.parent == nil && n.span.GetParentSpanId() != ""
	}
	breakCycles(nodes)
	slices.SortStableFunc(nodes, func(a, b *node) int {
		return cmp.Or(a.span.GetStartTime().AsTime().Compare(b.span.GetStartTime().AsTime()), cmp.Compare(a.span.GetSpanId(), b.span.GetSpanId()))
	})
	for _, n := range nodes {
		if n.parent == nil {
			n.parent = top
		}
		n.parent.children = append(n.parent.children, n)
	}
	top.measure()
	return top
}

// breakCycles makes a root of one span of each circle of parents.
func breakCycles(nodes []*node) {
	const unseen, onPath, done = 0, 1, 2
	state := make(map[*node]int, len(nodes))
	for _, n := range nodes {
		var path []*node
		for at := n; at != nil && state[at] != done; at = at.parent {
			if state[at] == onPath {
				at.parent, at.orphan = nil, true
				break
			}
			state[at] = onPath
			path = append(path, at)
		}
		for _, at := range path {
			state[at] = done
		}
	}
}

// walk yields all nodes below n, each before its children. It needs no stack as deep
// as the tree is.
func (n *node) walk(yield func(*node) bool) {
	stack := slices.Clone(n.children)
	slices.Reverse(stack)
	for len(stack) > 0 {
		last := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !yield(last) {
			return
		}
		for _, child := range slices.Backward(last.children) {
			stack = append(stack, child)
		}
	}
}

// measure works out depth and below.
func (n *node) measure() {
	var order []*node
	for at := range n.walk {
		if at.parent != n {
			at.depth = at.parent.depth + 1
		}
		order = append(order, at)
	}
	for _, at := range slices.Backward(order) {
		at.parent.below += at.below + 1
	}
}

const (
	// firstSiblings is how many children of one span are shown before others get
	// their turn, in a trace that is too large to be shown whole.
	firstSiblings = 4
	// mostFailures is how many failed spans are shown before all others.
	mostFailures = 20
)

// choose marks the nodes to show: all of them, down to maxDepth (0 for any), if they
// are at most limit (0 for any); else where things went wrong, and the upper part of
// the tree, some children of each span at a time.
func (n *node) choose(limit, maxDepth int) {
	var candidates []*node
	for at := range n.walk {
		if maxDepth == 0 || at.depth < maxDepth {
			candidates = append(candidates, at)
		}
	}
	if limit == 0 || len(candidates) <= limit {
		for _, at := range candidates {
			at.shown = true
		}
		return
	}
	count := n.chooseFailures(candidates, limit)
	slices.SortStableFunc(candidates, func(a, b *node) int { return cmp.Compare(a.depth, b.depth) })
	for siblings := firstSiblings; count < limit; siblings *= 4 {
		got := map[*node]int{}
		for _, at := range candidates {
			if got[at.parent]++; got[at.parent] > siblings || at.shown || count >= limit || at.parent.span != nil && !at.parent.shown {
				continue
			}
			at.shown = true
			count++
		}
	}
}

// chooseFailures marks the first spans that failed by themselves, and what is above
// them.
func (n *node) chooseFailures(candidates []*node, limit int) (count int) {
	failures := 0
	for _, at := range candidates {
		if !at.span.GetFailed() || slices.ContainsFunc(at.children, func(c *node) bool { return c.span.GetFailed() }) {
			continue
		}
		if failures++; failures > mostFailures {
			break
		}
		for above := at; above.span != nil && !above.shown && count < limit; above = above.parent {
			above.shown = true
			count++
		}
	}
	return count
}
