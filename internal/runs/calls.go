package runs

import (
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// reports says what spans report at and below a span.
type reports struct {
	usage, usageBelow bool
	cost, costBelow   bool
	modelBelow        bool // a model call below, and no run between
	call              bool // the span is a model call
	counts            bool // its usage is of nothing below, and so counts
	covered           bool // usage counts that is reported above
}

// findReports finds the deepest reports. What a span repeats of those below it
// does not count.
func (d *derivation) findReports() {
	for _, i := range slices.Backward(d.down) {
		n, s := &d.nodes[i], d.Spans[i]
		r := &n.reports
		r.usage, r.cost = s.Usage != (model.Usage{}), reportedCost(s) > 0
		r.counts = r.usage && !r.usageBelow
		r.call = s.Type.CallsModel() && !r.modelBelow
		if n.parent == none {
			continue
		}
		above := &d.nodes[n.parent].reports
		above.usageBelow = above.usageBelow || r.usage || r.usageBelow
		above.costBelow = above.costBelow || r.cost || r.costBelow
		if !s.Type.IsRun() {
			above.modelBelow = above.modelBelow || r.call || r.modelBelow
		}
	}
	for _, i := range d.down {
		if n := &d.nodes[i]; n.parent != none {
			above := &d.nodes[n.parent].reports
			n.reports.covered = above.counts || above.covered
		}
	}
}

// costCounts reports whether the span reports what something cost, and no span
// at, above or below it reports the usage that this was for.
func (r *reports) costCounts() bool {
	return r.cost && !r.costBelow && !r.usage && !r.usageBelow && !r.covered
}

// call is one entry of a bill: a call of a model or a tool, or a report of usage
// or cost on a span that is neither.
type call struct {
	span    int32
	bill    int32 // entries of one bill have the same number
	latency int32 // as a bucket
	kind    model.CallKind
	called  bool // it is a call
	usage   bool // the span's usage counts
	hour    int64
	tool    string
	cost    model.Cost
}

// findCalls finds what was called and what counts, in the order of the spans.
func (d *derivation) findCalls() {
	d.findReports()
	d.findTools()
	d.calls = make([]call, 0, len(d.Spans))
	for i, s := range d.Spans {
		r := &d.nodes[i].reports
		if r.call || r.counts || r.costCounts() {
			c := d.newCall(int32(i), model.CallsOfModel)
			c.called, c.usage = r.call, r.counts
			if r.counts || r.costCounts() {
				c.cost = d.costOf(s)
			}
			d.calls = append(d.calls, c)
		}
		if s.Type == model.TypeTool {
			c := d.newCall(int32(i), model.CallsOfTool)
			c.called = true
			d.calls = append(d.calls, c)
		}
	}
}

func (d *derivation) newCall(i int32, kind model.CallKind) call {
	s := d.Spans[i]
	c := call{span: i, kind: kind, latency: int32(model.LatencyBucket(s.EndNano - s.StartNano)), hour: model.Hour(s.StartNano)}
	if tool := d.nodes[i].tool; tool != none {
		c.tool = d.Spans[tool].ToolName
	}
	return c
}

// findTools finds the tool call that each span is, or is below.
func (d *derivation) findTools() {
	for _, i := range d.down {
		n := &d.nodes[i]
		switch {
		case d.Spans[i].Type == model.TypeTool:
			n.tool = i
		case n.parent != none:
			n.tool = d.nodes[n.parent].tool
		default:
			n.tool = none
		}
	}
}

// attempt is what retries have in common.
type attempt struct {
	parent int32
	kind   model.CallKind
	name   string
}

// countRetries counts, for each run, the calls that follow a failed one of the
// same name. Calls are in the order of their starts.
func (d *derivation) countRetries() {
	if !slices.ContainsFunc(d.calls, func(c call) bool { return d.Spans[c.span].Failed }) {
		return
	}
	failed := make(map[attempt]bool)
	for i := range d.calls {
		c := &d.calls[i]
		n := &d.nodes[c.span]
		if !c.called || n.parent == none || n.owner == none {
			continue
		}
		a := attempt{n.parent, c.kind, d.nameOf(c)}
		if failed[a] {
			d.Runs[n.owner].Own.Retries++
		}
		failed[a] = d.Spans[c.span].Failed
	}
}

// nameOf returns the name of what was called.
func (d *derivation) nameOf(c *call) string {
	if c.kind == model.CallsOfTool {
		return d.Spans[c.span].ToolName
	}
	return d.Spans[c.span].Model
}
