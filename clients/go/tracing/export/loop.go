package export

import (
	"context"
	"fmt"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/spill"
)

const (
	// lookEvery is how often folders without an owner are looked for.
	lookEvery = time.Minute
	// maxTries is how often a load is sent when the backend fails on it.
	maxTries = 5
	// maxRetryAfter bounds what a backend may ask for.
	maxRetryAfter = 10 * time.Minute
	// slowBytes is what is not halved when it takes too long.
	slowBytes = 64 << 10
	// letGo is how long a cancelled request may take to return at the very end.
	letGo = grace / 2
)

// loop is the one goroutine that owns batches, files and retries.
type loop struct {
	queue  *queue
	target target
	report *reporter
	o      Options

	wake    chan struct{}        // there is something in the queue to look at
	flushes chan flush           // from ForceFlush
	stop    chan context.Context // from Shutdown, once
	results chan error           // of the load that is under way
	done    chan struct{}        // closed at the end; result is set before
	result  error

	// What follows belongs to the goroutine.

	hand     []*load // taken, not done, not under way; oldest first
	flying   *load   // under way
	cancel   context.CancelFunc
	due      time.Time // when the spans in the queue have waited long enough
	retryAt  time.Time // no attempt before
	wait     time.Duration
	failures int  // in a row
	away     bool // the last attempt found nobody
	tryNow   bool // somebody asks to flush
	turn     bool // after a fresh load it is the files' turn
	flushing []flush

	stopping context.Context // set by Shutdown
	network  context.Context // ends while there is time to write to disk
	cut      bool            // no more sending

	store       *spill.Store // nil when there is none, or not yet
	destination string
	diskAt      time.Time // no attempt on the disk before
	diskWait    time.Duration
	lookAt      time.Time
}

// flush asks for everything before a span to be brought to safety.
type flush struct {
	ctx    context.Context
	before uint64
	done   chan struct{}
}

func newLoop(ctx context.Context, q *queue, t target, destination string, o Options) *loop {
	return &loop{
		queue: q, target: t, o: o, destination: destination,
		report: newReporter(ctx, q, destination, o),
		wake:   make(chan struct{}, 1), flushes: make(chan flush),
		stop: make(chan context.Context, 1), results: make(chan error, 1),
		done: make(chan struct{}), cancel: func() {},
	}
}

// run works until it is told to stop.
func (l *loop) run(ctx context.Context) {
	defer close(l.done)
	for {
		now := time.Now()
		l.work(ctx, now)
		if l.finished() {
			break
		}
		l.pause(now)
	}
	l.finish(ctx)
}

// work does everything that can be done without waiting.
func (l *loop) work(ctx context.Context, now time.Time) {
	l.lookAround(now)
	l.refreshDue(now)
	l.toDisk(now)
	if l.flying == nil && !l.cut && (l.tryNow || !now.Before(l.retryAt)) {
		if next := l.pick(now); next != nil {
			l.launch(ctx, next)
		}
	}
	l.answerFlushes()
	l.report.dropped(now)
}

// refreshDue sets when the oldest span in the queue has waited long enough.
func (l *loop) refreshDue(now time.Time) {
	switch waiting := l.queue.level().spans > 0; {
	case !waiting:
		l.due = time.Time{}
	case l.due.IsZero():
		l.due = now.Add(l.o.ScheduleDelay)
	}
}

// ready reports whether spans in the queue should be taken. One that ended after
// refreshDue looked is not due: its wake is on the way.
func (l *loop) ready(at level, now time.Time) bool {
	waited := !l.due.IsZero() && !now.Before(l.due)
	return at.spans > 0 && (at.batch || waited || l.o.NoBatch || len(l.flushing) > 0 || l.stopping != nil)
}

// take makes the next load from the queue, which is not empty.
func (l *loop) take() *load {
	spans, bytes, first, left := l.queue.take()
	if left == 0 {
		l.due = time.Time{}
	}
	next := l.target.pack(spans)
	next.bytes, next.first = bytes, first
	return next
}

// pause waits until there may be work again.
func (l *loop) pause(now time.Time) {
	timer := time.NewTimer(l.untilNext(now))
	defer timer.Stop()
	var cut <-chan struct{}
	if l.network != nil && !l.cut {
		cut = l.network.Done()
	}
	select {
	case <-l.wake:
	case err := <-l.results:
		l.landed(err)
	case f := <-l.flushes:
		l.flushing = append(l.flushing, f)
		l.tryNow = true
	case ctx := <-l.stop:
		l.beginStop(ctx)
	case <-cut:
		l.cut = true
	case <-timer.C:
	}
}

