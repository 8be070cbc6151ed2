package search

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"
	"sync"
)

// source hands out items until there are no more or yield returns false.
type source[T any] func(ctx context.Context, yield func(T) bool)

// inOrder does work on each item, several at once, and yields the results in
// the order of the items. At most about twice as many items as workers are on
// their way. When the loop ends, for whatever reason, everything has stopped;
// when it ends because ctx did, results may be missing. A panic of work, or of the
// source, becomes one of the loop, where it does not take the process with it.
func inOrder[In, Out any](ctx context.Context, workers int, from source[In], work func(context.Context, In) Out) iter.Seq[Out] {
	type job struct {
		item   In
		result chan attempt[Out] // with room for it, so that nobody waits to deliver
	}
	return func(yield func(Out) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()

		jobs := make(chan job)
		queue := make(chan chan attempt[Out], workers)
		var handedOut attempt[struct{}] // read when queue is closed
		running.Go(func() {
			defer close(queue)
			defer close(jobs)
			handedOut = from.try(ctx, func(item In) bool {
				j := job{item: item, result: make(chan attempt[Out], 1)}
				return send(ctx, queue, j.result) && send(ctx, jobs, j)
			})
		})
		for range workers {
			running.Go(func() {
				for j := range jobs {
					j.result <- try(func() Out { return work(ctx, j.item) })
				}
			})
		}
		for result := range queue {
			select {
			case a := <-result:
				a.check()
				if !yield(a.out) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
		handedOut.check()
	}
}

// attempt is what came of some work.
type attempt[T any] struct {
	out      T
	panicked string // with what, and where; empty for an ordinary end
}

// check goes on panicking where the work did.
func (a attempt[T]) check() {
	if a.panicked != "" {
		panic(a.panicked)
	}
}

func (from source[T]) try(ctx context.Context, yield func(T) bool) attempt[struct{}] {
	return try(func() (nothing struct{}) {
		from(ctx, yield)
		return nothing
	})
}

func try[T any](work func() T) (a attempt[T]) {
	defer func() {
		if p := recover(); p != nil {
			a.panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
		}
	}()
	a.out = work()
	return a
}

// readAhead yields the items of a source, which makes the next one meanwhile.
// It ends as inOrder does.
func readAhead[T any](ctx context.Context, from source[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()

		items := make(chan T)
		var handedOut attempt[struct{}] // read when items is closed
		running.Go(func() {
			defer close(items)
			handedOut = from.try(ctx, func(item T) bool { return send(ctx, items, item) })
		})
		for item := range items {
			if !yield(item) {
				return
			}
		}
		handedOut.check()
	}
}

// send hands v over, unless ctx ends first.
func send[T any](ctx context.Context, to chan<- T, v T) bool {
	select {
	case to <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

// appetite says whether more candidates are needed: a page of results that the
// candidates at hand may still fill is not worth another question to the store.
type appetite struct {
	mu       sync.Mutex
	wanted   int           // results; 0 for all there are
	hopeful  int           // candidates that are, or may become, results
	rejected chan struct{} // holds one when hopeful has shrunk
}

func newAppetite(wanted int) *appetite {
	return &appetite{wanted: wanted, rejected: make(chan struct{}, 1)}
}

// serve counts candidates that were found.
func (a *appetite) serve(n int) {
	a.mu.Lock()
	a.hopeful += n
	a.mu.Unlock()
}

// reject takes back candidates that are no results.
func (a *appetite) reject(n int) {
	a.mu.Lock()
	a.hopeful -= n
	a.mu.Unlock()
	select {
	case a.rejected <- struct{}{}:
	default:
	}
}

// wait returns true as soon as more candidates are needed, false when ctx ends.
func (a *appetite) wait(ctx context.Context) bool {
	for {
		a.mu.Lock()
		sated := a.wanted > 0 && a.hopeful >= a.wanted
		a.mu.Unlock()
		if !sated {
			return ctx.Err() == nil
		}
		select {
		case <-a.rejected:
		case <-ctx.Done():
			return false
		}
	}
}
