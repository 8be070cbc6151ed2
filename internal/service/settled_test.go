package service_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// prices are what a token of a model costs, in billionths of a dollar.
type prices map[string]int64

func (p prices) Price(s *model.Span) (nano int64, ok bool) {
	token, ok := p[s.Model]
	return token * s.Usage.Sum(), ok
}

// withPrices knows what known models cost. No test has a price for "mystery".
func withPrices(c *service.Config) { c.Prices = prices{"small": 2, "large": 10} }

// settle settles everything that is stored.
func (s *server) settle(t *testing.T) {
	t.Helper()
	for after := (*repo.TraceCursor)(nil); ; {
		page, err := s.store.Traces(t.Context(), "default", repo.TraceQuery{Limit: 100, After: after})
		if err != nil {
			t.Fatal(err)
		}
		var settlements []repo.Settlement
		for _, trace := range page {
			d, err := settle.Derive(t.Context(), s.store, "default", repo.RefOf(trace), prices{"small": 2, "large": 10}, settle.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			settlements = append(settlements, repo.Settlement{Project: "default", TraceID: trace.TraceID, Parts: d.Parts, Runs: d.Runs, Bills: d.Bills})
		}
		if len(page) == 0 {
			return
		}
		if err := s.store.Settle(t.Context(), nil, settlements); err != nil {
			t.Fatal(err)
		}
		after = new(repo.NewestFirst.CursorOf(page[len(page)-1]))
	}
}

// began is when trace n of the tests begins: each a minute before the last.
func began(n int) time.Time { return now.Add(-time.Hour - time.Duration(n)*time.Minute) }

// lived is what the spans of a trace begin with: their place and time.
func lived(trace, span, parent int, from, until time.Duration) *pb.Span {
	out := &pb.Span{
		TraceId: traceID(trace), SpanId: fmt.Sprintf("%016x", span), Service: "shop", Environment: "prod",
		StartTime: timestamppb.New(began(trace).Add(from)), EndTime: timestamppb.New(began(trace).Add(until)),
	}
	if parent > 0 {
		out.ParentSpanId = fmt.Sprintf("%016x", parent)
	}
	return out
}

func modelCall(span *pb.Span, name string, input, output int64) *pb.Span {
	span.Name, span.Type = name+".invoke", pb.SpanType_SPAN_TYPE_LLM
	span.ModelCall = &pb.ModelCall{Model: name, Provider: "acme", Usage: &pb.Usage{InputTokens: input, OutputTokens: output}}
	return span
}

// desk returns a trace of a team that asks a model and has a member work, who asks
// two models and calls a tool that fails. The member knows its own id and no more.
func desk(n int) []*pb.Span {
	team := lived(n, 1, 0, 0, 10*time.Second)
	team.Name, team.Type = "Desk.run", pb.SpanType_SPAN_TYPE_TEAM
	team.Identity = &pb.Identity{
		TeamId: "desk", TeamName: "Desk", RunId: fmt.Sprint("team-run-", n), SessionId: fmt.Sprint("session-", n%2), UserId: fmt.Sprint("user-", n%3),
	}
	team.Input, team.Output = &pb.Content{Value: "Where is my parcel?"}, &pb.Content{Value: "On its way."}
	member := lived(n, 2, 1, 2*time.Second, 9*time.Second)
	member.Name, member.Type = "Tracker.run", pb.SpanType_SPAN_TYPE_AGENT
	member.Identity = &pb.Identity{AgentId: "tracker", AgentName: "Tracker", RunId: fmt.Sprint("member-run-", n)}
	tool := lived(n, 5, 2, 5*time.Second, 6*time.Second)
	tool.Name, tool.Type, tool.ToolUse = "track", pb.SpanType_SPAN_TYPE_TOOL, &pb.ToolUse{Name: "track"}
	tool.Status, tool.Failed = &pb.SpanStatus{Code: pb.StatusCode_STATUS_CODE_ERROR, Message: "no such parcel"}, true
	return []*pb.Span{
		team, member, tool,
		modelCall(lived(n, 3, 1, time.Second, 2*time.Second), "large", 100, 10),
		modelCall(lived(n, 4, 2, 3*time.Second, 5*time.Second), "small", 50, 5),
		modelCall(lived(n, 6, 2, 6*time.Second, 8*time.Second), "mystery", 7, 3),
	}
}

// writeDesks stores so many traces.
func writeDesks(t *testing.T, s *server, from, until int) {
	t.Helper()
	for n := from; n < until; n++ {
		write(t, s, desk(n)...)
	}
}
