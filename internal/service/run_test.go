package service_test

import (
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/service"
)

// wantMember is what GetRun says of the member of trace 0, settled or not.
func wantMember() *pb.Run {
	start := lived(0, 2, 1, 2*time.Second, 9*time.Second)
	totals := &pb.RunTotals{
		Spans: 4, ModelCalls: 2, ToolCalls: 1, ToolFailures: 1,
		Usage: &pb.Usage{InputTokens: 57, OutputTokens: 8, TotalTokens: 65},
		Cost:  &pb.Cost{NanoUsd: 110, Source: pb.CostSource_COST_SOURCE_UNPRICED, ComputedNanoUsd: 110, ComputedCalls: 1, UnpricedCalls: 1},
	}
	return &pb.Run{
		RunId: "member-run-0", TraceId: traceID(0), SpanId: start.GetSpanId(), Type: pb.SpanType_SPAN_TYPE_AGENT,
		Name: "Tracker", SpanName: "Tracker.run", Service: "shop", Environment: "prod",
		Identity: &pb.Identity{
			AgentId: "tracker", AgentName: "Tracker", TeamId: "desk", TeamName: "Desk", RunId: "member-run-0", SessionId: "session-0", UserId: "user-0",
		},
		StartTime: start.GetStartTime(), EndTime: start.GetEndTime(), Duration: durationpb.New(7 * time.Second), Failed: true,
		Error: &pb.RunError{
			SpanId: "0000000000000005", SpanName: "track", Message: "no such parcel", Path: []string{"Tracker.run", "track"},
		},
		ParentSpanId: "0000000000000001", ParentRunId: "team-run-0", RootSpanId: "0000000000000001", RootRunId: "team-run-0",
		Own: totals, Total: totals,
		Models: []*pb.NameCount{{Name: "mystery", Calls: 1}, {Name: "small", Calls: 1}}, Tools: []*pb.NameCount{{Name: "track", Calls: 1}},
		Time: &pb.TimeSplit{
			Child: durationpb.New(0), Model: durationpb.New(4 * time.Second), Tool: durationpb.New(time.Second), Own: durationpb.New(2 * time.Second),
		},
	}
}

func TestGetRunKnowsAllOfARunBeforeAndAfterItSettles(t *testing.T) {
	s := newServer(t, withPrices)
	writeDesks(t, s, 0, 2)
	for _, settled := range []bool{false, true} {
		if settled {
			s.settle(t)
		}
		for name, req := range map[string]*pb.GetRunRequest{
			"by run id": {RunId: "member-run-0"}, "by span": {TraceId: traceID(0), SpanId: "0000000000000002"},
		} {
			want := wantMember()
			want.Settled = settled
			res, err := s.runs.GetRun(t.Context(), req)
			if err != nil || len(res.GetChildren()) != 0 {
				t.Fatalf("%s, settled %v: %v, %v", name, settled, res.GetChildren(), err)
			}
			if diff := cmp.Diff(want, res.GetRun(), protocmp.Transform()); diff != "" {
				t.Errorf("%s, settled %v: %s", name, settled, diff)
			}
		}
		team, err := s.runs.GetRun(t.Context(), &pb.GetRunRequest{RunId: "team-run-0"})
		if err != nil || len(team.GetChildren()) != 1 || team.GetChildren()[0].GetRunId() != "member-run-0" || team.GetRun().GetChildCount() != 1 {
			t.Fatalf("the team, settled %v: %v, %v", settled, team, err)
		}
		if in, out := team.GetRun().GetInput().GetValue(), team.GetRun().GetOutput().GetValue(); in != "Where is my parcel?" || out != "On its way." {
			t.Errorf("the team, settled %v: %q, %q", settled, in, out)
		}
		if cost := team.GetRun().GetTotal().GetCost().GetNanoUsd(); cost != 1100+110 {
			t.Errorf("the team, settled %v: cost %d", settled, cost)
		}
	}
}

func TestGetRunTakesTheLatestOfAnID(t *testing.T) {
	s := newServer(t)
	for _, n := range []int{3, 1, 2} {
		spans := desk(n)
		spans[0].Identity.RunId = "again"
		write(t, s, spans...)
	}
	res, err := s.runs.GetRun(t.Context(), &pb.GetRunRequest{RunId: "again"})
	if err != nil || res.GetRun().GetTraceId() != traceID(1) {
		t.Errorf("GetRun: %v, %v", res, err)
	}
	trace, err := s.traces.GetTrace(t.Context(), &pb.GetTraceRequest{RunId: "again"})
	if err != nil || trace.GetTrace().GetTraceId() != traceID(1) || len(trace.GetSpans()) != 6 {
		t.Errorf("GetTrace: %v, %v", trace.GetTrace(), err)
	}
}

