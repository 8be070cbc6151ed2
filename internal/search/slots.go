package search

import "context"

// Slots bounds how many workers of all searches of several engines read and
// decide at once: each may hold the content of a trace as large as
// Limits.MaxTraceBytes, so that without a common bound memory would grow with
// the number of callers. A worker keeps its slot for one chunk and never while it
// waits for whoever reads the results. Nil slots bound nothing.
type Slots chan struct{}

// NewSlots returns room for n workers at once.
func NewSlots(n int) Slots { return make(Slots, n) }

// take waits for a slot, and reports false when ctx ends first.
func (s Slots) take(ctx context.Context) bool {
	if s == nil {
		return true
	}
	return send(ctx, s, struct{}{})
}

func (s Slots) leave() {
	if s != nil {
		<-s
	}
}
