package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// asked is how long one kind of query took.
type asked struct {
	Question string
	Query    string
	Latency  latency
	Rows     float64 // that the database read for one query; 0 where it does not say
	Content  float64 // bytes of content a second that were searched; 0 for none
	Found    int64   // by the last one
}

// questions asks queries of a server.
type questions struct {
	ctx     context.Context
	traces  agenttracev1connect.TraceServiceClient
	metrics agenttracev1connect.QueryServiceClient
	usage   agenttracev1connect.UsageServiceClient
	runs    agenttracev1connect.RunServiceClient
	session agenttracev1connect.SessionServiceClient
	random  *rand.Rand
	known   []*agenttracev1.Trace
	asked   []asked
	rows    func(context.Context) int64
	times   int
}

// askQueries asks each kind of query many times, one after the other.
func askQueries(ctx context.Context, url string, db *database, times int) ([]asked, error) {
	q := &questions{
		ctx:     ctx,
		traces:  agenttracev1connect.NewTraceServiceClient(h2cClient(), url, connect.WithGRPC()),
		metrics: agenttracev1connect.NewQueryServiceClient(h2cClient(), url, connect.WithGRPC()),
		usage:   agenttracev1connect.NewUsageServiceClient(h2cClient(), url, connect.WithGRPC()),
		runs:    agenttracev1connect.NewRunServiceClient(h2cClient(), url, connect.WithGRPC()),
		session: agenttracev1connect.NewSessionServiceClient(h2cClient(), url, connect.WithGRPC()),
		random:  rand.New(rand.NewPCG(3, 4)),
		rows:    db.rowsRead,
		times:   times,
	}
	known, err := q.traces.ListTraces(ctx, &agenttracev1.ListTracesRequest{PageSize: 1000})
	if err != nil {
		return nil, err
	}
	if q.known = known.Traces; len(q.known) == 0 {
		return nil, fmt.Errorf("no traces are listed")
	}
	for _, ask := range []func() error{q.settled, q.searches, q.series, q.content, q.everything} {
		if err := ask(); err != nil {
			return nil, err
		}
	}
	return q.asked, nil
}

func (q *questions) pick(field func(*agenttracev1.Identity) string) string {
	for range 1000 {
		if value := field(q.known[q.random.IntN(len(q.known))].GetIdentity()); value != "" {
			return value
		}
	}
	return "nobody"
}

