package repotest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// at returns a moment of the suite's calendar: its day 0 is an ordinary day,
// and days before and after it have negative and positive numbers.
func at(day int, clock time.Duration) int64 {
	day0 := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
	return day0.AddDate(0, 0, day).Add(clock).UnixNano()
}

const noon = 12 * time.Hour

// traceID and spanID return the nth of a fixed sequence of ids. Their bits are
// spread, so that half of them are negative where a database takes them for
// signed numbers.
func traceID(n int) (id model.TraceID) {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	binary.BigEndian.PutUint64(id[:8], r.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	return id
}

func spanID(n int) (id model.SpanID) {
	r := rand.New(rand.NewPCG(uint64(n), 2))
	binary.BigEndian.PutUint64(id[:], r.Uint64())
	return id
}

// plain returns a span with nothing but a name beside what every span has. It
// is a root of one second.
func plain(project string, trace, span int, start int64) *model.Span {
	return &model.Span{
		Project:   project,
		TraceID:   traceID(trace),
		SpanID:    spanID(span),
		StartNano: start,
		EndNano:   start + int64(time.Second),
		Name:      fmt.Sprintf("span-%d", span),
	}
}

// agentRun returns the spans of one run as Agno reports it: an agent that asks
// a model, calls a tool that fails, and asks again. Only the agent's span knows
// on whose behalf it ran.
func agentRun(project string, trace int, start int64) []*model.Span {
	ms := int64(time.Millisecond)
	span := func(n int, kind model.SpanType, name string, from, to int64) *model.Span {
		s := plain(project, trace, 10*trace+n, start+from*ms)
		s.EndNano = start + to*ms
		s.Name, s.Type, s.Kind = name, kind, 1
		s.Service, s.Environment = "support-desk", "production"
		if n > 0 {
			s.ParentID = spanID(10 * trace)
		}
		return s
	}
	agent := span(0, model.TypeAgent, "Support_Agent.run", 0, 2600)
	agent.Status = model.StatusOK
	agent.Identity = model.Identity{
		AgentID: "support-agent", AgentName: "Support Agent",
		SessionID: fmt.Sprintf("session-%d", trace%3), UserID: fmt.Sprintf("user-%d", trace%5), RunID: fmt.Sprintf("run-%d", trace),
	}
	agent.InputPreview, agent.OutputPreview = "Where is my parcel?", "I could not find out."

	ask := span(1, model.TypeLLM, "OpenAIChat.invoke", 10, 900)
	ask.Model, ask.Provider = "gpt-5", "openai"
	ask.Usage = model.Usage{Input: 812, Output: 64}
	ask.InputPreview, ask.OutputPreview = `{"messages":[{"role":"user"}]}`, `[{"role":"assistant"}]`

	tool := span(2, model.TypeTool, "track_parcel", 910, 1500)
	tool.ToolName, tool.Status, tool.StatusMessage = "track_parcel", model.StatusError, "carrier timed out"
	tool.Failed, tool.ErrorType, tool.ErrorMessage = true, "TimeoutError", "carrier timed out"

	again := span(3, model.TypeLLM, "OpenAIChat.invoke", 1510, 2590)
	again.Model, again.Provider = "gpt-5-mini", "openai"
	again.Usage = model.Usage{Input: 930, Output: 41}
	return []*model.Span{agent, ask, tool, again}
}

// teamRun returns the spans of a team that asks a model and lets a member work,
// who asks a model twice and calls a tool. The member knows who it is, and has
// the rest from its team.
func teamRun(project string, trace int, start int64) []*model.Span {
	spans := agentRun(project, trace, start)
	for _, s := range spans {
		s.StartNano, s.EndNano = s.StartNano+int64(time.Second), s.EndNano+int64(time.Second)
	}
	team := plain(project, trace, 10*trace+8, start)
	team.Name, team.Type, team.EndNano = "Desk.run", model.TypeTeam, start+int64(4*time.Second)
	team.Service, team.Environment = "support-desk", "staging"
	team.Identity = model.Identity{TeamID: "desk", TeamName: "Desk", SessionID: fmt.Sprintf("session-%d", trace%3), UserID: fmt.Sprintf("user-%d", trace%5),
		RunID: fmt.Sprintf("team-run-%d", trace)}
	ask := plain(project, trace, 10*trace+9, start+int64(time.Millisecond))
	ask.Name, ask.Type, ask.ParentID, ask.Service = "Claude.invoke", model.TypeLLM, team.SpanID, "support-desk"
	ask.Model, ask.Provider, ask.Usage = "claude-sonnet", "anthropic", model.Usage{Input: 40, Output: 7}
	member := spans[0]
	member.ParentID, member.SessionID, member.UserID = team.SpanID, "", ""
	return append(spans, team, ask)
}

// acrossMidnight returns an agent run of which each half knows what the other
// does not: its root, its identity and its start are on day 0; its failure and
// its end are on day 1.
func acrossMidnight(project string, trace int) []*model.Span {
	spans := agentRun(project, trace, at(1, -905*time.Millisecond))
	spans[3].EndNano += int64(time.Second)
	spans[2].InputPreview, spans[2].OutputPreview = "parcel 7", "carrier timed out"
	return spans
}

// halves splits spans into those before and those from the first midnight of
// [acrossMidnight] on.
func halves(spans []*model.Span) (before, after []*model.Span) {
	for _, s := range spans {
		if s.StartNano < at(1, 0) {
			before = append(before, s)
		} else {
			after = append(after, s)
		}
	}
	return before, after
}

// random makes spans whose fields come from small sets, so that filters, ties
// and merges find something in common.
type random struct{ *rand.Rand }

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 3))} }

