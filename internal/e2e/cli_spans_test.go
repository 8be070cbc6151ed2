//go:build !race

// Why not under the race detector: see run in main_test.go.

package e2e_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// toldAt is when the first of the traces begins that the command line is tested with.
var toldAt = time.Date(2026, 3, 14, 15, 9, 26, 535_000_000, time.UTC)

// fixedSpan makes a span of trace n, some milliseconds after toldAt.
func fixedSpan(n int, id, parent uint64, name string, kind agenttracev1.SpanType, from, to int) *agenttracev1.Span {
	s := &agenttracev1.Span{
		TraceId: fixedTraceID(n), SpanId: fmt.Sprintf("%016x", id), Name: name, Type: kind,
		StartTime: timestamppb.New(toldAt.Add(time.Duration(from) * time.Millisecond)),
		EndTime:   timestamppb.New(toldAt.Add(time.Duration(to) * time.Millisecond)),
		Service:   "shop", Environment: "production",
	}
	if parent != 0 {
		s.ParentSpanId = fmt.Sprintf("%016x", parent)
	}
	return s
}

func fixedTraceID(n int) string { return fmt.Sprintf("5b8efff798038103d269b633813fc6%02x", n) }

// ran makes a span the run of an agent or a team.
func ran(s *agenttracev1.Span, agent, team, session, user, run string) *agenttracev1.Span {
	s.Identity = &agenttracev1.Identity{AgentId: agent, AgentName: agent, TeamId: team, TeamName: team, SessionId: session, UserId: user, RunId: run}
	return s
}

// called makes a span a model call whose sender reported its cost; negative for none.
func called(s *agenttracev1.Span, model string, in, out int64, dollars float64, asked, answered string) *agenttracev1.Span {
	s.ModelCall = &agenttracev1.ModelCall{
		Model: model, Provider: "OpenAI", Usage: &agenttracev1.Usage{InputTokens: in, OutputTokens: out},
		InputMessages:  []*agenttracev1.Message{{Role: "system", Content: "You help customers of a shop."}, {Role: "user", Content: asked}},
		OutputMessages: []*agenttracev1.Message{{Role: "assistant", Content: answered}},
	}
	if dollars >= 0 {
		s.Attributes = append(s.Attributes, &agenttracev1.KeyValue{Key: "llm.cost.total", Value: &agenttracev1.Value{Kind: &agenttracev1.Value_DoubleValue{DoubleValue: dollars}}})
	}
	return s
}

func used(s *agenttracev1.Span, tool, arguments, result string) *agenttracev1.Span {
	s.ToolUse = &agenttracev1.ToolUse{Name: tool, Arguments: arguments, Result: result}
	return s
}

func raised(s *agenttracev1.Span, kind, message string) *agenttracev1.Span {
	text := func(v string) *agenttracev1.Value {
		return &agenttracev1.Value{Kind: &agenttracev1.Value_StringValue{StringValue: v}}
	}
	s.Status = &agenttracev1.SpanStatus{Code: agenttracev1.StatusCode_STATUS_CODE_ERROR, Message: message}
	s.Events = []*agenttracev1.Event{{Time: s.GetEndTime(), Name: "exception", Attributes: []*agenttracev1.KeyValue{
		{Key: "exception.type", Value: text(kind)}, {Key: "exception.message", Value: text(message)},
	}}}
	return s
}

const (
	agentSpan = agenttracev1.SpanType_SPAN_TYPE_AGENT
	teamSpan  = agenttracev1.SpanType_SPAN_TYPE_TEAM
	llmSpan   = agenttracev1.SpanType_SPAN_TYPE_LLM
	toolSpan  = agenttracev1.SpanType_SPAN_TYPE_TOOL
)

// escapes is what a tool may return to take the terminal over.
const escapes = "\x1b[2J\x1b[1;1H\x1b]0;owned\x07 all is \u202efine\r\n\tnow"

