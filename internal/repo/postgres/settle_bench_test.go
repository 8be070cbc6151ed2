package postgres_test

import (
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// settlementsOf derives what is known of whole traces, of which records holds
// all spans, trace by trace. Nothing is compacted.
func settlementsOf(tb testing.TB, records []model.Record) []repo.Settlement {
	tb.Helper()
	var all []repo.Settlement
	for len(records) > 0 {
		n := 1
		for n < len(records) && records[n].Span.TraceID == records[0].Span.TraceID {
			n++
		}
		spans := make([]*model.Span, n)
		for i, r := range records[:n] {
			spans[i] = r.Span
		}
		d := runs.Of(spans, nil)
		all = append(all, repo.Settlement{Project: "default", TraceID: spans[0].TraceID, Parts: d.Parts, Runs: d.Runs, Bills: d.Bills})
		records = records[n:]
	}
	return all
}

// busy returns a store with settled traces of so many spans.
func busy(b *testing.B, spans int) (*postgres.Store, *pgtest.Cluster) {
	b.Helper()
	cluster := pgtest.Start(b, "shared_buffers=512MB", "max_wal_size=4GB")
	store := open(b, cluster.DSN("postgres"), postgres.Options{})
	s := newSampler(1)
	for n := 0; n < spans; {
		records := s.batch(b, 5000)
		n += len(records)
		write(b, store, records)
		if err := store.Settle(b.Context(), nil, settlementsOf(b, records)); err != nil {
			b.Fatal(err)
		}
	}
	return store, cluster
}

// BenchmarkSettle settles traces of 5,000 spans at a time, without compaction.
func BenchmarkSettle(b *testing.B) {
	store, cluster := busy(b, 20_000)
	defer store.Close()
	s := newSampler(2)
	spans := 0
	var client, server time.Duration
	for b.Loop() {
		b.StopTimer()
		records := s.batch(b, 5000)
		write(b, store, records)
		settlements := settlementsOf(b, records)
		spans += len(records)
		server0 := cpuOfChildren(b, cluster.PID())
		b.StartTimer()
		before := cpuOfSelf(b)
		if err := store.Settle(b.Context(), nil, settlements); err != nil {
			b.Fatal(err)
		}
		client += cpuOfSelf(b) - before
		server += cpuOfChildren(b, cluster.PID()) - server0
	}
	b.ReportMetric(float64(client.Microseconds())/float64(spans), "client-µs/span")
	b.ReportMetric(float64(server.Microseconds())/float64(spans), "server-µs/span")
	b.ReportMetric(float64(spans)/b.Elapsed().Seconds(), "spans/s")
}

// BenchmarkBills asks what models cost by day.
func BenchmarkBills(b *testing.B) {
	store, _ := busy(b, 100_000)
	defer store.Close()
	b.ReportAllocs()
	for b.Loop() {
		sums, err := store.Bills(b.Context(), "default", repo.BillQuery{By: []repo.BillField{repo.ByModel, repo.ByDay}, MaxSums: 1000})
		if err != nil || len(sums) == 0 {
			b.Fatalf("%d sums, %v", len(sums), err)
		}
	}
}
