package main

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// settled asks what is answered from what settling has stored.
func (q *asker) settled() error {
	usage := func(by ...agenttrace.UsageField) func(string) (answer, error) {
		return func(string) (answer, error) {
			found, err := q.client.QueryUsage(q.ctx, &agenttrace.QueryUsageRequest{GroupBy: by, PageSize: 1000})
			return answer{found: len(found.GetRows())}, err
		}
	}
	runs := func(make func() *agenttrace.ListRunsRequest) func(string) (answer, error) {
		return func(string) (answer, error) {
			found, err := q.client.ListRuns(q.ctx, make())
			return answer{found: len(found.GetRuns())}, err
		}
	}
	failed := true
	for _, c := range []struct {
		name string
		ask  func(string) (answer, error)
	}{
		{"usage by model and day", usage(agenttrace.UsageFieldModel, agenttrace.UsageFieldDay)},
		{"usage by user", usage(agenttrace.UsageFieldUser)},
		{"usage by agent and tool", usage(agenttrace.UsageFieldAgent, agenttrace.UsageFieldTool)},
		{"20 newest runs", runs(func() *agenttrace.ListRunsRequest { return &agenttrace.ListRunsRequest{} })},
		{"20 failed runs of an agent", runs(func() *agenttrace.ListRunsRequest {
			return &agenttrace.ListRunsRequest{AgentId: q.pick(byAgent), Failed: &failed}
		})},
		{"20 sessions", func(string) (answer, error) {
			found, err := q.client.ListSessions(q.ctx, &agenttrace.ListSessionsRequest{})
			return answer{found: len(found.GetSessions())}, err
		}},
		{"a session and its runs", func(string) (answer, error) {
			found, err := q.client.GetSession(q.ctx, &agenttrace.GetSessionRequest{SessionId: q.pick(bySession)})
			return answer{found: len(found.GetRuns())}, err
		}},
	} {
		if err := q.measure(c.name, max(1, q.times/4), plainly, c.ask); err != nil {
			return err
		}
	}
	return nil
}

// searches asks for 20 traces that queries select.
func (q *asker) searches() error {
	for _, c := range []struct {
		name  string
		query func() string
	}{
		{"20 by session", func() string { return fmt.Sprintf(`{ session:id = %q }`, q.pick(bySession)) }},
		{"20 by agent and status", func() string { return fmt.Sprintf(`{ agent:id = %q && status = error }`, q.pick(byAgent)) }},
		{"20 with a model call over 5 s", func() string { return `{ type = llm && duration > 5s }` }},
		{"20 by structure", func() string { return fmt.Sprintf(`{ agent:id = %q } >> { type = tool && failed }`, q.pick(byAgent)) }},
		{"20 by count", func() string { return `{ type = llm } | count() > 5` }},
	} {
		err := q.measure("query: "+c.name, max(1, q.times/4), c.query, func(query string) (answer, error) {
			found, err := q.client.ListTraces(q.ctx, &agenttrace.ListTracesRequest{Query: query})
			return answer{found: len(found.GetTraces())}, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// series asks for numbers of a day by hour.
func (q *asker) series() error {
	end := time.Now()
	for _, c := range []struct{ name, query string }{
		{"model calls by model, a day", `{ type = llm } | count_over_time() by (model:name)`},
		{"tokens by model, a day", `{ type = llm } | sum_over_time(usage:total) by (model:name)`},
		{"p95 duration by model, a day", `{ type = llm } | quantile_over_time(duration, 0.95) by (model:name)`},
	} {
		err := q.measure(c.name, max(1, q.times/10), func() string { return c.query }, func(query string) (answer, error) {
			found, err := q.client.QueryMetrics(q.ctx, &agenttrace.QueryMetricsRequest{
				Query: query, StartTime: timestamppb.New(end.Add(-24 * time.Hour)), EndTime: timestamppb.New(end), Step: durationpb.New(time.Hour),
			})
			return answer{found: len(found.GetSeries())}, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// content searches what was said within an hour for words that nobody said, and
// for such as somebody did.
func (q *asker) content() error {
	newest := q.known[0].GetStartTime().AsTime()
	hour := timestamppb.New(newest.Add(-time.Hour))
	for _, c := range []struct{ name, query string }{
		{"content of an hour, nothing found", `{ content:input : "nobody ever said this" }`},
		{"content of an hour, some found", `{ content:output : "refund" }`},
		{"content of an hour, by pattern", `{ content:input =~ ".*nobody (ever|never) said.*" }`},
	} {
		err := q.measure(c.name, max(1, q.times/30), func() string { return c.query }, func(query string) (answer, error) {
			return q.stream(&agenttrace.StreamTracesRequest{Query: query, StartTime: hour})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// everything looks at all traces.
func (q *asker) everything() error {
	return q.measure("all traces, streamed by structure", 2, byStructure, func(query string) (answer, error) {
		return q.stream(&agenttrace.StreamTracesRequest{Query: query})
	})
}

// stream reads a stream to its end.
func (q *asker) stream(req *agenttrace.StreamTracesRequest) (a answer, err error) {
	progress := agenttrace.OnProgress(func(p *agenttrace.Progress) { a.bytes = max(a.bytes, p.GetBytes()) })
	for _, err := range q.client.StreamTraces(q.ctx, req, progress) {
		if err != nil {
			return a, err
		}
		a.found++
	}
	return a, nil
}
