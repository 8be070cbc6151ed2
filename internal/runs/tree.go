package runs

import (
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// none stands for "no span" or "no run" where a place is meant.
const none = model.NoParent

// node is what becomes known of a span. Other spans and runs are meant by their
// places in Spans and Runs.
type node struct {
	parent int32 // none for tops, among which are detached runs
	depth  int32 // how many spans are above
	owner  int32 // the run that it belongs to
	who    int32 // its identity's place in identities
	tool   int32 // the nearest tool call at or above
	error  int32 // the deepest failed span at or below
	toward int32 // the child that error is at or below; not set where it is the span itself

	detached  bool
	underStep bool // a step is between it and the next run above
	reports   reports
}

// growTree finds each span's parent, and an order in which to walk from the tops
// down. Where spans are each other's parents, the earliest becomes a top.
func (d *derivation) growTree() {
	parents := model.Parents(d.Spans)
	children := make([]int32, len(parents)) // that are not in the order yet
	for _, p := range parents {
		if p != none {
			children[p]++
		}
	}
	upwards := make([]int32, 0, len(parents))
	for i, n := range children {
		if n == 0 {
			upwards = append(upwards, int32(i))
		}
	}
	upwards = climb(upwards, 0, parents, children)
	for i := 0; len(upwards) < len(parents); i++ {
		// Only circles are left, each of whose spans has one child left. That of
		// the earliest is free once the circle is open.
		if children[i] == 0 {
			continue
		}
		last := parents[i]
		parents[i] = none
		children[last] = 0
		upwards = climb(append(upwards, last), len(upwards), parents, children)
	}
	for i, p := range parents {
		d.nodes[i].parent = p
	}
	slices.Reverse(upwards)
	d.down = upwards
}

// climb appends the parents of what is in the order from a place on, each as soon
// as all of its children are there.
func climb(upwards []int32, from int, parents, children []int32) []int32 {
	for ; from < len(upwards); from++ {
		if p := parents[upwards[from]]; p != none {
			if children[p]--; children[p] == 0 {
				upwards = append(upwards, p)
			}
		}
	}
	return upwards
}

// runNode is what is needed of a run to derive it.
type runNode struct {
	span   int32
	parent int32 // the run that it is part of

	time timeline
}

// findRuns says which span belongs to which run, and how the runs nest. Detached
// ones lose their parents: from here on, nothing climbs from them or descends to
// them.
func (d *derivation) findRuns() {
	count := 0
	for _, s := range d.Spans {
		if s.Type.IsRun() {
			count++
		}
	}
	d.Runs = make([]*model.Run, 0, count)
	d.runs = make([]runNode, 0, count)
	for i, s := range d.Spans {
		if d.nodes[i].owner = none; s.Type.IsRun() {
			d.nodes[i].owner = int32(len(d.Runs))
			d.Runs = append(d.Runs, model.RunOf(s))
			d.runs = append(d.runs, runNode{span: int32(i), parent: none})
		}
	}
	for _, i := range d.down {
		d.place(i)
	}
}

// place finds the run of a span whose parent has been placed.
func (d *derivation) place(i int32) {
	n := &d.nodes[i]
	if n.parent == none {
		return
	}
	above := d.nodes[n.parent]
	switch {
	case n.owner == none:
		n.owner = above.owner
	case above.owner != none && hasEnded(d.Runs[above.owner], d.Spans[i]):
		n.parent, n.detached = none, true
		return
	default:
		d.runs[n.owner].parent = above.owner
	}
	n.depth = above.depth + 1
	n.underStep = d.Spans[n.parent].Type == model.TypeStep || above.underStep && !d.Spans[n.parent].Type.IsRun()
}

// hasEnded reports whether a team was over when a run below it started. A team
// that took no time at all proves nothing: clocks may be coarse.
func hasEnded(above *model.Run, run *model.Span) bool {
	return above.Type == model.TypeTeam && above.Duration() > 0 && run.StartNano >= above.EndNano
}
