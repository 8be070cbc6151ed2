package repotest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// besideLaws speak of settling while others write, read and settle.
func besideLaws() []law {
	return []law{
		{name: "SettlingGoesOnBesideWritersOfTheSameTrace", test: settlingBesideWriters, together: true},
		{name: "SettlersOfOneTraceAtOnceCountEachCallOnce", test: settlersAtOnce, together: true},
		{name: "SettlersOfManyTracesAtOnceDoNotBlockEachOther", test: settlersOfManyTraces, together: true},
		{name: "SegmentsAreOfOneMomentWhileTheyArePutTogether", test: segmentsOfOneMoment, together: true},
		{name: "ReadersSeeOneSettlementOrTheOther", test: oneSettlementOrTheOther, together: true},
	}
}

// settleNow derives and stores settlements of traces as they are at the moment.
func settleNow(ctx context.Context, store repo.Store, project string, price nanosPerToken, ids ...model.TraceID) error {
	var settlements []repo.Settlement
	for _, id := range ids {
		settlement, err := readSettlement(ctx, store, project, id, price)
		if err != nil {
			return err
		}
		settlements = append(settlements, settlement)
	}
	return store.Settle(ctx, nil, settlements)
}

// besideEachOther runs work of which the last is done until all the rest is.
func besideEachOther(t *testing.T, until func(ctx context.Context) error, work ...func(ctx context.Context) error) {
	t.Helper()
	working, ctx := errgroup.WithContext(t.Context())
	for _, do := range work {
		working.Go(func() error { return do(ctx) })
	}
	done := make(chan struct{})
	var beside errgroup.Group
	beside.Go(func() error {
		for {
			if err := until(t.Context()); err != nil {
				return err
			}
			select {
			case <-done:
				return nil
			default:
			}
		}
	})
	err := working.Wait()
	close(done)
	if err := errors.Join(err, beside.Wait()); err != nil {
		t.Fatal(err)
	}
}

// settlingBesideWriters settles a trace again and again while others write to it,
// on two days.
func settlingBesideWriters(t *testing.T, s *subject) {
	var all []model.Record
	var work []func(ctx context.Context) error
	for w := range 3 {
		var spans []*model.Span
		for n := range 4 {
			spans = append(spans, teamRun(s.project, 100*w+n+1, at((w+n)%2, noon)+int64(1000*w+n))...)
		}
		for _, span := range spans {
			span.TraceID = traceID(1)
		}
		batch := onWire(t, spans...)
		all = append(all, batch...)
		work = append(work, func(ctx context.Context) error {
			for some := range slices.Chunk(batch, 2) {
				if _, err := s.Write(ctx, some); err != nil {
					return err
				}
			}
			return nil
		})
	}
	settle := func(ctx context.Context) error { return settleNow(ctx, s, s.project, 3, traceID(1)) }
	besideEachOther(t, settle, work...)
	s.settleAll(t, all, nanosPerToken(3))
	s.holdsSettled(t, all, nanosPerToken(3))
	s.oneSegmentADay(t, all)
}

