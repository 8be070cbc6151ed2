package runs

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Pricer knows what model calls cost. It must be a pure function of the span for
// [Of] to be one.
type Pricer interface {
	// Price returns what the span's usage costs, in billionths of a US dollar, and
	// whether it knows a price.
	Price(s *model.Span) (nano int64, ok bool)
}

// Derived is what the spans of one trace mean together. It is for readers only,
// which may be many at once.
type Derived struct {
	Spans []*model.Span // by start, then by the bytes of their ids
	Runs  []*model.Run  // in the order of their spans; Settled is false
	Bills []model.Bill  // ordered by hour, then by their names in the order of the fields
	Parts []model.TracePart

	nodes      []node           // one for each span
	identities []model.Identity // distinct ones that spans have
	calls      []call           // what the bills sum up, in the bills' order
}

// Of derives everything from all spans of one trace, each of which is there once,
// in any order. Without a pricer, nothing has a price but what was reported.
func Of(spans []*model.Span, p Pricer) *Derived {
	d := &derivation{Derived: &Derived{Spans: inOrder(spans), nodes: make([]node, len(spans))}, prices: p}
	d.growTree()
	d.findRuns()
	d.identify()
	d.findCalls()
	d.sumUpRuns()
	d.nameCalls()
	d.splitTime()
	d.findErrors()
	d.listSteps()
	d.sumUpDays()
	d.sortCalls()
	d.Bills = d.BillsOf(func(*model.Span) bool { return true })
	return d.Derived
}

// Owner returns the place in Runs of the run that Spans[i] belongs to, which for
// the span of a run is that run; -1 where there is none.
func (d *Derived) Owner(i int) int { return int(d.nodes[i].owner) }

// Identity returns on whose behalf Spans[i] ran: what it says itself, and what it
// has from above. Its run id is that of its run.
func (d *Derived) Identity(i int) model.Identity { return d.identities[d.nodes[i].who] }

// derivation is a Derived in the making, and what is only needed for that.
type derivation struct {
	*Derived
	prices Pricer    // nil for none
	down   []int32   // places of all spans, parents before their children
	runs   []runNode // one for each of Runs
}

// inOrder returns the spans by start, then by id, in a slice of its own.
func inOrder(spans []*model.Span) []*model.Span {
	sorted := slices.Clone(spans)
	slices.SortFunc(sorted, func(a, b *model.Span) int {
		return cmp.Or(cmp.Compare(a.StartNano, b.StartNano), bytes.Compare(a.SpanID[:], b.SpanID[:]))
	})
	return sorted
}
