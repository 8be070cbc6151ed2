package service_test

import (
	"context"
	"iter"
	"slices"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
	"github.com/agenttrace/agenttrace/internal/sample"
	"github.com/agenttrace/agenttrace/internal/service"
)

// benchTraces is how many made-up traces the benchmarks read, of about 20 spans
// each, one started every ten seconds.
const benchTraces = 1000

// reading is a server with traces to read, and what clients know of them.
type reading struct {
	*server
	client  *agenttrace.Client // with its defaults
	ids     []string
	known   []*pb.Trace
	spans   int
	since   *timestamppb.Timestamp // a day before the last trace
	content int64                  // bytes of all spans
}

// overStores runs a benchmark on each store.
func overStores(b *testing.B, bench func(*testing.B, *reading)) {
	b.Run("postgres", func(b *testing.B) {
		cluster := pgtest.Start(b, "shared_buffers=512MB")
		store, err := postgres.Open(b.Context(), cluster.DSN("postgres"), postgres.Options{Now: func() time.Time { return now }})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := store.Close(); err != nil {
				b.Error(err)
			}
		})
		bench(b, newReading(b, store, func(c *service.Config) { c.Store, c.Ping = store, store.Ping }))
	})
	b.Run("sqlite", func(b *testing.B) {
		s := newServer(b)
		bench(b, s.reading(b, s.store))
	})
}

func newReading(b *testing.B, store repo.Writer, change func(*service.Config)) *reading {
	return newServer(b, change).reading(b, store)
}

