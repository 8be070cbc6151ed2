package answer

import (
	"github.com/agenttrace/agenttrace/clients/go/tracing"
)

// The limits of a Collector beside that of its text.
const (
	maxChoices = 128 // answers to one question
	maxCalls   = 256 // tools asked for in one answer
)

// Collector puts an answer together from its pieces. It is not for several
// goroutines at once. A Collector must be made by New.
type Collector struct {
	// ID, Model and ServiceTier are those of the result; the last that is set counts.
	ID, Model, ServiceTier string
	// Usage is that of the result.
	Usage tracing.Usage
	// Failure is what the answer says went wrong; nil where it says nothing.
	Failure *Failure
	// Complete tells that the answer has said that it is at its end.
	Complete bool

	limit   int
	budget  budget
	choices []*Choice
}

// New returns a Collector that keeps limit bytes of text, reasoning, names and
// arguments in all. What goes beyond is counted, and said in the place where it
// would be.
func New(limit int) *Collector { return &Collector{limit: limit, budget: budget{left: limit}} }

// Clear forgets the choices and keeps the rest.
func (c *Collector) Clear() { c.choices, c.budget = nil, budget{left: c.limit} }

// Choice returns the choice of that index, which is made where it is new. A
// negative index is the first; beyond the limit of choices it is the last.
func (c *Collector) Choice(index int) *Choice {
	index = min(max(index, 0), maxChoices-1)
	for len(c.choices) <= index {
		c.choices = append(c.choices, nil)
	}
	if c.choices[index] == nil {
		c.choices[index] = &Choice{budget: &c.budget}
	}
	return c.choices[index]
}

// Started reports whether some of the content has come.
func (c *Collector) Started() bool { return c.budget.started }

// Finished reports whether the answer has said that it is at its end.
func (c *Collector) Finished() bool { return c.Complete }

// Failed returns what the answer says went wrong, nil where it says nothing.
func (c *Collector) Failed() *Failure { return c.Failure }

// Fail notes what went wrong, if nothing was noted before.
func (c *Collector) Fail(failure *Failure) {
	if c.Failure == nil {
		c.Failure = failure
	}
}

// Result returns what has come so far. Choices are in the order of their index,
// without those that never came.
func (c *Collector) Result() tracing.ModelResult {
	result := tracing.ModelResult{ID: c.ID, Model: c.Model, ServiceTier: c.ServiceTier, Usage: c.Usage}
	for _, choice := range c.choices {
		if choice == nil {
			continue
		}
		if message, any := choice.message(); any {
			result.Messages = append(result.Messages, message)
		}
		if choice.Finish != "" {
			result.FinishReasons = append(result.FinishReasons, choice.Finish)
		}
	}
	return result
}

// Choice is one of the answers to a question.
type Choice struct {
	// Role of the message; "assistant" where it is empty.
	Role string
	// Finish says why the model stopped.
	Finish string

	budget    *budget
	text      text
	reasoning text
	calls     []*Call
	byIndex   map[int]*Call
}

// Text appends to the content.
func (c *Choice) Text(piece string) { c.text.add(c.budget, piece) }

// Part appends to the content what is a part of its own: a line break comes
// before it where there is content already.
func (c *Choice) Part(part string) {
	if part == "" {
		return
	}
	if c.text.size > 0 {
		part = "\n" + part
	}
	c.text.add(c.budget, part)
}

// Reasoning appends to the reasoning.
func (c *Choice) Reasoning(piece string) { c.reasoning.add(c.budget, piece) }

// ReasoningPart appends a part of its own to the reasoning.
func (c *Choice) ReasoningPart(part string) {
	if part != "" && c.reasoning.size > 0 {
		part = "\n" + part
	}
	c.reasoning.add(c.budget, part)
}

// Call returns the call of a tool that the stream knows by index, which is made
// where it is new; beyond the limit of calls it is the last.
func (c *Choice) Call(index int) *Call {
	if call := c.byIndex[index]; call != nil {
		return call
	}
	if len(c.calls) >= maxCalls {
		return c.calls[len(c.calls)-1]
	}
	call := c.NewCall()
	if c.byIndex == nil {
		c.byIndex = map[int]*Call{}
	}
	c.byIndex[index] = call
	return call
}

// NewCall returns a further call of a tool; beyond the limit of calls it is the
// last again.
func (c *Choice) NewCall() *Call {
	c.budget.started = true
	if len(c.calls) >= maxCalls {
		return c.calls[len(c.calls)-1]
	}
	call := &Call{budget: c.budget}
	c.calls = append(c.calls, call)
	return call
}

func (c *Choice) message() (tracing.Message, bool) {
	message := tracing.Message{Role: c.Role, Content: c.text.String(), Reasoning: c.reasoning.String()}
	if message.Role == "" {
		message.Role = "assistant"
	}
	for _, call := range c.calls {
		message.ToolCalls = append(message.ToolCalls, tracing.ToolCall{ID: call.ID, Name: call.name.String(), Arguments: call.arguments.String()})
	}
	return message, message.Content != "" || message.Reasoning != "" || message.ToolCalls != nil || c.Finish != "" || c.Role != ""
}

// Call is a model's request to run a tool.
type Call struct {
	// ID by which its answer names it.
	ID string

	budget    *budget
	name      text
	arguments text
}

// Name appends to the tool's name.
func (c *Call) Name(piece string) { c.name.add(c.budget, piece) }

// Arguments appends to the tool's arguments.
func (c *Call) Arguments(piece string) { c.arguments.add(c.budget, piece) }

// HasArguments reports whether arguments have come.
func (c *Call) HasArguments() bool { return c.arguments.size > 0 }
