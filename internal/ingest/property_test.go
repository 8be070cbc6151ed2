package ingest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// TestAcknowledgedIsStoredAndRejectedIsReported lets any mixture of callers,
// refused, old and repeated spans meet a store that fails now and then.
func TestAcknowledgedIsStoredAndRejectedIsReported(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		failing := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 6).Draw(rt, "transactions that fail")
		var transactions atomic.Int64
		s := &store{refuse: isBad, commit: func([]model.Record) error {
			n := int(transactions.Add(1))
			if slices.Contains(failing, n) {
				return repo.ErrUnavailable
			}
			return nil
		}}
		registry := prometheus.NewPedanticRegistry()
		p := ingest.New(s, ingest.Config{
			Shards:        rapid.IntRange(1, 4).Draw(rt, "shards"),
			MaxBatchSpans: rapid.IntRange(1, 20).Draw(rt, "batch"),
			QueueSpans:    rapid.IntRange(5, 200).Draw(rt, "queue"),
			Now:           clock,
			Metrics:       ingest.NewMetrics(registry),
		})
		requests := rapid.SliceOfN(requestOf(), 1, 12).Draw(rt, "requests")
		outcomes := make([]result, len(requests))
		var wg sync.WaitGroup
		for i := range requests {
			wg.Go(func() { outcomes[i].Result, outcomes[i].err = p.Write(t.Context(), requests[i]) })
		}
		wg.Wait()
		if err := p.Close(t.Context()); err != nil {
			rt.Fatal(err)
		}
		for i := range requests {
			checkOutcome(rt, s, requests[i], outcomes[i])
		}
		if s.overlap {
			rt.Fatal("two transactions wrote one trace at the same time")
		}
		expect(t, registry, "agenttrace_ingest_queue_spans", 0)
		expect(t, registry, "agenttrace_ingest_queue_bytes", 0)
	})
}

// requestOf draws a request: spans of a few traces, some of them refused, too
// old, or sent before.
func requestOf() *rapid.Generator[[]model.Record] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) model.Record {
		r := span(rapid.IntRange(0, 5).Draw(t, "trace"), rapid.IntRange(0, 50).Draw(t, "span"))
		switch rapid.IntRange(0, 9).Draw(t, "fate") {
		case 0:
			r.Span.Name, r.Span.StartNano = "bad", r.Span.StartNano+1000
		case 1:
			r.Span.StartNano = 5
		}
		return r
	}), 0, 30)
}

func checkOutcome(t *rapid.T, s *store, records []model.Record, got result) {
	if got.err != nil {
		if _, full := errors.AsType[*ingest.FullError](got.err); !full && !errors.Is(got.err, repo.ErrUnavailable) {
			t.Fatalf("Write returned %v", got.err)
		}
		return
	}
	rejected := map[int]bool{}
	for i, r := range got.Rejected {
		if i > 0 && r.Index <= got.Rejected[i-1].Index {
			t.Fatalf("rejections are not in order, or repeat: %+v", got.Rejected)
		}
		rejected[r.Index] = true
	}
	if got.Accepted+len(rejected) != len(records) {
		t.Fatalf("%d accepted and %d rejected of %d", got.Accepted, len(rejected), len(records))
	}
	for i, r := range records {
		hopeless := isBad(r.Span) || r.Span.StartNano == 5
		if rejected[i] != hopeless {
			t.Fatalf("span %d: rejected %v, want %v", i, rejected[i], hopeless)
		}
		if !hopeless && !s.has(r.Span) {
			t.Fatalf("span %d is acknowledged and not stored", i)
		}
	}
}

// BenchmarkWrite measures what the pipeline itself costs: its store does
// nothing.
func BenchmarkWrite(b *testing.B) {
	p := ingest.New(nowhere{}, ingest.Config{Now: clock})
	defer func() { _ = p.Close(b.Context()) }()
	b.RunParallel(func(pb *testing.PB) {
		records := make([]model.Record, 512)
		for i := range records {
			records[i] = span(i/16, i%16)
		}
		for pb.Next() {
			if _, err := p.Write(b.Context(), records); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*512), "ns/span")
}

type nowhere struct{}

func (nowhere) Write(_ context.Context, records []model.Record) (repo.Written, error) {
	return repo.Written{Stored: len(records)}, nil
}
