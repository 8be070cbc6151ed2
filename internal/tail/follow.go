package tail

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// Event is what a tail says: exactly one of Items, Dropped and Heartbeat is set.
type Event[T any] struct {
	Items     []T
	Dropped   *Dropped
	Heartbeat bool
	// Cursor is where to go on from behind this event; "" where it is not the
	// last of those that were read together.
	Cursor repo.Cursor
}

// Dropped says what a slow reader was not told of, whether or not it matches.
type Dropped struct {
	Spans  int64
	Writes int64
}

// Bounds of one event: what is gathered before it is sent. It holds more where
// one trace brings more.
const (
	batchItems = 256
	batchBytes = 1 << 20
)

// errBroken says that the consumer wants no more.
var errBroken = errors.New("tail: broken off")

// picker finds what to send of some changes. It yields no empty slice.
type picker[T any] func(context.Context, []repo.Change) iter.Seq2[[]T, error]

// follower is one tail.
type follower[T any] struct {
	hub   *Hub
	log   *logReader
	pick  picker[T]
	moved <-chan struct{} // closed when the log has moved since it was read
	yield func(Event[T], error) bool
	sent  time.Time // the last event
}

// follow yields the events of one tail, an error at last. It begins with a
// heartbeat, so that the reader knows that from there on nothing is missed.
func follow[T any](ctx context.Context, h *Hub, project string, since repo.Cursor, pick picker[T]) iter.Seq2[Event[T], error] {
	return func(yield func(Event[T], error) bool) {
		leave := h.enter()
		defer leave()
		f := &follower[T]{hub: h, pick: pick, moved: h.watch(), yield: yield}
		if err := f.run(ctx, project, since); !errors.Is(err, errBroken) {
			yield(Event[T]{}, err)
		}
	}
}

// run returns when the tail cannot go on.
func (f *follower[T]) run(ctx context.Context, project string, since repo.Cursor) error {
	c := &f.hub.config
	var err error
	if f.log, err = openLog(ctx, c.Store, project, since, c.MaxBehind); err != nil {
		return err
	}
	if since != "" {
		// A cursor that cannot be followed is not to be confirmed first.
		if err := f.log.read(ctx); err != nil {
			return err
		}
	}
	if err := f.beat(); err != nil {
		return err
	}
	for {
		if err := f.step(ctx); err != nil {
			return err
		}
		if f.quiet() <= 0 {
			if err := f.beat(); err != nil {
				return err
			}
		}
	}
}

// step reads on and does the next thing that there is to do.
func (f *follower[T]) step(ctx context.Context) error {
	select {
	case <-f.hub.stopped: // however much there is to read
		return ErrStopped
	default:
	}
	select {
	case <-f.moved:
		f.moved, f.log.atHead = f.hub.watch(), false
	default:
	}
	if err := f.log.read(ctx); err != nil {
		return err
	}
	switch {
	case f.log.tooFar():
		return f.drop(ctx)
	case len(f.log.pages) > 0:
		return f.sendPage(ctx)
	case f.log.atHead:
		return f.wait(ctx)
	}
	return nil
}

// wait returns when there may be something new, or a heartbeat is due.
func (f *follower[T]) wait(ctx context.Context) error {
	timer := time.NewTimer(f.quiet())
	defer timer.Stop()
	select {
	case <-f.moved:
	case <-timer.C:
	case <-f.hub.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// quiet returns how long nothing needs to be sent.
func (f *follower[T]) quiet() time.Duration {
	return f.hub.config.Heartbeat - f.hub.config.Now().Sub(f.sent)
}

// sendPage sends what there is to send of the first page. One batch is held
// back until it is known whether it is the last, which has the cursor.
func (f *follower[T]) sendPage(ctx context.Context) error {
	var held []T
	for items, err := range f.pick(ctx, f.log.pages[0].changes) {
		if err != nil {
			return err
		}
		if held != nil {
			if err := f.send(Event[T]{Items: held}); err != nil {
				return err
			}
		}
		held = items
	}
	f.log.done()
	if held == nil {
		return nil
	}
	return f.send(Event[T]{Items: held, Cursor: f.log.place()})
}

func (f *follower[T]) drop(ctx context.Context) error {
	dropped, err := f.log.giveUp(ctx)
	if err != nil {
		return err
	}
	return f.send(Event[T]{Dropped: dropped, Cursor: f.log.place()})
}

func (f *follower[T]) beat() error { return f.send(Event[T]{Heartbeat: true, Cursor: f.log.place()}) }

func (f *follower[T]) send(e Event[T]) error {
	if !f.yield(e, nil) {
		return errBroken
	}
	f.sent = f.hub.config.Now()
	return nil
}
