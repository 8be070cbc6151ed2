package otlp

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
)

// What Agno's instrumentation gets wrong, or leaves out, by the shapes of its
// real spans.

func exceptionEvent(class, message, stack string) model.Event {
	return model.Event{Name: "exception", Attributes: []model.KeyValue{
		text("exception.type", class), text("exception.message", message),
		text("exception.stacktrace", stack), text("exception.escaped", "False"),
	}}
}

func TestAFailedModelCallThatSaysOKIsAFailure(t *testing.T) {
	s := spanOf(1, "OpenAIChat.invoke", text("openinference.span.kind", "LLM"), text("llm.model_name", "gpt-4o-mini"))
	s.Status = model.StatusOK
	s.Body.Events = []model.Event{exceptionEvent("agno.exceptions.ModelProviderError", "The server had an error", "Traceback")}
	got := complete(t, s)
	if !got.Failed || got.Status != model.StatusOK {
		t.Errorf("failed %v, status %v", got.Failed, got.Status)
	}
	if got.ErrorType != "agno.exceptions.ModelProviderError" || got.ErrorMessage != "The server had an error" || got.Body.Stacktrace != "Traceback" {
		t.Errorf("%q %q %q", got.ErrorType, got.ErrorMessage, got.Body.Stacktrace)
	}
}

func TestTheLastExceptionOfAStepCounts(t *testing.T) {
	s := spanOf(1, "research.execute", text("openinference.span.kind", "CHAIN"))
	s.Status, s.Body.FullStatusMessage = model.StatusError, "Exception: outer"
	s.Body.Events = []model.Event{exceptionEvent("ValueError", "inner", "a"), exceptionEvent("StepError", "outer", "b"), {Name: "log"}}
	got := complete(t, s)
	if got.ErrorType != "StepError" || got.ErrorMessage != "outer" || got.Body.Stacktrace != "b" {
		t.Errorf("%q %q %q", got.ErrorType, got.ErrorMessage, got.Body.Stacktrace)
	}
}

func TestAFailedToolHasItsStatusMessage(t *testing.T) {
	s := spanOf(1, "explode", text("openinference.span.kind", "TOOL"), text("tool.name", "explode"), text("error.type", "Boom"))
	s.Status, s.Body.FullStatusMessage = model.StatusError, "boom: test"
	if got := derived(t, s); !got.Failed || got.ErrorMessage != "boom: test" || got.ErrorType != "Boom" {
		t.Errorf("%v %q %q", got.Failed, got.ErrorMessage, got.ErrorType)
	}
}

func TestASuccessfulSpanHasNoError(t *testing.T) {
	s := spanOf(1, "x", text("error.type", "left over"))
	s.Status = model.StatusOK
	s.Body.Events = []model.Event{{Name: "retry"}}
	if got := derived(t, s); got.Failed || got.ErrorType != "" || got.ErrorMessage != "" {
		t.Errorf("%+v", got)
	}
}

// After Team.run the ended team stays the current context, and agents that run
// later become its children: their identity has to be their own.
func TestAnAgentUnderAFinishedTeamKeepsItsOwnIdentity(t *testing.T) {
	team := spanOf(1, "Research_Team.run", text("openinference.span.kind", "AGENT"), text("agno.team.id", "research-team"),
		text("agno.run.id", "run-1"), text("session.id", "session-1"))
	agent := spanOf(9, "After_Agent.run", text("openinference.span.kind", "AGENT"), text("agno.agent.id", "after-agent"),
		text("agno.run.id", "run-2"), text("session.id", "session-2"))
	agent.ParentID = team.SpanID
	r := mustParse(t, EncodeSpans([]*model.Span{agent, team}))
	sum := model.TraceOf(r.Records[0].Span)
	sum.Merge(model.TraceOf(r.Records[1].Span))
	if got := r.Records[0].Span; got.Type != model.TypeAgent || got.RunID != "run-2" || got.SessionID != "session-2" || got.TeamID != "" {
		t.Errorf("%+v", got.Identity)
	}
	if sum.HeadType != model.TypeTeam || sum.Identity.RunID != "run-1" {
		t.Errorf("head %v %+v", sum.HeadType, sum.Identity)
	}
}

