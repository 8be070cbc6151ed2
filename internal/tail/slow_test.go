package tail_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/tail"
)

func TestSlowReaderIsToldHowMuchItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		hub := newHub(t, tail.Config{Store: s, MaxBehind: 100})
		slow, fast := all(t, hub, ""), all(t, hub, "")
		slow.event()
		fast.event()
		for i := range 200 {
			theirs := span(2, i, "theirs")
			theirs.Project = "other"
			// Two changes of ours, with one of theirs between them.
			s.write(append(spans(1, 3*i, 2), theirs, span(3, 3*i, "work"))...)
			if got := fast.items(); len(got) != 3 {
				t.Fatalf("a reader that keeps up got %d spans of write %d, want 3", len(got), i)
			}
		}
		e := slow.event()
		if e.Heartbeat {
			e = slow.event()
		}
		if e.Dropped == nil || *e.Dropped != (tail.Dropped{Spans: 600, Writes: 200}) || e.Cursor != "600" {
			t.Errorf("got %+v (dropped %+v), want 600 spans in 200 writes dropped", e, e.Dropped)
		}
		s.write(span(1, 1000, "new"))
		if got := namesOf(slow.items()); len(got) != 1 || got[0] != "new" {
			t.Errorf("then came %v", got)
		}
	})
}

func TestReaderThatIsNotTooFarBehindMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		r := all(t, newHub(t, tail.Config{Store: s, MaxBehind: 100}), "")
		r.event()
		for i := range 100 {
			s.write(spans(1, i, 1)...)
		}
		n := 0
		for n < 100 {
			n += len(r.items())
		}
		if n != 100 {
			t.Errorf("%d spans, want 100", n)
		}
	})
}

func TestOldCursorIsFollowedHoweverFarBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		for i := range 500 {
			s.write(spans(1, 2*i, 2)...)
		}
		r := all(t, newHub(t, tail.Config{Store: s, MaxBehind: 10}), "100")
		n := 0
		for n < 800 {
			n += len(r.items())
		}
		if n != 800 {
			t.Errorf("%d spans behind the cursor, want 800", n)
		}
		// Now it has caught up.
		for i := range 6 {
			s.write(spans(1, 5000+2*i, 2)...)
		}
		for {
			e := r.event()
			if e.Dropped != nil {
				break
			}
			if len(e.Items) > 0 {
				t.Fatalf("got %d spans of 12 when it may be 10 behind", len(e.Items))
			}
		}
	})
}

func TestNothingOfTheStoreIsHeldWhileAReaderTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		hub := newHub(t, tail.Config{Store: s})
		done := make(chan int)
		go func() {
			n := 0
			for e, err := range hub.Spans(t.Context(), project, "0", repo.SpanQuery{}, nil, true) {
				if err != nil {
					t.Error(err)
				}
				s.mu.Lock()
				if s.open != 0 {
					t.Errorf("%d sequences of segments are open", s.open)
				}
				s.mu.Unlock()
				time.Sleep(time.Minute) // the bubble's clock
				if n += len(e.Items); n >= 2000 {
					break
				}
			}
			done <- n
		}()
		for i := range 4 {
			var write []*model.Span
			for trace := range byte(10) {
				write = append(write, spans(trace, i*50, 50)...)
			}
			s.write(write...)
		}
		if n := <-done; n != 2000 {
			t.Errorf("%d spans, want 2000", n)
		}
	})
}

func TestBatchIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		r := all(t, newHub(t, tail.Config{Store: s}), "")
		r.event()
		var write []*model.Span
		for trace := range byte(100) {
			write = append(write, spans(trace, 0, 10)...)
		}
		s.write(write...)
		n := 0
		for n < len(write) {
			e := r.event()
			// A batch is full when a trace has filled it.
			if len(e.Items) > 256+10 {
				t.Errorf("%d spans in one event", len(e.Items))
			}
			n += len(e.Items)
			if last := n == len(write); (e.Cursor != "") != last {
				t.Errorf("after %d of %d spans of one write, the cursor is %q", n, len(write), e.Cursor)
			}
		}
	})
}
