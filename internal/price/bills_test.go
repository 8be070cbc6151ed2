package price

import (
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// at returns Unix nanoseconds.
func at(t *testing.T, text string) int64 {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return when.UnixNano()
}

// A dollar for a million tokens is 1,000 nanodollars for one, so that the bills
// below can be done by hand: tokens times the price from the provider's list
// times 1,000.
func TestBillsAreAsDoneByHand(t *testing.T) {
	const march = "2026-03-01T12:00:00Z"
	tests := []struct {
		name            string
		provider, model string
		at              string
		usage           model.Usage
		billing         model.Billing
		want            int64
	}{
		{
			// OpenAI's list: gpt-5 at 1.25, cached input 0.125, output 10 with reasoning in it.
			name: "cached and reasoning tokens", provider: "OpenAI", model: "gpt-5", at: march,
			usage: model.Usage{Input: 2_000, CacheRead: 8_000, Output: 300, Reasoning: 700},
			want:  2_000*1_250 + 8_000*125 + (300+700)*10_000, // $0.0135
		},
		{
			// Anthropic's list: Opus 4.5 at 5, cache writes 6.25 for 5 minutes and 10 for an
			// hour, cache reads 0.50, output 25.
			name: "cache reads, and writes for 5 minutes and for an hour", provider: "Anthropic", model: "claude-opus-4-5-20251101", at: march,
			usage:   model.Usage{Input: 50, CacheRead: 100_000, CacheWrite: 10_000, Output: 1_200},
			billing: model.Billing{LongCacheWrite: 4_000},
			want:    50*5_000 + 100_000*500 + 6_000*6_250 + 4_000*10_000 + 1_200*25_000, // $0.15775
		},
		{
			// Google's list: Gemini 2.5 Pro for prompts up to 200k at 1.25, cached 0.125,
			// output 10 with thinking in it.
			name: "a prompt of exactly 200k", provider: "Google", model: "gemini-2.5-pro", at: march,
			usage: model.Usage{Input: 150_000, CacheRead: 50_000, Output: 1_000, Reasoning: 500},
			want:  150_000*1_250 + 50_000*125 + 1_500*10_000, // $0.20875
		},
		{
			// The same list for prompts above 200k: 2.50, cached 0.25, output 15. All of the
			// call costs that, not only what is above.
			name: "a prompt of one token more", provider: "gcp.gemini", model: "gemini-2.5-pro", at: march,
			usage: model.Usage{Input: 150_001, CacheRead: 50_000, Output: 1_000, Reasoning: 500},
			want:  150_001*2_500 + 50_000*250 + 1_500*15_000, // $0.4100025
		},
		{
			// Anthropic's list: Sonnet 4.5 for prompts above 200k at 6, cache writes for an
			// hour 12, output 22.50.
			name: "what is cached for an hour is part of the prompt", provider: "anthropic", model: "claude-sonnet-4-5", at: march,
			usage:   model.Usage{Input: 199_999, CacheWrite: 2, Output: 10},
			billing: model.Billing{LongCacheWrite: 2},
			want:    199_999*6_000 + 2*12_000 + 10*22_500,
		},
		{
			// OpenAI's list: gpt-realtime text 4 in, 0.40 cached, 16 out; audio 32 in, 64 out.
			name: "audio", provider: "openai", model: "gpt-realtime", at: march,
			usage: model.Usage{Input: 400, CacheRead: 1_000, AudioInput: 3_000, Output: 60, AudioOutput: 2_500},
			want:  400*4_000 + 1_000*400 + 3_000*32_000 + 60*16_000 + 2_500*64_000, // $0.25896
		},
		{
			// Perplexity's list: Sonar Deep Research at 2 in, 8 out, reasoning 3.
			name: "reasoning that is priced apart", provider: "Perplexity", model: "sonar-deep-research", at: march,
			usage: model.Usage{Input: 100, Output: 2_000, Reasoning: 70_000},
			want:  100*2_000 + 2_000*8_000 + 70_000*3_000, // $0.2262
		},
		{
			// Perplexity's list: Sonar Pro at 3 in, 15 out, and 14 for 1,000 requests with
			// much context.
			name: "a fee for each request", provider: "Perplexity", model: "sonar-pro", at: march,
			usage: model.Usage{Input: 200, Output: 300},
			want:  200*3_000 + 300*15_000 + 14_000_000, // $0.0191
		},
		{
			name: "OpenAI's batch: half of all", provider: "openai", model: "gpt-5", at: march,
			usage:   model.Usage{Input: 2_000, CacheRead: 8_000, Output: 1_000},
			billing: model.Billing{ServiceTier: "batch"},
			want:    (2_000*1_250 + 8_000*125 + 1_000*10_000) / 2,
		},
		{
			name: "OpenAI's flex: as batch", provider: "openai", model: "gpt-5", at: march,
			usage:   model.Usage{Input: 2_000, CacheRead: 8_000, Output: 1_000},
			billing: model.Billing{ServiceTier: "flex"},
			want:    (2_000*1_250 + 8_000*125 + 1_000*10_000) / 2,
		},
		{
			name: "Anthropic's batch: half of all, the cache included", provider: "anthropic", model: "claude-opus-4-5", at: march,
			usage:   model.Usage{Input: 50, CacheRead: 100_000, CacheWrite: 10_000, Output: 1_200},
			billing: model.Billing{LongCacheWrite: 4_000, ServiceTier: "batch"},
			want:    (50*5_000 + 100_000*500 + 6_000*6_250 + 4_000*10_000 + 1_200*25_000) / 2,
		},
		{
			name: "Google's batch: half, but for what came from the cache", provider: "google", model: "gemini-2.5-pro", at: march,
			usage:   model.Usage{Input: 150_001, CacheRead: 50_000, Output: 1_500},
			billing: model.Billing{ServiceTier: "batch"},
			want:    (150_001*2_500+1_500*15_000)/2 + 50_000*250,
		},
		{
			// OpenAI cut the prices of o3 from 10 in, 40 out to 2 in, 8 out on 10 June 2025.
			name: "the last moment before a change of prices", provider: "openai", model: "o3", at: "2025-06-09T23:59:59.999999999Z",
			usage: model.Usage{Input: 1_000, Output: 1_000},
			want:  1_000*10_000 + 1_000*40_000,
		},
		{
			name: "the first moment after it", provider: "openai", model: "o3", at: "2025-06-10T00:00:00Z",
			usage: model.Usage{Input: 1_000, Output: 1_000},
			want:  1_000*2_000 + 1_000*8_000,
		},
		{
			// DeepSeek's list of 2025: 0.27 in and 1.10 out from 00:30 to 16:30 UTC, half of
			// that at night.
			name: "the day's prices until", provider: "DeepSeek", model: "deepseek-chat", at: "2025-08-01T16:29:59.999999999Z",
			usage: model.Usage{Input: 1_000, Output: 1_000},
			want:  1_000*270 + 1_000*1_100,
		},
		{
			name: "the night's prices from", provider: "DeepSeek", model: "deepseek-chat", at: "2025-08-01T16:30:00Z",
			usage: model.Usage{Input: 1_000, Output: 1_000},
			want:  1_000*135 + 1_000*550,
		},
		{
			name: "a model that is free", provider: "OpenRouter", model: "deepseek/deepseek-r1:free", at: march,
			usage: model.Usage{Input: 1_000, CacheRead: 3, Output: 1_000, Reasoning: 7},
			want:  0,
		},
	}
	b := builtinBook(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &model.Span{
				Type: model.TypeLLM, Provider: test.provider, Model: test.model, StartNano: at(t, test.at),
				Usage: test.usage, Billing: test.billing,
			}
			if got, ok := b.Price(s); got != test.want || !ok {
				t.Errorf("%d nanodollars (priced: %v), want %d", got, ok, test.want)
			}
		})
	}
}