func settlersAtOnce(t *testing.T, s *subject) {
	batch := someRuns(t, s.project)
	s.inParts(t, batch, 4)
	var ids []model.TraceID
	for id := range byTrace(s.project, batch) {
		ids = append(ids, id)
	}
	stores := []repo.Store{s, s.again(t)}
	settlers, ctx := errgroup.WithContext(t.Context())
	for i := range 4 {
		mine := slices.Clone(ids)
		newRandom(uint64(i)).Shuffle(len(mine), func(a, b int) { mine[a], mine[b] = mine[b], mine[a] })
		settlers.Go(func() error {
			for range 3 {
				if err := settleNow(ctx, stores[i%2], s.project, 3, mine...); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := settlers.Wait(); err != nil {
		t.Fatal(err)
	}
	s.holdsSettled(t, batch, nanosPerToken(3))
	s.oneSegmentADay(t, batch)
}

// settlersOfManyTraces settles different traces at once, each with its own.
func settlersOfManyTraces(t *testing.T, s *subject) {
	var all []model.Record
	settlers, ctx := errgroup.WithContext(t.Context())
	for i := range 4 {
		var spans []*model.Span
		for n := range 5 {
			spans = append(spans, teamRun(s.project, 10*i+n+1, at(n%2, noon))...)
		}
		batch := onWire(t, spans...)
		all = append(all, batch...)
		settlers.Go(func() error {
			for some := range slices.Chunk(batch, 4) {
				if _, err := s.Write(ctx, some); err != nil {
					return err
				}
				var ids []model.TraceID
				for _, ref := range refsOf(spansIn(some)) {
					ids = append(ids, ref.ID)
				}
				if err := settleNow(ctx, s, s.project, 3, ids...); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := settlers.Wait(); err != nil {
		t.Fatal(err)
	}
	s.settleAll(t, all, nanosPerToken(3))
	s.holdsSettled(t, all, nanosPerToken(3))
}

// segmentsOfOneMoment writes to a trace and puts it together, again and again,
// while others read it: what was acknowledged before a reader began is in what it
// reads exactly once.
func segmentsOfOneMoment(t *testing.T, s *subject) {
	batch := onWire(t, slices.Concat(teamRun(s.project, 1, at(0, noon)), acrossMidnight(s.project, 1))...)
	for i := range batch {
		s.writeRecords(t, batch[i:i+1])
	}
	write := func(ctx context.Context) error {
		for n := range 12 {
			if err := settleNow(ctx, s, s.project, 3, traceID(1)); err != nil {
				return err
			}
			for i := range 3 {
				span := plain(s.project, 1, 1000+10*n+i, at(i%2, noon)+int64(n))
				if _, err := s.Write(ctx, records([]*model.Span{span})); err != nil {
					return err
				}
			}
		}
		return nil
	}
	other := s.again(t)
	read := func(ctx context.Context) error {
		seen := map[string]int{}
		for segment, err := range other.Segments(ctx, s.project, repo.TraceRef{ID: traceID(1)}) {
			if err != nil {
				return err
			}
			spans, err := rawSpans(segment.Data)
			if err != nil {
				return err
			}
			for _, span := range spans {
				if seen[string(span.span)]++; seen[string(span.span)] > 1 {
					return fmt.Errorf("a span is in two segments of one sequence: %x", span.span)
				}
			}
		}
		for _, r := range batch {
			if seen[string(r.Raw)] != 1 {
				return fmt.Errorf("span %s, which was stored before, is in none of the segments", r.Span.SpanID)
			}
		}
		return nil
	}
	besideEachOther(t, read, write)
}

// oneSettlementOrTheOther reads while a trace is settled at one price and at
// another by turns: no answer is a mixture of both.
func oneSettlementOrTheOther(t *testing.T, s *subject) {
	batch := onWire(t, slices.Concat(teamRun(s.project, 1, at(0, noon)), acrossMidnight(s.project, 1))...)
	s.inParts(t, batch, 3)
	s.settleAll(t, batch, nanosPerToken(1))
	cheap, dear := settledOf(s.project, batch, nanosPerToken(1)), settledOf(s.project, batch, nanosPerToken(1000))
	settle := func(ctx context.Context) error {
		for n := range 20 {
			if err := settleNow(ctx, s, s.project, []nanosPerToken{1000, 1}[n%2], traceID(1)); err != nil {
				return err
			}
		}
		return nil
	}
	other := s.again(t)
	read := func(ctx context.Context) error {
		trace, err := other.Trace(ctx, s.project, traceID(1))
		if err != nil {
			return err
		}
		runs, err := other.Runs(ctx, s.project, repo.RunQuery{TraceID: traceID(1), Limit: repo.MaxPage})
		if err != nil {
			return err
		}
		var own model.Cost
		for _, run := range runs {
			own = own.Plus(run.Own.Cost)
		}
		sums, err := other.Bills(ctx, s.project, repo.BillQuery{MaxSums: 1})
		if err != nil {
			return err
		}
		var billed model.Cost
		for _, sum := range sums {
			billed = billed.Plus(sum.Cost)
		}
		for name, got := range map[string]model.Cost{"the trace": trace.Cost, "its runs": own, "its bills": billed} {
			if got != cheap.traces[0].Cost && got != dear.traces[0].Cost {
				return fmt.Errorf("%s cost %+v, which is neither %+v nor %+v", name, got, cheap.traces[0].Cost, dear.traces[0].Cost)
			}
		}
		if !trace.Settled() || len(runs) != len(cheap.runs) {
			return fmt.Errorf("a trace of %d settled runs is settled: %t, with %d runs", len(cheap.runs), trace.Settled(), len(runs))
		}
		return nil
	}
	besideEachOther(t, read, settle)
	s.holdsSettled(t, batch, nanosPerToken(1))
}