// fixedSpans are the spans of three traces: a team of which a tool fails, an agent
// whose model nobody has a price of, and one that works in Chinese and is attacked.
func fixedSpans() []*agenttracev1.Span {
	team := ran(fixedSpan(1, 1, 0, "Support_Team.run", teamSpan, 0, 6100), "", "support-team", "s-1", "u-17", "run-1")
	team.Input = &agenttracev1.Content{Value: "Where is my refund for order A-10042?"}
	team.Output = &agenttracev1.Content{Value: "I could not look that up just now. Please try again in a few minutes."}
	agent := ran(fixedSpan(1, 2, 1, "Refund_Agent.run", agentSpan, 5, 4705), "refund-agent", "", "", "", "run-2")
	agent.Input = &agenttracev1.Content{Value: "Find the refund of order A-10042."}
	const day, hour = 24 * 3600_000, 3600_000
	other := ran(fixedSpan(2, 1, 0, "Writer.run", agentSpan, hour, hour+2500), "writer", "", "s-1", "u-17", "run-4")
	other.Input, other.Output = &agenttracev1.Content{Value: "Write an apology."}, &agenttracev1.Content{Value: "We are sorry."}
	chinese := ran(fixedSpan(3, 1, 0, "退款助手.run", agentSpan, day, day+900), "退款助手", "", "会话-2", "山田", "run-5")
	chinese.Input, chinese.Output = &agenttracev1.Content{Value: "我的退款在哪里？ 🙏🏽"}, &agenttracev1.Content{Value: escapes}
	return []*agenttracev1.Span{
		team, agent,
		called(fixedSpan(1, 3, 2, "OpenAIChat.invoke", llmSpan, 10, 900), "gpt-4o-mini", 1200, 80, 0.000228, "Find the refund of order A-10042.", "I look it up."),
		raised(used(fixedSpan(1, 4, 2, "find_refund", toolSpan, 910, 3200), "find_refund", `{"order": "A-10042"}`, ""), "TimeoutError", "the payment service did not answer within 2 s"),
		called(fixedSpan(1, 5, 2, "OpenAIChat.invoke", llmSpan, 3210, 4700), "gpt-4o-mini", 1350, 120, 0.0002745, "Find the refund of order A-10042.", "I could not look that up just now."),
		ran(fixedSpan(1, 6, 1, "Writer.run", agentSpan, 4710, 6020), "writer", "", "", "", "run-3"),
		called(fixedSpan(1, 7, 6, "Claude.invoke", llmSpan, 4720, 6010), "claude-sonnet-4-5", 900, 210, 0.00585, "Say it kindly.", "Please try again in a few minutes."),
		other,
		called(fixedSpan(2, 2, 1, "OpenAILike.invoke", llmSpan, hour+5, hour+2490), "house-model", 300, 60, -1, "Write an apology.", "We are sorry."),
		chinese,
		used(fixedSpan(3, 2, 1, "查询", toolSpan, day+10, day+400), "查询", `{"订单": "A-10042"}`, escapes),
		called(fixedSpan(3, 3, 1, "OpenAIChat.invoke", llmSpan, day+410, day+890), "gpt-4o-mini", 500, 40, 0.0001, "我的退款在哪里？", escapes),
	}
}

// serverWithFixedSpans starts a server that has fixedSpans and has settled them.
func serverWithFixedSpans(t *testing.T, store string) *server {
	t.Helper()
	s := startServer(t, append(soon, "--store="+store, anyPast)...)
	writeSpans(t, s, fixedSpans())
	await(t, "the traces settle", func() bool {
		traces := listTraces(t, reader(t, s, "default"), 1000)
		return len(traces) > 0 && !slices.ContainsFunc(traces, func(trace *agenttracev1.Trace) bool { return !trace.GetSettled() })
	})
	return s
}

// anyPast makes a server take spans of any time.
const anyPast = "--max-past=36500d"

func writeSpans(t *testing.T, s *server, spans []*agenttracev1.Span) {
	t.Helper()
	writer := agenttracev1connect.NewIngestServiceClient(newClient(t), s.url())
	for part := range slices.Chunk(spans, 5000) {
		written, err := writer.WriteSpans(t.Context(), &agenttracev1.WriteSpansRequest{Spans: part})
		if err != nil || len(written.GetRejected()) > 0 {
			t.Fatalf("write the spans: %v, %v", err, written.GetRejected())
		}
	}
}
