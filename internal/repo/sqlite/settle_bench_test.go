package sqlite_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// BenchmarkSettle settles traces that came in three pieces, fifty at once: what
// the one writer is held for, and what is done before.
func BenchmarkSettle(b *testing.B) {
	store := openStore(b)
	s := newSampler(1)
	spans, traces := 0, 0
	for b.Loop() {
		b.StopTimer()
		var settlements []repo.Settlement
		records := s.batch(b, benchBatch)
		spans += len(records)
		for i := range 3 {
			var some []model.Record
			for n, r := range records {
				if n%3 == i {
					some = append(some, r)
				}
			}
			mustWrite(b, store, some...)
		}
		for _, part := range byTrace(records) {
			settlements = append(settlements, derived(b, store, part))
		}
		traces += len(settlements)
		b.StartTimer()
		if err := store.Settle(b.Context(), nil, settlements); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(spans), "µs/span")
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(traces), "µs/trace")
}

// byTrace splits records, of which those of a trace are neighbours.
func byTrace(records []model.Record) (parts [][]model.Record) {
	for len(records) > 0 {
		n := 1
		for n < len(records) && records[n].Span.TraceID == records[0].Span.TraceID {
			n++
		}
		parts, records = append(parts, records[:n]), records[n:]
	}
	return parts
}

// derived returns a settlement with about as many runs and bills as there are.
func derived(tb testing.TB, store repo.Reader, records []model.Record) repo.Settlement {
	s := settlementOf(tb, store, records[0].Span.TraceID)
	for i, r := range records {
		if span := r.Span; span.Type.IsRun() {
			run := model.RunOf(span)
			run.Own = model.Tally{Spans: 6, ModelCalls: 2, Usage: model.Usage{Input: 5000, Output: 300}, Cost: model.Cost{Nano: 1e6, Computed: 1e6, ComputedCalls: 2}}
			run.Detail.Total, run.Detail.RootSpanID = run.Own, span.SpanID
			s.Runs = append(s.Runs, run)
		}
		if i%4 == 0 {
			s.Bills = append(s.Bills, model.Bill{
				Project: project, TraceID: r.Span.TraceID, StartNano: r.Span.StartNano, Agent: "support", Session: "session-17", User: "user-3", Run: "run-5",
				Kind: model.CallsOfModel, Model: "gpt-5", Provider: "openai", Service: "shop", Calls: 2, Nanos: 3e9, Latencies: "PPQQ", Usage: model.Usage{Input: 5000, Output: 300},
			})
		}
	}
	return s
}
