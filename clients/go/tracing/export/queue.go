package export

import (
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// queue holds ended spans until the loop takes them, and all counts. Its lock is
// held for the time it takes to copy a few words, a batch of pointers at most.
type queue struct {
	maxSpans, maxBytes     int
	batchSpans, batchBytes int

	mu     sync.Mutex
	ring   []waiting // of maxSpans places, n of them in use from head on
	head   int
	n      int
	bytes  int    // of those in the ring
	taken  uint64 // how many have left the ring; the number of the one at head
	closed bool
	stats  Stats
}

// waiting is a span and the memory that it is estimated to take.
type waiting struct {
	span  sdktrace.ReadOnlySpan
	bytes int
}

func newQueue(o Options) *queue {
	return &queue{
		maxSpans: o.MaxQueueSize, maxBytes: o.MaxQueueBytes,
		batchSpans: o.MaxExportBatchSize, batchBytes: o.MaxExportBatchBytes,
		ring: make([]waiting, o.MaxQueueSize),
	}
}

// offer takes a span in or drops it, and reports whether the loop should look:
// at the first span, and when a batch or a quarter of memory fills.
func (q *queue) offer(span sdktrace.ReadOnlySpan, bytes int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats.Ended++
	switch held, heldBytes := int(q.stats.Held), int(q.stats.HeldBytes); {
	case q.closed:
		q.stats.Dropped.Stopped++
		return false
	case held >= q.maxSpans:
		q.stats.Dropped.QueueFull++
		return false
	case bytes > q.maxBytes-heldBytes:
		q.stats.Dropped.QueueBytes++
		return false
	}
	wasPressed := q.pressed()
	q.ring[(q.head+q.n)%len(q.ring)] = waiting{span, bytes}
	q.n++
	q.bytes += bytes
	q.stats.Held++
	q.stats.HeldBytes += int64(bytes)
	return q.n == 1 || q.n == q.batchSpans ||
		q.bytes >= q.batchBytes && q.bytes-bytes < q.batchBytes ||
		!wasPressed && q.pressed()
}

// pressed reports whether what waits in the ring takes a quarter of what may be
// held: time to look for another place if the backend is busy.
func (q *queue) pressed() bool { return 4*q.n >= q.maxSpans || 4*q.bytes >= q.maxBytes }

// level is what the loop decides by.
type level struct {
	spans   int  // in the ring
	batch   bool // a whole batch waits
	pressed bool // so many wait that they should go elsewhere
	taken   uint64
}

func (q *queue) level() level {
	q.mu.Lock()
	defer q.mu.Unlock()
	return level{
		spans: q.n, batch: q.n >= q.batchSpans || q.bytes >= q.batchBytes,
		pressed: q.pressed(), taken: q.taken,
	}
}

// take removes the oldest spans, one batch at most and one span at least, and
// returns the number of the first, and how many are left. They still count as held.
func (q *queue) take() (spans []sdktrace.ReadOnlySpan, bytes int, first uint64, left int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	first = q.taken
	spans = make([]sdktrace.ReadOnlySpan, 0, min(q.n, q.batchSpans))
	for q.n > 0 && len(spans) < q.batchSpans {
		w := &q.ring[q.head]
		if len(spans) > 0 && bytes+w.bytes > q.batchBytes {
			break
		}
		spans = append(spans, w.span)
		bytes += w.bytes
		*w = waiting{}
		q.head = (q.head + 1) % len(q.ring)
		q.n--
	}
	q.taken += uint64(len(spans))
	q.bytes -= bytes
	return spans, bytes, first, q.n
}

// end returns the number that the next accepted span will have.
func (q *queue) end() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.taken + uint64(q.n)
}

// close makes offer drop everything.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

// count changes the counts in one step.
func (q *queue) count(change func(*Stats)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change(&q.stats)
}

func (q *queue) look() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stats
}
