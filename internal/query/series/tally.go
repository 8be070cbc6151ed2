package series

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

// Exemplar is a span that stands for others: the earliest of its step, or of
// its bucket in that step.
type Exemplar struct {
	TraceID model.TraceID
	SpanID  model.SpanID
	Time    int64   // its start
	Value   float64 // of the field that the metric is made of; 1 for counts
}

// tally is what the spans of one series in one step add up to, or those of them
// whose values lie in one bucket.
type tally struct {
	bucket      int
	count       int64
	sum         sum
	least, most float64
	first       Exemplar
	met         bool // first is one
}

// meet keeps an exemplar if it is earlier than the one that is kept.
func (t *tally) meet(e Exemplar) {
	if !t.met || earlier(&e, &t.first) {
		t.first, t.met = e, true
	}
}

func earlier(a, b *Exemplar) bool {
	return cmp.Or(
		cmp.Compare(a.Time, b.Time),
		bytes.Compare(a.TraceID[:], b.TraceID[:]),
		bytes.Compare(a.SpanID[:], b.SpanID[:]),
	) < 0
}

func newGroup(labels []query.Value) *group {
	g := &group{
		labels:  make([]query.Value, len(labels)),
		steps:   map[int64][]tally{},
		buckets: map[int]bool{},
	}
	for i, v := range labels {
		// A text is a piece of the segment that it was decoded from, which would
		// stay in memory as long as the series.
		v.Text = strings.Clone(v.Text)
		g.labels[i] = match.Distinct(v)
	}
	return g
}

// search returns where a bucket is among tallies, which are ordered by it.
func search(tallies []tally, bucket int) (int, bool) {
	return slices.BinarySearchFunc(tallies, bucket, func(t tally, bucket int) int {
		return cmp.Compare(t.bucket, bucket)
	})
}

func insert(tallies []tally, i int, t tally) []tally {
	if tallies == nil {
		return []tally{t} // Most steps have one; slices.Insert makes room for more.
	}
	return slices.Insert(tallies, i, t)
}
