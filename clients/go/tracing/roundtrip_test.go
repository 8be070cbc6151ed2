package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/internal/model"
)

// anyText is any text that fits a narrow field whole.
func anyText() *rapid.Generator[string] {
	return rapid.StringN(0, 40, -1).Filter(func(s string) bool { return !strings.ContainsRune(s, 0) })
}

// someText is one that is not empty.
func someText() *rapid.Generator[string] {
	return anyText().Filter(func(s string) bool { return s != "" })
}

func anyCalls() *rapid.Generator[[]tracing.ToolCall] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) tracing.ToolCall {
		return tracing.ToolCall{
			ID: anyText().Draw(t, "id"), Name: someText().Draw(t, "name"),
			Arguments: rapid.SampledFrom([]string{"", "{}", `{"city":"Paris"}`, "no JSON"}).Draw(t, "arguments"),
		}
	}), 0, 3)
}

func anyMessages() *rapid.Generator[[]tracing.Message] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) tracing.Message {
		return tracing.Message{
			Role:      rapid.SampledFrom([]string{"system", "user", "assistant", "tool"}).Draw(t, "role"),
			Content:   anyText().Draw(t, "content"),
			Reasoning: anyText().Draw(t, "reasoning"),
			Images:    rapid.SliceOfN(rapid.Just("https://example.com/cat.png"), 0, 2).Draw(t, "images"),
			ToolCalls: anyCalls().Draw(t, "calls"), ToolCallID: anyText().Draw(t, "answers"),
		}
	}), 0, 4)
}

func anyUsage() *rapid.Generator[tracing.Usage] {
	return rapid.Custom(func(t *rapid.T) tracing.Usage {
		n := func(label string) int64 {
			return rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 20), rapid.Int64Range(0, 1<<36)).Draw(t, label)
		}
		u := tracing.Usage{
			Input: n("input"), CacheRead: n("cache read"), CacheWrite: n("cache write"), AudioInput: n("audio input"),
			Output: n("output"), Reasoning: n("reasoning"), AudioOutput: n("audio output"),
		}
		u.CacheWrite1h = rapid.Int64Range(0, u.CacheWrite).Draw(t, "cache write for an hour")
		sum := u.Input + u.CacheRead + u.CacheWrite + u.AudioInput + u.Output + u.Reasoning + u.AudioOutput
		u.Total = rapid.SampledFrom([]int64{
			0, sum, sum, sum + u.CacheRead + u.CacheWrite, sum + u.Reasoning, sum - u.Reasoning, sum + u.AudioInput + u.AudioOutput, sum + 7,
		}).Draw(t, "total")
		return u
	})
}

func messagesOf(messages []model.Message) []tracing.Message {
	var plain []tracing.Message
	for _, m := range messages {
		p := tracing.Message{Role: m.Role, Content: m.Content, Reasoning: m.Reasoning, ToolCallID: m.ToolCallID}
		for _, c := range m.ToolCalls {
			p.ToolCalls = append(p.ToolCalls, tracing.ToolCall(c))
		}
		plain = append(plain, p)
	}
	return plain
}

// A call of a model is read by the server as it was given, whatever vocabularies
// tell of it.
func TestModelCallsComeOutAsGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := record(t, tracing.GenAI(rapid.Bool().Draw(t, "GenAI")))
		call := tracing.ModelCall{
			Operation:  rapid.SampledFrom([]tracing.Operation{"", tracing.Chat, tracing.TextCompletion, tracing.Embeddings}).Draw(t, "operation"),
			Provider:   rapid.SampledFrom([]string{"openai", "Anthropic", "google", "VertexAI", "AwsBedrock", "somebody"}).Draw(t, "provider"),
			Model:      rapid.SampledFrom([]string{"gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-pro"}).Draw(t, "model"),
			Parameters: rapid.SampledFrom([]string{"", `{"temperature":0.2}`, `{"top_p": 1, "stop":["a"], "seed":12345678901234567890}`}).Draw(t, "parameters"),
			Messages:   anyMessages().Draw(t, "messages"),
		}
		result := tracing.ModelResult{
			ID: anyText().Draw(t, "id"), Model: anyText().Draw(t, "answering model"),
			Messages:         anyMessages().Draw(t, "answers"),
			FinishReasons:    rapid.SliceOfN(someText(), 0, 3).Draw(t, "reasons"),
			Usage:            anyUsage().Draw(t, "usage"),
			TimeToFirstToken: time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "first token")),
			ServiceTier:      rapid.SampledFrom([]string{"", "priority", "flex"}).Draw(t, "tier"),
		}
		if call.Operation == tracing.Embeddings {
			call.Messages, result.Messages = nil, nil
		}
		_, m := r.Model(context.Background(), call)
		m.SetResult(result)
		m.End()
		checkModelCall(t, r.only(t), &call, &result)
	})
}

