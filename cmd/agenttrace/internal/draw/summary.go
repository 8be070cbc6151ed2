package draw

import (
	"fmt"
	"strings"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

// Summary says what a trace was about, in a few lines.
func Summary(t *agenttracev1.Trace, o TraceOptions) []shell.Line {
	title := shell.Line{}.Add(shell.Bold, shell.Clean(t.GetName()))
	title = append(title.Add(shell.Plain, "  "), Outcome(t.GetFailed(), t.GetRootArrived())...)
	facts := []fact{
		{"trace", t.GetTraceId()},
		{"started", startedAt(t, o)},
		{"spans", spanCounts(t)},
		{"usage", usageText(t.GetUsage(), t.GetCost())},
	}
	facts = append(facts, identity(t.GetIdentity())...)
	facts = append(facts, fact{"service", joined(t.GetService(), t.GetEnvironment())})
	lines := append([]shell.Line{title.Cut(o.Width)}, factLines(facts, o.Width)...)
	if e := t.GetFirstError(); e != nil {
		text := e.GetSpanName() + ": " + errorText(&agenttracev1.SpanError{Type: e.GetType(), Message: e.GetMessage()})
		lines = append(lines, shell.Line{}.Add(shell.Dim, shell.Pad("error", labelWidth)).Add(shell.Red, shell.Clean(text)).Cut(o.Width))
	}
	return lines
}

// Outcome is a word for how something ended.
func Outcome(failed, ended bool) shell.Line {
	switch {
	case failed:
		return shell.Line{{Text: "✗ failed", Style: shell.Red}}
	case !ended:
		return shell.Line{{Text: "… running", Style: shell.Yellow}}
	}
	return shell.Line{{Text: "✓ ok", Style: shell.Green}}
}

func startedAt(t *agenttracev1.Trace, o TraceOptions) string {
	start := t.GetStartTime().AsTime().In(o.Zone)
	return fmt.Sprintf("%s, took %s", start.Format("2006-01-02 15:04:05.000 MST"), Duration(t.GetDuration()))
}

func spanCounts(t *agenttracev1.Trace) string {
	parts := []string{Count(t.GetSpanCount())}
	for _, part := range []struct {
		count int64
		word  string
	}{{t.GetRunCount(), "run"}, {t.GetLlmCount(), "model call"}, {t.GetToolCount(), "tool call"}} {
		if part.count > 0 {
			parts = append(parts, plural(part.count, part.word))
		}
	}
	if t.GetErrorCount() > 0 {
		parts = append(parts, Count(t.GetErrorCount())+" failed")
	}
	return strings.Join(parts, ", ")
}

// usageText says which tokens were used and what they cost.
func usageText(u *agenttracev1.Usage, c *agenttracev1.Cost) string {
	if u.GetTotalTokens() == 0 && Cost(c) == "" {
		return ""
	}
	text := plural(u.GetTotalTokens(), "token")
	if in, out := input(u), output(u); in+out > 0 {
		text += fmt.Sprintf(" (%s in, %s out", Count(in), Count(out))
		if u.GetCacheReadTokens() > 0 {
			text += fmt.Sprintf(", %s from cache", Count(u.GetCacheReadTokens()))
		}
		text += ")"
	}
	if cost := Cost(c); cost != "" {
		text += ", " + cost
	}
	if n := c.GetUnpricedCalls(); n > 0 {
		text += ", " + plural(n, "call") + " without a price"
	}
	return text
}

func input(u *agenttracev1.Usage) int64 {
	return u.GetInputTokens() + u.GetCacheReadTokens() + u.GetCacheWriteTokens() + u.GetAudioInputTokens()
}

func output(u *agenttracev1.Usage) int64 {
	return u.GetOutputTokens() + u.GetReasoningTokens() + u.GetAudioOutputTokens()
}

// identity lists who ran on whose behalf, names before ids.
func identity(i *agenttracev1.Identity) []fact {
	return []fact{
		{"agent", joined(i.GetAgentName(), i.GetAgentId())},
		{"team", joined(i.GetTeamName(), i.GetTeamId())},
		{"workflow", joined(i.GetWorkflowName(), i.GetWorkflowId())},
		{"session", i.GetSessionId()},
		{"user", i.GetUserId()},
		{"run", i.GetRunId()},
	}
}

// joined is a, and b in brackets where it says something else.
func joined(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "" || a == b:
		return a
	}
	return a + " (" + b + ")"
}

// fact is a name and what is to be said of it; empty for nothing.
type fact struct{ name, text string }

// labelWidth is how many columns the names of facts take.
const labelWidth = 10

// factLines lists facts, one a line. Those of identity share lines where they fit.
func factLines(facts []fact, width int) []shell.Line {
	var lines []shell.Line
	for _, f := range facts {
		text := shell.Clean(f.text)
		if text == "" {
			continue
		}
		lines = append(lines, shell.Line{}.Add(shell.Dim, shell.Pad(f.name, labelWidth)).Add(shell.Plain, text).Cut(width))
	}
	return lines
}
