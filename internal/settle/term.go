package settle

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/agenttrace/agenttrace/internal/repo"
)

const (
	// workers: while one reads and derives, the settlements of the other are
	// being stored.
	workers = 2

	pageChanges = 64  // how many changes are read at once
	batchTraces = 128 // how many traces settle in one transaction

	saveEvery = time.Second
)

// term is the time for which a loop has the lease: it begins with what is
// stored, and what it knows beyond that ends with it.
type term struct {
	*Loop
	lease repo.Lease
	lose  context.CancelCauseFunc

	// What one worker does at a time: whoever holds the token does it.
	reading, storing chan struct{}

	batches chan batch // to the workers
	done    chan batch // back from them

	// What follows is used by the goroutine that follows the log alone.
	pending *pending
	busy    map[*waiting]batch // by first trace: what the workers have
	cursor  repo.Cursor        // behind what was read
	atHead  bool               // nothing was left
	log     spell
	readAt  time.Time // after a failure, not before
	dueBy   int64     // what was due at the last tick
	saved   repo.Cursor
	savedAt time.Time
	saving  spell
}

func newTerm(l *Loop, lease repo.Lease, lose context.CancelCauseFunc) *term {
	return &term{
		Loop: l, lease: lease, lose: lose,
		reading: make(chan struct{}, 1), storing: make(chan struct{}, 1),
		batches: make(chan batch, workers), done: make(chan batch, workers),
		busy: map[*waiting]batch{}, pending: newPending(&l.config, ""),
	}
}

// run follows the log and settles, until ctx ends. Then all workers have ended.
func (t *term) run(ctx context.Context) {
	if err := t.load(ctx); err != nil {
		return
	}
	t.log.over()
	t.cursor, t.pending = t.saved, newPending(&t.config, t.saved)
	var working sync.WaitGroup
	for range workers {
		w := newWorker(t)
		working.Go(func() { w.run(ctx) })
	}
	t.follow(ctx)
	close(t.batches)
	working.Wait()
	close(t.done)
	for b := range t.done {
		t.finish(b)
	}
	t.config.Metrics.pending.Set(0)
	t.config.Metrics.lag.Set(0)
}

// load finds out where to begin, however long that takes.
func (t *term) load(ctx context.Context) error {
	for {
		err := attempt(ctx, func(ctx context.Context) (err error) {
			t.saved, err = t.config.Store.LoadCursor(ctx, name)
			return err
		})
		if err == nil {
			return nil
		}
		if err := rest(ctx, t.log.failed(ctx, t.Loop, "load the cursor", err)); err != nil {
			return err
		}
	}
}

// follow reads the log, gives out what is due and saves the cursor.
func (t *term) follow(ctx context.Context) {
	ticker := time.NewTicker(t.config.Poll)
	defer ticker.Stop()
	t.tick()
	for ctx.Err() == nil {
		more := t.read(ctx)
		t.giveOut()
		t.measure()
		if time.Since(t.savedAt) >= saveEvery {
			t.save(ctx)
		}
		if more {
			select {
			case b := <-t.done:
				t.finish(b)
			default:
			}
			continue
		}
		select {
		case b := <-t.done:
			t.finish(b)
		case <-ticker.C:
			t.tick()
		case <-ctx.Done():
		}
	}
}

// tick begins a new look at the log, and at what is due. What becomes due in
// between waits for the next: it will be more, and take one transaction.
func (t *term) tick() {
	t.atHead = false
	t.dueBy = t.config.Now().UnixNano()
}

// read reads one page of the log, unless it is not time to, and returns whether
// there is more.
func (t *term) read(ctx context.Context) (more bool) {
	if t.atHead || t.full() || time.Now().Before(t.readAt) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	changes, cursor, err := t.config.Store.Changes(ctx, t.cursor, pageChanges)
	if err != nil {
		t.cannotRead(ctx, err)
		return false
	}
	t.log.over()
	t.cursor, t.atHead = cursor, len(changes) < pageChanges
	if len(changes) > 0 {
		t.pending.add(changes, cursor, t.config.Now())
	}
	return !t.atHead
}

// cannotRead decides how to go on. A log that was cut off is read from its new
// beginning: what is gone from it was on days that are gone too.
func (t *term) cannotRead(ctx context.Context, err error) {
	if errors.Is(err, repo.ErrCursorExpired) && t.cursor != "" {
		t.config.Log.WarnContext(ctx, "change log was cut off behind the cursor, reading what there is", "cursor", t.cursor)
		t.cursor = ""
		return
	}
	t.readAt = time.Now().Add(t.log.failed(ctx, t.Loop, "read the change log", err))
}

// full reports whether no more traces may wait.
func (t *term) full() bool { return len(t.pending.traces) >= t.config.MaxPending }

// giveOut gives the workers what is due; where too many wait, what is due next.
func (t *term) giveOut() {
	for len(t.busy) < workers {
		by := t.dueBy
		if t.full() {
			by = math.MaxInt64
		}
		b := t.pending.take(batchTraces, by)
		if len(b.traces) == 0 {
			return
		}
		t.busy[b.traces[0]] = b
		t.batches <- b
	}
}

// finish notes that a batch has settled.
func (t *term) finish(b batch) {
	delete(t.busy, b.traces[0])
	t.pending.settled(b)
}

// measure tells how much waits, and how long too long.
func (t *term) measure() {
	due := int64(math.MaxInt64)
	if w := t.pending.first(); w != nil {
		due = w.due
	}
	for _, b := range t.busy {
		due = min(due, b.due)
	}
	pending, lag := len(t.pending.traces), max(0, time.Duration(t.config.Now().UnixNano()-due))
	t.config.Metrics.pending.Set(float64(pending))
	t.config.Metrics.lag.Set(lag.Seconds())
	t.status.Store(&Status{Active: true, Pending: pending, Lag: lag})
}

// save remembers how far everything has settled, if that is further than before.
// It need not succeed: who goes on from an earlier place finds that what is
// behind it has settled.
func (t *term) save(ctx context.Context) {
	if t.pending.passed == t.saved {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	t.savedAt = time.Now()
	if err := t.config.Store.SaveCursor(ctx, name, t.pending.passed); err != nil {
		t.saving.failed(ctx, t.Loop, "save the cursor", err)
		return
	}
	t.saving.over()
	t.saved = t.pending.passed
}
