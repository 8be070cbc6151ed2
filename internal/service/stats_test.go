package service_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/service/fault"
)

// solo returns a trace of one agent of so many seconds.
func solo(n int, agent, session string, seconds int) *pb.Span {
	span := lived(n, 1, 0, 0, time.Duration(seconds)*time.Second)
	span.Name, span.Type = "Solo.run", pb.SpanType_SPAN_TYPE_AGENT
	span.Identity = &pb.Identity{AgentId: agent, SessionId: session, UserId: "user"}
	return span
}

func statsLine(r *pb.TraceStats) string {
	return fmt.Sprintf("%s: %d traces, %d failed, %d sessions, average %v, p95 %v, longest %v", r.GetKey(), r.GetTraceCount(), r.GetFailedCount(), r.GetSessionCount(),
		r.GetAverageDuration().AsDuration(), r.GetP95Duration().AsDuration(), r.GetMaxDuration().AsDuration())
}

func TestTraceStatsCountWhatTracesAreAbout(t *testing.T) {
	s := newServer(t)
	writeDesks(t, s, 0, 4)
	for i := range 20 {
		span := solo(10+i, "a", fmt.Sprint("s-", i%3), i+1)
		span.Failed = i < 2
		if span.Failed {
			span.Status = &pb.SpanStatus{Code: pb.StatusCode_STATUS_CODE_ERROR}
		}
		write(t, s, span)
	}
	write(t, s, solo(30, "b", "", 3), solo(40*24*60, "a", "old", 100))
	call := lived(31, 1, 0, 0, time.Second)
	call.Name, call.Identity = "POST /chat", &pb.Identity{SessionId: "s-1"}
	write(t, s, call)
	const (
		a = "a: 20 traces, 2 failed, 3 sessions, average 10.5s, p95 19s, longest 20s"
		b = "b: 1 traces, 0 failed, 0 sessions, average 3s, p95 3s, longest 3s"
	)
	for _, c := range []struct {
		name string
		req  *pb.QueryTraceStatsRequest
		want []string
	}{
		{"agents", &pb.QueryTraceStatsRequest{}, []string{a, b}},
		{"the first", &pb.QueryTraceStatsRequest{GroupBy: pb.TraceStatsGroup_TRACE_STATS_GROUP_AGENT, Limit: 1}, []string{a}},
		{"an agent", &pb.QueryTraceStatsRequest{AgentId: "b"}, []string{b}},
		{"an agent that is not the topmost run", &pb.QueryTraceStatsRequest{AgentId: "tracker"}, nil},
		{"session", &pb.QueryTraceStatsRequest{SessionId: "s-2"}, []string{"a: 6 traces, 0 failed, 1 sessions, average 10.5s, p95 18s, longest 18s"}},
		{"teams", &pb.QueryTraceStatsRequest{GroupBy: pb.TraceStatsGroup_TRACE_STATS_GROUP_TEAM}, []string{"desk: 4 traces, 4 failed, 2 sessions, average 10s, p95 10s, longest 10s"}},
		{"workflows", &pb.QueryTraceStatsRequest{GroupBy: pb.TraceStatsGroup_TRACE_STATS_GROUP_WORKFLOW}, nil},
		{"endpoints", &pb.QueryTraceStatsRequest{GroupBy: pb.TraceStatsGroup_TRACE_STATS_GROUP_ENDPOINT}, []string{"POST /chat: 1 traces, 0 failed, 1 sessions, average 1s, p95 1s, longest 1s"}},
		{"sessions of a user", &pb.QueryTraceStatsRequest{GroupBy: pb.TraceStatsGroup_TRACE_STATS_GROUP_SESSION, UserId: "user-1"},
			[]string{"session-1: 1 traces, 1 failed, 1 sessions, average 10s, p95 10s, longest 10s"}},
		{"a time", &pb.QueryTraceStatsRequest{StartTime: timestamppb.New(began(12)), EndTime: timestamppb.New(began(10))},
			[]string{"a: 2 traces, 1 failed, 2 sessions, average 2.5s, p95 3s, longest 3s"}},
	} {
		for name, client := range s.protocols() {
			res, err := client.query().QueryTraceStats(t.Context(), c.req)
			var got []string
			for _, row := range res.GetRows() {
				got = append(got, statsLine(row))
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s, %s: %q, %v; want %q", c.name, name, got, err, c.want)
			}
		}
	}
	res, err := s.query.QueryTraceStats(t.Context(), &pb.QueryTraceStatsRequest{AgentId: "a"})
	if err != nil || !res.GetRows()[0].GetFirstTime().AsTime().Equal(began(29)) || !res.GetRows()[0].GetLastTime().AsTime().Equal(began(10)) {
		t.Errorf("%v, %v", res, err)
	}
}