func TestWhatHasNoKnownPriceIsNotPriced(t *testing.T) {
	some := model.Usage{Input: 10, Output: 10}
	tests := map[string]model.Span{
		"an unknown model":             {Provider: "openai", Model: "gpt-from-next-year", Usage: some},
		"an unknown model, no one's":   {Model: "my-own-model", Usage: some},
		"an unknown provider":          {Provider: "my-proxy", Model: "gpt-4o", Usage: some},
		"a model on one's own machine": {Provider: "Ollama", Model: "llama3.1:8b", Usage: some},
		"no model":                     {Provider: "openai", Usage: some},
		"no usage":                     {Provider: "openai", Model: "gpt-4o"},
		"no usage of a free model":     {Provider: "openrouter", Model: "deepseek/deepseek-r1:free"},
		"tokens that cannot be":        {Provider: "openrouter", Model: "deepseek/deepseek-r1:free", Usage: model.Usage{Input: -5, Output: 10}},
		"more tokens than can be":      {Provider: "openrouter", Model: "deepseek/deepseek-r1:free", Usage: model.Usage{Input: maxTokens + 1}},
		"more than 64 bits of tokens":  {Provider: "openai", Model: "gpt-4o", Usage: model.Usage{Input: 1 << 62, Output: 1 << 62, Reasoning: 1 << 62}},

		"answers of a model that is priced for its input":        {Provider: "openai", Model: "text-embedding-3-small", Usage: some},
		"tokens of a model that is priced by the hour":           {Provider: "openai", Model: "whisper-1", Usage: some},
		"answers that may be pictures, which cost more":          {Provider: "google", Model: "gemini-2.5-flash-image", Usage: some},
		"a cache for an hour, priced for five minutes":           {Provider: "openrouter", Model: "anthropic/claude-sonnet-4.5", Usage: model.Usage{CacheWrite: 10}, Billing: model.Billing{LongCacheWrite: 1}},
		"a model of which the table says neither free nor price": {Provider: "cerebras", Model: "qwen-3-coder-480b", Usage: some},

		"OpenAI's priority":           {Provider: "openai", Model: "gpt-5", Usage: some, Billing: model.Billing{ServiceTier: "priority"}},
		"Anthropic's priority":        {Provider: "anthropic", Model: "claude-opus-4-5", Usage: some, Billing: model.Billing{ServiceTier: "priority"}},
		"Anthropic has no flex":       {Provider: "anthropic", Model: "claude-opus-4-5", Usage: some, Billing: model.Billing{ServiceTier: "flex"}},
		"Groq's flex":                 {Provider: "groq", Model: "llama-3.3-70b-versatile", Usage: some, Billing: model.Billing{ServiceTier: "flex"}},
		"batch of Claude on Vertex":   {Provider: "gcp.vertex_ai", Model: "claude-opus-4-6", Usage: some, Billing: model.Billing{ServiceTier: "batch"}},
		"a tier that nobody heard of": {Provider: "openai", Model: "gpt-5", Usage: some, Billing: model.Billing{ServiceTier: "turbo"}},
	}
	b := builtinBook(t)
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			s.Type, s.StartNano = model.TypeLLM, at(t, "2026-03-01T12:00:00Z")
			if nano, ok := b.Price(&s); ok || nano != 0 {
				t.Errorf("%d nanodollars (priced: %v), want no price", nano, ok)
			}
		})
	}
}

