package search

import (
	"container/list"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

// verdict says which spans of a trace are selected, with their fields.
type verdict struct {
	trace    model.TraceID
	selected map[spanKey][]match.Named
}

// spanKey identifies a span within its trace.
type spanKey struct {
	id    model.SpanID
	start int64
}

func keyOf(s *model.Span) spanKey { return spanKey{s.SpanID, s.StartNano} }

func verdictOf(d decision) *verdict {
	v := &verdict{trace: d.ref.ID, selected: make(map[spanKey][]match.Named, len(d.selected))}
	for _, s := range d.selected {
		v.selected[keyOf(s.Span)] = s.Fields
	}
	return v
}

// weight estimates how many bytes a verdict takes.
func (v *verdict) weight() int {
	const trace, span = 200, 96
	weight := trace
	for _, fields := range v.selected {
		weight += span + fieldsWeight(fields)
	}
	return weight
}

// verdicts remembers the verdicts that were used last: in a list of spans by
// start, those of one trace are mixed with those of the traces beside it, and
// appear on several pages. It is bounded by what verdicts take, which is
// decided by their spans.
type verdicts struct {
	room    int // bytes
	byTrace map[model.TraceID]*list.Element
	used    list.List // of *remembered, the last used in front
}

type remembered struct {
	*verdict
	weight int
}

// verdictsBytes is enough for any trace that may be decided, and for the usual
// thousands of them.
const verdictsBytes = 16 << 20

func newVerdicts(room int) *verdicts {
	return &verdicts{room: room, byTrace: make(map[model.TraceID]*list.Element)}
}

// find returns the verdict on a trace, nil where it is not known.
func (vs *verdicts) find(id model.TraceID) *verdict {
	e := vs.byTrace[id]
	if e == nil {
		return nil
	}
	vs.used.MoveToFront(e)
	return e.Value.(*remembered).verdict
}

// add remembers a verdict on a trace that has none, at the cost of others.
func (vs *verdicts) add(v *verdict) {
	r := &remembered{verdict: v, weight: v.weight()}
	vs.room -= r.weight
	vs.byTrace[v.trace] = vs.used.PushFront(r)
	for vs.room < 0 {
		oldest := vs.used.Remove(vs.used.Back()).(*remembered)
		delete(vs.byTrace, oldest.trace)
		vs.room += oldest.weight
	}
}
