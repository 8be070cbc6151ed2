package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/agenttrace/agenttrace/bench/load"
	"github.com/agenttrace/agenttrace/bench/proc"
	"github.com/agenttrace/agenttrace/bench/report"
	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// asker asks questions of a server, one after the other, about what it stores.
type asker struct {
	ctx    context.Context
	client *agenttrace.Client
	load   *load.Load // whose traces are asked for by id
	random *rand.Rand
	known  []*agenttrace.Trace // the newest
	found  report.Answered
	times  int
}

// ask asks everything.
func (b *bench) ask(ctx context.Context, s *server, db *database, l *load.Load) (report.Answered, error) {
	q, err := b.newAsker(ctx, s, l)
	if err != nil {
		return report.Answered{}, err
	}
	for _, ask := range []func() error{q.lookups, q.first, q.settled, q.searches, q.series, q.content, q.everything} {
		if err := ask(); err != nil {
			return report.Answered{}, err
		}
	}
	if err := q.flows(b.flow, s, db); err != nil {
		return report.Answered{}, err
	}
	q.found.PeakMemory = proc.PeakMemory(s.pid())
	return q.found, nil
}

func (b *bench) newAsker(ctx context.Context, s *server, l *load.Load) (*asker, error) {
	client, err := agenttrace.New(s.http)
	if err != nil {
		return nil, err
	}
	q := &asker{ctx: ctx, client: client, load: l, random: rand.New(rand.NewPCG(1, 2)), times: b.asked}
	known, err := client.ListTraces(ctx, &agenttrace.ListTracesRequest{PageSize: 1000})
	if err != nil {
		return nil, err
	}
	if q.known = known.Traces; len(q.known) == 0 {
		return nil, fmt.Errorf("no traces are listed")
	}
	proc.ForgetPeak(s.pid())
	return q, nil
}

// pick returns what one of the newest traces says of itself.
func (q *asker) pick(field func(*agenttrace.Identity) string) string {
	for range 1000 {
		if value := field(q.known[q.random.IntN(len(q.known))].GetIdentity()); value != "" {
			return value
		}
	}
	return "nobody"
}

// answer is what came back.
type answer struct {
	found int
	bytes int64 // of content that were searched
}

// measure asks one kind of question many times. The first few fill caches.
func (q *asker) measure(name string, times int, query func() string, ask func(query string) (answer, error)) error {
	asked := report.Question{Name: name, Query: query()}
	var took []time.Duration
	var total time.Duration
	var bytes int64
	warm := min(5, (times+1)/2)
	for n := range times + warm {
		text := query()
		began := time.Now()
		a, err := ask(text)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", name, text, err)
		}
		if n >= warm {
			took = append(took, time.Since(began))
			total += took[len(took)-1]
			bytes += a.bytes
		}
		asked.Found = a.found
	}
	asked.Content = float64(bytes) / total.Seconds()
	asked.Latency = report.LatencyOf(took)
	q.found.Questions = append(q.found.Questions, asked)
	return nil
}

// plainly is for questions that have plain fields in place of a query.
func plainly() string { return "" }

// What identifies who did something.
var (
	bySession = (*agenttrace.Identity).GetSessionId
	byAgent   = (*agenttrace.Identity).GetAgentId
	byUser    = (*agenttrace.Identity).GetUserId
	byRun     = (*agenttrace.Identity).GetRunId
)

