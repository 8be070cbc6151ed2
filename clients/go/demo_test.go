package agenttrace_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
)

// demo starts a server that knows a few things, and returns a client of it.
func demo() (context.Context, *agenttrace.Client, func()) {
	d := demoServer{}
	server := httptest.NewServer(services{traces: d, query: d, runs: d, sessions: d, usage: d, tails: d, otlp: d.otlp}.handler())
	client, err := agenttrace.New(server.URL)
	if err != nil {
		panic(err)
	}
	return context.Background(), client, func() {
		client.Close()
		server.Close()
	}
}

// demoServer answers the questions of the examples.
type demoServer struct {
	agenttracev1connect.UnimplementedTraceServiceHandler
	agenttracev1connect.UnimplementedQueryServiceHandler
	agenttracev1connect.UnimplementedRunServiceHandler
	agenttracev1connect.UnimplementedSessionServiceHandler
	agenttracev1connect.UnimplementedUsageServiceHandler
	agenttracev1connect.UnimplementedTailServiceHandler
}

var demoTraces = []*agenttrace.Trace{
	{TraceId: "5b8efff798038103d269b633813fc60c", Name: "Support_Agent.run", Failed: true, Duration: durationpb.New(2100 * time.Millisecond), FirstError: &agenttrace.TraceError{SpanName: "refund", Message: "no such order"}},
	{TraceId: "0af7651916cd43dd8448eb211c80319c", Name: "Research_Team.run", Failed: true, Duration: durationpb.New(31 * time.Second), FirstError: &agenttrace.TraceError{SpanName: "OpenAIChat.invoke", Message: "rate limited"}},
}

func (demoServer) ListTraces(_ context.Context, r *agenttrace.ListTracesRequest) (*agenttrace.ListTracesResponse, error) {
	if strings.Contains(r.GetQuery(), "sesion") {
		return nil, demoQueryError()
	}
	return &agenttrace.ListTracesResponse{Traces: demoTraces}, nil
}

func demoQueryError() error {
	e := connect.NewError(connect.CodeInvalidArgument, errors.New(`query: line 1, column 3: found "sesion:id": there is no intrinsic of this name; did you mean session:id?`))
	detail, err := connect.NewErrorDetail(&errdetails.ErrorInfo{
		Reason: "QUERY_INVALID", Domain: "agenttrace",
		Metadata: map[string]string{"line": "1", "column": "3", "offset": "2", "suggestion": "session:id"},
	})
	if err == nil {
		e.AddDetail(detail)
	}
	return e
}

func (demoServer) GetTrace(_ context.Context, r *agenttrace.GetTraceRequest) (*agenttrace.GetTraceResponse, error) {
	if r.GetTraceId() != demoTraces[0].GetTraceId() {
		return nil, connect.NewError(connect.CodeNotFound, errors.New("not found"))
	}
	return &agenttrace.GetTraceResponse{Trace: demoTraces[0], Spans: []*agenttrace.Span{
		{Name: "Support_Agent.run", Type: agenttrace.SpanTypeAgent},
		{Name: "OpenAIChat.invoke", Type: agenttrace.SpanTypeLLM, Depth: 1},
		{Name: "refund", Type: agenttrace.SpanTypeTool, Depth: 1, Failed: true},
	}}, nil
}

func (demoServer) StreamTraces(_ context.Context, _ *agenttrace.StreamTracesRequest, s *connect.ServerStream[agenttrace.StreamTracesResponse]) error {
	if err := s.Send(&agenttrace.StreamTracesResponse{Traces: demoTraces}); err != nil {
		return err
	}
	return s.Send(&agenttrace.StreamTracesResponse{Progress: &agenttrace.Progress{Traces: 1200, Found: 2}})
}

func (demoServer) ExportTraces(_ context.Context, _ *agenttrace.ExportTracesRequest, s *connect.ServerStream[agenttrace.ExportTracesResponse]) error {
	return s.Send(&agenttrace.ExportTracesResponse{TracesData: []byte("spans"), SpanCount: 7})
}

func (demoServer) otlp(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (demoServer) ListRuns(_ context.Context, r *agenttrace.ListRunsRequest) (*agenttrace.ListRunsResponse, error) {
	return &agenttrace.ListRunsResponse{Runs: []*agenttrace.Run{{
		Identity: &agenttrace.Identity{AgentId: r.GetAgentId()},
		Error:    &agenttrace.RunError{Message: "no such order"},
	}}}, nil
}

func (demoServer) GetSession(_ context.Context, r *agenttrace.GetSessionRequest) (*agenttrace.GetSessionResponse, error) {
	return &agenttrace.GetSessionResponse{Runs: []*agenttrace.Run{{SpanName: "Support_Agent.run"}, {SpanName: "Support_Agent.run"}}}, nil
}

func (demoServer) QueryUsage(context.Context, *agenttrace.QueryUsageRequest) (*agenttrace.QueryUsageResponse, error) {
	return &agenttrace.QueryUsageResponse{Rows: []*agenttrace.UsageRow{
		{Labels: []*agenttrace.UsageLabel{{Value: "gpt-4o"}}, Usage: &agenttrace.Usage{TotalTokens: 91_200}, Cost: &agenttrace.Cost{NanoUsd: 410_000_000}},
		{Labels: []*agenttrace.UsageLabel{{Value: "gpt-4o-mini"}}, Usage: &agenttrace.Usage{TotalTokens: 120_000}, Cost: &agenttrace.Cost{NanoUsd: 32_400_000}},
	}}, nil
}

func (demoServer) QueryMetrics(context.Context, *agenttrace.QueryMetricsRequest) (*agenttrace.QueryMetricsResponse, error) {
	at := timestamppb.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return &agenttrace.QueryMetricsResponse{Series: []*agenttrace.Series{{
		Labels: []*agenttrace.KeyValue{{Key: "model:name", Value: &agenttrace.Value{Kind: &agenttrace.Value_StringValue{StringValue: "gpt-4o"}}}},
		Points: []*agenttrace.Point{{Time: at, Value: 1280}},
	}}}, nil
}

func (demoServer) Reprice(_ context.Context, _ *agenttrace.RepriceRequest, s *connect.ServerStream[agenttrace.RepriceResponse]) error {
	return s.Send(&agenttrace.RepriceResponse{Traces: 1200, ChangedTraces: 31, Done: true})
}

func (demoServer) TailSpans(_ context.Context, r *agenttrace.TailSpansRequest, s *connect.ServerStream[agenttrace.TailSpansResponse]) error {
	for _, m := range []*agenttrace.TailSpansResponse{
		{Event: &agenttrace.TailSpansResponse_Heartbeat{Heartbeat: &agenttrace.Heartbeat{}}, Cursor: "c1"},
		{Event: &agenttrace.TailSpansResponse_Dropped{Dropped: &agenttrace.Dropped{Spans: 21_000}}, Cursor: "c2"},
		{Event: &agenttrace.TailSpansResponse_Batch{Batch: &agenttrace.SpanBatch{Spans: []*agenttrace.Span{{Name: "refund", ToolUse: &agenttrace.ToolUse{Name: "refund"}}}}}, Cursor: "c3"},
	} {
		if err := s.Send(m); err != nil {
			return err
		}
	}
	return connect.NewError(connect.CodeFailedPrecondition, errors.New("the demo is over"))
}