func (s *server) reading(b *testing.B, store repo.Writer) *reading {
	r := &reading{server: s, since: timestamppb.New(now.Add(-24 * time.Hour))}
	traces := sample.New(sample.Options{Seed: 1})
	for n := 0; n < benchTraces; {
		var some []sample.Trace
		for range 32 {
			t := traces.Trace(now.Add(time.Duration(n-benchTraces) * 10 * time.Second))
			r.ids = append(r.ids, t.ID.String())
			some = append(some, t)
			n++
		}
		for _, body := range sample.Batches(some, 1<<20) {
			request, err := otlp.Parse("default", body, otlp.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := store.Write(b.Context(), request.Records); err != nil {
				b.Fatal(err)
			}
			r.spans += len(request.Records)
			r.content += int64(len(body))
		}
	}
	var err error
	if r.client, err = agenttrace.New(s.url, agenttrace.WithGRPC()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(r.client.Close)
	known, err := s.traces.ListTraces(b.Context(), &pb.ListTracesRequest{PageSize: 1000})
	if err != nil {
		b.Fatal(err)
	}
	r.known = known.GetTraces()
	return r
}

// BenchmarkRead asks for what people and programs look at most, over a socket,
// and reports percentiles and the CPU time of server and client together.
func BenchmarkRead(b *testing.B) {
	overStores(b, func(b *testing.B, r *reading) {
		yes := true
		list := func(req func(n int) *pb.ListTracesRequest) func(context.Context, int) error {
			return func(ctx context.Context, n int) error {
				_, err := r.traces.ListTraces(ctx, req(n))
				return err
			}
		}
		by := func(set func(*pb.ListTracesRequest, *pb.Identity)) func(context.Context, int) error {
			return list(func(n int) *pb.ListTracesRequest {
				req := &pb.ListTracesRequest{}
				set(req, r.known[n*7%len(r.known)].GetIdentity())
				return req
			})
		}
		for _, q := range []struct {
			name string
			ask  func(ctx context.Context, n int) error
		}{
			{"trace", func(ctx context.Context, n int) error {
				_, err := r.traces.GetTrace(ctx, &pb.GetTraceRequest{TraceId: r.ids[n*7%len(r.ids)]})
				return err
			}},
			{"trace-client", func(ctx context.Context, n int) error {
				_, err := r.client.GetTrace(ctx, &pb.GetTraceRequest{TraceId: r.ids[n*7%len(r.ids)]})
				return err
			}},
			{"newest", list(func(int) *pb.ListTracesRequest { return &pb.ListTracesRequest{} })},
			{"session", by(func(req *pb.ListTracesRequest, id *pb.Identity) { req.SessionId = id.GetSessionId() })},
			{"agent", by(func(req *pb.ListTracesRequest, id *pb.Identity) { req.AgentId = id.GetAgentId() })},
			{"user", by(func(req *pb.ListTracesRequest, id *pb.Identity) { req.UserId = id.GetUserId() })},
			{"run", by(func(req *pb.ListTracesRequest, id *pb.Identity) { req.RunId = id.GetRunId() })},
			{"failed-tools", func(ctx context.Context, n int) error {
				_, err := r.traces.ListSpans(ctx, &pb.ListSpansRequest{Types: []pb.SpanType{pb.SpanType_SPAN_TYPE_TOOL}, Failed: &yes, StartTime: r.since})
				return err
			}},
			{"failed-tools-query", list(func(int) *pb.ListTracesRequest {
				return &pb.ListTracesRequest{Query: `{ type = tool && failed }`, StartTime: r.since}
			})},
			{"first-trace", func(ctx context.Context, n int) error {
				return first(r.client.StreamTraces(ctx, &pb.StreamTracesRequest{}))
			}},
			{"first-span", func(ctx context.Context, n int) error {
				return first(r.client.StreamSpans(ctx, &pb.StreamSpansRequest{View: pb.SpanView_SPAN_VIEW_FULL}))
			}},
			{"first-found", func(ctx context.Context, n int) error {
				return first(r.client.StreamTraces(ctx, &pb.StreamTracesRequest{Query: `{ type = agent } >> { type = llm }`}))
			}},
			{"first-export", func(ctx context.Context, n int) error {
				return first(r.client.ExportTraces(ctx, &pb.ExportTracesRequest{}))
			}},
		} {
			b.Run(q.name, func(b *testing.B) {
				for n := range 10 { // the first few fill caches
					if err := q.ask(b.Context(), n); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportAllocs()
				var took []time.Duration
				before := cpuTime(b)
				for n := 0; b.Loop(); n++ {
					began := time.Now()
					if err := q.ask(b.Context(), n); err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(began))
				}
				b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
				slices.Sort(took)
				b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
				b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
			})
		}
		for _, q := range []struct {
			name string
			read func(ctx context.Context) (spans int, err error)
		}{
			{"export", func(ctx context.Context) (spans int, err error) {
				for part, err := range r.client.ExportTraces(ctx, &pb.ExportTracesRequest{}) {
					if err != nil {
						return 0, err
					}
					spans += int(part.GetSpanCount())
				}
				return spans, nil
			}},
			{"spans-full", func(ctx context.Context) (int, error) {
				return count(r.client.StreamSpans(ctx, &pb.StreamSpansRequest{View: pb.SpanView_SPAN_VIEW_FULL}))
			}},
			{"spans-basic", func(ctx context.Context) (int, error) {
				return count(r.client.StreamSpans(ctx, &pb.StreamSpansRequest{}))
			}},
		} {
			b.Run("all/"+q.name, func(b *testing.B) {
				b.ReportAllocs()
				before := cpuTime(b)
				for b.Loop() {
					if n, err := q.read(b.Context()); err != nil || n != r.spans {
						b.Fatalf("read %d of %d spans: %v", n, r.spans, err)
					}
				}
				b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N*r.spans), "cpu-µs/span")
				b.ReportMetric(float64(b.N*r.spans)/b.Elapsed().Seconds(), "spans/s")
			})
		}
	})
}

// first reads the first result of a stream and breaks it off.
func first[T any](items iter.Seq2[T, error]) error {
	for _, err := range items {
		return err
	}
	return nil
}

func count[T any](items iter.Seq2[T, error]) (n int, err error) {
	for _, err := range items {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// cpuTime returns what this process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
