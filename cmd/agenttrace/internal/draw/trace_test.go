package draw_test

import (
	"strings"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

func TestATraceIsDrawnAsATree(t *testing.T) {
	for _, test := range []struct {
		name   string
		sample func() (*agenttracev1.Trace, []*agenttracev1.Span)
		o      draw.TraceOptions
	}{
		{"trace", refund, draw.TraceOptions{}},
		{"trace-content", refund, draw.TraceOptions{Content: true, MaxLines: 4}},
		{"trace-depth", refund, draw.TraceOptions{MaxDepth: 2}},
		{"trace-large", func() (*agenttracev1.Trace, []*agenttracev1.Span) { return loop(10_000) }, draw.TraceOptions{MaxSpans: 20}},
		{"trace-hostile", attack, draw.TraceOptions{Content: true, MaxLines: 6}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, width := range widths {
				trace, spans := test.sample()
				o := test.o
				o.Width, o.Zone = width, time.UTC
				mustLookLike(t, test.name, width, draw.Trace(trace, spans, o))
			}
		})
	}
}

func TestEverySpanOfATraceIsDrawnOrCounted(t *testing.T) {
	trace, spans := loop(30)
	for _, limit := range []int{0, 1, 2, 7, 40, 90, 91, 1000} {
		shown, hidden := 0, 0
		for _, line := range draw.Trace(trace, spans, draw.TraceOptions{Width: 120, Zone: time.UTC, MaxSpans: limit})[6:] {
			text := line.Render(false)
			if _, after, folded := strings.Cut(text, "⋯ "); folded {
				n := 0
				for _, digit := range strings.SplitN(after, " ", 2)[0] {
					n = n*10 + int(digit-'0')
				}
				hidden += n
			} else if strings.Contains(text, "█") || strings.Contains(text, "▏") {
				shown++
			}
		}
		if shown+hidden != len(spans) || limit > 0 && shown > limit {
			t.Errorf("limit %d: %d spans shown and %d counted, of %d", limit, shown, hidden, len(spans))
		}
	}
}

func TestOfALargeTraceItsFailuresAreShown(t *testing.T) {
	trace, spans := loop(10_000)
	drawn := text(draw.Trace(trace, spans, draw.TraceOptions{Width: 100, Zone: time.UTC, MaxSpans: 10}))
	if !strings.Contains(drawn, "✗ RateLimited: too many searches") {
		t.Errorf("the one failure among 30,000 spans is not shown:\n%s", drawn)
	}
}

func TestSpansThatAreTheirOwnAncestorsAreDrawn(t *testing.T) {
	spans := []*agenttracev1.Span{
		spanOf("a", "b", "a", 0, 0, 10), spanOf("b", "a", "b", 0, 0, 10), spanOf("c", "c", "c", 0, 0, 10), spanOf("d", "a", "d", 0, 0, 10),
	}
	drawn := text(draw.Trace(traceOf("circle", spans), spans, draw.TraceOptions{Width: 80, Zone: time.UTC}))
	if got := strings.Count(drawn, "█"); got == 0 || strings.Count(drawn, "\n") < 10 {
		t.Errorf("a circle of parents is drawn as\n%s", drawn)
	}
}

func TestAChainOfThousandsKeepsItsNames(t *testing.T) {
	spans := []*agenttracev1.Span{spanOf("0", "", "step", 0, 0, 10)}
	for i := range 5000 {
		spans = append(spans, spanOf(string(rune(0x4e00+i)), spans[i].GetSpanId(), "step", 0, 0, 10))
	}
	lines := draw.Trace(traceOf("chain", spans), spans, draw.TraceOptions{Width: 80, Zone: time.UTC})
	mustBeHarmless(t, 80, lines)
	if last := lines[len(lines)-1].Render(false); !strings.Contains(last, "└─ step") {
		t.Errorf("the last of a chain is drawn as %q", last)
	}
}

func text(lines []shell.Line) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line.Render(false) + "\n")
	}
	return b.String()
}