func TestABackgroundWorkflowIsARunWithItsName(t *testing.T) {
	child := spanOf(2, "OpenAIChat.ainvoke", text("openinference.span.kind", "LLM"))
	flow := spanOf(1, "Blog_Workflow._aexecute", text("openinference.span.kind", "CHAIN"), text("graph.node.name", "Blog Workflow"),
		text("session.id", "s"), text("agno.run.id", "r"))
	child.ParentID = flow.SpanID
	r := mustParse(t, EncodeSpans([]*model.Span{child, flow}))
	sum := model.TraceOf(r.Records[0].Span)
	sum.Merge(model.TraceOf(r.Records[1].Span))
	if sum.Name != "Blog_Workflow._aexecute" || sum.HeadType != model.TypeWorkflow || sum.Identity.WorkflowName != "Blog Workflow" {
		t.Errorf("%q %v %+v", sum.Name, sum.HeadType, sum.Identity)
	}
}

func TestATraceUnderAForeignRootIsAboutItsTopmostRun(t *testing.T) {
	root := spanOf(1, "POST /agents/{id}/runs", text("http.route", "/agents/{id}/runs"))
	root.Body.Scope.Name = "opentelemetry.instrumentation.fastapi"
	agent := spanOf(2, "Weather_Agent.arun", text("openinference.span.kind", "AGENT"), text("agno.agent.id", "weather-agent"), text("agno.run.id", "r"))
	agent.ParentID = root.SpanID
	r := mustParse(t, EncodeSpans([]*model.Span{root, agent}))
	sum := model.TraceOf(r.Records[0].Span)
	sum.Merge(model.TraceOf(r.Records[1].Span))
	if sum.Identity.AgentID != "weather-agent" || sum.RootName != "POST /agents/{id}/runs" {
		t.Errorf("%+v, root %q", sum.Identity, sum.RootName)
	}
}

// continue_run is not instrumented: its model calls are roots without any id.
func TestAModelCallWithoutIdsIsATraceOfItsOwn(t *testing.T) {
	s := spanOf(1, "OpenAIChat.invoke", text("openinference.span.kind", "LLM"), text("llm.model_name", "m"),
		number("llm.token_count.prompt", 7), text("input.value", "hi"))
	sum := model.TraceOf(derived(t, s))
	if sum.Identity != (model.Identity{}) || sum.LLMCalls != 1 || sum.Usage.Input != 7 || !sum.RootArrived() || sum.InputPreview != "hi" {
		t.Errorf("%+v", sum)
	}
}

func TestAnAgentWithoutANameHasItsGeneratedIds(t *testing.T) {
	s := spanOf(1, "Agent.run", text("openinference.span.kind", "AGENT"), text("graph.node.id", "00ff"),
		text("agno.agent.id", "open-zuse-93bd70c5"), text("session.id", "0b0e"), text("agno.run.id", "r"))
	got := derived(t, s)
	want := model.Identity{AgentID: "open-zuse-93bd70c5", SessionID: "0b0e", RunID: "r"}
	if got.Identity != want || got.Type != model.TypeAgent {
		t.Errorf("%v %+v", got.Type, got.Identity)
	}
}

// The output of an agent says application/json and is plain text.
func TestContentIsAsTheSenderWroteIt(t *testing.T) {
	s := spanOf(1, "A.run", text("openinference.span.kind", "AGENT"), text("output.value", "It is sunny"), text("output.mime_type", "application/json"))
	want := model.Content{Value: "It is sunny", MIMEType: "application/json"}
	if got := complete(t, s).Body.Output; got != want {
		t.Errorf("%+v", got)
	}
}
