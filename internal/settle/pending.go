package settle

import (
	"container/heap"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// pending knows the traces that have changed and not settled since, and how far
// the saved cursor may go. It is used by one goroutine.
type pending struct {
	quiet, atMost int64 // nanoseconds

	traces map[traceKey]*waiting
	queue  dueQueue // those that nobody works on
	pages  []*page  // of the change log, in order
	passed repo.Cursor
}

type traceKey struct {
	project string
	id      model.TraceID
}

// waiting is a trace that has changed.
type waiting struct {
	key   traceKey
	since changes
	// later are the changes that came while somebody works on the trace: they
	// may have been read, or not.
	later changes
	taken bool
	due   int64 // what the queue is ordered by: never after when it is due
}

// changes are some of one trace.
type changes struct {
	first, last int64
	// page is the first one that they are on; nil for no changes. The cursor
	// goes past later ones after it only, so they need not know of the trace.
	page *page
}

// page is what was read of the change log at once.
type page struct {
	cursor repo.Cursor // behind it
	open   int         // traces whose first change is here
}

// batch is what one worker settles at a time.
type batch struct {
	traces []*waiting
	due    int64 // of the first
}

func newPending(c *Config, passed repo.Cursor) *pending {
	return &pending{
		quiet: int64(c.Quiet), atMost: int64(c.AtMost), traces: map[traceKey]*waiting{}, passed: passed,
	}
}

// add notes what was read of the log.
func (p *pending) add(read []repo.Change, behind repo.Cursor, now time.Time) {
	if len(p.pages) == 0 || p.pages[len(p.pages)-1].open > 0 {
		p.pages = append(p.pages, &page{})
	}
	here := p.pages[len(p.pages)-1]
	for i := range read {
		change := &read[i]
		// A writer whose clock is ahead does not put its traces off.
		when := min(change.WrittenNano, now.UnixNano())
		for _, id := range change.TraceIDs {
			p.note(traceKey{change.Project, id}, when, here)
		}
	}
	here.cursor = behind
	if before := len(p.pages) - 2; here.open == 0 && before >= 0 {
		// Nobody waits for this page alone. So there are never more pages than
		// traces, but for one.
		p.pages[before].cursor, p.pages = behind, p.pages[:before+1]
	}
	p.advance()
}

// note notes a change of a trace.
func (p *pending) note(key traceKey, when int64, here *page) {
	w := p.traces[key]
	if w == nil {
		w = &waiting{key: key}
		p.traces[key] = w
		w.since.add(when, here)
		p.push(w)
		return
	}
	if w.taken {
		w.later.add(when, here)
	} else {
		w.since.add(when, here)
	}
}

func (c *changes) add(when int64, here *page) {
	if c.page == nil {
		*c = changes{first: when, last: when, page: here}
		here.open++
		return
	}
	c.first, c.last = min(c.first, when), max(c.last, when)
}

// dueAt returns when a trace is to settle.
func (p *pending) dueAt(w *waiting) int64 {
	return min(w.since.last+p.quiet, w.since.first+p.atMost)
}

func (p *pending) push(w *waiting) {
	w.due = p.dueAt(w)
	heap.Push(&p.queue, w)
}

// first returns the trace that is due first of those that nobody works on, nil
// for none.
func (p *pending) first() *waiting {
	for len(p.queue) > 0 {
		w := p.queue[0]
		due := p.dueAt(w)
		if due == w.due {
			return w
		}
		// It has changed since it was put there.
		w.due = due
		heap.Fix(&p.queue, 0)
	}
	return nil
}

// take returns up to so many traces that are due by then: those that are due
// first.
func (p *pending) take(most int, by int64) batch {
	var b batch
	for len(b.traces) < most {
		w := p.first()
		if w == nil || w.due > by {
			break
		}
		if len(b.traces) == 0 {
			b.due = w.due
		}
		heap.Pop(&p.queue)
		w.taken = true
		b.traces = append(b.traces, w)
	}
	return b
}

// settled notes that a batch has settled as it was when it was taken.
func (p *pending) settled(b batch) {
	for _, w := range b.traces {
		w.since.page.open--
		w.since, w.later, w.taken = w.later, changes{}, false
		if w.since.page == nil {
			delete(p.traces, w.key)
		} else {
			p.push(w)
		}
	}
	p.advance()
}

// advance goes past the pages that nobody waits for.
func (p *pending) advance() {
	for len(p.pages) > 0 && p.pages[0].open == 0 {
		p.passed = p.pages[0].cursor
		p.pages[0] = nil // its memory is needed no more
		p.pages = p.pages[1:]
	}
}

// dueQueue is a heap of traces, the one that is due first on top.
type dueQueue []*waiting

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(a, b int) bool { return q[a].due < q[b].due }
func (q dueQueue) Swap(a, b int)      { q[a], q[b] = q[b], q[a] }

// Push implements heap.Interface.
func (q *dueQueue) Push(w any) { *q = append(*q, w.(*waiting)) }

// Pop implements heap.Interface.
func (q *dueQueue) Pop() any {
	last := len(*q) - 1
	w := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return w
}
