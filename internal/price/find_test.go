package price

import (
	"fmt"
	"sync"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
)

func TestProvidersAreFoundAsSendersSpellThem(t *testing.T) {
	tests := []struct{ provider, model, want string }{
		{"OpenAI", "gpt-4o", "openai"},
		{"openai", "gpt-4o", "openai"},
		{"OpenAI Chat", "gpt-4o", "openai"},
		{"Azure", "gpt-4o", "azure"},
		{"azure.ai.inference", "gpt-4o", "azure"},
		{"azure.ai.openai", "gpt-4o", "openai"},
		{"Anthropic", "claude-sonnet-4-5", "anthropic"},
		{"Google", "gemini-2.5-flash", "google"},
		{"gcp.gemini", "gemini-2.5-flash", "google"},
		{"gcp.vertex_ai", "gemini-2.5-flash", "google"},
		{"gcp.gen_ai", "gemini-2.5-flash", "google"},
		{"aws.bedrock", "amazon.nova-pro-v1:0", "aws"},
		{"AwsBedrock", "amazon.nova-pro-v1:0", "aws"},
		{"x_ai", "grok-4", "x-ai"},
		{"xAI", "grok-4", "x-ai"},
		{"mistral_ai", "mistral-large-latest", "mistral"},
		{"OpenRouter", "openai/gpt-4o", "openrouter"},
		{"Groq", "llama-3.3-70b-versatile", "groq"},
		{" DeepSeek ", "deepseek-chat", "deepseek"},
		{"TogetherAI", "austism/chronos-hermes-13b", "together"},
		{"azure_ai", "gpt-4o", "azure"},
		{"fireworks_ai", "accounts/fireworks/models/deepseek-r1-0528", "fireworks"},
		{"", "gpt-4o", "openai"},
		{"", "claude-sonnet-4-5", "anthropic"},
		{"LiteLLM", "anthropic/claude-sonnet-4-5", "anthropic"},
		{"LiteLLM", "x_ai/grok-4", "x-ai"},
		{"LiteLLM", "gpt-4o", "openai"},
		{"LiteLLM", "nobody/claude-v2", "anthropic"},
	}
	b := builtinBook(t)
	for _, test := range tests {
		o := b.offerFor(test.provider, test.model)
		if o.provider != test.want || len(o.listed) == 0 {
			t.Errorf("%q %q: found %q with %d prices, want those of %q", test.provider, test.model, o.provider, len(o.listed), test.want)
		}
	}
}

func TestDatesInNamesAreFoundWithDashesToo(t *testing.T) {
	tests := []struct{ name, want string }{
		{"gpt-4o-20240806", "gpt-4o-2024-08-06"},
		{"gpt-4o-20240806:tuned", "gpt-4o-2024-08-06:tuned"},
		{"a-20250101-20250102-b", "a-2025-01-01-2025-01-02-b"},
		{"gpt-4o-2024-08-06", "gpt-4o-2024-08-06"},
		{"gpt-4o-20240230", "gpt-4o-20240230"},
		{"gpt-4o-19990101", "gpt-4o-19990101"},
		{"gpt-4o-202408061", "gpt-4o-202408061"},
		{"gpt-4o20240806", "gpt-4o20240806"},
		{"20240806", "20240806"},
		{"-", "-"},
		{"", ""},
	}
	for _, test := range tests {
		if got := dashed(test.name); got != test.want {
			t.Errorf("%q becomes %q, want %q", test.name, got, test.want)
		}
	}
}

func TestManyNamesTakeBoundedMemory(t *testing.T) {
	b := builtinBook(t)
	for i := range memoLimit + 10 {
		b.Price(&model.Span{Type: model.TypeLLM, Provider: "openai", Model: fmt.Sprintf("gpt-4o-%d", i), Usage: model.Usage{Input: 1}})
	}
	if n := len(b.memo.offers); n > memoLimit || n == 0 {
		t.Errorf("%d offers are remembered, want some, and at most %d", n, memoLimit)
	}
}

func TestManyGoroutinesGetTheSamePrice(t *testing.T) {
	b := builtinBook(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 2_000 {
				s := &model.Span{Type: model.TypeLLM, Provider: "openai", Model: "gpt-5", Usage: model.Usage{Input: 4}}
				if i%3 == 0 {
					s.Model = fmt.Sprintf("no-such-model-%d", i)
				}
				got, ok := b.Price(s)
				if want := s.Model == "gpt-5"; ok != want || want && got != 5_000 {
					t.Errorf("%s: %d nanodollars (priced: %v)", s.Model, got, ok)
					return
				}
			}
		})
	}
	wg.Wait()
}
