package search

// tally counts what a search costs, stops it where that is too much, and tells
// how far it has come.
type tally struct {
	limits Limits
	tell   func(Progress) // nil for nobody

	now   Progress
	spans int64 // that were looked at

	said      bool // something was told
	told      Progress
	toldSpans int64
}

// How much is looked at before it is told: well under a second's work.
const (
	tellTraces = 256
	tellSpans  = 20_000
	tellBytes  = 16 << 20
)

// add counts a trace that was decided.
func (t *tally) add(d decision) error {
	t.now.Traces++
	t.now.Bytes += d.bytes
	t.spans += int64(d.read)
	switch {
	case t.now.Traces > t.limits.MaxTraces:
		return t.limits.tooManyTraces()
	case t.now.Bytes > t.limits.MaxBytes:
		return t.limits.tooManyBytes()
	}
	t.report()
	return nil
}

// walk counts a span that was met in a list.
func (t *tally) walk(start int64) {
	t.now.Reached = start
	t.spans++
	t.report()
}

// report tells how far the search has come, if it is time to.
func (t *tally) report() {
	if t.now.Traces-t.told.Traces >= tellTraces || t.now.Bytes-t.told.Bytes >= tellBytes || t.spans-t.toldSpans >= tellSpans {
		t.finish()
	}
}

// finish tells how far the search has come, if that is not known yet.
func (t *tally) finish() {
	if t.tell != nil && (!t.said || t.now != t.told) {
		t.tell(t.now)
	}
	t.said = true
	t.told, t.toldSpans = t.now, t.spans
}
