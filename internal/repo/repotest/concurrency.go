package repotest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func concurrencyLaws() []law {
	return []law{
		{name: "SameBatchByManyWritersAtOnceIsStoredOnce", test: sameBatchByManyWriters, together: true},
		{name: "OverlappingBatchesAtOnceStoreEachSpanOnce", test: overlappingBatchesAtOnce, together: true},
		{name: "WritersOfSeveralStoresAgree", test: writersOfSeveralStores, alone: true, together: true},
		{name: "BothHalvesOfATraceAtOnceAreOneTrace", test: bothHalvesAtOnce, together: true},
		{name: "ManyWritersMayOpenOneDayAtOnce", test: manyWritersOpenOneDay, alone: true, together: true},
		{name: "WriteThatEndsWithItsContextStoresAllOrNothing", test: writeEndsWithItsContext},
	}
}

const writers = 6

// writeAll writes batch i with store i, all at once, and sums up what they say.
func writeAll(t *testing.T, stores []repo.Store, batches [][]*model.Span) repo.Written {
	t.Helper()
	said := make([]repo.Written, len(batches))
	group, ctx := errgroup.WithContext(t.Context())
	for i, spans := range batches {
		batch := records(spans)
		group.Go(func() (err error) {
			said[i], err = stores[i%len(stores)].Write(ctx, batch)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	var all repo.Written
	for _, w := range said {
		all.Stored += w.Stored
		all.Duplicates += w.Duplicates
	}
	return all
}

func sameBatchByManyWriters(t *testing.T, s *subject) {
	spans := newRandom(10).traces(s.project, 30)
	got := writeAll(t, []repo.Store{s}, slices.Repeat([][]*model.Span{spans}, writers))
	if want := (repo.Written{Stored: len(spans), Duplicates: (writers - 1) * len(spans)}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	s.holds(t, spans...)
}

// overlappingBatches returns batches that hold all spans together, each two
// thirds of them in an order of its own: writers that lock what they touch in
// the order in which they get it will wait for each other.
func overlappingBatches(seed uint64, spans []*model.Span) [][]*model.Span {
	r := newRandom(seed)
	batches := make([][]*model.Span, writers)
	for i := range batches {
		batches[i] = slices.Clone(spans)
		r.Shuffle(len(spans), func(k, l int) { batches[i][k], batches[i][l] = batches[i][l], batches[i][k] })
		if i > 0 {
			batches[i] = batches[i][:2*len(spans)/3]
		}
	}
	return batches
}

func overlappingBatchesAtOnce(t *testing.T, s *subject) {
	spans := newRandom(11).traces(s.project, 40)
	for round := range 3 {
		got := writeAll(t, []repo.Store{s}, overlappingBatches(uint64(round), spans))
		if want := len(spans); round == 0 && got.Stored != want || round > 0 && got.Stored != 0 {
			t.Errorf("round %d: %d were stored, there are %d", round, got.Stored, want)
		}
	}
	s.holds(t, spans...)
}

func writersOfSeveralStores(t *testing.T, s *subject) {
	spans := newRandom(12).traces(s.project, 30)
	other := s.again(t)
	got := writeAll(t, []repo.Store{s, other}, overlappingBatches(12, spans))
	if got.Stored != len(spans) {
		t.Errorf("%d were stored, want %d", got.Stored, len(spans))
	}
	s.holds(t, spans...)
	other.holds(t, spans...)
	other.feedHolds(t, spans...)
}

// bothHalvesAtOnce lets two writers commit the two days of traces at once:
// neither can see that the other half exists.
func bothHalvesAtOnce(t *testing.T, s *subject) {
	var all []*model.Span
	for trace := range 12 {
		spans := acrossMidnight(s.project, trace)
		before, after := halves(spans)
		writeAll(t, []repo.Store{s}, [][]*model.Span{before, after})
		all = append(all, spans...)
	}
	s.holds(t, all...)
}

func manyWritersOpenOneDay(t *testing.T, s *subject) {
	var all []*model.Span
	for day := range 3 {
		batches := make([][]*model.Span, writers)
		for i := range batches {
			batches[i] = agentRun(s.project, writers*day+i, at(300+day, noon))
			all = append(all, batches[i]...)
		}
		writeAll(t, []repo.Store{s}, batches)
	}
	s.holds(t, all...)
}

// writeEndsWithItsContext gives a write less and less time. Some end in the
// middle of their transaction; each then has stored all of its spans, or none,
// and sending it again completes it.
func writeEndsWithItsContext(t *testing.T, s *subject) {
	var all []*model.Span
	for i, limit := 0, 64*time.Millisecond; limit > 100*time.Microsecond; i, limit = i+1, limit/2 {
		var spans []*model.Span
		for n := range 400 {
			spans = append(spans, plain(s.project, i, 1000*i+n, at(0, noon)+int64(n)))
		}
		err := writeWithin(t.Context(), s, limit, spans)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a write of %v ended with %v", limit, err)
		}
		if _, missing := s.Trace(t.Context(), s.project, spans[0].TraceID); missing == nil {
			s.hasTrace(t, sum(spans))
		} else if err == nil {
			t.Fatalf("an acknowledged write is not there: %v", missing)
		}
		s.write(t, spans...)
		all = append(all, spans...)
	}
	s.holds(t, all...)
}

func writeWithin(ctx context.Context, s *subject, limit time.Duration, spans []*model.Span) error {
	batch := records(spans)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := s.Write(ctx, batch)
	return err
}

// keepWriting writes new and old traces beside the test until stop is called,
// or until it wrote enough: whoever lists what grows must come to an end.
func (s *subject) keepWriting(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := newRandom(13)
	var group errgroup.Group
	group.Go(func() error {
		for n := 0; n < 400 && ctx.Err() == nil; n++ {
			spans := []*model.Span{
				r.span(s.project, 1000+n, 10_000+n, at(r.IntN(3)-1, 0), 24*time.Hour),
				r.span(s.project, 1000+r.IntN(n+1), 20_000+n, at(r.IntN(3)-1, 0), 24*time.Hour),
			}
			if _, err := s.Write(ctx, records(spans)); err != nil && ctx.Err() == nil {
				return err
			}
		}
		return nil
	})
	return func() {
		cancel()
		if err := group.Wait(); err != nil {
			t.Errorf("a writer beside the test: %v", err)
		}
	}
}
