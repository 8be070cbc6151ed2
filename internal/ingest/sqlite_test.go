package ingest_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo/sqlite"
	"github.com/agenttrace/agenttrace/internal/sample"
)

// TestRealStoreHasWholeTracesAfterConcurrentBatches sends batches that tear
// traces apart, each of them twice and all at once, and finds every trace
// whole.
func TestRealStoreHasWholeTracesAfterConcurrentBatches(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "traces.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	p := open(t, store, ingest.Config{Shards: 3, MaxBatchSpans: 300})

	g := sample.New(sample.Options{Seed: 11})
	var traces []sample.Trace
	for i := range 40 {
		traces = append(traces, g.Trace(now.Add(time.Duration(i)*time.Second)))
	}
	var waiting []<-chan result
	for _, body := range sample.Batches(traces, 50) {
		for range 2 {
			request, err := otlp.Parse("default", body, otlp.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			waiting = append(waiting, write(t.Context(), p, request.Records))
		}
	}
	for _, done := range waiting {
		if r := <-done; r.err != nil || len(r.Rejected) > 0 {
			t.Fatalf("Write returned %+v", r)
		}
	}
	for _, want := range traces {
		got, err := store.Trace(t.Context(), "default", want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Spans != int64(len(want.Spans)) || got.StartNano != want.Start || got.EndNano != want.End || !got.RootArrived() {
			t.Errorf("trace %s is stored as %+v, want %d spans", want.ID, got, len(want.Spans))
		}
	}
}
