package tracing_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/internal/model"
)

func TestAContextCarriesWhoAndWhat(t *testing.T) {
	r := record(t, tracing.GenAI(true))
	ctx := tracing.WithRunID(tracing.WithUser(tracing.WithSession(t.Context(), "s1"), "ada"), "run-1")
	ctx = tracing.WithTags(tracing.WithTags(ctx, "a"), "b", "a")
	ctx = tracing.WithMetadata(tracing.WithMetadata(ctx, map[string]any{"x": 1, "y": 1}), map[string]any{"y": "<2>"})
	ctx = tracing.WithPromptTemplate(ctx, "Hi {name}", "v2", map[string]any{"name": "Ada"})
	ctx = tracing.WithAttributes(ctx, attribute.Bool("beta", true))
	_, outside := tracing.Chain(ctx, "outside") // Nobody records it: its tracer is the default.
	outside.End()
	ctx, run := r.Agent(ctx, "agent")
	below, inner := tracing.Agent(ctx, "inner", tracing.Session("s2"), tracing.Tags("c"), tracing.Metadata(map[string]any{"x": 2}))
	_, call := tracing.Model(below, tracing.ModelCall{Model: "m"})
	call.End()
	inner.End()
	run.End()

	spans := r.spans(t)
	want := map[string]string{
		"session.id": "s1", "user.id": "ada", "agno.run.id": "run-1", "tag.tags": `["a","b"]`, "metadata": `{"x":1,"y":"<2>"}`, "gen_ai.conversation.id": "s1",
		"llm.prompt_template.template": "Hi {name}", "llm.prompt_template.version": "v2", "llm.prompt_template.variables": `{"name":"Ada"}`, "beta": "true",
	}
	if diff := cmp.Diff(want, carried(named(t, spans, "agent.run"))); diff != "" {
		t.Errorf("the agent (-want +got):\n%s", diff)
	}
	want["session.id"], want["gen_ai.conversation.id"], want["tag.tags"], want["metadata"], want["agno.run.id"] = "s2", "s2", `["a","b","c"]`, `{"x":2,"y":"<2>"}`, inner.RunID()
	for _, name := range []string{"inner.run", "chat m"} {
		if diff := cmp.Diff(want, carried(named(t, spans, name))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if inner.RunID() == "run-1" {
		t.Error("two runs have one id")
	}
}

// carried returns what a span has from its context.
func carried(s *model.Span) map[string]string {
	found := map[string]string{}
	for _, a := range s.Body.Attributes {
		for _, prefix := range []string{"session.", "user.", "agno.run", "tag.", "metadata", "llm.prompt_template", "gen_ai.conversation", "beta"} {
			if strings.HasPrefix(a.Key, prefix) {
				found[a.Key] = strings.ReplaceAll(strings.Trim(shown(&a.Value), `"`), `\"`, `"`)
			}
		}
	}
	if tags, ok := found["tag.tags"]; ok {
		found["tag.tags"] = strings.ReplaceAll(tags, " ", ",")
	}
	return found
}

// Siblings that add to one context do not see each other's additions.
func TestSiblingsDoNotMix(t *testing.T) {
	r := record(t)
	base := tracing.WithTags(t.Context(), "a", "b", "c")
	one, two := tracing.WithTags(base, "one"), tracing.WithTags(base, "two")
	_, first := r.Chain(one, "first", tracing.Tags("x"))
	_, second := r.Chain(two, "second", tracing.Tags("y"))
	first.End()
	second.End()
	spans := r.spans(t)
	if got := carried(named(t, spans, "first"))["tag.tags"]; got != `["a","b","c","one","x"]` {
		t.Error(got)
	}
	if got := carried(named(t, spans, "second"))["tag.tags"]; got != `["a","b","c","two","y"]` {
		t.Error(got)
	}
}
