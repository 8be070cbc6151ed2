package export

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// pick returns the load to send next, nil when there is none: what was tried
// before, else files and fresh spans in turn.
func (l *loop) pick(now time.Time) *load {
	if len(l.hand) > 0 {
		next := l.hand[0]
		l.hand = append(l.hand[:0:0], l.hand[1:]...)
		return next
	}
	fresh := l.ready(l.queue.level(), now)
	if l.stopping == nil && (l.turn || !fresh) {
		if next := l.fromDisk(now); next != nil {
			l.turn = false
			return next
		}
	}
	if !fresh {
		return nil
	}
	l.turn = true
	return l.take()
}

// launch sends a load in a goroutine of its own, whose end the loop hears of
// through results.
func (l *loop) launch(ctx context.Context, next *load) {
	ctx, cancel := context.WithTimeout(ctx, l.o.ExportTimeout)
	l.flying, l.cancel, l.tryNow = next, cancel, false
	l.queue.count(func(s *Stats) { s.Requests++ })
	go func() { l.results <- l.send(ctx, next) }()
}

// send makes an error of a panic: what is linked into an agent to watch it must
// not end it.
func (l *loop) send(ctx context.Context, next *load) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Fault{Kind: Refused, Message: fmt.Sprintf("the exporter panicked: %v", p)}
		}
	}()
	return l.target.send(ctx, next)
}

// landed deals with the end of the request that was under way.
func (l *loop) landed(err error) {
	now := time.Now()
	landed := l.flying
	l.cancel()
	l.flying, l.cancel = nil, func() {}
	if err == nil {
		l.answered(now)
		l.settle(landed, 0, now)
		return
	}
	l.queue.count(func(s *Stats) { s.Failures++ })
	fault, ok := errors.AsType[*Fault](err)
	if !ok {
		fault = &Fault{Kind: Away, Message: err.Error(), Err: err}
	}
	switch fault.Kind {
	case Partial:
		l.answered(now)
		l.settle(landed, fault.Rejected, now)
		l.report.rejected(fault, fault.Rejected, now)
	case Refused:
		l.answered(now)
		l.reject(landed, fault, now)
	case TooLarge:
		l.answered(now)
		l.halve(landed, fault, now)
	case Doubtful:
		l.doubt(landed, fault, now)
	default:
		l.unreached(landed, fault, now)
	}
}

// answered notes that the backend is there.
func (l *loop) answered(now time.Time) {
	l.failures, l.wait, l.retryAt = 0, 0, time.Time{}
	if l.away {
		l.away = false
		l.report.back(now)
	}
}

// settle counts a load as delivered but for some of its spans.
func (l *loop) settle(done *load, rejected int64, now time.Time) {
	rejected = min(max(0, rejected), int64(done.n))
	l.queue.count(func(s *Stats) {
		s.Delivered += int64(done.n) - rejected
		s.Rejected += rejected
		if done.from == nil {
			s.Held -= int64(done.n)
			s.HeldBytes -= int64(done.bytes)
		} else {
			s.Spilled -= int64(done.n)
		}
	})
	if done.from != nil {
		l.fileDone(done.from, now)
	}
}

func (l *loop) reject(refused *load, fault *Fault, now time.Time) {
	l.settle(refused, int64(refused.n), now)
	l.report.rejected(fault, int64(refused.n), now)
}

// halve puts the halves of a load where it was.
func (l *loop) halve(large *load, fault *Fault, now time.Time) {
	halves := l.target.split(large)
	if halves == nil {
		l.reject(large, fault, now)
		return
	}
	l.hand = append(halves, l.hand...)
}

// doubt tries a load again that the backend failed on, but not for ever.
func (l *loop) doubt(failed *load, fault *Fault, now time.Time) {
	failed.tries++
	if failed.tries >= maxTries {
		l.answered(now)
		l.reject(failed, fault, now)
		return
	}
	l.hand = append([]*load{failed}, l.hand...)
	l.backOff(fault, now)
}

// unreached keeps a load until the backend is there. One that timed out before is
// halved: over a slow line, or for a slow backend, it may be too much.
func (l *loop) unreached(held *load, fault *Fault, now time.Time) {
	again := []*load{held}
	if errors.Is(fault, context.DeadlineExceeded) {
		if held.timeouts++; held.timeouts > 1 && len(held.request) > slowBytes {
			if halves := l.target.split(held); halves != nil {
				again = halves
			}
		}
	}
	l.hand = append(again, l.hand...)
	l.backOff(fault, now)
	if l.cut {
		return // it was this loop that gave up
	}
	l.away = true
	l.report.away(fault, now)
}

// backOff sets when the next attempt is due.
func (l *loop) backOff(fault *Fault, now time.Time) {
	l.failures++
	l.wait = min(max(l.o.RetryMin, 2*l.wait), l.o.RetryMax)
	pause := l.wait/2 + rand.N(l.wait/2+1)
	l.retryAt = now.Add(max(pause, min(fault.RetryAfter, maxRetryAfter)))
}
