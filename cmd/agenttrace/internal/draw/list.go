package draw

import (
	"fmt"
	"strings"
	"time"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

// yearFrom is the width from which lists show the year of a time.
const yearFrom = 100

// listTime is a moment as lists of a width show it.
func listTime(t time.Time, zone *time.Location, width int) string {
	if width < yearFrom {
		return t.In(zone).Format("01-02 15:04:05")
	}
	return t.In(zone).Format("2006-01-02 15:04:05")
}

// Mark is one character for how something ended: ✓, ✗, or … while it runs.
func Mark(failed, ended bool) shell.Line {
	outcome := Outcome(failed, ended)
	mark, _, _ := strings.Cut(outcome[0].Text, " ")
	return shell.Line{{Text: mark, Style: outcome[0].Style}}
}

func say(text string) shell.Line { return shell.Say(shell.Clean(text)) }

func dim(text string) shell.Line {
	return shell.Line{}.Add(shell.Dim, shell.Clean(text))
}

// about is what tells one row from its neighbours: what went wrong, else what went
// in.
func about(failed bool, error, input string) shell.Line {
	if failed && error != "" {
		return shell.Line{}.Add(shell.Red, shell.Clean(error))
	}
	return dim(input)
}

// TraceColumns are the columns of a list of traces.
func TraceColumns() []shell.Column {
	return []shell.Column{
		{Title: "TRACE"},
		{Title: "STARTED"},
		{Title: "", Expect: 1},
		{Title: "NAME", Least: 18, Expect: 30},
		{Title: "TOOK", Right: true, Expect: 6},
		{Title: "SPANS", Right: true, Drop: 3},
		{Title: "TOKENS", Right: true, Drop: 1},
		{Title: "COST", Right: true, Expect: 9, Drop: 2},
		{Title: "USER", Least: 8, Expect: 10, Drop: 4},
		{Title: "SESSION", Least: 12, Expect: 12, Drop: 5},
		{Title: "INPUT OR ERROR", Least: 20, Expect: 60, Drop: 6},
	}
}

// TraceRow is the row of a trace.
func TraceRow(t *agenttracev1.Trace, o TraceOptions) []shell.Cell {
	e := t.GetFirstError()
	return []shell.Cell{
		say(t.GetTraceId()),
		dim(listTime(t.GetStartTime().AsTime(), o.Zone, o.Width)),
		Mark(t.GetFailed(), t.GetRootArrived()),
		say(t.GetName()),
		say(Duration(t.GetDuration())),
		say(Count(t.GetSpanCount())),
		say(tokens(t.GetUsage())),
		say(Cost(t.GetCost())),
		dim(t.GetIdentity().GetUserId()),
		dim(t.GetIdentity().GetSessionId()),
		about(t.GetFailed(), errorText(&agenttracev1.SpanError{Type: e.GetType(), Message: e.GetMessage()}), t.GetInputPreview()),
	}
}

// RunColumns are the columns of a list of runs.
func RunColumns() []shell.Column {
	return []shell.Column{
		{Title: "RUN", Least: 36, Expect: 36},
		{Title: "STARTED"},
		{Title: "", Expect: 1},
		{Title: "TYPE", Expect: 8, Drop: 4},
		{Title: "NAME", Least: 14, Expect: 24},
		{Title: "TOOK", Right: true, Expect: 6},
		{Title: "CALLS", Right: true, Drop: 3},
		{Title: "TOKENS", Right: true, Drop: 1},
		{Title: "COST", Right: true, Expect: 9, Drop: 2},
		{Title: "USER", Least: 8, Expect: 10, Drop: 5},
		{Title: "SESSION", Least: 12, Expect: 12, Drop: 6},
		{Title: "INPUT OR ERROR", Least: 20, Expect: 60, Drop: 7},
	}
}

// RunRow is the row of a run. A run without an id of its own is named by its trace.
func RunRow(r *agenttracev1.Run, o TraceOptions) []shell.Cell {
	id := say(r.GetRunId())
	if r.GetRunId() == "" {
		id = dim(r.GetTraceId())
	}
	e := r.GetError()
	total := r.GetTotal()
	return []shell.Cell{
		id,
		dim(listTime(r.GetStartTime().AsTime(), o.Zone, o.Width)),
		Mark(r.GetFailed(), true),
		shell.Line{}.Add(styleOf(r.GetType()), Type(r.GetType())),
		say(r.GetName()),
		say(Duration(r.GetDuration())),
		say(calls(r)),
		say(tokens(total.GetUsage())),
		say(Cost(total.GetCost())),
		dim(r.GetIdentity().GetUserId()),
		dim(r.GetIdentity().GetSessionId()),
		about(r.GetFailed(), errorText(&agenttracev1.SpanError{Type: e.GetType(), Message: e.GetMessage()}), r.GetInputPreview()),
	}
}

// calls is how many calls of models and tools a run made, with the runs below it;
// empty until that is known.
func calls(r *agenttracev1.Run) string {
	if !r.GetSettled() {
		return ""
	}
	return Count(r.GetTotal().GetModelCalls() + r.GetTotal().GetToolCalls())
}

// SessionColumns are the columns of a list of sessions.
func SessionColumns() []shell.Column {
	return []shell.Column{
		{Title: "SESSION", Least: 36, Expect: 36},
		{Title: "LAST RUN"},
		{Title: "RUNS", Right: true},
		{Title: "FAILED", Right: true},
		{Title: "LASTED", Right: true, Expect: 6, Drop: 3},
		{Title: "TOKENS", Right: true, Drop: 1},
		{Title: "COST", Right: true, Expect: 9, Drop: 2},
		{Title: "USERS", Least: 8, Expect: 12, Drop: 4},
		{Title: "WHO RAN", Least: 10, Expect: 30, Drop: 5},
	}
}

// SessionRow is the row of a session.
func SessionRow(s *agenttracev1.Session, o TraceOptions) []shell.Cell {
	failed := say("")
	if n := s.GetFailedRunCount(); n > 0 {
		failed = shell.Line{}.Add(shell.Red, Count(n))
	}
	who := append(append(append([]string(nil), s.GetTeamIds()...), s.GetWorkflowIds()...), s.GetAgentIds()...)
	return []shell.Cell{
		say(s.GetSessionId()),
		dim(listTime(s.GetLastRunTime().AsTime(), o.Zone, o.Width)),
		say(Count(s.GetRunCount())),
		failed,
		say(duration(s.GetEndTime().AsTime().Sub(s.GetStartTime().AsTime()))),
		say(tokens(s.GetTotal().GetUsage())),
		say(Cost(s.GetTotal().GetCost())),
		dim(strings.Join(s.GetUserIds(), ", ")),
		dim(strings.Join(who, ", ")),
	}
}

// SpanColumns are the columns of a list of spans.
func SpanColumns() []shell.Column {
	return []shell.Column{
		{Title: "TRACE"},
		{Title: "SPAN", Drop: 5},
		{Title: "STARTED", Drop: 4},
		{Title: "", Expect: 1},
		{Title: "TYPE", Expect: 8, Drop: 2},
		{Title: "NAME", Least: 12, Expect: 30},
		{Title: "TOOK", Right: true, Expect: 6},
		{Title: "TOKENS", Right: true, Drop: 3},
		{Title: "MODEL", Least: 8, Expect: 12, Drop: 6},
		{Title: "SELECTED", Least: 30, Drop: 1},
		{Title: "ERROR", Least: 16, Expect: 30, Drop: 7},
	}
}

// SpanRow is the row of a span. Its attributes are what the query selected.
func SpanRow(s *agenttracev1.Span, o TraceOptions) []shell.Cell {
	return []shell.Cell{
		say(s.GetTraceId()),
		dim(s.GetSpanId()),
		dim(listTime(s.GetStartTime().AsTime(), o.Zone, o.Width)),
		Mark(s.GetFailed(), true),
		shell.Line{}.Add(styleOf(s.GetType()), Type(s.GetType())),
		say(s.GetName()),
		say(Duration(s.GetDuration())),
		say(tokens(s.GetModelCall().GetUsage())),
		dim(s.GetModelCall().GetModel()),
		say(KeyValues(s.GetAttributes())),
		about(s.GetFailed(), errorText(s.GetError()), ""),
	}
}

// Matches are lines about the spans of a trace that a query selected.
func Matches(t *agenttracev1.Trace, width int) []shell.Line {
	var lines []shell.Line
	for _, m := range t.GetMatches() {
		line := shell.Line{}.Add(shell.Plain, "  ")
		line = append(line, Mark(m.GetFailed(), true)...)
		line = line.Add(styleOf(m.GetType()), " "+Type(m.GetType())).Add(shell.Plain, " "+shell.Clean(m.GetName()))
		line = line.Add(shell.Dim, "  "+Duration(m.GetDuration())).Add(shell.Plain, "  "+shell.Clean(KeyValues(m.GetFields())))
		lines = append(lines, line.Cut(width))
	}
	if more := t.GetMatchCount() - int64(len(t.GetMatches())); more > 0 {
		lines = append(lines, shell.Line{}.Add(shell.Dim, fmt.Sprintf("  ⋯ %s more", Count(more))))
	}
	return lines
}

// Progress says how far a search has come.
func Progress(p *agenttracev1.Progress, zone *time.Location) string {
	text := fmt.Sprintf("%s found in %s", Count(p.GetFound()), plural(p.GetTraces(), "trace"))
	if p.GetBytes() > 0 {
		text += fmt.Sprintf(" (%sB)", Number(float64(p.GetBytes())))
	}
	if p.GetTimeReached() != nil {
		text += ", back to " + Time(p.GetTimeReached(), zone)
	}
	return text
}