func TestGetTraceFindsTheRunIDOfASpanThatIsNoRun(t *testing.T) {
	s := newServer(t)
	spans := desk(0)
	spans[2].Identity = &pb.Identity{RunId: "tool-run"}
	write(t, s, spans...)
	res, err := s.traces.GetTrace(t.Context(), &pb.GetTraceRequest{RunId: "tool-run"})
	if err != nil || res.GetTrace().GetTraceId() != traceID(0) {
		t.Errorf("%v, %v", res.GetTrace(), err)
	}
}

func TestRunOfATraceThatIsTooLargeIsWhatItsSpanSays(t *testing.T) {
	s := newServer(t, func(c *service.Config) { c.MaxTraceSpans = 5 })
	writeDesks(t, s, 0, 1)
	res, err := s.runs.GetRun(t.Context(), &pb.GetRunRequest{RunId: "team-run-0"})
	if run := res.GetRun(); err != nil || run.GetName() != "Desk" || run.GetSettled() || run.GetOwn() != nil || run.GetInput().GetValue() == "" {
		t.Errorf("%v, %v", run, err)
	}
}

func TestGetRunNamesARunExactly(t *testing.T) {
	s := newServer(t)
	writeDesks(t, s, 0, 1)
	const span = "0000000000000001"
	for name, req := range map[string]*pb.GetRunRequest{
		"nothing": {}, "a trace alone": {TraceId: traceID(0)}, "a span alone": {SpanId: span},
		"both": {RunId: "team-run-0", TraceId: traceID(0), SpanId: span}, "no trace id": {TraceId: "x", SpanId: span},
		"zeros": {TraceId: "00000000000000000000000000000000", SpanId: span},
	} {
		if _, err := s.runs.GetRun(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, req := range map[string]*pb.GetRunRequest{
		"run": {RunId: "nobody"}, "trace": {TraceId: traceID(9), SpanId: span}, "span": {TraceId: traceID(0), SpanId: "00000000000000ff"},
		"a span that is no run": {TraceId: traceID(0), SpanId: "0000000000000003"},
	} {
		if _, err := s.runs.GetRun(t.Context(), req); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.runs.GetRun(inProject(t.Context(), "other"), &pb.GetRunRequest{RunId: "team-run-0"}); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("another project: %v", err)
	}
	for name, req := range map[string]*pb.GetTraceRequest{"nothing": {}, "both": {TraceId: traceID(0), RunId: "team-run-0"}} {
		if _, err := s.traces.GetTrace(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("GetTrace by %s: %v", name, err)
		}
	}
}

func TestSpansAndTracesSayWhatTheyCost(t *testing.T) {
	s := newServer(t, withPrices)
	writeDesks(t, s, 0, 1)
	want := map[string]*pb.Cost{
		"large.invoke":   {NanoUsd: 1100, Source: pb.CostSource_COST_SOURCE_COMPUTED, ComputedNanoUsd: 1100, ComputedCalls: 1},
		"small.invoke":   {NanoUsd: 110, Source: pb.CostSource_COST_SOURCE_COMPUTED, ComputedNanoUsd: 110, ComputedCalls: 1},
		"mystery.invoke": {Source: pb.CostSource_COST_SOURCE_UNPRICED, UnpricedCalls: 1},
	}
	trace, err := s.traces.GetTrace(t.Context(), &pb.GetTraceRequest{TraceId: traceID(0)})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.traces.ListSpans(t.Context(), &pb.ListSpansRequest{View: pb.SpanView_SPAN_VIEW_FULL})
	if err != nil {
		t.Fatal(err)
	}
	for _, span := range slices.Concat(trace.GetSpans(), list.GetSpans()) {
		if diff := cmp.Diff(want[span.GetName()], span.GetModelCall().GetCost(), protocmp.Transform()); diff != "" {
			t.Errorf("%s: %s", span.GetName(), diff)
		}
	}
	if got := trace.GetTrace(); got.GetSettled() || got.GetCost() != nil || got.GetRunCount() != 0 {
		t.Errorf("before it has settled: %v", got)
	}
	dear, err := s.traces.ListSpans(t.Context(), &pb.ListSpansRequest{Query: `{ usage:cost > 0.000001 } | select(usage:cost)`})
	if err != nil || len(dear.GetSpans()) != 1 || dear.GetSpans()[0].GetName() != "large.invoke" {
		t.Errorf("a query about computed costs: %v, %v", dear, err)
	}
	s.settle(t)
	after, err := s.traces.GetTrace(t.Context(), &pb.GetTraceRequest{TraceId: traceID(0)})
	if got := after.GetTrace(); err != nil || !got.GetSettled() || got.GetCost().GetNanoUsd() != 1210 || got.GetCost().GetUnpricedCalls() != 1 || got.GetRunCount() != 2 {
		t.Errorf("settled: %v, %v", got, err)
	}
}
