package draw_test

import (
	"fmt"
	"regexp"
	"time"
	"unicode"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

// sgr finds the escape sequences that set colours.
var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

func isControl(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

var begin = time.Date(2026, 3, 14, 15, 9, 26, 535_000_000, time.UTC)

// spanOf makes a span that starts and ends some milliseconds after begin.
func spanOf(id, parent, name string, kind agenttracev1.SpanType, from, to int) *agenttracev1.Span {
	return &agenttracev1.Span{
		TraceId: "5b8efff798038103d269b633813fc60c", SpanId: id, ParentSpanId: parent, Name: name, Type: kind,
		StartTime: timestamppb.New(begin.Add(time.Duration(from) * time.Millisecond)),
		EndTime:   timestamppb.New(begin.Add(time.Duration(to) * time.Millisecond)),
		Duration:  durationpb.New(time.Duration(to-from) * time.Millisecond),
	}
}

func failing(s *agenttracev1.Span, kind, message string) *agenttracev1.Span {
	s.Failed = true
	if kind != "" || message != "" {
		s.Error = &agenttracev1.SpanError{Type: kind, Message: message}
	}
	return s
}

func modelCall(s *agenttracev1.Span, model string, in, out int64, nano int64) *agenttracev1.Span {
	s.ModelCall = &agenttracev1.ModelCall{
		Model: model, Usage: &agenttracev1.Usage{InputTokens: in, OutputTokens: out, TotalTokens: in + out},
		Cost: &agenttracev1.Cost{NanoUsd: nano, Source: agenttracev1.CostSource_COST_SOURCE_COMPUTED},
	}
	return s
}

// traceOf sums spans up as a server does, as far as it is drawn.
func traceOf(name string, spans []*agenttracev1.Span) *agenttracev1.Trace {
	t := &agenttracev1.Trace{
		TraceId: "5b8efff798038103d269b633813fc60c", Name: name, RootArrived: true, Settled: true, SpanCount: int64(len(spans)),
		Usage: &agenttracev1.Usage{}, Cost: &agenttracev1.Cost{Source: agenttracev1.CostSource_COST_SOURCE_COMPUTED},
		StartTime: timestamppb.New(begin),
	}
	end := begin
	for _, s := range spans {
		if at := s.GetEndTime().AsTime(); at.After(end) {
			end = at
		}
		if s.GetFailed() {
			t.Failed = true
			t.ErrorCount++
		}
		if s.GetError() != nil && t.FirstError == nil {
			t.FirstError = &agenttracev1.TraceError{SpanId: s.GetSpanId(), SpanName: s.GetName(), Type: s.GetError().GetType(), Message: s.GetError().GetMessage()}
		}
		u := s.GetModelCall().GetUsage()
		t.Usage.InputTokens += u.GetInputTokens()
		t.Usage.OutputTokens += u.GetOutputTokens()
		t.Usage.TotalTokens += u.GetTotalTokens()
		t.Cost.NanoUsd += s.GetModelCall().GetCost().GetNanoUsd()
	}
	t.EndTime, t.Duration = timestamppb.New(end), durationpb.New(end.Sub(begin))
	return t
}

// refund is a team that asks two agents; a tool of one of them fails.
func refund() (*agenttracev1.Trace, []*agenttracev1.Span) {
	const (
		team, agent   = agenttracev1.SpanType_SPAN_TYPE_TEAM, agenttracev1.SpanType_SPAN_TYPE_AGENT
		llm, toolType = agenttracev1.SpanType_SPAN_TYPE_LLM, agenttracev1.SpanType_SPAN_TYPE_TOOL
	)
	first := modelCall(spanOf("11", "02", "OpenAIChat.invoke", llm, 10, 900), "gpt-4o-mini", 1200, 80, 228_000)
	first.ModelCall.InputMessages = []*agenttracev1.Message{
		{Role: "system", Content: "You help customers of a shop."},
		{Role: "user", Content: "Where is my refund for order A-10042?"},
	}
	first.ModelCall.OutputMessages = []*agenttracev1.Message{{Role: "assistant", ToolCalls: []*agenttracev1.ToolCall{{Id: "c1", Name: "find_refund", Arguments: `{"order": "A-10042"}`}}}}
	tool := failing(spanOf("12", "02", "find_refund", toolType, 910, 3200), "TimeoutError", "the payment service did not answer within 2 s")
	tool.ToolUse = &agenttracev1.ToolUse{Name: "find_refund", Arguments: `{"order": "A-10042"}`}
	second := modelCall(spanOf("13", "02", "OpenAIChat.invoke", llm, 3210, 4700), "gpt-4o-mini", 1350, 120, 274_500)
	second.ModelCall.InputMessages = append(append([]*agenttracev1.Message(nil), first.ModelCall.InputMessages...),
		first.ModelCall.OutputMessages[0], &agenttracev1.Message{Role: "tool", ToolCallId: "c1", Content: "error: the payment service did not answer within 2 s"})
	second.ModelCall.OutputMessages = []*agenttracev1.Message{{Role: "assistant", Content: "I could not look that up just now.\nPlease try again in a few minutes; your order A-10042 is not lost, and nothing has to be done from your side until then."}}
	writer := spanOf("03", "01", "退款_Agent.run", agent, 4710, 6020)
	writer.Output = &agenttracev1.Content{Value: "ご返金は処理中です 🙏🏽"}
	spans := []*agenttracev1.Span{
		spanOf("01", "", "Support_Team.run", team, 0, 6100),
		failing(spanOf("02", "01", "Refund_Agent.run", agent, 5, 4705), "", ""),
		first, tool, second, writer,
		modelCall(spanOf("31", "03", "Claude.invoke", llm, 4720, 6010), "claude-sonnet-4-5", 900, 210, 5_850_000),
	}
	trace := traceOf("Support_Team.run", spans)
	trace.LlmCount, trace.ToolCount, trace.RunCount = 3, 1, 3
	trace.Identity = &agenttracev1.Identity{TeamName: "Support Team", TeamId: "support-team", SessionId: "s-1", UserId: "u-17", RunId: "run-1"}
	trace.Service, trace.Environment = "shop", "production"
	return trace, spans
}

// loop is an agent that calls a model and a tool, over and over.
func loop(rounds int) (*agenttracev1.Trace, []*agenttracev1.Span) {
	spans := []*agenttracev1.Span{spanOf("root", "", "Loop_Agent.run", agenttracev1.SpanType_SPAN_TYPE_AGENT, 0, rounds*100)}
	for i := range rounds {
		at := i * 100
		spans = append(spans, modelCall(spanOf(fmt.Sprintf("m%d", i), "root", "OpenAIChat.invoke", agenttracev1.SpanType_SPAN_TYPE_LLM, at, at+60), "gpt-4o", 100, 10, 350_000))
		tool := spanOf(fmt.Sprintf("t%d", i), "root", "search", agenttracev1.SpanType_SPAN_TYPE_TOOL, at+60, at+100)
		if i == rounds*2/3 {
			failing(tool, "RateLimited", "too many searches")
		}
		spans = append(spans, tool, spanOf(fmt.Sprintf("h%d", i), fmt.Sprintf("t%d", i), "GET", agenttracev1.SpanType_SPAN_TYPE_UNSPECIFIED, at+70, at+90))
	}
	return traceOf("Loop_Agent.run", spans), spans
}

// hostile is what an attacker would have a tool return.
const hostile = "\x1b[2J\x1b[1;1Howned\x1b]0;title\x07\x1b]8;;http://evil.example\x07link\r\b\b\x9b31m\u202egnp.exe\u2066\x00\tend\u200b\U000e0041 e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301 \xff\xfe 漢字👩‍👩‍👧🇩🇪"

// attack is a trace in which every text is hostile.
func attack() (*agenttracev1.Trace, []*agenttracev1.Span) {
	s := failing(spanOf("01", "", hostile, agenttracev1.SpanType_SPAN_TYPE_LLM, 0, 1000), hostile, hostile+"\n"+hostile)
	modelCall(s, hostile, 1, 1, 1)
	s.ModelCall.InputMessages = []*agenttracev1.Message{{Role: hostile, Content: hostile + "\n\t" + hostile, Reasoning: hostile, ToolCalls: []*agenttracev1.ToolCall{{Name: hostile, Arguments: hostile}}}}
	child := spanOf("02", "01", "tool", agenttracev1.SpanType_SPAN_TYPE_TOOL, 0, 500)
	child.ToolUse = &agenttracev1.ToolUse{Arguments: hostile, Result: `{"a": "` + "\u202e" + `", "long": "0123456789012345678901234567890123456789012345678901234567890123456789"}`}
	orphan := spanOf("03", "gone", "orphan", agenttracev1.SpanType_SPAN_TYPE_CHAIN, 100, 100)
	orphan.Input, orphan.Output = &agenttracev1.Content{Value: hostile}, &agenttracev1.Content{Value: hostile}
	spans := []*agenttracev1.Span{s, child, orphan}
	trace := traceOf(hostile, spans)
	trace.Identity = &agenttracev1.Identity{AgentId: hostile, AgentName: hostile, SessionId: hostile, UserId: hostile}
	trace.Service = hostile
	return trace, spans
}
