package sample

import (
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// task is one run of an agent, or of a team by its leader.
type task struct {
	agent  *agent
	team   *team // of which agent is the leader; nil for an agent
	input  string
	at     int64
	parent op
	rounds []int // tool calls that each model call asks for, but the last
}

// runAgent plays an agent's run: it asks the model, runs the tools that the
// model asks for, tells it the results, and so on until the model answers. It
// returns when the run ended and what came out.
func (b *builder) runAgent(t task) (end int64, answer string) {
	o := b.open(t.parent, t.at)
	c := &conversation{}
	at := t.at + b.between(time.Millisecond, 8*time.Millisecond)
	b.say(c, "system", t.agent.role+"\n\n"+b.instructions(), at)
	b.say(c, "user", t.input, at)
	for _, n := range t.rounds {
		r := reply{calls: b.plan(t, n)}
		at, _ = b.callModel(o, at, t.agent, c, r)
		b.answer(c, r, at)
		at = b.runCalls(o, at, r.calls, c)
	}
	answer = b.prose.text(b.rand, 2+b.rand.IntN(3))
	at, problem := b.callModel(o, at, t.agent, c, reply{text: answer})
	end = at + b.between(time.Millisecond, 5*time.Millisecond)
	if problem != "" {
		answer = problem
	}
	attrs := b.runAttrs(t, o, answer, problem != "" && b.style.stream)
	kind := model.TypeAgent
	if t.team != nil {
		kind = model.TypeTeam
	}
	b.close(o, spanName(t.agent.name)+"."+b.style.prefix()+"run", kind, end, attrs, outcome{})
	return end, answer
}

// instructions are what a system message says beside the role.
func (b *builder) instructions() string { return b.prose.text(b.rand, 3) }

// runAttrs returns the attributes of an agent's or a team's run. A stream that
// broke off has no output.
func (b *builder) runAttrs(t task, o op, output string, broken bool) []byte {
	a, noun := t.agent, "agent"
	if t.team != nil {
		noun = "team"
	}
	s := attr(b.attrs, "graph.node.id", o.node)
	s = attr(s, "input.value", t.input)
	s = attr(s, "graph.node.name", a.name)
	s = attr(s, "agent.name", a.name)
	s = attr(s, "agno."+noun+".id", a.id)
	if o.parentNode != "" {
		s = attr(s, "graph.node.parent_id", o.parentNode)
	}
	s = attr(s, "agno."+noun, a.name)
	if t.team == nil {
		s = attrStrings(s, "agno.tools", a.toolNames)
	}
	s = b.sessionAttrs(s, o)
	if !broken {
		s = attr(s, "output.value", output)
		s = attr(s, "output.mime_type", "application/json")
	}
	s = attr(s, "agno.run.id", b.uuid())
	s = attr(s, "openinference.span.kind", "AGENT")
	if b.dual {
		s = attr(s, "gen_ai.operation.name", "invoke_agent")
		s = attr(s, "gen_ai.conversation.id", b.session.id)
		s = attr(s, "gen_ai.agent.name", a.name)
	}
	return s
}

// sessionAttrs appends session and user. Agno sets the user on the topmost run
// only.
func (b *builder) sessionAttrs(s []byte, o op) []byte {
	s = attr(s, "session.id", b.session.id)
	if b.session.user != "" && o.parent.IsZero() {
		s = attr(s, "user.id", b.session.user)
	}
	return s
}

// plan makes the tool calls of one round.
func (b *builder) plan(t task, n int) []toolCall {
	calls := make([]toolCall, n)
	for i := range calls {
		call := &calls[i]
		call.id = "call_" + string(appendHex(nil, b.rand.Uint64(), 16))
		call.tool = t.agent.tools[b.rand.IntN(len(t.agent.tools))]
		if t.team != nil {
			call.member = t.team.members[b.rand.IntN(len(t.team.members))]
			call.task = b.prose.text(b.rand, 1+b.rand.IntN(2))
		}
		call.args = b.arguments(call)
	}
	return calls
}

// arguments returns what a tool is called with, as JSON.
func (b *builder) arguments(call *toolCall) string {
	args := []byte{'{'}
	for _, p := range call.tool.parameters {
		args = append(appendJSON(separate(args), p), ": "...)
		switch {
		case p == "member_id":
			args = appendJSON(args, call.member.id)
		case p == "task":
			args = appendJSON(args, call.task)
		case p == "query" || p == "reason":
			args = appendJSON(args, b.prose.text(b.rand, 1))
		case p == "sql":
			args = append(append(args, `"SELECT day, count(*) FROM events_`...), string(appendHex(nil, b.rand.Uint64(), 4))...)
			args = append(args, ` WHERE region = 'north' GROUP BY day ORDER BY day"`...)
		case p == "url":
			args = append(appendHex(append(args, `"https://www.example.org/articles/`...), b.rand.Uint64(), 10), '"')
		default:
			args = append(appendHex(append(append(args, '"'), p[:2]+"-"...), b.rand.Uint64(), 6), '"')
		}
	}
	return string(append(args, '}'))
}

// runCalls runs the tools of one round, one after the other or all at once,
// and tells the conversation what they returned.
func (b *builder) runCalls(o op, at int64, calls []toolCall, c *conversation) int64 {
	latest := at
	for _, call := range calls {
		start := latest
		if b.style.async {
			start = at
		}
		end, result := b.runCall(o, start+b.between(200*time.Microsecond, 2*time.Millisecond), call)
		latest = max(latest, end)
		b.result(c, call, result, end)
	}
	return latest + b.between(300*time.Microsecond, 3*time.Millisecond)
}

// runCall runs one tool. A member of a team runs beside the tool that it was
// called with, not below it.
func (b *builder) runCall(o op, at int64, call toolCall) (end int64, result string) {
	tool := b.open(o, at)
	var out outcome
	switch {
	case call.member != nil:
		end, result = b.runAgent(task{agent: call.member, input: call.task, at: at + int64(time.Millisecond),
			parent: o, rounds: b.rounds(2, 2, 0)})
		end += b.between(100*time.Microsecond, time.Millisecond)
	case b.happens(toolError):
		end = at + b.between(5*time.Second, 10*time.Second)
		result = "Timeout: no answer from the backend of " + call.tool.name + " within the time allowed"
		out = outcome{failed: true, message: result}
	default:
		end = at + b.between(4*time.Millisecond, 1200*time.Millisecond)
		result = b.toolResult()
	}
	b.close(tool, call.tool.name, model.TypeTool, end, b.toolAttrs(call, result), out)
	return end, result
}

// toolResult returns what a tool found: a text, or a record in JSON.
func (b *builder) toolResult() string {
	text := b.prose.text(b.rand, 1+b.rand.IntN(3))
	if b.rand.IntN(2) == 0 {
		return text
	}
	r := append([]byte(`{"id": "`), b.uuid()...)
	r = appendJSON(append(r, `", "score": 0.87, "passage": `...), text)
	return string(append(r, '}'))
}

func (b *builder) toolAttrs(call toolCall, result string) []byte {
	s := attr(b.attrs, "input.mime_type", "application/json")
	s = attr(s, "input.value", call.args)
	s = attr(s, "tool.name", call.tool.name)
	s = attr(s, "tool.description", call.tool.description)
	s = attr(s, "tool.parameters", call.args)
	s = attr(s, "output.value", result)
	s = attr(s, "output.mime_type", "text/plain")
	s = attr(s, "openinference.span.kind", "TOOL")
	if b.dual {
		s = attr(s, "gen_ai.operation.name", "execute_tool")
		s = attr(s, "gen_ai.tool.name", call.tool.name)
		s = attr(s, "gen_ai.tool.type", "function")
		s = attr(s, "gen_ai.tool.description", call.tool.description)
		s = attr(s, "gen_ai.tool.call.arguments", call.args)
		s = attr(s, "gen_ai.tool.call.result", result)
	}
	return s
}
