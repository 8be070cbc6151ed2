package agenttrace

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// tailing is one loop over a tail.
type tailing[T, Req, Res any] struct {
	client  *Client
	call    tailCall[T, Req, Res]
	options tailOptions
	yield   func(*TailEvent[T], error) bool

	begun  bool   // the server has once said something
	cursor string // where to go on from
	// sent are the keys of what was yielded since the cursor came. The server
	// sends it again when the connection breaks before the next cursor: skip are
	// the keys of what was yielded over connections that broke, and has not come
	// again yet. Both are bounded by what the server sends between two cursors.
	sent, skip map[string]struct{}
}

// errStopped says that the loop was broken off.
var errStopped = errors.New("agenttrace: the loop was broken off")

// errSilent is why a connection is given up.
var errSilent = errors.New("agenttrace: no sign of life from the server")

// run follows the tail over as many connections as it takes. It returns nil when
// the loop was broken off.
func (t *tailing[T, Req, Res]) run(ctx context.Context) error {
	for failures := 0; ; {
		came, err := t.follow(ctx)
		if errors.Is(err, errStopped) {
			return nil
		}
		if came {
			failures = 0
		}
		failures++
		err = t.client.callError(ctx, t.call.name, err)
		if ctx.Err() != nil {
			return err
		}
		again := &Interruption{Err: err, Attempt: failures}
		switch {
		case t.options.pastExpiry && t.cursor != "" && Reason(err) == ReasonCursorExpired:
			t.cursor, again.Lost = "", true
			clear(t.sent)
			clear(t.skip)
		case failures > t.mostFailures() || !mayFollow(err, came):
			return err
		default:
			again.Pause = t.client.pauseAfter(failures, err)
		}
		if !t.yield(&TailEvent[T]{Interrupted: again}, nil) {
			return nil
		}
		if err := sleep(ctx, again.Pause, err); err != nil {
			return err
		}
	}
}

// mostFailures returns how many attempts in a row may fail.
func (t *tailing[T, Req, Res]) mostFailures() int {
	if t.begun {
		return t.options.attempts
	}
	return t.client.config.retries
}

// mayFollow reports whether a tail may connect again after an error; came says
// whether something had come over the connection before.
func mayFollow(err error, came bool) bool {
	e, ok := errors.AsType[*CallError](err)
	if !ok || e.Reason == ReasonMessageTooLarge {
		return false
	}
	if e.Code == CodeUnavailable || e.RetryAfter > 0 || errors.Is(err, errSilent) {
		return true
	}
	// A connection that breaks looks different in each protocol. So does a proxy
	// that thinks it has been open for long enough.
	return came && (!e.FromServer || e.Code == CodeDeadlineExceeded || e.Code == CodeCanceled || e.Code == CodeAborted)
}

// follow follows the tail over one connection. came says whether anything came.
func (t *tailing[T, Req, Res]) follow(ctx context.Context) (came bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := t.watch(cancel)
	defer silence.Stop()

	for key := range t.sent {
		t.skip[key] = struct{}{}
	}
	clear(t.sent)
	req := t.call.clone(t.call.req)
	*t.call.since(req) = t.cursor
	stopped := false
	err = receive(ctx, req, t.call.open, func(m *Res) bool {
		silence.Stop()
		came, t.begun = true, true
		stopped = !t.deliver(t.call.event(m))
		t.rewatch(silence)
		return !stopped
	})
	switch {
	case stopped:
		return came, errStopped
	case errors.Is(context.Cause(ctx), errSilent):
		return came, &CallError{Call: t.call.name, Code: CodeUnavailable, cause: errSilent,
			Message: fmt.Sprintf("nothing came from the server for %v", t.options.silence)}
	case err == nil:
		return came, &CallError{Call: t.call.name, Code: CodeUnavailable, Message: "the connection was closed, though a tail has no end"}
	}
	return came, err
}

// watch gives up the connection when nothing comes for too long.
func (t *tailing[T, Req, Res]) watch(giveUp context.CancelCauseFunc) *time.Timer {
	return time.AfterFunc(t.patience(), func() { giveUp(errSilent) })
}

func (t *tailing[T, Req, Res]) rewatch(timer *time.Timer) { timer.Reset(t.patience()) }

// patience returns how long to wait for a message.
func (t *tailing[T, Req, Res]) patience() time.Duration {
	if t.options.silence == 0 {
		return 1<<63 - 1
	}
	return t.options.silence
}

// deliver yields what is new in an event. It reports whether the loop goes on.
func (t *tailing[T, Req, Res]) deliver(e *TailEvent[T]) bool {
	e.Items = t.fresh(e.Items)
	if e.Dropped != nil {
		clear(t.skip) // what was given up does not come again
	}
	if e.Cursor != "" {
		t.cursor = e.Cursor
		clear(t.sent)
	}
	if len(e.Items) == 0 && e.Dropped == nil && e.Heartbeat == nil && e.Cursor == "" {
		return true // all of it was repeated, or it is of a kind that came later
	}
	return t.yield(e, nil)
}

// fresh returns the items that were not yielded before.
func (t *tailing[T, Req, Res]) fresh(items []T) []T {
	kept := items[:0]
	for _, item := range items {
		key := t.call.key(item)
		if _, again := t.skip[key]; again {
			delete(t.skip, key)
		} else {
			kept = append(kept, item)
		}
		t.sent[key] = struct{}{}
	}
	return kept
}
