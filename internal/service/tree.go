package service

import (
	"bytes"
	"cmp"
	"slices"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

// node is a span on its way into a tree.
type node struct {
	id, parent model.SpanID
	start      int64
	message    *pb.Span

	children []*node
	placed   bool
}

// tree returns the messages of nodes in the order of a tree walked from the
// top: a span before its children, children by start, and sets depth,
// child_count and orphan of each.
//
// Every span is returned once, whatever nonsense the parents are: a span whose
// parent is not there stands at the top, and so does the earliest of spans that
// name each other as parents. Of several spans with one id, the earliest has
// the children.
func tree(nodes []*node) []*pb.Span {
	slices.SortFunc(nodes, func(a, b *node) int {
		return cmp.Or(cmp.Compare(a.start, b.start), bytes.Compare(a.id[:], b.id[:]))
	})
	byID := make(map[model.SpanID]*node, len(nodes))
	for _, n := range nodes {
		if byID[n.id] == nil {
			byID[n.id] = n
		}
	}
	for _, n := range nodes {
		if parent := byID[n.parent]; parent != nil && parent != n {
			parent.children = append(parent.children, n)
		}
	}
	w := &treeWalk{spans: make([]*pb.Span, 0, len(nodes))}
	var circular []*node // or below such
	for _, n := range nodes {
		parent := byID[n.parent]
		switch {
		case n.parent.IsZero(), parent == n:
			w.from(n)
		case parent == nil:
			n.message.Orphan = true
			w.from(n)
		default:
			circular = append(circular, n)
		}
	}
	for _, n := range circular {
		if !n.placed {
			w.from(cutCircle(n, byID))
		}
	}
	return w.spans
}

// cutCircle finds the circle that n is in or below, takes its earliest span
// from its parent's children, and returns it.
func cutCircle(n *node, byID map[model.SpanID]*node) *node {
	seen := make(map[*node]bool)
	for ; !seen[n]; n = byID[n.parent] {
		seen[n] = true
	}
	earliest := n
	for at := byID[n.parent]; at != n; at = byID[at.parent] {
		if at.start < earliest.start {
			earliest = at
		}
	}
	parent := byID[earliest.parent]
	parent.children = slices.DeleteFunc(parent.children, func(c *node) bool { return c == earliest })
	return earliest
}

// treeWalk collects spans from the top down. It keeps its own stack: a chain of
// spans may be longer than is good for that of Go.
type treeWalk struct {
	spans []*pb.Span
	stack []step
}

type step struct {
	node  *node
	depth int32
}

// from places a span and all below it that are not placed yet.
func (w *treeWalk) from(top *node) {
	w.stack = append(w.stack[:0], step{node: top})
	for len(w.stack) > 0 {
		at := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		if at.node.placed {
			continue
		}
		at.node.placed = true
		at.node.message.Depth = at.depth
		at.node.message.ChildCount = int32(len(at.node.children))
		w.spans = append(w.spans, at.node.message)
		for _, child := range slices.Backward(at.node.children) {
			w.stack = append(w.stack, step{node: child, depth: at.depth + 1})
		}
	}
}
