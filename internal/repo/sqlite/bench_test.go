package sqlite_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/sample"
)

const benchBatch = 1000 // spans, about

// benchStart is when the sampled traces begin.
var benchStart = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// sampler makes batches of whole traces, a tenth of a second apart.
type sampler struct {
	traces *sample.Generator
	made   int
}

func newSampler(seed uint64) *sampler {
	return &sampler{traces: sample.New(sample.Options{Seed: seed})}
}

func (s *sampler) batch(tb testing.TB, spans int) []model.Record {
	tb.Helper()
	var records []model.Record
	for len(records) < spans {
		t := s.traces.Trace(benchStart.Add(time.Duration(s.made) * 100 * time.Millisecond))
		s.made++
		for _, body := range sample.Batches([]sample.Trace{t}, 1<<20) {
			records = append(records, parse(tb, body)...)
		}
	}
	return records
}

// BenchmarkWrite writes batches as a server makes them of what many processes
// send: each has parts of many traces.
func BenchmarkWrite(b *testing.B) {
	path := filepath.Join(b.TempDir(), "agenttrace.db")
	store := open(b, path)
	spans, batches := 0, [][]model.Record(nil)
	var cpu time.Duration
	b.ReportAllocs()
	for seed := uint64(1); b.Loop(); {
		b.StopTimer()
		if len(batches) == 0 {
			batches, seed = interleaved(b, seed), seed+1
		}
		var records []model.Record
		for len(batches) > 0 && len(records) < benchBatch {
			records, batches = append(records, batches[0]...), batches[1:]
		}
		b.StartTimer()
		before := cpuTime(b)
		written, err := store.Write(b.Context(), records)
		if err != nil || written.Stored != len(records) {
			b.Fatal(written, err)
		}
		spans += len(records)
		cpu += cpuTime(b) - before
	}
	b.ReportMetric(cpu.Seconds()/float64(spans)*1e6, "cpu-s/1M-spans")
	b.ReportMetric(float64(spans)/b.Elapsed().Seconds(), "spans/s")
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
	if info, err := os.Stat(path); err == nil {
		b.ReportMetric(float64(info.Size())/float64(spans), "disk-B/span")
	}
}

// interleaved returns the spans of a thousand traces that overlap, in requests.
func interleaved(tb testing.TB, seed uint64) (requests [][]model.Record) {
	tb.Helper()
	generator := sample.New(sample.Options{Seed: seed})
	traces := make([]sample.Trace, 1000)
	for i := range traces {
		traces[i] = generator.Trace(benchStart.Add(time.Duration(i) * 3 * time.Second))
	}
	for _, body := range sample.Batches(traces, 256) {
		requests = append(requests, parse(tb, body))
	}
	return requests
}

