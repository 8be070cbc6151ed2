package service

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/search"
)

// sent is what a delivery sent, and when.
type sent struct {
	after time.Duration
	items []int
	found int64 // of progress
}

// deliverAll runs a search by the bubble's clock and returns what was sent of it.
func deliverAll(t *testing.T, find finder[int]) (all []sent, err error) {
	t.Helper()
	begun := time.Now()
	d := delivery[int]{tell: func(p *pb.Progress) error {
		all = append(all, sent{after: time.Since(begun), found: p.GetFound()})
		return nil
	}}
	d.size = func(n int) int { return n }
	d.send = func(items []int) error {
		all = append(all, sent{after: time.Since(begun), items: append([]int(nil), items...)})
		return nil
	}
	err = d.run(t.Context(), find)
	return all, err
}

func TestNothingThatWasFoundWaitsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := deliverAll(t, func(_ context.Context, note func(search.Progress)) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				yield(1, nil)
				time.Sleep(time.Millisecond)
				yield(2, nil)
				time.Sleep(time.Millisecond)
				yield(3, nil)
				time.Sleep(10 * time.Millisecond)
				note(search.Progress{Found: 3})
				time.Sleep(1500 * time.Millisecond)
				yield(4, nil)
				note(search.Progress{Found: 4})
			}
		})
		want := []sent{
			{0, []int{1}, 0},
			{time.Millisecond + linger, []int{2, 3}, 0},
			{progressEvery, nil, 3},
			{1512 * time.Millisecond, []int{4}, 0},
			{1512 * time.Millisecond, nil, 4},
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v\nwant %v", got, err, want)
		}
	})
}

func TestMessagesAreBoundedByCountAndBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		results := []int{1}
		for range 600 {
			results = append(results, 1)
		}
		results = append(results, batchBytes-10, 20, 3*batchBytes, 1)
		got, err := deliverAll(t, func(context.Context, func(search.Progress)) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				for _, n := range results {
					if !yield(n, nil) {
						return
					}
				}
			}
		})
		var sizes []int
		for _, message := range got {
			sizes = append(sizes, len(message.items))
		}
		if want := []int{1, 256, 256, 88, 1, 1, 1, 1}; err != nil || !reflect.DeepEqual(sizes, want) {
			t.Errorf("messages of %v items, %v; want %v", sizes, err, want)
		}
	})
}

func TestWhatWasFoundIsSentBeforeTheError(t *testing.T) {
	failed := errors.New("failed")
	synctest.Test(t, func(t *testing.T) {
		got, err := deliverAll(t, func(_ context.Context, note func(search.Progress)) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				yield(1, nil)
				yield(2, nil)
				yield(0, failed)
			}
		})
		if want := []sent{{0, []int{1}, 0}, {0, []int{2}, 0}}; !errors.Is(err, failed) || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
	})
}

func TestSearchEndsWhenNothingCanBeSent(t *testing.T) {
	gone := errors.New("gone")
	synctest.Test(t, func(t *testing.T) {
		d := delivery[int]{}
		d.size = func(n int) int { return n }
		d.send = func([]int) error { return gone }
		err := d.run(t.Context(), func(ctx context.Context, _ func(search.Progress)) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				yield(1, nil)
				<-ctx.Done() // a search that finds no more
				yield(0, ctx.Err())
			}
		})
		if !errors.Is(err, gone) {
			t.Errorf("got %v, want the error of sending", err)
		}
	})
}
