package draw

import (
	"strings"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

// Session says what a session was, in a few lines.
func Session(s *agenttracev1.Session, o TraceOptions) []shell.Line {
	runs := plural(s.GetRunCount(), "run") + " in " + plural(s.GetTraceCount(), "trace")
	if s.GetFailedRunCount() > 0 {
		runs += ", " + Count(s.GetFailedRunCount()) + " failed"
	}
	total := s.GetTotal()
	title := shell.Line{}.Add(shell.Bold, "Session "+shell.Clean(s.GetSessionId()))
	return append([]shell.Line{title.Cut(o.Width)}, factLines([]fact{
		{"from", Time(s.GetStartTime(), o.Zone) + " to " + Time(s.GetEndTime(), o.Zone) + s.GetEndTime().AsTime().In(o.Zone).Format(" MST")},
		{"runs", runs},
		{"calls", plural(total.GetModelCalls(), "model call") + ", " + plural(total.GetToolCalls(), "tool call")},
		{"usage", usageText(total.GetUsage(), total.GetCost())},
		{"users", strings.Join(s.GetUserIds(), ", ")},
		{"agents", strings.Join(s.GetAgentIds(), ", ")},
		{"teams", strings.Join(s.GetTeamIds(), ", ")},
		{"workflows", strings.Join(s.GetWorkflowIds(), ", ")},
	}, o.Width)...)
}

// SessionRunColumns are the columns of the runs of a session.
func SessionRunColumns() []shell.Column {
	return []shell.Column{
		{Title: "STARTED"},
		{Title: "", Expect: 1},
		{Title: "TYPE", Expect: 8},
		{Title: "NAME", Least: 12, Expect: 24},
		{Title: "TOOK", Right: true, Expect: 6},
		{Title: "CALLS", Right: true, Drop: 1},
		{Title: "TOKENS", Right: true},
		{Title: "COST", Right: true, Expect: 9},
		{Title: "TRACE", Drop: 2},
		{Title: "INPUT OR ERROR", Least: 20, Expect: 60, Drop: 3},
	}
}

// SessionRunRow is the row of a run of a session. A run within another one is
// indented.
func SessionRunRow(r *agenttracev1.Run, o TraceOptions) []shell.Cell {
	e, total := r.GetError(), r.GetTotal()
	name := shell.Clean(r.GetName())
	if r.GetParentSpanId() != "" {
		name = "└ " + name
	}
	return []shell.Cell{
		dim(listTime(r.GetStartTime().AsTime(), o.Zone, o.Width)),
		Mark(r.GetFailed(), true),
		shell.Line{}.Add(styleOf(r.GetType()), Type(r.GetType())),
		shell.Say(name),
		say(Duration(r.GetDuration())),
		say(calls(r)),
		say(tokens(total.GetUsage())),
		say(Cost(total.GetCost())),
		say(r.GetTraceId()),
		about(r.GetFailed(), errorText(&agenttracev1.SpanError{Type: e.GetType(), Message: e.GetMessage()}), r.GetInputPreview()),
	}
}

// Exchange shows the beginning of what went into a run and what came out.
func Exchange(r *agenttracev1.Run, width int) []shell.Line {
	var lines []shell.Line
	for _, part := range []struct{ arrow, text string }{{"→ ", r.GetInputPreview()}, {"← ", r.GetOutputPreview()}} {
		for i, text := range shell.Wrap(shell.Clean(part.text), max(8, width-6)) {
			if text == "" {
				continue
			}
			arrow := part.arrow
			if i > 0 {
				arrow = "  "
			}
			lines = append(lines, shell.Line{}.Add(shell.Dim, "    "+arrow).Add(shell.Plain, text).Cut(width))
		}
	}
	return lines
}
