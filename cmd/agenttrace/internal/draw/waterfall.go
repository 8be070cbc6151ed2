package draw

import (
	"fmt"
	"strings"
	"time"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

const (
	leastLabel = 14 // columns for branches and name
	leastBar   = 10 // columns for the bar; it is left out where there are fewer
	mostBar    = 100
)

// waterfall draws the rows of one trace.
type waterfall struct {
	o      TraceOptions
	ended  bool   // the root has arrived
	first  string // id of the span in which things went wrong first
	failed int64  // how many spans failed
	start  time.Time
	length time.Duration
	rows   []row
	told   map[string]bool // errors and messages that have been shown

	label, kind, bar, took, used, cost int // widths of the columns
}

func newWaterfall(t *agenttracev1.Trace, rows []row, o TraceOptions) *waterfall {
	w := &waterfall{
		o: o, ended: t.GetRootArrived(), first: t.GetFirstError().GetSpanId(), failed: t.GetErrorCount(), rows: rows, told: map[string]bool{},
		start: t.GetStartTime().AsTime(), length: max(t.GetDuration().AsDuration(), time.Nanosecond),
	}
	for _, r := range rows {
		f := w.fields(r)
		w.label = max(w.label, f.label.Width())
		w.kind = max(w.kind, shell.Width(f.kind))
		w.took = max(w.took, shell.Width(f.took))
		w.used = max(w.used, shell.Width(f.used))
		w.cost = max(w.cost, shell.Width(f.cost))
	}
	w.label, w.kind, w.took = max(w.label, 4), max(w.kind, 4), max(w.took, 4)
	if w.used > 0 {
		w.used = max(w.used, 6)
	}
	if w.cost > 0 {
		w.cost = max(w.cost, 4)
	}
	w.layOut()
	return w
}

// layOut shares the width out: the numbers get what they need, the name what it
// needs up to two thirds of the rest, the bar what is left.
func (w *waterfall) layOut() {
	const gap = 2
	columns := func() (sum int) {
		for _, wide := range []int{w.kind, w.took, w.used, w.cost} {
			if wide > 0 {
				sum += wide + gap
			}
		}
		return sum
	}
	for _, least := range []*int{&w.cost, &w.kind, &w.used, &w.took} {
		if w.o.Width-columns() < leastLabel {
			*least = 0
		}
	}
	left := w.o.Width - columns()
	w.bar = min(mostBar, left-gap-min(w.label, max(leastLabel, left*2/3)))
	if w.bar < leastBar {
		w.bar = 0
		w.label = min(w.label, left)
		return
	}
	w.label = left - gap - w.bar
}

// fields is what a row says.
type fields struct {
	label            shell.Line
	kind             string
	took, used, cost string
	style            shell.Style // of bar and type
	failed           bool
	start, end       time.Time
}

func (w *waterfall) fields(r row) fields {
	if r.node == nil {
		return fieldsOfHidden(r)
	}
	s := r.node.span
	f := fields{
		kind: Type(s.GetType()), took: Duration(s.GetDuration()), used: tokens(s.GetModelCall().GetUsage()), cost: Cost(s.GetModelCall().GetCost()),
		style: styleOf(s.GetType()), failed: s.GetFailed(), start: s.GetStartTime().AsTime(),
	}
	f.end = f.start.Add(s.GetDuration().AsDuration())
	f.label = f.label.Add(shell.Dim, r.prefix)
	if f.failed {
		f.label, f.style = f.label.Add(shell.Red, "✗ "), shell.Red
	}
	f.label = f.label.Add(nameStyle(s), shell.Clean(s.GetName()))
	if model := shell.Clean(s.GetModelCall().GetModel()); model != "" {
		f.label = f.label.Add(shell.Dim, "  "+model)
	}
	switch {
	case r.node.orphan && w.ended:
		f.label = f.label.Add(shell.Yellow, "  (parent missing)")
	case r.node.orphan:
		f.label = f.label.Add(shell.Yellow, "  (parent to come)")
	}
	return f
}

// fieldsOfHidden sums up the spans of a row that stands for several, and those below
// them.
func fieldsOfHidden(r row) fields {
	var f fields
	var failures, used int64
	spans := int64(0)
	count := func(n *node) {
		spans++
		if n.span.GetFailed() {
			failures++
		}
		used += n.span.GetModelCall().GetUsage().GetTotalTokens()
		start := n.span.GetStartTime().AsTime()
		end := start.Add(n.span.GetDuration().AsDuration())
		if spans == 1 || start.Before(f.start) {
			f.start = start
		}
		if end.After(f.end) {
			f.end = end
		}
	}
	for _, n := range r.hidden {
		count(n)
		for below := range n.walk {
			count(below)
		}
	}
	text := fmt.Sprintf("⋯ %s not shown", plural(spans, "span"))
	f.label = f.label.Add(shell.Dim, r.prefix+text)
	if failures > 0 {
		f.label = f.label.Add(shell.Red, fmt.Sprintf(", %s failed", Count(failures)))
	}
	if used > 0 {
		f.used = Count(used)
	}
	f.style = shell.Dim
	f.took = duration(f.end.Sub(f.start))
	return f
}

// head draws the titles of the columns, and of the bar the scale.
func (w *waterfall) head() shell.Line {
	f := fields{label: shell.Line{{Text: "SPAN", Style: shell.Bold}}, kind: "TYPE", took: "TOOK", used: "TOKENS", cost: "COST", style: shell.Bold}
	var scale shell.Line
	if w.bar > 0 {
		end := duration(w.length)
		scale = scale.Add(shell.Dim, "0s"+strings.Repeat(" ", max(1, w.bar-2-len(end)))+end).Cut(w.bar).Pad(w.bar)
	}
	return w.columns(f, scale, shell.Bold)
}

// line draws one row.
func (w *waterfall) line(r row) shell.Line {
	f := w.fields(r)
	var bar shell.Line
	if w.bar > 0 {
		bar = w.barOf(f)
	}
	return w.columns(f, bar, shell.Plain)
}

func (w *waterfall) columns(f fields, bar shell.Line, numbers shell.Style) shell.Line {
	line := f.label.Cut(w.label).Pad(w.label)
	if w.kind > 0 {
		line = line.Add(shell.Plain, "  ").Add(f.style, shell.Pad(f.kind, w.kind))
	}
	if w.bar > 0 {
		line = line.Add(shell.Plain, "  ")
		line = append(line, bar...)
	}
	for _, number := range []struct {
		text  string
		width int
	}{{f.took, w.took}, {f.used, w.used}, {f.cost, w.cost}} {
		if number.width > 0 {
			line = line.Add(shell.Plain, strings.Repeat(" ", 2+max(0, number.width-shell.Width(number.text)))).Add(numbers, number.text)
		}
	}
	return line.Cut(w.o.Width)
}

// barOf draws when a span ran, in the place of the whole trace. However short it
// was, it can be seen.
func (w *waterfall) barOf(f fields) shell.Line {
	cells := float64(w.bar)
	from := float64(f.start.Sub(w.start)) / float64(w.length) * cells
	to := float64(f.end.Sub(w.start)) / float64(w.length) * cells
	first := min(max(int(from), 0), w.bar-1)
	full := "█"
	if f.style == shell.Dim {
		full = "░"
	}
	length := min(max(int(to+0.5)-first, 0), w.bar-first)
	bar := strings.Repeat(full, length)
	if length == 0 {
		bar, length = "▏", 1
	}
	var line shell.Line
	line = line.Add(shell.Dim, strings.Repeat("·", first))
	line = line.Add(f.style, bar)
	return line.Add(shell.Dim, strings.Repeat("·", w.bar-first-length))
}

// styleOf gives each kind of span its colour.
func styleOf(t agenttracev1.SpanType) shell.Style {
	switch t {
	case agenttracev1.SpanType_SPAN_TYPE_AGENT, agenttracev1.SpanType_SPAN_TYPE_TEAM, agenttracev1.SpanType_SPAN_TYPE_WORKFLOW:
		return shell.Blue
	case agenttracev1.SpanType_SPAN_TYPE_LLM, agenttracev1.SpanType_SPAN_TYPE_EMBEDDING, agenttracev1.SpanType_SPAN_TYPE_RERANKER:
		return shell.Magenta
	case agenttracev1.SpanType_SPAN_TYPE_TOOL, agenttracev1.SpanType_SPAN_TYPE_RETRIEVER:
		return shell.Cyan
	}
	return shell.Green
}

func nameStyle(s *agenttracev1.Span) shell.Style {
	switch {
	case s.GetFailed():
		return shell.Red
	case styleOf(s.GetType()) == shell.Blue:
		return shell.Bold
	}
	return shell.Plain
}