// untilNext is how long nothing will happen by itself.
func (l *loop) untilNext(now time.Time) time.Duration {
	next := now.Add(lookEvery)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	at := l.queue.level()
	if l.o.SpillDir != "" {
		sooner(l.lookAt)
		if now.Before(l.diskAt) && (l.away || at.pressed) {
			sooner(l.diskAt)
		}
	}
	if l.flying == nil && (len(l.hand) > 0 || l.ready(at, now) || l.store != nil && l.store.Len() > 0) {
		sooner(l.retryAt)
	}
	if at.spans > 0 && now.Before(l.due) {
		sooner(l.due)
	}
	return next.Sub(now)
}

// answerFlushes ends the calls of ForceFlush whose spans are out of memory, and
// forgets those that nobody waits for.
func (l *loop) answerFlushes() {
	oldest := l.oldest()
	kept := l.flushing[:0]
	for _, f := range l.flushing {
		switch {
		case oldest >= f.before:
			close(f.done)
		case f.ctx.Err() == nil:
			kept = append(kept, f)
		}
	}
	clear(l.flushing[len(kept):])
	l.flushing = kept
}

// oldest is the number of the first span that is in memory.
func (l *loop) oldest() uint64 {
	oldest := l.queue.level().taken
	for _, held := range append([]*load{l.flying}, l.hand...) {
		if held != nil && held.from == nil {
			oldest = min(oldest, held.first)
		}
	}
	return oldest
}

// beginStop makes everything that is held ready to go. A quarter of the time, at
// most half a second, is kept for writing to disk what the network did not take.
func (l *loop) beginStop(ctx context.Context) {
	l.stopping, l.network, l.tryNow = ctx, ctx, true
	l.cut = ctx.Err() != nil // no time at all
	deadline, ok := ctx.Deadline()
	if !ok || l.o.SpillDir == "" {
		return
	}
	reserve := min(time.Until(deadline)/4, 500*time.Millisecond)
	network, cancel := context.WithDeadline(ctx, deadline.Add(-reserve))
	context.AfterFunc(ctx, cancel) // Shutdown ends ctx when it returns
	l.network = network
}

// finished reports whether nothing is left to send, or no time for it.
func (l *loop) finished() bool {
	if l.stopping == nil {
		return false
	}
	if l.cut {
		return true
	}
	// What is on its way from a file is safe there: with nobody to take it there is
	// nothing to wait for.
	unsafe := l.flying != nil && (l.flying.from == nil || !l.away)
	return !unsafe && l.oldest() == l.queue.end()
}

// finish brings what is left to disk, or counts it as dropped, and closes what
// the loop has open.
func (l *loop) finish(ctx context.Context) {
	l.cut = true
	if l.flying != nil {
		l.cancel()
		late := time.NewTimer(letGo)
		defer late.Stop()
		select {
		case err := <-l.results:
			l.landed(err)
		case <-late.C:
			l.hand = append([]*load{l.flying}, l.hand...)
		}
	}
	left := l.abandon()
	ctx, cancel := context.WithTimeout(ctx, letGo)
	defer cancel()
	err := l.target.close(ctx)
	if l.store != nil {
		if failed := l.store.Close(); failed != nil {
			l.report.disk(failed, time.Now())
		}
	}
	l.report.last()
	if left > 0 {
		err = fmt.Errorf("export: the backend did not take %d spans before the deadline; they are dropped", left)
	}
	l.result = err
}

// abandon returns how many spans in memory could not be brought to disk. There is
// one chance: after a failure the rest is dropped, without being encoded for it.
func (l *loop) abandon() int64 {
	var left int64
	l.diskAt = time.Time{}
	now := time.Now()
	usable := l.open(now)
	hand := l.hand
	l.hand = nil
	for _, held := range hand {
		if held.from != nil {
			continue // safe in its file
		}
		if usable = usable && l.put(held, now); !usable {
			left += l.drop(held)
		}
	}
	for l.queue.level().spans > 0 {
		if usable {
			next := l.take()
			if usable = l.put(next, now); !usable {
				left += l.drop(next)
			}
			continue
		}
		spans, bytes, first, _ := l.queue.take()
		left += l.drop(&load{n: len(spans), bytes: bytes, first: first})
	}
	return left
}

func (l *loop) drop(lost *load) int64 {
	l.queue.count(func(s *Stats) {
		s.Held -= int64(lost.n)
		s.HeldBytes -= int64(lost.bytes)
		s.Dropped.Stopped += int64(lost.n)
	})
	return int64(lost.n)
}