func TestUsualServiceTiersCostTheUsualPrice(t *testing.T) {
	b := builtinBook(t)
	for _, tier := range []string{"", "default", "standard", "standard_only", "auto", "on_demand", "Default"} {
		s := &model.Span{Type: model.TypeLLM, Provider: "openai", Model: "gpt-5", Usage: model.Usage{Input: 4}, Billing: model.Billing{ServiceTier: tier}}
		if got, ok := b.Price(s); got != 5_000 || !ok {
			t.Errorf("tier %q: %d nanodollars (priced: %v), want 5000", tier, got, ok)
		}
	}
}

// A run may report the sum of its calls' usage where the calls themselves report
// nothing.
func TestUsageOfSeveralCallsIsPricedOnlyWhereTheirSizesDoNotMatter(t *testing.T) {
	tests := []struct {
		name            string
		provider, model string
		prompt          int64
		want            int64
		priced          bool
	}{
		{"one price for all", "openai", "gpt-5", 900_000, 900_000 * 1_250, true},
		{"no call can have reached the next tier", "google", "gemini-2.5-pro", 200_000, 200_000 * 1_250, true},
		{"one of the calls may have", "google", "gemini-2.5-pro", 200_001, 0, false},
		{"a fee for each of who knows how many", "perplexity", "sonar-pro", 100, 0, false},
	}
	b := builtinBook(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &model.Span{Type: model.TypeAgent, Provider: test.provider, Model: test.model, Usage: model.Usage{Input: test.prompt}}
			if got, ok := b.Price(s); got != test.want || ok != test.priced {
				t.Errorf("%d nanodollars (priced: %v), want %d (%v)", got, ok, test.want, test.priced)
			}
		})
	}
}

// gemini-flash-1.5-8b takes 0.0375 dollars for a million tokens, 37.5 nanodollars
// for one.
func TestABillIsRoundedOnceHalvesAwayFromZero(t *testing.T) {
	tests := []struct {
		name  string
		usage model.Usage
		tier  string
		want  int64
	}{
		{"37.5", model.Usage{Input: 1}, "", 38},
		{"112.5", model.Usage{Input: 3}, "", 113},
		{"37.5 and 37.5 are 75", model.Usage{Input: 1, AudioInput: 1}, "", 75},
		{"half of 37.5 is 18.75", model.Usage{Input: 1}, "batch", 19},
		{"half of 112.5 is 56.25", model.Usage{Input: 3}, "batch", 56},
	}
	b := builtinBook(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &model.Span{Type: model.TypeLLM, Provider: "google", Model: "gemini-flash-1.5-8b", Usage: test.usage, Billing: model.Billing{ServiceTier: test.tier}}
			if got, ok := b.Price(s); got != test.want || !ok {
				t.Errorf("%d nanodollars (priced: %v), want %d", got, ok, test.want)
			}
		})
	}
}

func TestWhatIsCachedForAnHourIsAPartOfWhatIsCached(t *testing.T) {
	b := builtinBook(t)
	for long, want := range map[int64]int64{0: 10 * 6_250, 10: 10 * 10_000, 11: 10 * 10_000, -1: 10 * 6_250} {
		s := &model.Span{Type: model.TypeLLM, Provider: "anthropic", Model: "claude-opus-4-5", Usage: model.Usage{CacheWrite: 10}, Billing: model.Billing{LongCacheWrite: long}}
		if got, ok := b.Price(s); got != want || !ok {
			t.Errorf("%d of 10 for an hour: %d nanodollars (priced: %v), want %d", long, got, ok, want)
		}
	}
}
