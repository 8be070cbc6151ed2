package match

import (
	"bytes"
	"cmp"
	"slices"
	"sort"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Trace is the spans of one trace, in the order in which they started.
type Trace struct {
	spans []*model.Span // by start, then id

	// Computed when a query first asks for them.
	whole spanset
	sums  *summary
	links *tree
}

// summary is what trace: fields tell, as model.Trace has it.
type summary struct {
	id       string
	duration int64
	errors   int64
	root     *model.Span // nil while it has not arrived
}

// NewTrace makes a trace of all its spans, which it does not change. Where Body
// is nil, fields of the body are absent.
func NewTrace(spans []*model.Span) *Trace {
	t := &Trace{spans: spans}
	if !slices.IsSortedFunc(spans, byStart) {
		t.spans = slices.Clone(spans)
		slices.SortStableFunc(t.spans, byStart)
	}
	return t
}

// byStart is the order of a trace's spans. Among roots it is that of
// model.RootKey.
func byStart(a, b *model.Span) int {
	if c := cmp.Compare(a.StartNano, b.StartNano); c != 0 {
		return c
	}
	return bytes.Compare(a.SpanID[:], b.SpanID[:])
}

// at returns the place of one of the trace's spans, -1 for others.
func (t *Trace) at(s *model.Span) int {
	i := sort.Search(len(t.spans), func(i int) bool { return byStart(t.spans[i], s) >= 0 })
	for ; i < len(t.spans) && byStart(t.spans[i], s) == 0; i++ {
		if t.spans[i] == s {
			return i
		}
	}
	return -1
}

// all returns the set of all spans.
func (t *Trace) all() spanset {
	if t.whole == nil {
		t.whole = make(spanset, len(t.spans))
		for i := range t.whole {
			t.whole[i] = int32(i)
		}
	}
	return t.whole
}

func (t *Trace) summary() *summary {
	if t.sums != nil || len(t.spans) == 0 {
		return t.sums
	}
	first := t.spans[0]
	start, end := first.StartNano, first.EndNano
	sums := &summary{id: textOfID(first.TraceID[:])}
	for _, s := range t.spans {
		end = max(end, s.EndNano)
		if s.Failed {
			sums.errors++
		}
		if sums.root == nil && s.IsRoot() {
			sums.root = s
		}
	}
	sums.duration = end - start
	t.sums = sums
	return sums
}

func (t *Trace) tree() *tree {
	if t.links == nil {
		t.links = newTree(t.spans)
	}
	return t.links
}
