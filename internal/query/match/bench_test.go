package match_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

// agentTrace is a trace of twenty spans: an agent that calls models and tools.
func agentTrace() []*model.Span {
	spans := make([]*model.Span, 20)
	for i := range spans {
		s := modelCall()
		s.SpanID, s.ParentID, s.StartNano = model.SpanID{7: byte(i + 1)}, model.SpanID{7: 1}, int64(i)
		s.Name = fmt.Sprint("call ", i)
		if i == 0 {
			s.ParentID, s.Type, s.AgentID = model.SpanID{}, model.TypeAgent, "support"
		}
		if i%2 == 1 {
			s.Type, s.ToolName = model.TypeTool, "refund"
		}
		spans[i] = s
	}
	return spans
}

var conditions = []string{
	`type = tool && failed`,
	`.http.method = "GET" && event.step > 1`,
	`duration * 2 > 10s || usage:total + 1 < 5`,
	`content:messages : "refund"`,
	`trace:duration > 1s && trace:rootName != "x" && span:childCount = 0`,
}

func TestConditionsAllocateNothing(t *testing.T) {
	spans := agentTrace()
	for _, condition := range conditions[:4] { // the last one is about the trace
		e := parseWhole(t, "{ "+condition+" }").Source.(*query.Filter).Condition
		if n := testing.AllocsPerRun(10, func() {
			for _, s := range spans {
				match.Holds(e, s)
			}
		}); n > 0 {
			t.Errorf("%s allocates %v times", condition, n)
		}
	}
}

func BenchmarkCondition(b *testing.B) {
	spans := agentTrace()
	for _, condition := range conditions {
		b.Run(strings.ReplaceAll(condition, " ", ""), func(b *testing.B) {
			q := parseWhole(b, "{ "+condition+" }")
			b.ReportAllocs()
			for b.Loop() {
				match.Select(q, match.NewTrace(spans))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(spans)), "ns/span")
		})
	}
}

func BenchmarkStructure(b *testing.B) {
	for _, text := range []string{
		`{ agent:id = "support" } >> { tool:name = "refund" && duration > 2s }`,
		`{ type = llm } ~ { type = tool } | by(tool:name) | count() > 2`,
		`{ type = tool } then { type = llm }`,
	} {
		b.Run(strings.ReplaceAll(text, " ", ""), func(b *testing.B) {
			q, spans := parseWhole(b, text), agentTrace()
			b.ReportAllocs()
			for b.Loop() {
				match.Select(q, match.NewTrace(spans))
			}
		})
	}
}

func BenchmarkFold(b *testing.B) {
	prose := strings.Repeat(`The customer asked: \"Where is my money?\" and the agent said that it would look into the order, {"id": 4711, "state": "open"}. `, 10_000)
	cyrillic := strings.Repeat("Клиент спросил, где его деньги, и агент ответил, что посмотрит заказ. ", 10_000)
	for name, test := range map[string]struct{ text, needle string }{
		"rare letter":    {prose, "refund"},
		"usual letters":  {prose, "statement"},
		"only e":         {prose, "eee"},
		"begins often":   {prose, "customer refused"},
		"digits":         {prose, "4712"},
		"k and s":        {prose, "kss"},
		"cyrillic":       {cyrillic, "возврат"},
		"cyrillic/ascii": {prose, "возврат"},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(test.text)))
			for b.Loop() {
				if match.Fold(test.text, test.needle) {
					b.Fatal("found")
				}
			}
		})
	}
}
