package settle_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/sqlite"
	"github.com/agenttrace/agenttrace/internal/runs"
	"github.com/agenttrace/agenttrace/internal/sample"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// signalled tells a test when a store has stored settlements.
type signalled struct {
	*sqlite.Store
	settled chan int
}

// Settle implements repo.Settler.
func (s signalled) Settle(ctx context.Context, fence *repo.Lease, settlements []repo.Settlement) error {
	err := s.Store.Settle(ctx, fence, settlements)
	if err == nil {
		s.settled <- len(settlements)
	}
	return err
}

// TestRealStoreHasWhatTracesMean settles traces that came in many small batches,
// some of them across midnight.
func TestRealStoreHasWhatTracesMean(t *testing.T) {
	noon := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	// The store's clock stands still, the loop's is a minute later: everything
	// that was written has been quiet.
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "traces.db"), sqlite.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	g := sample.New(sample.Options{Seed: 5})
	var traces []sample.Trace
	for i := range 40 {
		traces = append(traces, g.Trace(noon.Add(12*time.Hour-time.Duration(20-i)*time.Second)))
	}
	want := writeAll(t, store, traces)

	settled := make(chan int)
	loop := settle.New(settle.Config{
		Store: signalled{store, settled}, Prices: perToken(7), Poll: time.Millisecond,
		Now: func() time.Time { return noon.Add(time.Minute) },
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { loop.Run(ctx) })
	for n := 0; n < len(traces); n += <-settled {
	}
	cancel()
	running.Wait()

	for _, trace := range traces {
		checkStored(t, store, trace.ID, runs.Of(want[trace.ID], perToken(7)))
	}
	cursor, err := store.LoadCursor(t.Context(), "settle")
	if err != nil {
		t.Fatal(err)
	}
	if left, _, err := store.Changes(t.Context(), cursor, 10); err != nil || len(left) > 0 {
		t.Errorf("behind the saved cursor are %d changes, %v", len(left), err)
	}
}

// writeAll stores traces in batches that tear them apart, and returns their
// spans.
func writeAll(t *testing.T, store repo.Writer, traces []sample.Trace) map[model.TraceID][]*model.Span {
	t.Helper()
	spans := map[model.TraceID][]*model.Span{}
	for _, body := range sample.Batches(traces, 50) {
		request, err := otlp.Parse(project, body, otlp.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Write(t.Context(), request.Records); err != nil {
			t.Fatal(err)
		}
		for _, r := range request.Records {
			spans[r.Span.TraceID] = append(spans[r.Span.TraceID], r.Span)
		}
	}
	return spans
}

// checkStored checks what a store says of one trace.
func checkStored(t *testing.T, store repo.Store, id model.TraceID, want *runs.Derived) {
	t.Helper()
	trace, err := store.Trace(t.Context(), project, id)
	if err != nil {
		t.Fatal(err)
	}
	var cost model.Cost
	days := map[int64]int{}
	for _, part := range want.Parts {
		cost = cost.Plus(part.Cost)
		days[part.Day] = 1
	}
	if !trace.Settled() || trace.Cost != cost || trace.Runs != int64(len(want.Runs)) {
		t.Errorf("trace %s: settled %v, cost %+v, %d runs; want cost %+v, %d runs",
			id, trace.Settled(), trace.Cost, trace.Runs, cost, len(want.Runs))
	}
	stored, err := store.Runs(t.Context(), project, repo.RunQuery{TraceID: id, Order: repo.RunsOldestFirst, Limit: repo.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range want.Runs {
		r.Settled = true
	}
	byID := cmpopts.SortSlices(func(a, b *model.Run) bool { return a.SpanID.String() < b.SpanID.String() })
	if diff := gocmp.Diff(want.Runs, stored, byID, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("runs of trace %s differ (-want +got):\n%s", id, diff)
	}
	got := map[int64]int{}
	for segment, err := range store.Segments(t.Context(), project, repo.TraceRef{ID: id}) {
		if err != nil {
			t.Fatal(err)
		}
		got[model.Day(segment.Earliest)]++
	}
	if diff := gocmp.Diff(days, got); diff != "" {
		t.Errorf("segments of trace %s by day differ (-want +got):\n%s", id, diff)
	}
}
