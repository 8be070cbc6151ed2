package runs

import "github.com/agenttrace/agenttrace/internal/model"

// What a moment of a run was spent in, the first of these that it was.
const (
	inChild = iota
	inModel
	inTool
	activities
)

// timeline measures how much of a run its activities cover: covered[a] is what
// those up to a do together, and reaches to reach[a].
type timeline struct {
	reach   [activities]int64
	covered [activities]int64
}

// cover adds an interval, which does not start before those added earlier.
func (t *timeline) cover(activity int, start, end int64) {
	for a := activity; a < activities; a++ {
		if from := max(start, t.reach[a]); end > from {
			t.covered[a] += end - from
			t.reach[a] = end
		}
	}
}

// splitTime says where the time of each run went.
func (d *derivation) splitTime() {
	for j := range d.runs {
		for a := range activities {
			d.runs[j].time.reach[a] = d.Runs[j].StartNano
		}
	}
	for i, s := range d.Spans {
		if run, activity := d.activity(int32(i)); run != none {
			d.runs[run].time.cover(activity, s.StartNano, min(s.EndNano, d.Runs[run].EndNano))
		}
	}
	for j, run := range d.Runs {
		covered := &d.runs[j].time.covered
		run.Detail.Time = model.TimeSplit{
			Child: covered[inChild],
			Model: covered[inModel] - covered[inChild],
			Tool:  covered[inTool] - covered[inModel],
			Own:   run.Duration() - covered[inTool],
		}
	}
}

// activity returns whose time a span takes, and what for.
func (d *derivation) activity(i int32) (run int32, activity int) {
	n := &d.nodes[i]
	switch s := d.Spans[i]; {
	case s.Type.IsRun():
		return d.runs[n.owner].parent, inChild
	case n.reports.call:
		return n.owner, inModel
	case s.Type == model.TypeTool:
		return n.owner, inTool
	}
	return none, 0
}
