package search

import (
	"context"
	"slices"
	"testing"
	"time"
)

// numbers is a source of 0, 1, 2 and so on, below n.
func numbers(n int) source[int] {
	return func(_ context.Context, yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func TestWorkIsDeliveredInOrderHoweverLongItTakes(t *testing.T) {
	// Each item waits for the one behind it, as far as there are workers.
	done := make([]chan struct{}, 101)
	for i := range done {
		done[i] = make(chan struct{})
	}
	work := func(_ context.Context, n int) int {
		if n%2 == 0 && n < 99 {
			<-done[n+1]
		}
		close(done[n])
		return n * n
	}
	var got []int
	for out := range inOrder(t.Context(), 2, numbers(100), work) {
		got = append(got, out)
	}
	if len(got) != 100 || !slices.IsSorted(got) {
		t.Errorf("got %v", got)
	}
}

func TestAPanicOfAWorkerIsOneOfItsCaller(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the panic was lost")
		}
	}()
	work := func(_ context.Context, n int) int {
		if n == 3 {
			panic("bad luck")
		}
		return n
	}
	for n := range inOrder(t.Context(), 2, numbers(1000), work) {
		if n > 3 {
			t.Fatalf("got %d", n)
		}
	}
}

func TestAPanicOfASourceIsOneOfItsCaller(t *testing.T) {
	from := func(_ context.Context, yield func(int) bool) {
		yield(1)
		panic("bad luck")
	}
	for name, loop := range map[string]func() (seen int){
		"in order": func() (seen int) {
			for range inOrder(t.Context(), 2, from, func(_ context.Context, n int) int { return n }) {
				seen++
			}
			return seen
		},
		"ahead": func() (seen int) {
			for range readAhead(t.Context(), from) {
				seen++
			}
			return seen
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the panic was lost", name)
				}
			}()
			t.Errorf("%s: the loop ended after %d items", name, loop())
		}()
	}
}

func TestReadingAheadStopsWithItsReader(t *testing.T) {
	made := 0
	from := func(ctx context.Context, yield func(int) bool) {
		for yield(made) {
			made++
		}
	}
	for n := range readAhead(t.Context(), from) {
		if n == 5 {
			break
		}
	}
	if made > 7 {
		t.Errorf("%d items were made for 6 that were read", made)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	for range readAhead(ctx, func(ctx context.Context, yield func(int) bool) { <-ctx.Done() }) {
		t.Error("an item was read that nobody made")
	}
}

func TestAppetiteGrowsWithEachCandidateThatIsRejected(t *testing.T) {
	a := newAppetite(10)
	a.serve(9)
	if !a.wait(t.Context()) {
		t.Error("9 candidates are enough for 10 results")
	}
	a.serve(1)
	full, cancel := context.WithCancel(t.Context())
	cancel()
	if a.wait(full) {
		t.Error("10 candidates are not enough for 10 results")
	}
	waiting := make(chan bool)
	go func() { waiting <- a.wait(t.Context()) }()
	a.reject(1)
	if !<-waiting {
		t.Error("a rejected candidate is not replaced")
	}
}