func parse(tb testing.TB, body []byte) []model.Record {
	tb.Helper()
	request, err := otlp.Parse("default", body, otlp.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return request.Records
}

// cpuTime is what this process has used. Wall time says little where other
// processes share the cores.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRead asks a store of a hundred thousand spans what users ask most.
func BenchmarkRead(b *testing.B) {
	store := openStore(b)
	s := newSampler(2)
	var last []model.Record
	for range 100 {
		last = s.batch(b, benchBatch)
		mustWrite(b, store, last...)
	}
	run := runIn(last)
	id := last[0].Span.TraceID
	b.Run("trace by id", func(b *testing.B) {
		for b.Loop() {
			if _, err := store.Trace(b.Context(), project, id); err != nil {
				b.Fatal(err)
			}
			for _, err := range store.Segments(b.Context(), project, repo.TraceRef{ID: id}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	benchmarkTraces(b, store, run)
	benchmarkSpans(b, store, run, id)
	benchmarkAggregate(b, store)
}

// is, isType and longerThan are terms of conditions.
func is(i query.Intrinsic, v query.Value) plan.Term { return plan.Term{Intrinsic: i, Value: v} }

func isType(t model.SpanType) plan.Term {
	return is(query.Type, query.Value{Kind: query.KindType, Int: int64(t)})
}

func longerThan(d time.Duration) plan.Term {
	return plan.Term{Intrinsic: query.SpanDuration, Op: plan.Greater, Value: query.Duration(int64(d))}
}

// runIn returns the identity of a run among the records.
func runIn(records []model.Record) model.Identity {
	for _, r := range records {
		if r.Span.AgentID != "" && r.Span.SessionID != "" && r.Span.UserID != "" {
			return r.Span.Identity
		}
	}
	return model.Identity{}
}

func benchmarkTraces(b *testing.B, store repo.Reader, run model.Identity) {
	minute := model.TimeRange{Start: benchStart.UnixNano(), End: benchStart.Add(time.Minute).UnixNano()}
	for _, c := range []struct {
		name  string
		query repo.TraceQuery
	}{
		{"newest traces", repo.TraceQuery{}},
		{"newest failed traces", repo.TraceQuery{Failed: new(true)}},
		{"newest traces of agent", repo.TraceQuery{Identity: model.Identity{AgentID: run.AgentID}}},
		{"newest traces of session", repo.TraceQuery{Identity: model.Identity{SessionID: run.SessionID}}},
		{"newest traces of user and agent", repo.TraceQuery{Identity: model.Identity{UserID: run.UserID, AgentID: run.AgentID}}},
		{"longest traces", repo.TraceQuery{Order: repo.LongestFirst}},
		{"longest traces of agent", repo.TraceQuery{Order: repo.LongestFirst, Identity: model.Identity{AgentID: run.AgentID}}},
		{"longest traces of a minute", repo.TraceQuery{Order: repo.LongestFirst, Start: minute}},
		{"traces of an unknown name", repo.TraceQuery{Name: "unknown"}},
		{"traces with a failed tool call", repo.TraceQuery{Having: []plan.Condition{plan.All{isType(model.TypeTool), is(query.Failed, query.Boolean(true))}}}},
		{"traces with a slow model call", repo.TraceQuery{Having: []plan.Condition{plan.All{isType(model.TypeLLM), longerThan(5 * time.Second)}}}},
		{"traces of agent with a failed span", repo.TraceQuery{Having: []plan.Condition{is(query.AgentID, query.Text(run.AgentID)), is(query.Failed, query.Boolean(true))}}},
		{"traces with an unknown tool", repo.TraceQuery{Having: []plan.Condition{is(query.ToolName, query.Text("unknown"))}}},
	} {
		c.query.Limit = 50
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Traces(b.Context(), project, c.query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchmarkSpans(b *testing.B, store repo.Reader, run model.Identity, id model.TraceID) {
	for _, c := range []struct {
		name  string
		query repo.SpanQuery
	}{
		{"newest spans", repo.SpanQuery{}},
		{"newest failed spans", repo.SpanQuery{Failed: new(true)}},
		{"newest tool calls", repo.SpanQuery{Types: []model.SpanType{model.TypeTool}}},
		{"spans of trace", repo.SpanQuery{TraceID: id}},
		{"spans of agent", repo.SpanQuery{Identity: model.Identity{AgentID: run.AgentID}}},
		{"spans of an unknown name", repo.SpanQuery{Name: "unknown"}},
		{"failed tool calls", repo.SpanQuery{Where: plan.All{isType(model.TypeTool), is(query.Failed, query.Boolean(true))}}},
		{"slow model calls", repo.SpanQuery{Where: plan.All{isType(model.TypeLLM), longerThan(5 * time.Second)}}},
	} {
		c.query.Limit = 50
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Spans(b.Context(), project, c.query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchmarkAggregate(b *testing.B, store repo.Reader) {
	hour := model.TimeRange{Start: benchStart.UnixNano(), End: benchStart.Add(time.Hour).UnixNano()}
	byModel := []query.Intrinsic{query.ModelName}
	for _, c := range []struct {
		name string
		ask  repo.Aggregation
	}{
		{"rate", repo.Aggregation{}},
		{"rate of failures by tool", repo.Aggregation{By: []query.Intrinsic{query.ToolName}, Spans: repo.SpanQuery{Failed: new(true)}}},
		{"tokens by model", repo.Aggregation{By: byModel, Value: query.UsageTotal}},
		{"duration in buckets by model", repo.Aggregation{By: byModel, Value: query.SpanDuration, Bounds: []float64{1e6, 1e7, 1e8, 1e9, 1e10}}},
	} {
		c.ask.Spans.Start, c.ask.Step, c.ask.MaxCells = hour, int64(time.Minute), 100_000
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Aggregate(b.Context(), project, c.ask); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
