package tracing

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Start is what starts a span: [Agent], [Team], [Workflow], [Step], [Tool],
// [Retriever], [Chain], [Guardrail], [Evaluator], and the methods of a [Tracer]
// with these names. The context it returns is for what the span covers.
type Start = func(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span)

// Agent starts the run of an agent. Its id, unless given by [ID], is its name in
// lower case with hyphens, as in Agno.
func Agent(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return tracerOf(ctx).Agent(ctx, name, options...)
}

// Team starts the run of a team of agents, whose runs belong below it.
func Team(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return tracerOf(ctx).Team(ctx, name, options...)
}

// Workflow starts the run of a workflow.
func Workflow(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return tracerOf(ctx).Workflow(ctx, name, options...)
}

// Step starts a step of a workflow.
func Step(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return tracerOf(ctx).Step(ctx, name, options...)
}

// Tool starts the use of a tool. [ID] is the id of the model's call that it
// answers; the input is the arguments.
func Tool(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return tracerOf(ctx).Tool(ctx, name, options...)
}

// Retriever starts a search for documents; the input is what is looked for, and
// [Span.SetDocuments] says what was found.
func Retriever(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return tracerOf(ctx).Retriever(ctx, name, options...)
}

// Chain starts anything that is worth a span and that has no function of its own.
func Chain(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return tracerOf(ctx).Chain(ctx, name, options...)
}

// Guardrail starts a check of what goes in or comes out.
func Guardrail(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return tracerOf(ctx).Guardrail(ctx, name, options...)
}

// Evaluator starts a judgement of how well something was done.
func Evaluator(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return tracerOf(ctx).Evaluator(ctx, name, options...)
}

// Agent starts the run of an agent; see the function [Agent].
func (t *Tracer) Agent(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return t.start(ctx, kindAgent, name, options)
}

// Team starts the run of a team; see the function [Team].
func (t *Tracer) Team(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return t.start(ctx, kindTeam, name, options)
}

// Workflow starts the run of a workflow; see the function [Workflow].
func (t *Tracer) Workflow(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return t.start(ctx, kindWorkflow, name, options)
}

// Step starts a step of a workflow; see the function [Step].
func (t *Tracer) Step(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return t.start(ctx, kindStep, name, options)
}

// Tool starts the use of a tool; see the function [Tool].
func (t *Tracer) Tool(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return t.start(ctx, kindTool, name, options)
}

// Retriever starts a search for documents; see the function [Retriever].
func (t *Tracer) Retriever(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return t.start(ctx, kindRetriever, name, options)
}

// Chain starts anything else; see the function [Chain].
func (t *Tracer) Chain(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return t.start(ctx, kindChain, name, options)
}

// Guardrail starts a check; see the function [Guardrail].
func (t *Tracer) Guardrail(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return t.start(ctx, kindGuardrail, name, options)
}

// Evaluator starts a judgement; see the function [Evaluator].
func (t *Tracer) Evaluator(ctx context.Context, name string, options ...SpanOption) (context.Context, *Span) {
	return t.start(ctx, kindEvaluator, name, options)
}

// start starts a span of a named kind.
func (t *Tracer) start(ctx context.Context, what *kind, name string, options []SpanOption) (context.Context, *Span) {
	o := spanOptions(options)
	if what.isRun && o.id == "" {
		o.id = idOf(name)
	}
	ctx, s := t.begin(ctx, what, what.spanName(name), &o)
	if !s.Recording() {
		return ctx, s
	}
	set := make(attributes, 0, 16)
	if what.identify != nil {
		set = what.identify(set, name, o.id)
	}
	if what.name == kindTool.name {
		set = set.text(keyToolDescription, o.description)
	}
	if s.tracer.genAI {
		set = what.genAI(set, name, &o)
	}
	s.describe(ctx, set, &o)
	return ctx, s
}

// begin starts the span itself and makes the context below it.
func (t *Tracer) begin(ctx context.Context, what *kind, name string, o *spanOption) (context.Context, *Span) {
	if t == nil || t.tracer == nil {
		t = newTracer(noop.NewTracerProvider(), choice{})
	}
	below := o.scope(scopeOf(ctx), what.isRun)
	below.tracer = t
	if what.isRun && !below.ownRun {
		below.runID = newRunID()
	}
	if what.isRun {
		below.ownRun = false
	}
	s := &Span{tracer: t, what: what, runID: below.runID}
	config := what.start
	if !o.start.IsZero() {
		config = append(slices.Clip(config), trace.WithTimestamp(o.start))
	}
	ctx, s.span = t.tracer.Start(ctx, valid(name), config...)
	return below.in(ctx), s
}

// describe records what is known at the start.
func (s *Span) describe(ctx context.Context, set attributes, o *spanOption) {
	here := scopeOf(ctx)
	set = here.attributes(s.tracer, set)
	if len(o.attributes) > 0 {
		set = append(set, s.tracer.hiding.attributes(o.attributes)...)
	}
	if o.input != nil {
		set = s.input(set, contentOf(o.input))
	}
	s.span.SetAttributes(set...)
}

// spanName names a span as Agno does: of runs and steps, the name is one word,
// and the method follows.
func (k *kind) spanName(name string) string {
	if k.suffix == "" {
		return name
	}
	return strings.NewReplacer(" ", "_", "-", "_").Replace(name) + k.suffix
}

// genAI appends who did it in the words of the GenAI conventions.
func (k *kind) genAI(to attributes, name string, o *spanOption) attributes {
	to = to.text(genaiOperation, k.operation)
	switch k.operation {
	case "invoke_agent":
		to = to.text(genaiAgentName, name).text(genaiAgentID, o.id).text(genaiAgentDescription, o.description)
	case "invoke_workflow":
		to = to.text(genaiWorkflowName, name)
	case "execute_tool":
		to = to.text(genaiToolName, name).text(genaiToolType, "function").
			text(genaiToolDescription, o.description).text(genaiToolCallID, o.id)
	}
	return to
}

// idOf makes an id from a name, as Agno does.
func idOf(name string) string {
	return strings.NewReplacer(" ", "-", "_", "-").Replace(strings.ToLower(name))
}

// newRunID makes up a random UUID.
func newRunID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // It never fails: crypto/rand ends the program instead.
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var id [36]byte
	hex.Encode(id[:8], b[:4])
	hex.Encode(id[9:13], b[4:6])
	hex.Encode(id[14:18], b[6:8])
	hex.Encode(id[19:23], b[8:10])
	hex.Encode(id[24:], b[10:])
	id[8], id[13], id[18], id[23] = '-', '-', '-', '-'
	return string(id[:])
}
