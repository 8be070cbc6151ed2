package repotest

import (
	"context"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func maintainLaws() []law {
	return []law{
		{name: "PrepareMayBeCalledAgainAndAgain", test: prepareAgainAndAgain, alone: true},
		{name: "PrepareMayRunBesideItselfAndWriters", test: prepareBesideItself, alone: true, together: true},
		{name: "DropRemovesWholeDaysAndKeepsOthers", test: dropRemovesWholeDays, alone: true},
		{name: "DropKeepsOfATraceWhatIsOnKeptDays", test: dropKeepsPartsOfTraces, alone: true},
		{name: "DropOfAllPartsRemovesTheTrace", test: dropOfAllParts, alone: true},
		{name: "DropCutsLargeTracesToo", test: dropCutsLargeTraces, alone: true},
		{name: "SpanForADroppedDayIsStoredLikeAnyOther", test: spanForADroppedDay, alone: true},
		{name: "DropRemovesVeryOldAndKeepsFutureSpans", test: dropRemovesVeryOld, alone: true},
		{name: "WritersOfOtherDaysGoOnDuringDrop", test: writersGoOnDuringDrop, alone: true},
		{name: "ReadersOfOtherDaysGoOnDuringDrop", test: readersGoOnDuringDrop, alone: true},
		{name: "DropMayRunBesideItself", test: dropBesideItself, alone: true, together: true},
	}
}

func prepareAgainAndAgain(t *testing.T, s *subject) {
	spans := slices.Concat(agentRun(s.project, 1, at(1, noon)), acrossMidnight(s.project, 2))
	for i, r := range []model.TimeRange{
		{Start: at(0, 0), End: at(3, 0)},
		{Start: at(0, 0), End: at(3, 0)},
		{Start: at(1, noon), End: at(1, noon) + 1},
		{Start: at(-1, noon), End: at(4, noon)},
	} {
		if err := s.Prepare(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			s.write(t, spans...)
		}
		s.holds(t, spans...)
	}
	s.feedHolds(t, spans...)
}

func prepareBesideItself(t *testing.T, s *subject) {
	stores := []repo.Store{s, s.again(t)}
	var group errgroup.Group
	var all []*model.Span
	for i := range 6 {
		spans := agentRun(s.project, i, at(i%3, noon))
		all = append(all, spans...)
		group.Go(func() error {
			return stores[i%2].Prepare(t.Context(), model.TimeRange{Start: at(0, 0), End: at(4, 0)})
		})
		group.Go(func() error {
			_, err := stores[(i+1)%2].Write(t.Context(), records(spans))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	s.holds(t, all...)
}

// drop calls Drop and checks how much it says it removed.
func (s *subject) drop(t *testing.T, horizon int64, days int, spans int64) {
	t.Helper()
	got, err := s.Drop(t.Context(), horizon)
	if err != nil {
		t.Fatalf("Drop: %v", err)
	}
	if got.Days != days || got.Spans != spans && got.Spans != -1 {
		t.Errorf("Drop says %+v, want %d days and %d spans, or -1", got, days, spans)
	}
}

// days returns one run at noon of each day.
func (s *subject) days(from, to int) map[int][]*model.Span {
	out := map[int][]*model.Span{}
	for day := from; day < to; day++ {
		out[day] = agentRun(s.project, 50+day, at(day, noon))
	}
	return out
}

func dropRemovesWholeDays(t *testing.T, s *subject) {
	days := s.days(0, 5)
	other := s.in("other")
	theirs := agentRun(other.project, 1, at(0, noon))
	s.write(t, slices.Concat(days[0], days[1], days[2], days[3], days[4], theirs)...)

	s.drop(t, at(0, noon+time.Hour), 0, 0) // the day itself is not wholly before it
	other.holds(t, theirs...)
	s.drop(t, at(2, noon+time.Hour), 2, 12)
	s.holds(t, slices.Concat(days[2], days[3], days[4])...)
	other.holds(t)
	s.drop(t, at(2, noon+time.Hour), 0, 0)
	s.drop(t, at(3, 0)-1, 0, 0)
	s.drop(t, at(3, 0), 1, 4)
	s.holds(t, slices.Concat(days[3], days[4])...)
	s.write(t, slices.Concat(days[3], days[4])...)
	s.holds(t, slices.Concat(days[3], days[4])...)
}

// dropKeepsPartsOfTraces drops the first day of traces that have two: what is
// left of each is the sum of the spans that are left, though it lost its root,
// its name and its identity.
func dropKeepsPartsOfTraces(t *testing.T, s *subject) {
	before, after := halves(acrossMidnight(s.project, 1))
	s.write(t, slices.Concat(before, after)...)
	second, first := halves(acrossMidnight(s.project, 2))
	s.write(t, first...)
	s.write(t, second...)
	whole := agentRun(s.project, 3, at(1, noon))
	s.write(t, whole...)
	s.drop(t, at(1, 0), 1, int64(len(before)+len(second)))
	s.holds(t, slices.Concat(after, first, whole)...)
	if got := s.traces(t, repo.TraceQuery{Identity: model.Identity{UserID: "user-2"}}); len(got) != 0 {
		t.Errorf("a trace is found by the identity of a dropped span")
	}
	// The dropped half may come once more, as from a sender that repeats it.
	s.write(t, before...)
	s.holds(t, slices.Concat(before, after, first, whole)...)
}

func dropOfAllParts(t *testing.T, s *subject) {
	s.write(t, acrossMidnight(s.project, 1)...)
	kept := agentRun(s.project, 2, at(2, noon))
	s.write(t, kept...)
	s.drop(t, at(2, 0), 2, 4)
	s.holds(t, kept...)
	if got := s.segments(t, repo.TraceRef{ID: traceID(1)}); len(got) != 0 {
		t.Errorf("a dropped trace has %d segments", len(got))
	}
}

// dropCutsLargeTraces drops half of a trace that is larger than what a store
// would like to delete at once, and all of another.
func dropCutsLargeTraces(t *testing.T, s *subject) {
	var gone, kept []*model.Span
	for n := range 2500 {
		gone = append(gone, plain(s.project, 1, n, at(0, noon)+int64(n)), plain(s.project, 2, 10_000+n, at(0, noon)+int64(n)))
		if n%10 == 0 {
			kept = append(kept, plain(s.project, 1, 20_000+n, at(1, noon)+int64(n)))
		}
	}
	s.write(t, slices.Concat(gone, kept)...)
	s.drop(t, at(1, 0), 1, int64(len(gone)))
	s.holds(t, kept...)
}

func spanForADroppedDay(t *testing.T, s *subject) {
	spans := agentRun(s.project, 1, at(0, noon))
	s.write(t, spans...)
	s.drop(t, at(1, 0), 1, 4)
	s.holds(t)
	other := agentRun(s.project, 2, at(0, noon))
	if got := s.write(t, slices.Concat(spans, other)...); got.Stored != 8 {
		t.Errorf("after their day was dropped, the same spans are %+v", got)
	}
	s.holds(t, slices.Concat(spans, other)...)
	s.again(t).holds(t, slices.Concat(spans, other)...)
	s.drop(t, at(1, 0), 1, 8)
	s.holds(t)
}

func dropRemovesVeryOld(t *testing.T, s *subject) {
	first := plain(s.project, 1, 1, 1)
	future := plain(s.project, 2, 2, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	both := []*model.Span{plain(s.project, 3, 3, 2), plain(s.project, 3, 4, at(0, noon))}
	s.write(t, append(both, first, future)...)
	s.drop(t, at(0, 0), 1, 2)
	s.holds(t, future, both[1])
}

// writersGoOnDuringDrop drops day after day while others write to days that
// stay: none of them may fail.
func writersGoOnDuringDrop(t *testing.T, s *subject) {
	days := s.days(0, 6)
	for day := range 6 {
		s.write(t, days[day]...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	kept := days[5]
	for w := range 3 {
		var runs [][]*model.Span
		for i := range 15 {
			runs = append(runs, agentRun(s.project, 1000+100*w+i, at(10+i%2, noon)))
			kept = append(kept, runs[i]...)
		}
		group.Go(func() error {
			for _, run := range runs {
				if _, err := s.Write(ctx, records(run)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		for day := 1; day <= 5; day++ {
			if _, err := s.Drop(ctx, at(day, 0)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	s.holds(t, kept...)
}

// readersGoOnDuringDrop starts Drop in the middle of a sequence. Drop may wait
// for the sequence; neither the sequence nor others may wait for Drop.
func readersGoOnDuringDrop(t *testing.T, s *subject) {
	old := agentRun(s.project, 1, at(0, noon))
	s.write(t, old...)
	var kept []*model.Span
	for i := range 10 {
		span := plain(s.project, 2, 100+i, at(2, noon)+int64(i))
		s.write(t, span)
		kept = append(kept, span)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var dropping errgroup.Group
	n := 0
	for _, err := range s.Segments(ctx, s.project, repo.TraceRef{ID: traceID(2)}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			dropping.Go(func() error {
				_, err := s.Drop(ctx, at(1, 0))
				return err
			})
		}
		span := plain(s.project, 3, 200+n, at(2, noon))
		s.write(t, span)
		kept = append(kept, span)
		s.hasTrace(t, sum(kept[:10]))
	}
	if n != 10 {
		t.Errorf("the sequence had %d segments, want 10", n)
	}
	if err := dropping.Wait(); err != nil {
		t.Fatal(err)
	}
	s.holds(t, kept...)
}

func dropBesideItself(t *testing.T, s *subject) {
	days := s.days(0, 4)
	s.write(t, slices.Concat(days[0], days[1], days[2], days[3])...)
	stores := []repo.Store{s, s.again(t)}
	var group errgroup.Group
	for i := range 4 {
		group.Go(func() error {
			_, err := stores[i%2].Drop(t.Context(), at(1+i%3, 0))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	s.holds(t, days[3]...)
}
