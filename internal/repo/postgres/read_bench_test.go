package postgres_test

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// BenchmarkRead asks a store of 20,000 spans what servers are asked most.
func BenchmarkRead(b *testing.B) {
	cluster := pgtest.Start(b, "shared_buffers=512MB")
	store := open(b, cluster.DSN("postgres"), postgres.Options{})
	defer store.Close()
	var ids []model.TraceID
	s := newSampler(1)
	for range 10 {
		records := s.batch(b, 2000)
		write(b, store, records)
		for _, r := range records {
			if len(ids) == 0 || ids[len(ids)-1] != r.Span.TraceID {
				ids = append(ids, r.Span.TraceID)
			}
		}
	}
	exec(b, connect(b, cluster.DSN("postgres")), `VACUUM ANALYZE`)
	asked := 0
	trace := func() *model.Trace {
		asked++
		t, err := store.Trace(b.Context(), "default", ids[asked*7%len(ids)])
		if err != nil {
			b.Fatal(err)
		}
		return t
	}
	segments := func(refs ...repo.TraceRef) {
		for _, err := range store.Segments(b.Context(), "default", refs...) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	list := func(q repo.TraceQuery) []*model.Trace {
		found, err := store.Traces(b.Context(), "default", q)
		if err != nil {
			b.Fatal(err)
		}
		return found
	}
	agent := ""
	for _, t := range list(repo.TraceQuery{Limit: 50}) {
		if t.Identity.AgentID != "" {
			agent = t.Identity.AgentID
		}
	}
	var refs []repo.TraceRef
	for _, t := range list(repo.TraceQuery{Limit: 20}) {
		refs = append(refs, repo.RefOf(t))
	}
	failed := true
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"trace", func() { trace() }},
		{"trace-and-segments", func() { segments(repo.RefOf(trace())) }},
		{"newest", func() { list(repo.TraceQuery{Limit: 21}) }},
		{"by-agent", func() { list(repo.TraceQuery{Identity: model.Identity{AgentID: agent}, Limit: 21}) }},
		{"failed", func() { list(repo.TraceQuery{Failed: &failed, Limit: 21}) }},
		{"spans-of-20", func() {
			for _, err := range store.TraceSpans(b.Context(), "default", refs...) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}},
		{"newest-spans", func() {
			if _, err := store.Spans(b.Context(), "default", repo.SpanQuery{Limit: 21}); err != nil {
				b.Fatal(err)
			}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			before, server := cpuOfSelf(b), cpuOfChildren(b, cluster.PID())
			for b.Loop() {
				c.do()
			}
			b.ReportMetric(float64((cpuOfSelf(b)-before).Microseconds())/float64(b.N), "client-µs/op")
			b.ReportMetric(float64((cpuOfChildren(b, cluster.PID())-server).Microseconds())/float64(b.N), "server-µs/op")
		})
	}
}
