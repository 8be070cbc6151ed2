package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// lookup is how long one kind of question took.
type lookup struct {
	Question string
	Latency  latency
}

// askAll asks every kind of question many times, one after the other, about
// traces picked at random.
func askAll(ctx context.Context, url string, load *load, times int) ([]lookup, error) {
	client := agenttracev1connect.NewTraceServiceClient(h2cClient(), url, connect.WithGRPC())
	random := rand.New(rand.NewPCG(1, 2))
	known, err := client.ListTraces(ctx, &agenttracev1.ListTracesRequest{PageSize: 1000})
	if err != nil {
		return nil, err
	}
	if len(known.Traces) == 0 {
		return nil, fmt.Errorf("no traces are listed")
	}
	pick := func(field func(*agenttracev1.Identity) string) string {
		for range 1000 {
			if value := field(known.Traces[random.IntN(len(known.Traces))].GetIdentity()); value != "" {
				return value
			}
		}
		return "nobody"
	}
	list := func(req *agenttracev1.ListTracesRequest) error {
		_, err := client.ListTraces(ctx, req)
		return err
	}
	yes := true
	questions := []struct {
		name string
		ask  func() error
	}{
		{"trace by id", func() error {
			_, err := client.GetTrace(ctx, &agenttracev1.GetTraceRequest{TraceId: load.ids[random.IntN(len(load.ids))]})
			return err
		}},
		{"20 newest traces", func() error { return list(&agenttracev1.ListTracesRequest{}) }},
		{"20 by session", func() error {
			return list(&agenttracev1.ListTracesRequest{SessionId: pick((*agenttracev1.Identity).GetSessionId)})
		}},
		{"20 by agent", func() error {
			return list(&agenttracev1.ListTracesRequest{AgentId: pick((*agenttracev1.Identity).GetAgentId)})
		}},
		{"20 by user", func() error {
			return list(&agenttracev1.ListTracesRequest{UserId: pick((*agenttracev1.Identity).GetUserId)})
		}},
		{"by run", func() error {
			return list(&agenttracev1.ListTracesRequest{RunId: pick((*agenttracev1.Identity).GetRunId)})
		}},
		{"20 failed traces", func() error { return list(&agenttracev1.ListTracesRequest{Failed: &yes}) }},
		{"20 longest traces", func() error {
			return list(&agenttracev1.ListTracesRequest{OrderBy: agenttracev1.TraceOrder_TRACE_ORDER_DURATION})
		}},
		{"20 failed tools, 24 h", func() error {
			_, err := client.ListSpans(ctx, &agenttracev1.ListSpansRequest{
				Types: []agenttracev1.SpanType{agenttracev1.SpanType_SPAN_TYPE_TOOL}, Failed: &yes,
				StartTime: timestamppb.New(time.Now().Add(-24 * time.Hour)),
			})
			return err
		}},
	}
	var lookups []lookup
	for _, q := range questions {
		var took []time.Duration
		for n := range times + 5 {
			began := time.Now()
			if err := q.ask(); err != nil {
				return nil, fmt.Errorf("%s: %w", q.name, err)
			}
			if n >= 5 { // the first few fill caches
				took = append(took, time.Since(began))
			}
		}
		lookups = append(lookups, lookup{Question: q.name, Latency: percentiles(took)})
	}
	return lookups, nil
}