func spanLine(r *pb.SpanStats) string {
	return fmt.Sprintf("%s: %d calls, %d failed, average %v, longest %v, last %s", r.GetName(), r.GetCalls(), r.GetFailures(),
		r.GetAverageDuration().AsDuration(), r.GetMaxDuration().AsDuration(), r.GetLastTime().AsTime().Format("15:04:05"))
}

func TestSpanStatsCountByNameAndType(t *testing.T) {
	s := newServer(t)
	writeDesks(t, s, 0, 4)
	for i := range 20 {
		write(t, s, solo(10+i, "a", "", i+1))
	}
	long := solo(60*24*60, "tracker", "", 0) // began long ago, and is not over
	long.EndTime = timestamppb.New(now)
	late := modelCall(lived(60*24*60, 2, 1, 0, 0), "large", 1, 1)
	late.StartTime, late.EndTime = timestamppb.New(now.Add(-time.Minute)), timestamppb.New(now)
	unnamed := lived(32, 1, 0, 0, 0)
	write(t, s, long, late, unnamed)
	const (
		solos   = "Solo.run: 20 calls, 0 failed, average 10.5s, longest 20s, last 13:59:26"
		track   = "track: 4 calls, 4 failed, average 1s, longest 1s, last 14:09:31"
		team    = "Desk.run: 4 calls, 0 failed, average 10s, longest 10s, last 14:09:26"
		member  = "Tracker.run: 4 calls, 0 failed, average 7s, longest 7s, last 14:09:28"
		large   = "large.invoke: 5 calls, 0 failed, average 12.8s, longest 1m0s, last 15:08:26"
		small   = "small.invoke: 4 calls, 0 failed, average 2s, longest 2s, last 14:09:29"
		mystery = "mystery.invoke: 4 calls, 0 failed, average 2s, longest 2s, last 14:09:32"
		nothing = ": 1 calls, 0 failed, average 0s, longest 0s, last 13:37:26"
	)
	const llm, tool = pb.SpanType_SPAN_TYPE_LLM, pb.SpanType_SPAN_TYPE_TOOL
	for _, c := range []struct {
		name string
		req  *pb.QuerySpanStatsRequest
		want []string
	}{
		{"all, by calls", &pb.QuerySpanStatsRequest{}, []string{solos, large, team, member, mystery, small, track, nothing}},
		{"average", &pb.QuerySpanStatsRequest{OrderBy: pb.SpanStatsOrder_SPAN_STATS_ORDER_AVERAGE_DURATION, Limit: 3}, []string{large, solos, team}},
		{"p95", &pb.QuerySpanStatsRequest{OrderBy: pb.SpanStatsOrder_SPAN_STATS_ORDER_P95_DURATION, Limit: 3}, []string{large, solos, team}},
		{"longest", &pb.QuerySpanStatsRequest{OrderBy: pb.SpanStatsOrder_SPAN_STATS_ORDER_MAX_DURATION, Limit: 2}, []string{large, solos}},
		{"failures", &pb.QuerySpanStatsRequest{OrderBy: pb.SpanStatsOrder_SPAN_STATS_ORDER_FAILURES, Limit: 1}, []string{track}},
		{"last", &pb.QuerySpanStatsRequest{OrderBy: pb.SpanStatsOrder_SPAN_STATS_ORDER_LAST}, []string{large, mystery, track, small, member, team, solos, nothing}},
		{"the very last", &pb.QuerySpanStatsRequest{OrderBy: pb.SpanStatsOrder_SPAN_STATS_ORDER_LAST, Limit: 3}, []string{large, mystery, track}},
		{"a type", &pb.QuerySpanStatsRequest{Type: llm}, []string{large, mystery, small}},
		{"a name", &pb.QuerySpanStatsRequest{Name: "track"}, []string{track}},
		{"a time", &pb.QuerySpanStatsRequest{Type: tool, StartTime: timestamppb.New(began(1)), EndTime: timestamppb.New(began(0))},
			[]string{"track: 1 calls, 1 failed, average 1s, longest 1s, last 14:08:31"}},
		{"traces of a team", &pb.QuerySpanStatsRequest{TeamId: "desk", Type: tool}, []string{track}},
		{"traces of a team and an agent, by last", &pb.QuerySpanStatsRequest{TeamId: "desk", AgentId: "tracker", OrderBy: pb.SpanStatsOrder_SPAN_STATS_ORDER_LAST, Limit: 2}, []string{mystery, track}},
		{"traces of an agent, one of them from long ago", &pb.QuerySpanStatsRequest{AgentId: "tracker", Type: llm}, []string{large, mystery, small}},
		{"traces of nobody", &pb.QuerySpanStatsRequest{WorkflowId: "none"}, nil},
	} {
		for name, client := range s.protocols() {
			res, err := client.query().QuerySpanStats(t.Context(), c.req)
			var got []string
			for _, row := range res.GetRows() {
				got = append(got, spanLine(row))
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s, %s: %q, %v; want %q", c.name, name, got, err, c.want)
			}
		}
	}
	for _, agent := range []string{"", "a"} {
		res, err := s.query.QuerySpanStats(t.Context(), &pb.QuerySpanStatsRequest{Name: "Solo.run", AgentId: agent})
		if p95 := res.GetRows()[0].GetP95Duration().AsDuration(); err != nil || math.Abs(p95.Seconds()-19) > 0.19 {
			t.Errorf("agent %q: p95 %v, %v", agent, p95, err)
		}
	}
}

