package runs

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// findErrors finds the deepest failure at or below each span, and reports that of
// each run.
func (d *derivation) findErrors() {
	for i := range d.nodes {
		if d.nodes[i].error = none; d.Spans[i].Failed {
			d.nodes[i].error = int32(i)
		}
	}
	for _, i := range slices.Backward(d.down) {
		n := &d.nodes[i]
		if n.parent == none || n.error == none {
			continue
		}
		if above := &d.nodes[n.parent]; above.error == none || d.worse(n.error, above.error) {
			above.error, above.toward = n.error, i
		}
	}
	for j, run := range d.runs {
		if at := d.nodes[run.span].error; at != none {
			s := d.Spans[at]
			d.Runs[j].Failed = true
			d.Runs[j].Detail.Error = &model.RunError{
				SpanID: s.SpanID, SpanName: s.Name, Type: s.ErrorType, Message: s.ErrorMessage, Path: d.path(run.span, at),
			}
		}
	}
}

// worse reports whether a failed span tells more of what went wrong than another:
// it is deeper, or just as deep and first by [model.ErrorKey].
func (d *derivation) worse(a, b int32) bool {
	s, t := d.Spans[a], d.Spans[b]
	return cmp.Or(
		cmp.Compare(d.nodes[b].depth, d.nodes[a].depth),
		cmp.Compare(s.EndNano, t.EndNano),
		bytes.Compare(s.SpanID[:], t.SpanID[:]),
		cmp.Compare(s.StartNano, t.StartNano),
	) < 0
}

// path returns the names of the spans from a run's down to its error. It is followed
// from both ends: each of many runs may be far above the error.
func (d *derivation) path(run, failed int32) []string {
	length := int(d.nodes[failed].depth-d.nodes[run].depth) + 1
	names := make([]string, min(length, model.MaxPath))
	upper := min(length, model.MaxPath/2)
	for i, at := 0, run; i < upper; i, at = i+1, d.nodes[at].toward {
		names[i] = d.Spans[at].Name
	}
	for i, at := len(names)-1, failed; i >= upper; i, at = i-1, d.nodes[at].parent {
		names[i] = d.Spans[at].Name
	}
	return names
}
