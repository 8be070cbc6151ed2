package sample

import (
	"strings"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// runWorkflow plays a workflow. Its loops go on until the trace has the given
// number of spans.
func (b *builder) runWorkflow(f *workflow, input string, at int64, spans int) {
	o := b.open(op{}, at)
	p := &progress{at: at + b.between(time.Millisecond, 5*time.Millisecond), text: input, spans: spans}
	for _, s := range f.steps {
		b.runStep(o, s, p)
	}
	end := p.at + b.between(time.Millisecond, 5*time.Millisecond)

	var names, kinds []string
	for _, s := range f.steps {
		names, kinds = append(names, s.name), append(kinds, string(s.kind))
	}
	a := attr(b.attrs, "graph.node.id", o.node)
	a = attr(a, "graph.node.name", f.name)
	a = attr(a, "input.value", input)
	a = attr(a, "agno.workflow.description", f.description)
	a = attrInt(a, "agno.workflow.steps_count", len(f.steps))
	a = attrStrings(a, "agno.workflow.steps", names)
	a = attrStrings(a, "agno.workflow.step_types", kinds)
	a = b.sessionAttrs(a, o)
	a = attr(a, "output.value", p.text)
	a = attr(a, "output.mime_type", "text/plain")
	a = attr(a, "agno.workflow.id", f.id)
	a = attr(a, "agno.run.id", b.uuid())
	a = attr(a, "openinference.span.kind", "CHAIN")
	if b.dual {
		a = attr(a, "gen_ai.conversation.id", b.session.id)
	}
	b.close(o, spanName(f.name)+"."+b.style.prefix()+"run", model.TypeWorkflow, end, a, outcome{})
}

// progress is how far a workflow has come.
type progress struct {
	at    int64
	text  string // what the last step returned, which the next one takes
	spans int    // how many the trace shall have, at least
}

func (b *builder) runStep(parent op, s step, p *progress) {
	switch s.kind {
	case agentStep:
		b.runAgentStep(parent, s, p)
	case functionStep:
		b.runFunctionStep(parent, s, p)
	case parallelStep:
		b.runParallelStep(parent, s, p)
	case loopStep:
		for again := 1 + b.rand.IntN(2); again > 0 || len(b.trace.Spans) < p.spans; again-- {
			for _, inner := range s.inner {
				b.runStep(parent, inner, p)
			}
		}
	}
}

func (b *builder) runAgentStep(parent op, s step, p *progress) {
	o := b.open(parent, p.at)
	above := o
	if b.style.async {
		above.node = parent.node // so Agno says, though the step is in between
	}
	input := p.text
	end, output := b.runAgent(task{agent: s.agent, input: input, at: p.at + b.between(200*time.Microsecond, time.Millisecond),
		parent: above, rounds: b.rounds(1, 2, 0)})
	a := b.stepAttrs(o, s, input, output)
	a = attr(a, "agno.step.type", "agent")
	a = attr(a, "agno.step.agent_name", s.agent.name)
	p.at, p.text = end+b.between(200*time.Microsecond, time.Millisecond), output
	b.close(o, b.stepName(s), model.TypeStep, p.at, a, outcome{})
}

func (b *builder) runFunctionStep(parent op, s step, p *progress) {
	o := b.open(parent, p.at)
	end := p.at + b.between(100*time.Microsecond, 40*time.Millisecond)
	p.at = end
	if !b.happens(stepError) {
		output := b.prose.text(b.rand, 2)
		b.close(o, b.stepName(s), model.TypeStep, end, b.stepAttrs(o, s, p.text, output), outcome{})
		p.text = output
		return
	}
	message := "no rule applies to case " + string(appendHex(nil, b.rand.Uint64(), 6))
	trace := "Traceback (most recent call last):\n  File \"/app/steps.py\", line 58, in run\n    raise LookupError(message)\nLookupError: " + message + "\n"
	events := appendException(nil, end-2000, "LookupError", message, trace)
	events = appendException(events, end-1000, "LookupError", message, trace)
	b.close(o, b.stepName(s), model.TypeStep, end, b.stepAttrs(o, s, p.text, ""),
		outcome{failed: true, message: "LookupError: " + message, events: events})
	p.text = "Skipped " + s.name + ": " + message
}

// runParallelStep runs steps side by side, each from the same input.
func (b *builder) runParallelStep(parent op, s step, p *progress) {
	o := b.open(parent, p.at)
	input, latest := p.text, p.at
	var results []string
	for _, inner := range s.inner {
		branch := &progress{at: p.at + b.between(100*time.Microsecond, time.Millisecond), text: input}
		b.runStep(o, inner, branch)
		latest = max(latest, branch.at)
		results = append(results, "## "+inner.name+"\n"+branch.text)
	}
	p.at, p.text = latest+b.between(200*time.Microsecond, time.Millisecond), strings.Join(results, "\n\n")
	a := attr(b.attrs, "graph.node.id", o.node)
	a = attr(a, "graph.node.parent_id", o.parentNode)
	a = attr(a, "input.value", input)
	a = attrInt(a, "agno.parallel.step_count", len(s.inner))
	a = attr(a, "output.value", p.text)
	a = attr(a, "openinference.span.kind", "CHAIN")
	b.close(o, spanName(s.name)+"."+b.style.prefix()+"execute", model.TypeStep, p.at, a, outcome{})
}

// stepAttrs returns what all steps have.
func (b *builder) stepAttrs(o op, s step, input, output string) []byte {
	a := attr(b.attrs, "graph.node.id", o.node)
	a = attr(a, "graph.node.parent_id", o.parentNode)
	a = attr(a, "input.value", input)
	a = attr(a, "graph.node.name", s.name)
	if output != "" {
		a = attr(a, "output.value", output)
		a = attr(a, "output.mime_type", "text/plain")
	}
	return attr(a, "openinference.span.kind", "CHAIN")
}

func (b *builder) stepName(s step) string {
	return spanName(s.name) + "." + b.style.prefix() + "execute" + b.style.suffix()
}