func TestStatsThatCannotBeAskedAreRefused(t *testing.T) {
	s := newServer(t, func(c *service.Config) {
		c.QueryLimits = search.Limits{MaxTraces: 2, MaxRange: 40 * 24 * time.Hour}
		c.MaxTraceSpans = 6
	})
	writeDesks(t, s, 0, 3)
	write(t, s, append(desk(7), func() *pb.Span {
		span := lived(7, 9, 1, 0, 0)
		span.Identity = &pb.Identity{WorkflowId: "large"}
		return span
	}())...)
	ctx, long := t.Context(), timestamppb.New(now.Add(-50*24*time.Hour))
	_, traces := s.query.QueryTraceStats(ctx, &pb.QueryTraceStatsRequest{})
	_, tracesRange := s.query.QueryTraceStats(ctx, &pb.QueryTraceStatsRequest{StartTime: long})
	_, spansRange := s.query.QuerySpanStats(ctx, &pb.QuerySpanStatsRequest{StartTime: long})
	_, ofTeam := s.query.QuerySpanStats(ctx, &pb.QuerySpanStatsRequest{TeamId: "desk", StartTime: timestamppb.New(began(3))})
	_, large := s.query.QuerySpanStats(ctx, &pb.QuerySpanStatsRequest{WorkflowId: "large"})
	for name, c := range map[string]struct {
		err   error
		limit string
	}{
		"traces": {traces, "max-query-traces"}, "range of traces": {tracesRange, "max-query-range"}, "range of spans": {spansRange, "max-query-range"},
		"traces of a team": {ofTeam, "max-query-traces"}, "a large trace": {large, "max-trace-spans"},
	} {
		if reason, metadata := reasonOf(c.err); connect.CodeOf(c.err) != connect.CodeFailedPrecondition || reason != fault.ReasonQueryTooBroad || metadata["limit"] != c.limit {
			t.Errorf("%s: %v, %v", name, c.err, metadata)
		}
	}
	at := timestamppb.New(now)
	_, noTime := s.query.QueryTraceStats(ctx, &pb.QueryTraceStatsRequest{StartTime: at, EndTime: at})
	_, future := s.query.QuerySpanStats(ctx, &pb.QuerySpanStatsRequest{StartTime: timestamppb.New(now.Add(time.Hour))})
	for field, err := range map[string]error{"end_time": noTime, "start_time": future} {
		if connect.CodeOf(err) != connect.CodeInvalidArgument || violatedField(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, group := s.query.QueryTraceStats(ctx, &pb.QueryTraceStatsRequest{GroupBy: 99})
	_, order := s.query.QuerySpanStats(ctx, &pb.QuerySpanStatsRequest{OrderBy: 99})
	_, limit := s.query.QuerySpanStats(ctx, &pb.QuerySpanStatsRequest{Limit: -1})
	for name, err := range map[string]error{"group": group, "order": order, "limit": limit} {
		if connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}
