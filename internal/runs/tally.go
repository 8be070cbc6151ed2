package runs

import (
	"cmp"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// sumUpRuns counts what belongs to each run, and adds up what runs have below
// them. The calls are in the order of the spans.
func (d *derivation) sumUpRuns() {
	for _, n := range d.nodes {
		if n.owner != none {
			d.Runs[n.owner].Own.Spans++
		}
	}
	for i := range d.calls {
		c := &d.calls[i]
		if owner := d.nodes[c.span].owner; owner != none {
			d.add(&d.Runs[owner].Own, c)
		}
	}
	d.countRetries()
	d.nestRuns()
}

// add counts a call.
func (d *derivation) add(t *model.Tally, c *call) {
	s := d.Spans[c.span]
	var failed int64
	if s.Failed {
		failed = 1
	}
	switch {
	case !c.called:
	case c.kind == model.CallsOfTool:
		t.ToolCalls++
		t.ToolFailures += failed
	default:
		t.ModelCalls++
		t.ModelFailures += failed
	}
	if c.usage {
		t.Usage = t.Usage.Plus(s.Usage)
	}
	t.Cost = t.Cost.Plus(c.cost)
}

// nestRuns passes down what runs have from those above, and up what they add to
// their totals.
func (d *derivation) nestRuns() {
	for _, i := range d.down {
		if !d.Spans[i].Type.IsRun() {
			continue
		}
		run := d.nodes[i].owner
		detail := &d.Runs[run].Detail
		detail.Detached = d.nodes[i].detached
		detail.InputPreview, detail.OutputPreview = d.Spans[i].InputPreview, d.Spans[i].OutputPreview
		detail.RootSpanID, detail.RootRunID = d.Spans[i].SpanID, d.Runs[run].Identity.RunID
		if p := d.runs[run].parent; p != none {
			parent := d.Runs[p]
			parent.Detail.Children++
			detail.ParentSpanID, detail.ParentRunID = parent.SpanID, parent.Identity.RunID
			detail.RootSpanID, detail.RootRunID = parent.Detail.RootSpanID, parent.Detail.RootRunID
		}
	}
	for _, i := range slices.Backward(d.down) {
		if !d.Spans[i].Type.IsRun() {
			continue
		}
		run := d.nodes[i].owner
		total := &d.Runs[run].Detail.Total
		*total = total.Plus(d.Runs[run].Own)
		if p := d.runs[run].parent; p != none {
			above := &d.Runs[p].Detail.Total
			*above = above.Plus(*total)
		}
	}
}

// named is a call by the name of what was called.
type named struct {
	owner int32
	kind  model.CallKind
	name  string
}

// nameCalls lists the models and the tools that each run called itself. What has
// no name is not listed.
func (d *derivation) nameCalls() {
	calls := make([]named, 0, len(d.calls))
	for i := range d.calls {
		c := &d.calls[i]
		if owner := d.nodes[c.span].owner; owner != none && c.called && d.nameOf(c) != "" {
			calls = append(calls, named{owner, c.kind, d.nameOf(c)})
		}
	}
	slices.SortFunc(calls, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
	})
	counts := make([]model.NameCount, 0, len(calls)) // shared by all lists
	for i := 0; i < len(calls); {
		first, from := calls[i], len(counts)
		for ; i < len(calls) && calls[i].owner == first.owner && calls[i].kind == first.kind; i++ {
			if last := len(counts) - 1; last >= from && counts[last].Name == calls[i].name {
				counts[last].Calls++
			} else {
				counts = append(counts, model.NameCount{Name: calls[i].name, Calls: 1})
			}
		}
		list := counts[from:len(counts):len(counts)]
		if detail := &d.Runs[first.owner].Detail; first.kind == model.CallsOfTool {
			detail.Tools = list
		} else {
			detail.Models = list
		}
	}
}
