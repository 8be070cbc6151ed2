package otlp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
)

func TestBillingIsThatOfTheCall(t *testing.T) {
	llm, agent := text("openinference.span.kind", "LLM"), text("openinference.span.kind", "AGENT")
	cost := model.KeyValue{Key: "llm.cost.total", Value: model.DoubleValue(0.0123)}
	written := number("llm.token_count.prompt_details.cache_write", 100)
	const long = "llm.token_count.prompt_details.cache_write_1h"
	tests := []struct {
		name       string
		attributes []model.KeyValue
		want       model.Billing
	}{
		{"nothing", []model.KeyValue{llm}, model.Billing{}},
		{"a cost", []model.KeyValue{llm, cost}, model.Billing{Reported: 12_300_000}},
		{"a cost of an agent that reports usage", []model.KeyValue{agent, cost, number("llm.token_count.prompt", 1)}, model.Billing{Reported: 12_300_000}},
		{"a cost of an agent that reports none", []model.KeyValue{agent, cost}, model.Billing{}},
		{"cache writes for an hour", []model.KeyValue{llm, written, number(long, 60)}, model.Billing{LongCacheWrite: 60}},
		{"in Anthropic's words", []model.KeyValue{llm, written, number("gen_ai.usage.cache_creation.ephemeral_1h_input_tokens", 60)}, model.Billing{LongCacheWrite: 60}},
		{"with an underscore", []model.KeyValue{llm, written, number("gen_ai.usage.cache_creation_ephemeral_1h_input_tokens", 60)}, model.Billing{LongCacheWrite: 60}},
		{"more than were written", []model.KeyValue{llm, written, number(long, 101)}, model.Billing{LongCacheWrite: 100}},
		{"where none were written", []model.KeyValue{llm, number(long, 60)}, model.Billing{}},
		{"a tier", []model.KeyValue{llm, text("gen_ai.request.service_tier", "Batch")}, model.Billing{ServiceTier: "batch"}},
		{"the tier that was served before the one asked for", []model.KeyValue{
			llm, text("openai.request.service_tier", "flex"), text("gen_ai.openai.response.service_tier", "priority"),
		}, model.Billing{ServiceTier: "priority"}},
		{"the usual tier instead of the one asked for", []model.KeyValue{
			llm, text("gen_ai.openai.request.service_tier", "priority"), text("openai.response.service_tier", "default"),
		}, model.Billing{}},
		{"auto", []model.KeyValue{llm, text("openai.request.service_tier", "AUTO")}, model.Billing{}},
		{"Anthropic's usual tier", []model.KeyValue{llm, text("gen_ai.anthropic.service_tier", "standard")}, model.Billing{}},
		{"no tier but a text", []model.KeyValue{llm, text("gen_ai.request.service_tier", strings.Repeat("x", maxTierBytes+1))}, model.Billing{}},
		{"bytes that no database takes", []model.KeyValue{llm, text("gen_ai.request.service_tier", "a\x00b")}, model.Billing{ServiceTier: "a�b"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, derived(t, spanOf(1, "x", test.attributes...)).Billing); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestWhatBearsOnThePriceStaysSearchable(t *testing.T) {
	s := derived(t, spanOf(1, "x", text("openinference.span.kind", "LLM"), text("gen_ai.request.service_tier", "batch"),
		number("llm.token_count.prompt_details.cache_write_1h", 60)))
	want := `{"gen_ai.request.service_tier":"batch","llm.token_count.prompt_details.cache_write_1h":60}`
	if string(s.ShortAttributes) != want {
		t.Errorf("%s, want %s", s.ShortAttributes, want)
	}
}