func (r random) pick(words ...string) string { return words[r.IntN(len(words))] }

// span returns a span of the trace that starts at some moment in [from, from+within).
func (r random) span(project string, trace, span int, from int64, within time.Duration) *model.Span {
	s := plain(project, trace, span, from+r.Int64N(int64(within)))
	s.EndNano = s.StartNano + int64(r.IntN(4))*int64(time.Second)
	s.Type = model.SpanType(r.IntN(int(model.TypeChain) + 1))
	s.Status = model.StatusCode(r.IntN(3))
	if r.IntN(2) == 0 {
		s.ParentID = spanID(r.IntN(5) + 1)
	}
	if r.IntN(4) == 0 {
		s.Failed, s.ErrorType, s.ErrorMessage = true, r.pick("ValueError", ""), r.pick("went wrong", "")
	}
	s.Name = r.pick("run", "Run", "ask", "größe")
	s.Service, s.Environment = r.pick("", "desk", "shop"), r.pick("", "production", "staging")
	s.Identity = r.identity()
	s.Model, s.ToolName = r.pick("", "gpt-5", "GPT-5", "ärger", "zebra"), r.pick("", "search", "Search", "_private")
	s.Usage = model.Usage{Input: r.Int64N(3), CacheRead: r.Int64N(3), CacheWrite: r.Int64N(3), Output: r.Int64N(3),
		Reasoning: r.Int64N(3), AudioInput: r.Int64N(3), AudioOutput: r.Int64N(3), Total: r.Int64N(3)}
	s.InputPreview, s.OutputPreview = r.pick("", "in"), r.pick("", "out")
	return s
}

// identity returns ids that are mostly absent, as they are on real spans.
func (r random) identity() model.Identity {
	id := func(name string) string { return r.pick("", "", name+"-1", name+"-2") }
	return model.Identity{AgentID: id("agent"), AgentName: r.pick("", "Agent"), TeamID: id("team"), WorkflowID: id("workflow"),
		SessionID: id("session"), UserID: id("user"), RunID: id("run")}
}

// traces returns the spans of n traces of one to five spans, in no order. They
// start around two midnights, and every other trace is spread over both days.
func (r random) traces(project string, n int) []*model.Span {
	var spans []*model.Span
	for trace := range n {
		from, within := at(r.IntN(3)-1, 0), time.Hour
		if trace%2 == 0 {
			from, within = at(r.IntN(2), -time.Hour), 2*time.Hour
		}
		for range r.IntN(5) + 1 {
			spans = append(spans, r.span(project, trace, len(spans), from, within))
		}
	}
	r.Shuffle(len(spans), func(i, k int) { spans[i], spans[k] = spans[k], spans[i] })
	return spans
}
