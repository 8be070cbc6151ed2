package runs_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Traces in these tests are written down: a line for each span, below its parent
// and further to the right.
//
//	TEAM crew 0-100 session=s
//	  AGENT writer 10-90 agent=w
//	    LLM gpt-5 20-50 in=100 out=10
//	    TOOL search 50-60 failed=Timeout
//
// A line has the span's type, its name, start and end in milliseconds from noon,
// and what else it says. Its id is the number of its line, unless it says id=; its
// parent is what it stands below, unless it says parent=. The model of a model
// call, and the tool of a tool call, is its name.

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC).UnixNano()

// ms returns the moment some milliseconds after noon.
func ms(n int64) int64 { return noon + n*int64(time.Millisecond) }

func id(n int) model.SpanID { return model.SpanIDFromInt64(int64(n)) }

// read returns the spans of a trace that is written down.
func read(t testing.TB, trace string) []*model.Span {
	t.Helper()
	type open struct {
		indent int
		id     model.SpanID
	}
	var spans []*model.Span
	var above []open
	for line := range strings.Lines(trace) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, "\t "))
		for len(above) > 0 && above[len(above)-1].indent >= indent {
			above = above[:len(above)-1]
		}
		s := newSpan(t, len(spans)+1, words)
		if len(above) > 0 {
			s.ParentID = above[len(above)-1].id
		}
		for _, word := range words[3:] {
			key, value, _ := strings.Cut(word, "=")
			say(t, s, key, value)
		}
		spans = append(spans, s)
		above = append(above, open{indent, s.SpanID})
	}
	return spans
}

var types = map[string]model.SpanType{
	"AGENT": model.TypeAgent, "TEAM": model.TypeTeam, "WORKFLOW": model.TypeWorkflow, "STEP": model.TypeStep, "LLM": model.TypeLLM,
	"TOOL": model.TypeTool, "EMBEDDING": model.TypeEmbedding, "CHAIN": model.TypeChain, "GUARDRAIL": model.TypeGuardrail,
}

func newSpan(t testing.TB, n int, words []string) *model.Span {
	t.Helper()
	if len(words) < 3 {
		t.Fatalf("%q is no span", words)
	}
	typ, known := types[words[0]]
	start, end, isTime := strings.Cut(words[2], "-")
	if !known || !isTime {
		t.Fatalf("%q is no span", words)
	}
	s := &model.Span{
		Project: "default", TraceID: model.TraceID{1}, SpanID: id(n), Type: typ, Name: words[1],
		StartNano: ms(number(t, start)), EndNano: ms(number(t, end)),
	}
	switch {
	case typ == model.TypeTool:
		s.ToolName = s.Name
	case typ.CallsModel():
		s.Model = s.Name
	}
	return s
}

func number(t testing.TB, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// say makes a span say something.
func say(t testing.TB, s *model.Span, key, value string) {
	t.Helper()
	if text := textOf(s, key); text != nil {
		*text = value
		return
	}
	if count := countOf(s, key); count != nil {
		*count = number(t, value)
		return
	}
	switch key {
	case "id":
		s.SpanID = id(int(number(t, value)))
	case "parent":
		s.ParentID = id(int(number(t, value)))
	case "failed":
		s.Failed, s.ErrorType = true, value
	case "error":
		s.Failed, s.ErrorType, s.Status = true, value, model.StatusError
	default:
		t.Fatalf("spans say nothing like %q", key)
	}
}

func textOf(s *model.Span, key string) *string {
	return map[string]*string{
		"agent": &s.AgentID, "agent.name": &s.AgentName, "team": &s.TeamID, "team.name": &s.TeamName,
		"workflow": &s.WorkflowID, "workflow.name": &s.WorkflowName, "session": &s.SessionID, "user": &s.UserID, "run": &s.RunID,
		"model": &s.Model, "provider": &s.Provider, "tool": &s.ToolName, "service": &s.Service, "environment": &s.Environment,
		"message": &s.ErrorMessage, "input": &s.InputPreview, "output": &s.OutputPreview,
	}[key]
}

func countOf(s *model.Span, key string) *int64 {
	return map[string]*int64{
		"in": &s.Usage.Input, "cached": &s.Usage.CacheRead, "written": &s.Usage.CacheWrite, "out": &s.Usage.Output,
		"reasoning": &s.Usage.Reasoning, "total": &s.Usage.Total, "reported": &s.Billing.Reported,
	}[key]
}

// prices charge 2 for each token that went in and 10 for each that came out.
// Models whose names begin with "new" are not known to them.
type prices struct{}

func (prices) Price(s *model.Span) (nano int64, ok bool) {
	if s.Model == "" || strings.HasPrefix(s.Model, "new") {
		return 99, false
	}
	return 2*(s.Usage.Input+s.Usage.CacheRead+s.Usage.CacheWrite) + 10*(s.Usage.Output+s.Usage.Reasoning), true
}
