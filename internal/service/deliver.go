package service

import (
	"context"
	"iter"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/search"
)

// How long what was found waits for company in its message, and how often a
// stream tells how far its search has come.
const (
	linger        = 50 * time.Millisecond
	progressEvery = time.Second
)

// waitingItems is how many results may wait while a message is being sent; the
// search pauses then.
const waitingItems = 8

// batch gathers items for one message of a stream.
type batch[T any] struct {
	send  func([]T) error
	size  func(T) int // bytes in the message
	items []T
	bytes int
}

// add adds an item, and sends what lies there before when both would be too
// much.
func (b *batch[T]) add(item T) error {
	n := b.size(item)
	if len(b.items) == batchItems || len(b.items) > 0 && b.bytes+n > batchBytes {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.items = append(b.items, item)
	b.bytes += n
	return nil
}

func (b *batch[T]) flush() error {
	if len(b.items) == 0 {
		return nil
	}
	err := b.send(b.items)
	clear(b.items) // they are not needed while the next ones come
	b.items, b.bytes = b.items[:0], 0
	return err
}

// delivery sends what a search finds while the search goes on: the first result
// at once, and none of the others waits long for a message to fill.
type delivery[T any] struct {
	batch[T]
	// tell sends progress; nil where there is none.
	tell func(*pb.Progress) error

	events   chan event[T]
	sendErr  error
	panicked any
}

// event is a result, or how far the search had come between two of them.
type event[T any] struct {
	result   T
	progress *search.Progress // nil for a result
}

// finder is a search: it notes its progress, and ends with ctx.
type finder[T any] func(ctx context.Context, note func(search.Progress)) iter.Seq2[T, error]

// run sends everything that find yields. When sending fails, the search ends.
func (d *delivery[T]) run(ctx context.Context, find finder[T]) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.events = make(chan event[T], waitingItems)
	var sending sync.WaitGroup
	sending.Go(func() {
		defer cancel()
		defer func() { d.panicked = recover() }()
		d.sendErr = d.forward()
	})
	err := d.search(ctx, find, sending.Wait)
	switch {
	case d.panicked != nil:
		panic(d.panicked) // where the call's own panics are caught
	case d.sendErr != nil:
		return d.sendErr
	}
	return err
}

// search hands everything that find yields to forward, and waits for its end.
func (d *delivery[T]) search(ctx context.Context, find finder[T], wait func()) error {
	defer wait()
	defer close(d.events)
	var reached *search.Progress
	note := func(p search.Progress) {
		reached = &p
		select {
		case d.events <- event[T]{progress: reached}:
		default: // there are results to send, and this is not the last one
		}
	}
	for result, err := range find(ctx, note) {
		if err != nil {
			return err
		}
		select {
		case d.events <- event[T]{result: result}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if reached != nil {
		select {
		case d.events <- event[T]{progress: reached}:
		case <-ctx.Done():
		}
	}
	return nil
}

// forward sends results until there are no more.
func (d *delivery[T]) forward() error {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	late := time.NewTimer(linger)
	defer late.Stop()
	first := true
	var reached *search.Progress // what was not told yet
	for {
		var err error
		select {
		case e, open := <-d.events:
			switch {
			case !open:
				return d.report(reached)
			case e.progress != nil:
				reached = e.progress
				continue
			case len(d.items) == 0:
				late.Reset(linger)
			}
			if err = d.add(e.result); first && err == nil {
				first, err = false, d.flush()
			}
		case <-late.C:
			err = d.flush()
		case <-ticker.C:
			err = d.report(reached)
			reached = nil
		}
		if err != nil {
			return err
		}
	}
}

// report sends what was found, and then how far the search has come.
func (d *delivery[T]) report(p *search.Progress) error {
	if err := d.flush(); err != nil || p == nil || d.tell == nil {
		return err
	}
	message := &pb.Progress{Traces: p.Traces, Bytes: p.Bytes, Found: p.Found}
	if p.Reached != 0 {
		message.TimeReached = timestamppb.New(time.Unix(0, p.Reached))
	}
	return d.tell(message)
}
