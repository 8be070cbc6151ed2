package runs_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/querytest"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// drawnTypes has those that the rules are about more than once. What stands first
// is drawn most.
var drawnTypes = []model.SpanType{
	model.TypeLLM, model.TypeAgent, model.TypeTool, model.TypeTeam, model.TypeLLM, model.TypeAgent, model.TypeWorkflow, model.TypeStep,
	model.TypeChain, model.TypeTeam, model.TypeLLM, model.TypeTool, model.TypeEmbedding, model.TypeUnknown,
}

var drawnRuns = []model.SpanType{model.TypeAgent, model.TypeTeam, model.TypeWorkflow}

// traces draws traces that hang together in every way: parents that are not
// there, come later, go round in a circle; several spans with one id; usage and
// cost at any span, also above each other. They are near the end of an hour or of
// a day. Times are whole milliseconds.
func traces() *rapid.Generator[[]*model.Span] {
	return rapid.Custom(func(t *rapid.T) []*model.Span {
		begin := noon + rapid.SampledFrom([]int64{0, model.NanosPerHour - 20e6, 12*model.NanosPerHour - 20e6}).Draw(t, "begin")
		var spans []*model.Span
		for i := range rapid.SampledFrom([]int{9, 15, 12, 6, 3, 1, 0}).Draw(t, "spans") {
			s := drawSpan(t, begin)
			if i == 0 && rapid.IntRange(0, 3).Draw(t, "odd first") != 3 {
				s.Type, s.EndNano = rapid.SampledFrom(drawnRuns).Draw(t, "first type"), begin+60e6
			}
			s.SpanID = id(rapid.SampledFrom([]int{i + 1, i + 1, i + 1, i + 1, 1, 2}).Draw(t, "id"))
			s.ParentID = id(rapid.SampledFrom([]int{i / 2, i / 3, i, i, 1, i + 2, rapid.IntRange(0, 16).Draw(t, "any parent")}).Draw(t, "parent"))
			taken := func(other *model.Span) bool { return other.SpanID == s.SpanID && other.StartNano == s.StartNano }
			if !slices.ContainsFunc(spans, taken) {
				spans = append(spans, s)
			}
		}
		return spans
	})
}

// drawSpan draws a span without its place.
func drawSpan(t *rapid.T, begin int64) *model.Span {
	word := func(label string, words ...string) string { return rapid.SampledFrom(words).Draw(t, label) }
	start := begin + rapid.SampledFrom([]int64{0, 1, 25, 5, 20, 10, 18, 19, 21, 30, 40}).Draw(t, "start")*1e6
	s := &model.Span{
		Project: "default", TraceID: model.TraceID{1}, StartNano: start,
		EndNano: start + rapid.SampledFrom([]int64{5, 20, 60, 1, 0}).Draw(t, "length")*1e6,
		Type:    rapid.SampledFrom(drawnTypes).Draw(t, "type"),
		Name:    word("name", "a", "b"),
		Failed:  rapid.IntRange(0, 3).Draw(t, "failed") == 0,
		Service: word("service", "", "shop"),
		Identity: model.Identity{
			AgentID: word("agent", "", "", "one", "two"), AgentName: word("agent name", "", "", "One"),
			TeamID: word("team", "", "", "crew"), TeamName: word("team name", "", "", "crew", "Crew"),
			WorkflowID: word("workflow", "", "", "flow"), WorkflowName: word("workflow name", "", "", "Flow"),
			SessionID: word("session", "", "", "s1", "s2"), UserID: word("user", "", "", "u1"), RunID: word("run", "", "r1", "r2"),
		},
	}
	switch {
	case s.Type.CallsModel():
		s.Model, s.Provider = word("model", "gpt", "new"), word("provider", "", "OpenAI")
	case s.Type == model.TypeTool:
		s.ToolName = word("tool", "search", "gpt")
	}
	if rapid.IntRange(0, 2).Draw(t, "usage") == 0 {
		s.Usage = model.Usage{Input: rapid.Int64Range(0, 9).Draw(t, "in"), Output: rapid.Int64Range(0, 9).Draw(t, "out"), Total: 7}
	}
	if rapid.IntRange(0, 4).Draw(t, "cost") == 0 {
		s.Billing.Reported = rapid.Int64Range(1, 99).Draw(t, "reported")
	}
	return s
}

// anyTrace draws traces of both kinds: ours, and such as come out of a store.
func anyTrace() *rapid.Generator[[]*model.Span] { return rapid.OneOf(traces(), querytest.Traces()) }

// A property that nothing drawn can break holds nothing.
func TestDrawnTracesHaveEveryShape(t *testing.T) {
	seen := map[string]int{}
	note := func(name string, is bool) { seen[name] += int(count(is)) }
	for seed := range 1000 {
		spans := traces().Example(seed)
		d, by := runs.Of(spans, prices{}), definition{spans}
		note("days", len(d.Parts) > 1)
		note("hours", len(spans) > 0 && model.Hour(d.Spans[0].StartNano) != model.Hour(d.Spans[len(spans)-1].StartNano))
		for i, s := range d.Spans {
			note("circle", by.named(s) != nil && by.parent(s) == nil)
			note("orphan", !s.IsRoot() && by.named(s) == nil && s.ParentID != s.SpanID)
			note("one id", i > 0 && slices.ContainsFunc(spans, func(o *model.Span) bool { return o != s && o.SpanID == s.SpanID }))
			note("call within a call", s.Type.CallsModel() && !by.isModelCall(s))
			note("copied usage", hasUsage(s) && !by.usageCounts(s))
			note("cost only", !hasUsage(s) && by.cost(s) != model.Cost{})
			note("copied cost", !hasUsage(s) && hasCost(s) && by.cost(s) == model.Cost{})
			note("without a run", d.Owner(i) < 0)
		}
		for _, r := range d.Runs {
			note("detached", r.Detail.Detached)
			note("grandchild", r.Detail.RootSpanID != r.SpanID && r.Detail.RootSpanID != r.Detail.ParentSpanID)
			note("retry", r.Own.Retries > 0)
			note("deep error", r.Detail.Error != nil && len(r.Detail.Error.Path) > 2)
			note("steps", len(r.Detail.Steps) > 1)
			note("every time", min(r.Detail.Time.Child, r.Detail.Time.Model, r.Detail.Time.Tool, r.Detail.Time.Own) > 0)
		}
	}
	for _, name := range []string{
		"days", "hours", "circle", "orphan", "one id", "call within a call", "copied usage", "cost only", "copied cost", "without a run",
		"detached", "grandchild", "retry", "deep error", "steps", "every time",
	} {
		if seen[name] < 5 {
			t.Errorf("%s: %d times", name, seen[name])
		}
	}
	t.Log(seen)
}