func checkModelCall(t *rapid.T, s *model.Span, call *tracing.ModelCall, result *tracing.ModelResult) {
	t.Helper()
	want := model.TypeLLM
	if call.Operation == tracing.Embeddings {
		want = model.TypeEmbedding
	}
	if s.Type != want || s.Model != call.Model || s.Provider != call.Provider || s.Failed || s.Status != model.StatusOK {
		t.Errorf("read as %v of %s by %s, failed: %v", s.Type, s.Model, s.Provider, s.Failed)
	}
	if s.FirstTokenNano != int64(result.TimeToFirstToken) {
		t.Errorf("the first token came after %d, want %d", s.FirstTokenNano, result.TimeToFirstToken)
	}
	u, given := s.Usage, result.Usage
	total := u.Total
	if total == 0 { // It would be misread: see the comment of counts.
		given.Total = 0
	}
	read := tracing.Usage{
		Input: u.Input, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite, CacheWrite1h: s.Billing.LongCacheWrite,
		AudioInput: u.AudioInput, Output: u.Output, Reasoning: u.Reasoning, AudioOutput: u.AudioOutput, Total: total,
	}
	if diff := cmp.Diff(given, read); diff != "" {
		t.Errorf("usage (-given +read):\n%s", diff)
	}
	if s.Billing.ServiceTier != result.ServiceTier {
		t.Errorf("tier %q, want %q", s.Billing.ServiceTier, result.ServiceTier)
	}
	ignoreImages := cmp.Options{cmpopts.IgnoreFields(tracing.Message{}, "Images"), cmpopts.EquateEmpty()}
	if diff := cmp.Diff(call.Messages, messagesOf(s.Body.InputMessages), ignoreImages); diff != "" {
		t.Errorf("messages (-given +read):\n%s", diff)
	}
	if diff := cmp.Diff(result.Messages, messagesOf(s.Body.OutputMessages), ignoreImages); diff != "" {
		t.Errorf("answers (-given +read):\n%s", diff)
	}
	if diff := cmp.Diff(result.FinishReasons, s.Body.FinishReasons, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("finish reasons (-given +read):\n%s", diff)
	}
	if call.Operation != tracing.Embeddings && s.Body.InvocationParameters != call.Parameters {
		t.Errorf("parameters %q, want %q", s.Body.InvocationParameters, call.Parameters)
	}
}

// A total that is right is never left out.
func TestTheTotalOfTheProviderIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := anyUsage().Draw(t, "usage")
		u.Total = u.Input + u.CacheRead + u.CacheWrite + u.AudioInput + u.Output + u.Reasoning + u.AudioOutput
		r := record(t)
		_, m := r.Model(context.Background(), tracing.ModelCall{Model: "m"})
		m.SetResult(tracing.ModelResult{Usage: u})
		m.End()
		if got := r.only(t).Usage.Total; got != u.Total {
			t.Errorf("total %d, want %d", got, u.Total)
		}
	})
}

// Who ran, for whom, and whether it failed, is read as it was given.
func TestIdentityAndFailureComeOutAsGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := record(t, tracing.GenAI(rapid.Bool().Draw(t, "GenAI")))
		kind := rapid.SampledFrom(startable).Draw(t, "kind")
		name, id := someText().Draw(t, "name"), someText().Draw(t, "id")
		session, user, run := anyText().Draw(t, "session"), anyText().Draw(t, "user"), someText().Draw(t, "run")
		ctx := tracing.WithUser(tracing.WithSession(context.Background(), session), user)
		_, span := kind.start(r.Tracer)(tracing.WithRunID(ctx, run), name, tracing.ID(id), tracing.Input("in"))
		failure := anyText().Draw(t, "failure")
		if failure == "" {
			span.SetOutput("out")
		} else {
			span.Fail(errors.New(failure))
		}
		span.End()

		s := r.only(t)
		want := kind.identity(name, id)
		want.SessionID, want.UserID, want.RunID = session, user, run
		if diff := cmp.Diff(want, s.Identity); diff != "" {
			t.Errorf("identity (-given +read):\n%s", diff)
		}
		if s.Type != kind.want || s.Failed != (failure != "") || s.ErrorMessage != failure {
			t.Errorf("read as %v, failed: %v, %q; want %v, %q", s.Type, s.Failed, s.ErrorMessage, kind.want, failure)
		}
		if s.Body.Input.Value != "in" {
			t.Errorf("input %q", s.Body.Input.Value)
		}
		if kind.want == model.TypeTool && (s.ToolName != name || s.ToolCallID != id || s.Body.ToolArguments != "in" || failure == "" && s.Body.ToolResult != "out") {
			t.Errorf("tool %q, call %q, arguments %q, result %q", s.ToolName, s.ToolCallID, s.Body.ToolArguments, s.Body.ToolResult)
		}
	})
}

// startKind is a function that starts a span, and how its span is read.
type startKind struct {
	name     string
	want     model.SpanType
	start    func(*tracing.Tracer) tracing.Start
	identity func(name, id string) model.Identity
}

func nobody(string, string) model.Identity { return model.Identity{} }

var startable = []startKind{
	{"agent", model.TypeAgent, func(t *tracing.Tracer) tracing.Start { return t.Agent },
		func(name, id string) model.Identity { return model.Identity{AgentName: name, AgentID: id} }},
	{"team", model.TypeTeam, func(t *tracing.Tracer) tracing.Start { return t.Team },
		func(name, id string) model.Identity { return model.Identity{TeamName: name, TeamID: id} }},
	{"workflow", model.TypeWorkflow, func(t *tracing.Tracer) tracing.Start { return t.Workflow },
		func(name, id string) model.Identity { return model.Identity{WorkflowName: name, WorkflowID: id} }},
	{"step", model.TypeStep, func(t *tracing.Tracer) tracing.Start { return t.Step }, nobody},
	{"tool", model.TypeTool, func(t *tracing.Tracer) tracing.Start { return t.Tool }, nobody},
	{"retriever", model.TypeRetriever, func(t *tracing.Tracer) tracing.Start { return t.Retriever }, nobody},
	{"chain", model.TypeChain, func(t *tracing.Tracer) tracing.Start { return t.Chain }, nobody},
	{"guardrail", model.TypeGuardrail, func(t *tracing.Tracer) tracing.Start { return t.Guardrail }, nobody},
	{"evaluator", model.TypeEvaluator, func(t *tracing.Tracer) tracing.Start { return t.Evaluator }, nobody},
}

// String is what a failed property prints.
func (k startKind) String() string { return fmt.Sprintf("%s (%v)", k.name, k.want) }