// settled asks what is answered from what settling has stored.
func (q *questions) settled() error {
	usage := func(by ...agenttracev1.UsageField) func() (int64, error) {
		return func() (int64, error) {
			found, err := q.usage.QueryUsage(q.ctx, &agenttracev1.QueryUsageRequest{GroupBy: by, PageSize: 1000})
			return int64(len(found.GetRows())), err
		}
	}
	runs := func(req *agenttracev1.ListRunsRequest) (int64, error) {
		found, err := q.runs.ListRuns(q.ctx, req)
		return int64(len(found.GetRuns())), err
	}
	session, agent := (*agenttracev1.Identity).GetSessionId, (*agenttracev1.Identity).GetAgentId
	yes := true
	for _, c := range []struct {
		question string
		ask      func() (int64, error)
	}{
		{"usage by model and day", usage(agenttracev1.UsageField_USAGE_FIELD_MODEL, agenttracev1.UsageField_USAGE_FIELD_DAY)},
		{"usage by user", usage(agenttracev1.UsageField_USAGE_FIELD_USER)},
		{"usage by agent and tool", usage(agenttracev1.UsageField_USAGE_FIELD_AGENT, agenttracev1.UsageField_USAGE_FIELD_TOOL)},
		{"20 newest runs", func() (int64, error) { return runs(&agenttracev1.ListRunsRequest{}) }},
		{"20 failed runs of an agent", func() (int64, error) {
			return runs(&agenttracev1.ListRunsRequest{AgentId: q.pick(agent), Failed: &yes})
		}},
		{"20 sessions", func() (int64, error) {
			found, err := q.session.ListSessions(q.ctx, &agenttracev1.ListSessionsRequest{})
			return int64(len(found.GetSessions())), err
		}},
		{"a session and its runs", func() (int64, error) {
			found, err := q.session.GetSession(q.ctx, &agenttracev1.GetSessionRequest{SessionId: q.pick(session)})
			return int64(len(found.GetRuns())), err
		}},
	} {
		err := q.ask(c.question, func() string { return "" }, func(string) (int64, int64, error) {
			found, err := c.ask()
			return found, 0, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (q *questions) searches() error {
	day := timestamppb.New(time.Now().Add(-24 * time.Hour))
	session, agent := (*agenttracev1.Identity).GetSessionId, (*agenttracev1.Identity).GetAgentId
	for _, c := range []struct {
		question string
		query    func() string
		since    *timestamppb.Timestamp
	}{
		{"20 by session", func() string { return fmt.Sprintf(`{ session:id = %q }`, q.pick(session)) }, nil},
		{"20 by agent and status", func() string { return fmt.Sprintf(`{ agent:id = %q && status = error }`, q.pick(agent)) }, nil},
		{"20 with a failed tool, 24 h", func() string { return `{ type = tool && failed }` }, day},
		{"20 with a model call over 5 s", func() string { return `{ type = llm && duration > 5s }` }, nil},
		{"20 by structure", func() string { return fmt.Sprintf(`{ agent:id = %q } >> { type = tool && failed }`, q.pick(agent)) }, nil},
		{"20 by count", func() string { return `{ type = llm } | count() > 5` }, nil},
	} {
		err := q.ask(c.question, c.query, func(query string) (int64, int64, error) {
			found, err := q.traces.ListTraces(q.ctx, &agenttracev1.ListTracesRequest{Query: query, StartTime: c.since})
			return int64(len(found.GetTraces())), 0, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (q *questions) series() error {
	end := time.Now()
	for _, c := range []struct{ question, query string }{
		{"model calls by model, a day", `{ type = llm } | count_over_time() by (model:name)`},
		{"tokens by model, a day", `{ type = llm } | sum_over_time(usage:total) by (model:name)`},
		{"p95 duration by model, a day", `{ type = llm } | quantile_over_time(duration, 0.95) by (model:name)`},
	} {
		err := q.ask(c.question, func() string { return c.query }, func(query string) (int64, int64, error) {
			found, err := q.metrics.QueryMetrics(q.ctx, &agenttracev1.QueryMetricsRequest{
				Query: query, StartTime: timestamppb.New(end.Add(-24 * time.Hour)), EndTime: timestamppb.New(end), Step: durationpb.New(time.Hour),
			})
			return int64(len(found.GetSeries())), 0, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// content searches what was said within an hour for words that nobody said, and
// for such as somebody did.
func (q *questions) content() error {
	newest := q.known[0].GetStartTime().AsTime()
	hour := timestamppb.New(newest.Add(-time.Hour))
	all := q.times
	q.times = min(all, 20)
	defer func() { q.times = all }()
	for _, c := range []struct{ question, query string }{
		{"content of an hour, nothing found", `{ content:input : "nobody ever said this" }`},
		{"content of an hour, some found", `{ content:output : "refund" }`},
		{"content of an hour, by pattern", `{ content:input =~ ".*nobody (ever|never) said.*" }`},
	} {
		err := q.ask(c.question, func() string { return c.query }, func(query string) (int64, int64, error) {
			return q.stream(&agenttracev1.StreamTracesRequest{Query: query, StartTime: hour})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// everything looks at all traces, a few times.
func (q *questions) everything() error {
	all := q.times
	q.times = min(all, 3)
	defer func() { q.times = all }()
	return q.ask("all traces, streamed by structure", func() string { return `{ type = agent } >> { type = llm }` }, func(query string) (int64, int64, error) {
		return q.stream(&agenttracev1.StreamTracesRequest{Query: query})
	})
}

// stream reads a stream to its end and returns how many traces were found and
// how many bytes of content were searched.
func (q *questions) stream(req *agenttracev1.StreamTracesRequest) (found, bytes int64, err error) {
	stream, err := q.traces.StreamTraces(q.ctx, req)
	if err != nil {
		return 0, 0, err
	}
	defer stream.Close()
	for stream.Receive() {
		found += int64(len(stream.Msg().GetTraces()))
		bytes = max(bytes, stream.Msg().GetProgress().GetBytes())
	}
	return found, bytes, stream.Err()
}

// ask measures one kind of query. The first few fill caches.
func (q *questions) ask(question string, query func() string, do func(query string) (found, bytes int64, err error)) error {
	a := asked{Question: question, Query: query()}
	var took []time.Duration
	var bytes int64
	before := int64(0)
	warm := min(5, q.times)
	for n := range q.times + warm {
		if n == warm {
			before = q.rows(q.ctx)
		}
		text := query()
		began := time.Now()
		found, searched, err := do(text)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", question, text, err)
		}
		if n >= warm {
			took = append(took, time.Since(began))
			bytes += searched
		}
		a.Found = found
	}
	a.Rows = float64(q.rows(q.ctx)-before) / float64(q.times)
	var total time.Duration
	for _, d := range took {
		total += d
	}
	a.Content = float64(bytes) / total.Seconds()
	a.Latency = percentiles(took)
	q.asked = append(q.asked, a)
	return nil
}