// lookups asks for a trace and for lists of 20.
func (q *asker) lookups() error {
	failed := true
	day := timestamppb.New(time.Now().Add(-24 * time.Hour))
	traces := func(make func() *agenttrace.ListTracesRequest) func(string) (answer, error) {
		return func(string) (answer, error) {
			found, err := q.client.ListTraces(q.ctx, make())
			return answer{found: len(found.GetTraces())}, err
		}
	}
	for _, c := range []struct {
		name string
		ask  func(string) (answer, error)
	}{
		{report.TraceByID, func(string) (answer, error) {
			id := q.load.TraceID(q.random.IntN(q.load.Traces)).String()
			found, err := q.client.GetTrace(q.ctx, &agenttrace.GetTraceRequest{TraceId: id})
			return answer{found: len(found.GetSpans())}, err
		}},
		{"20 newest traces", traces(func() *agenttrace.ListTracesRequest { return &agenttrace.ListTracesRequest{} })},
		{report.BySession, traces(func() *agenttrace.ListTracesRequest {
			return &agenttrace.ListTracesRequest{SessionId: q.pick(bySession)}
		})},
		{report.ByAgent, traces(func() *agenttrace.ListTracesRequest { return &agenttrace.ListTracesRequest{AgentId: q.pick(byAgent)} })},
		{report.ByUser, traces(func() *agenttrace.ListTracesRequest { return &agenttrace.ListTracesRequest{UserId: q.pick(byUser)} })},
		{report.ByRun, traces(func() *agenttrace.ListTracesRequest { return &agenttrace.ListTracesRequest{RunId: q.pick(byRun)} })},
		{"20 failed traces", traces(func() *agenttrace.ListTracesRequest { return &agenttrace.ListTracesRequest{Failed: &failed} })},
		{"20 longest traces", traces(func() *agenttrace.ListTracesRequest {
			return &agenttrace.ListTracesRequest{OrderBy: agenttrace.TraceOrderDuration}
		})},
		{report.FailedTools, func(string) (answer, error) {
			found, err := q.client.ListSpans(q.ctx, &agenttrace.ListSpansRequest{
				Types: []agenttrace.SpanType{agenttrace.SpanTypeTool}, Failed: &failed, StartTime: day,
			})
			return answer{found: len(found.GetSpans())}, err
		}},
	} {
		if err := q.measure(c.name, q.times, plainly, c.ask); err != nil {
			return err
		}
	}
	failedTool := func() string { return `{ type = tool && failed }` }
	return q.measure(report.FailedToolQuery, q.times, failedTool, func(query string) (answer, error) {
		found, err := q.client.ListTraces(q.ctx, &agenttrace.ListTracesRequest{Query: query, StartTime: day})
		return answer{found: len(found.GetTraces())}, err
	})
}

// first asks for everything and takes the first.
func (q *asker) first() error {
	times := max(1, q.times/4)
	err := q.measure(report.FirstOfAll, times, plainly, func(string) (answer, error) {
		for _, err := range q.client.StreamSpans(q.ctx, &agenttrace.StreamSpansRequest{}) {
			return answer{found: 1}, err
		}
		return answer{}, nil
	})
	if err != nil {
		return err
	}
	return q.measure(report.FirstFound, times, byStructure, func(query string) (answer, error) {
		for _, err := range q.client.StreamTraces(q.ctx, &agenttrace.StreamTracesRequest{Query: query}) {
			return answer{found: 1}, err
		}
		return answer{}, nil
	})
}

func byStructure() string { return `{ type = agent } >> { type = llm }` }

// flows reads everything, or as many spans as are enough to know the pace.
func (q *asker) flows(most int, s *server, db *database) error {
	err := q.flow(report.Exported, s, db, func() (spans, bytes int, err error) {
		for part, err := range q.client.ExportTraces(q.ctx, &agenttrace.ExportTracesRequest{}) {
			if err != nil {
				return 0, 0, err
			}
			spans, bytes = spans+int(part.GetSpanCount()), bytes+len(part.GetTracesData())
			if spans >= 5*most {
				break
			}
		}
		return spans, bytes, nil
	})
	if err != nil {
		return err
	}
	return q.flow(report.Typed, s, db, func() (spans, bytes int, err error) {
		for _, err := range q.client.StreamSpans(q.ctx, &agenttrace.StreamSpansRequest{View: agenttrace.SpanViewFull}) {
			if err != nil {
				return 0, 0, err
			}
			if spans++; spans >= most {
				break
			}
		}
		return spans, 0, nil
	})
}

func (q *asker) flow(name string, s *server, db *database, read func() (spans, bytes int, err error)) error {
	own, served, stored, began := proc.OwnCPU(), s.cpu(), db.cpu(), time.Now()
	spans, bytes, err := read()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	took := time.Since(began).Seconds()
	q.found.Flows = append(q.found.Flows, report.Flow{
		Name: name, Spans: spans, SpansPerSecond: float64(spans) / took, BytesPerSecond: float64(bytes) / took,
		ServerCPU:   report.PerMillion(s.cpu()-served, spans),
		DatabaseCPU: report.PerMillion(db.cpu()-stored, spans),
		ClientCPU:   report.PerMillion(proc.OwnCPU()-own, spans),
	})
	return nil
}
