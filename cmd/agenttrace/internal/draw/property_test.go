package draw_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

// anyText is text as strangers write it: with control characters, of all widths.
var anyText = rapid.OneOf(
	rapid.String(), rapid.StringMatching(`[a-z ]{0,60}`), rapid.Just(hostile),
	rapid.StringOfN(rapid.SampledFrom([]rune("\x1b[31m\r\n\t\u009b漢字😀👩\u200d🇩🇪e\u0301\u202e\u00ad ")), 0, 80, -1),
)

// anySpans draws spans of a trace, some without their parents.
func anySpans(t *rapid.T) []*agenttracev1.Span {
	n := rapid.IntRange(0, 25).Draw(t, "spans")
	spans := make([]*agenttracev1.Span, n)
	for i := range spans {
		from := rapid.IntRange(-10, 100_000).Draw(t, "from")
		s := spanOf(fmt.Sprint(i), fmt.Sprint(rapid.IntRange(-3, n).Draw(t, "parent")), anyText.Draw(t, "name"),
			agenttracev1.SpanType(rapid.IntRange(0, 14).Draw(t, "type")), from, from+rapid.IntRange(0, 100_000).Draw(t, "took"))
		if rapid.Bool().Draw(t, "model") {
			modelCall(s, anyText.Draw(t, "model"), rapid.Int64Range(0, 1e12).Draw(t, "tokens"), 0, rapid.Int64Range(0, 1e15).Draw(t, "cost"))
			s.ModelCall.InputMessages = []*agenttracev1.Message{{Role: anyText.Draw(t, "role"), Content: anyText.Draw(t, "content")}}
		}
		if rapid.Bool().Draw(t, "failed") {
			failing(s, anyText.Draw(t, "class"), anyText.Draw(t, "message"))
		}
		s.Input = &agenttracev1.Content{Value: anyText.Draw(t, "input")}
		s.ToolUse = &agenttracev1.ToolUse{Arguments: anyText.Draw(t, "arguments")}
		spans[i] = s
	}
	return spans
}

// TestNothingIsWiderThanTheWidthOrForTheTerminal draws all there is from any text, at
// any width.
func TestNothingIsWiderThanTheWidthOrForTheTerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(40, 200).Draw(t, "width")
		spans := anySpans(t)
		trace := traceOf(anyText.Draw(t, "trace"), spans)
		trace.InputPreview, trace.Service = anyText.Draw(t, "preview"), anyText.Draw(t, "service")
		trace.Identity = &agenttracev1.Identity{UserId: anyText.Draw(t, "user"), SessionId: anyText.Draw(t, "session")}
		o := draw.TraceOptions{Width: width, Zone: time.UTC, Content: rapid.Bool().Draw(t, "content"), MaxLines: rapid.IntRange(0, 3).Draw(t, "lines"),
			MaxSpans: rapid.IntRange(0, 9).Draw(t, "most"), MaxDepth: rapid.IntRange(0, 3).Draw(t, "depth")}
		mustBeHarmless(t, width, draw.Trace(trace, spans, o))
		mustBeHarmless(t, width, listOf(draw.TraceColumns(), width, draw.TraceRow(trace, o)))
		for _, s := range spans {
			mustBeHarmless(t, width, listOf(draw.SpanColumns(), width, draw.SpanRow(s, o)))
		}
		run := &agenttracev1.Run{RunId: anyText.Draw(t, "run"), Name: trace.GetName(), InputPreview: trace.GetInputPreview(), Identity: trace.GetIdentity(), Failed: true}
		mustBeHarmless(t, width, listOf(draw.RunColumns(), width, draw.RunRow(run, o)))
		mustBeHarmless(t, width, draw.Exchange(run, width))
	})
}

func listOf(columns []shell.Column, width int, rows ...[]shell.Cell) []shell.Line {
	return shell.NewTable(width, columns...).Lines(rows)
}

func TestChartsFitAnyWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(40, 200).Draw(t, "width")
		step := rapid.Int64Range(1, int64(time.Hour)).Draw(t, "step")
		steps := rapid.Int64Range(1, 300).Draw(t, "steps")
		m := &agenttracev1.QueryMetricsResponse{
			StartTime: timestamppb.New(begin), EndTime: timestamppb.New(begin.Add(time.Duration(step * steps))), Step: durationpb.New(time.Duration(step)),
		}
		for range rapid.IntRange(1, 5).Draw(t, "series") {
			s := &agenttracev1.Series{Labels: []*agenttracev1.KeyValue{{Key: anyText.Draw(t, "key"), Value: stringValue(anyText.Draw(t, "label"))}}}
			for range rapid.IntRange(0, 5).Draw(t, "points") {
				at := begin.Add(time.Duration(step * rapid.Int64Range(0, steps).Draw(t, "at")))
				s.Points = append(s.Points, &agenttracev1.Point{Time: timestamppb.New(at), Value: rapid.Float64().Draw(t, "value")})
			}
			m.Series = append(m.Series, s)
		}
		query := rapid.SampledFrom([]string{"{} | rate()", "{} | avg_over_time(duration)", "{} | sum_over_time(usage:cost)", "{} | histogram_over_time(duration)"}).Draw(t, "query")
		mustBeHarmless(t, width, draw.Metrics(m, draw.MetricsOptions{Width: width, Zone: time.UTC, Query: query, Charts: rapid.Bool().Draw(t, "charts")}))
	})
}

func stringValue(s string) *agenttracev1.Value {
	return &agenttracev1.Value{Kind: &agenttracev1.Value_StringValue{StringValue: s}}
}
