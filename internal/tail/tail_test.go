package tail_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/tail"
)

func parse(t *testing.T, text string) *query.Query {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// all returns the spans that a tail without any restriction sends.
func all(t *testing.T, hub *tail.Hub, since repo.Cursor) *reader[*model.Span] {
	t.Helper()
	return read(t, hub.Spans(t.Context(), project, since, repo.SpanQuery{}, nil, false))
}

func TestHeartbeatsComeFirstAndWheneverNothingElseDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.write(spans(1, 0, 3)...)
		r := all(t, newHub(t, tail.Config{Store: s, Heartbeat: 3 * time.Second}), "")
		begun := time.Now()
		for i := range 4 {
			e := r.event()
			if !e.Heartbeat || e.Cursor != "1" {
				t.Errorf("event %d is %+v, want a heartbeat with the cursor behind what was stored before", i, e)
			}
			if got, want := time.Since(begun), time.Duration(i)*3*time.Second; got != want {
				t.Errorf("heartbeat %d came after %v, want %v", i, got, want)
			}
		}
	})
}

func TestNewSpansComeSoonerThanInASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		r := all(t, newHub(t, tail.Config{Store: s}), "")
		r.event()
		for i := range 10 {
			time.Sleep(time.Duration(i) * 77 * time.Millisecond) // the bubble's clock: at any moment between two looks
			s.write(span(1, i, "work"))
			within(t, tail.DefaultInterval, "a span", func() {
				if got := r.items(); len(got) != 1 || got[0].StartNano != start+int64(i) {
					t.Errorf("write %d: got %v", i, got)
				}
			})
		}
	})
}

func TestPlainFieldsAndQueryMustBothHold(t *testing.T) {
	failed := func(s *model.Span) *model.Span {
		s.Status = model.StatusError
		return s
	}
	written := []*model.Span{
		span(1, 0, "plan"), failed(span(1, 1, "refund")), span(1, 2, "refund"), span(2, 3, "refund"), failed(span(2, 4, "plan")),
	}
	for _, tt := range []struct {
		name   string
		fields repo.SpanQuery
		query  string
		want   []int64 // starts
	}{
		{"neither", repo.SpanQuery{}, "", []int64{0, 1, 2, 3, 4}},
		{"name", repo.SpanQuery{Name: "refund"}, "", []int64{1, 2, 3}},
		{"trace", repo.SpanQuery{TraceID: model.TraceID{15: 2}}, "", []int64{0, 1, 2}},
		{"another trace", repo.SpanQuery{TraceID: model.TraceID{15: 9}, Name: "refund"}, "", nil},
		{"time", repo.SpanQuery{Start: model.TimeRange{Start: start + 1, End: start + 3}}, "", []int64{1, 2}},
		{"another time", repo.SpanQuery{Start: model.TimeRange{Start: start + 10}}, "", nil},
		{"time gone by", repo.SpanQuery{Start: model.TimeRange{End: start}}, "", nil},
		{"query", repo.SpanQuery{}, `{ status = error }`, []int64{1, 4}},
		{"query for all", repo.SpanQuery{}, `{}`, []int64{0, 1, 2, 3, 4}},
		{"query on attributes", repo.SpanQuery{}, `{ .no.such = 1 }`, nil},
		{"both", repo.SpanQuery{Name: "refund"}, `{ status = error }`, []int64{1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStore()
				hub := newHub(t, tail.Config{Store: s})
				var q *query.Query
				if tt.query != "" {
					q = parse(t, tt.query)
				}
				r := read(t, hub.Spans(t.Context(), project, "", tt.fields, q, false))
				r.event()
				s.write(written...)
				var got []int64
				if tt.want != nil {
					for _, s := range r.items() {
						got = append(got, s.StartNano-start)
					}
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("got %v, want %v", got, tt.want)
				}
				if e := r.event(); !e.Heartbeat || e.Cursor != "1" {
					t.Errorf("then came %+v, want a heartbeat behind the write", e)
				}
			})
		})
	}
}

func TestSpansHaveContentWhereItIsWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		hub := newHub(t, tail.Config{Store: s})
		for _, full := range []bool{false, true} {
			r := read(t, hub.Spans(t.Context(), project, "", repo.SpanQuery{}, parse(t, `{ name = "work" }`), full))
			r.event()
			s.write(spans(1, 0, 2)...)
			for _, span := range r.items() {
				if (span.Body != nil) != full {
					t.Errorf("full %v: the body is %v", full, span.Body)
				}
			}
		}
	})
}

func TestOtherProjectsAreNotSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		hub := newHub(t, tail.Config{Store: s})
		theirs := spans(1, 0, 5)
		for _, span := range theirs {
			span.Project = "other"
		}
		ours := all(t, hub, "")
		other := read(t, hub.Spans(t.Context(), "other", "", repo.SpanQuery{}, nil, false))
		ours.event()
		other.event()
		s.write(slices.Concat(theirs, spans(1, 7, 2))...)
		if got := ours.items(); len(got) != 2 || got[0].Project != project {
			t.Errorf("got %d spans of %s, want 2 of ours", len(got), got[0].Project)
		}
		if got := other.items(); len(got) != 5 || got[0].Project != "other" {
			t.Errorf("the other tail got %d spans of %s, want 5", len(got), got[0].Project)
		}
	})
}

func TestTailEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := read(t, newHub(t, tail.Config{Store: newStore()}).Spans(ctx, project, "", repo.SpanQuery{}, nil, false))
		r.event()
		cancel()
		if err := r.end(); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestTailsEndWhenTheHubStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := tail.New(tail.Config{Store: newStore()})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			hub.Run(ctx)
			close(ended)
		}()
		r := all(t, hub, "")
		r.event()
		cancel()
		<-ended
		within(t, 0, "the end", func() {
			if err := r.end(); !errors.Is(err, tail.ErrStopped) {
				t.Errorf("ended with %v, want ErrStopped", err)
			}
		})
	})
}

func TestTailsThatAreBehindEndWhenTheHubStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		for i := range 10 {
			s.write(span(1, i, "work"))
		}
		hub := tail.New(tail.Config{Store: s})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		hub.Run(ctx)
		r := all(t, hub, "0")
		r.event()
		if e, err, _ := r.next(); !errors.Is(err, tail.ErrStopped) {
			t.Errorf("got %d spans and %v, want ErrStopped", len(e.Items), err)
		}
	})
}

func TestCursorThatCannotBeFollowedEndsTheTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.write(spans(1, 0, 1)...)
		s.write(spans(1, 1, 1)...)
		s.floor = 1
		hub := newHub(t, tail.Config{Store: s})
		for _, since := range []repo.Cursor{"0", "3", "nonsense"} {
			if err := all(t, hub, since).end(); !errors.Is(err, repo.ErrCursorExpired) {
				t.Errorf("since %q: ended with %v, want ErrCursorExpired", since, err)
			}
		}
		r := all(t, hub, "1")
		if got := r.items(); len(got) != 1 {
			t.Errorf("since a cursor that can be followed: %d spans, want 1", len(got))
		}
	})
}

func TestLogIsLookedAtOnlyWhileThereAreTails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		hub := newHub(t, tail.Config{Store: s})
		looks := func() int {
			s.mu.Lock()
			before := s.heads
			s.mu.Unlock()
			time.Sleep(10 * time.Second)
			synctest.Wait()
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.heads - before
		}
		if n := looks(); n != 0 {
			t.Errorf("%d looks before there is a tail", n)
		}
		for range 2 {
			r := all(t, hub, "")
			other := all(t, hub, "")
			r.event()
			other.event()
			if n := looks(); n < 49 || n > 51 {
				t.Errorf("%d looks in ten seconds with two tails, want one each %v", n, tail.DefaultInterval)
			}
			r.stop()
			other.stop()
			time.Sleep(tail.DefaultInterval)
			if n := looks(); n != 0 {
				t.Errorf("%d looks after the tails have gone", n)
			}
		}
	})
}

func TestStoreThatWasAwayIsFollowedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		r := all(t, newHub(t, tail.Config{Store: s}), "")
		r.event()
		r.event() // it has read what there was
		s.mu.Lock()
		s.headErr = errAway
		s.mu.Unlock()
		s.write(span(1, 0, "meanwhile"))
		if e := r.event(); !e.Heartbeat {
			t.Errorf("while the head cannot be read there came %+v", e)
		}
		s.mu.Lock()
		s.headErr = nil
		s.mu.Unlock()
		within(t, tail.DefaultInterval, "what was written meanwhile", func() {
			if got := namesOf(r.items()); !slices.Equal(got, []string{"meanwhile"}) {
				t.Errorf("got %v", got)
			}
		})
	})
}

func TestDamagedContentEndsTheTailWithAnErrorOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		hub := newHub(t, tail.Config{Store: s})
		r := all(t, hub, "")
		r.event()
		s.write(spans(1, 0, 1)...)
		s.content[1][0].segment.Data = []byte{0xff}
		err := r.end()
		if err == nil || errors.Is(err, repo.ErrUnavailable) || errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}
