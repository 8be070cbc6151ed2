package otlp

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

// counts are what a sender reports of a call, in either vocabulary.
type counts struct {
	prompt, completion, total, read, write, reasoning int64
}

func (c counts) openInference() []model.KeyValue {
	return c.under("llm.token_count.prompt", "llm.token_count.completion", "llm.token_count.total",
		"llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_write",
		"llm.token_count.completion_details.reasoning")
}

func (c counts) genAI() []model.KeyValue {
	return c.under("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.total_tokens",
		"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
		"gen_ai.usage.reasoning.output_tokens")
}

func (c counts) under(keys ...string) (attributes []model.KeyValue) {
	for i, n := range []int64{c.prompt, c.completion, c.total, c.read, c.write, c.reasoning} {
		if n != 0 {
			attributes = append(attributes, number(keys[i], n))
		}
	}
	return attributes
}

// Spans as these senders write them of a call with the numbers that the provider
// gave. Each is read in both vocabularies, and in both at once.
func TestUsageOfEachSender(t *testing.T) {
	tests := []struct {
		name, scope, provider, model string
		counts                       counts
		want                         model.Usage
	}{
		{"Agno, OpenAI", agnoScope, "OpenAI", "gpt-5", counts{prompt: 2006, completion: 300, total: 2306, read: 1920},
			model.Usage{Input: 86, CacheRead: 1920, Output: 300, Total: 2306}},
		{"Agno, Anthropic, cache read", agnoScope, "Anthropic", "claude-sonnet-4-6", counts{prompt: 10, completion: 5, total: 15, read: 1000, write: 200},
			model.Usage{Input: 10, CacheRead: 1000, CacheWrite: 200, Output: 5, Total: 15}},
		{"Agno, Anthropic, a long question after a short cache", agnoScope, "Anthropic", "claude-sonnet-4-6", counts{prompt: 5000, completion: 5, total: 5005, read: 1000},
			model.Usage{Input: 5000, CacheRead: 1000, Output: 5, Total: 5005}},
		{"Agno, Anthropic, streamed, without a total", agnoScope, "anthropic", "claude-sonnet-4-6", counts{prompt: 5000, completion: 5, read: 1000},
			model.Usage{Input: 5000, CacheRead: 1000, Output: 5}},
		{"Agno, Claude on Bedrock", agnoScope, "AwsBedrock", "global.anthropic.claude-sonnet-4-5", counts{prompt: 5000, completion: 5, write: 1200},
			model.Usage{Input: 5000, CacheWrite: 1200, Output: 5}},
		{"Agno, Claude on Vertex AI", agnoScope, "VertexAI", "claude-sonnet-4@20250514", counts{prompt: 5000, completion: 5, read: 1200},
			model.Usage{Input: 5000, CacheRead: 1200, Output: 5}},
		{"Agno, Gemini on Vertex AI", agnoScope, "VertexAI", "gemini-2.5-pro", counts{prompt: 5000, completion: 5, read: 1200},
			model.Usage{Input: 3800, CacheRead: 1200, Output: 5}},
		{"Agno, Claude through OpenRouter", agnoScope, "OpenRouter", "anthropic/claude-sonnet-4", counts{prompt: 5000, completion: 5, read: 1200},
			model.Usage{Input: 3800, CacheRead: 1200, Output: 5}},
		{"Agno, Gemini, whose thoughts it adds to the output", agnoScope, "Google", "gemini-2.5-pro", counts{prompt: 20, completion: 533, total: 553},
			model.Usage{Input: 20, Output: 533, Total: 553}},
		{"OpenInference, OpenAI, reasoning", "openinference.instrumentation.openai", "openai", "o3", counts{prompt: 75, completion: 1186, total: 1261, reasoning: 1024},
			model.Usage{Input: 75, Output: 162, Reasoning: 1024, Total: 1261}},
		{"OpenInference, Anthropic", "openinference.instrumentation.anthropic", "anthropic", "claude-sonnet-4-6", counts{prompt: 2255, completion: 5, total: 2260, read: 512, write: 1733},
			model.Usage{Input: 10, CacheRead: 512, CacheWrite: 1733, Output: 5, Total: 2260}},
		{"OpenInference, Gemini", "openinference.instrumentation.google_genai", "google", "gemini-2.5-flash", counts{prompt: 20, completion: 533, total: 553, reasoning: 382},
			model.Usage{Input: 20, Output: 151, Reasoning: 382, Total: 553}},
		{"OpenLLMetry, Anthropic", "opentelemetry.instrumentation.anthropic", "anthropic", "claude-sonnet-4-6", counts{prompt: 1012, completion: 40, total: 1052, read: 1000},
			model.Usage{Input: 12, CacheRead: 1000, Output: 40, Total: 1052}},
		{"OpenLLMetry, Bedrock", "opentelemetry.instrumentation.bedrock", "AWS", "anthropic.claude-sonnet-4", counts{prompt: 2000, completion: 40, total: 2040, read: 1000},
			model.Usage{Input: 2000, CacheRead: 1000, Output: 40, Total: 2040}},
		{"Strands, Bedrock, with Bedrock's total", "strands.telemetry.tracer", "strands-agents", "anthropic.claude-sonnet-4", counts{prompt: 2000, completion: 40, total: 3040, read: 1000},
			model.Usage{Input: 2000, CacheRead: 1000, Output: 40, Total: 3040}},
		{"Pydantic AI, Anthropic", "pydantic-ai", "anthropic", "claude-sonnet-4-6", counts{prompt: 130_213, completion: 40, read: 128_955, write: 1253},
			model.Usage{Input: 5, CacheRead: 128_955, CacheWrite: 1253, Output: 40}},
		{"Gemini as it is, with its total", "", "gcp.gemini", "gemini-2.5-flash", counts{prompt: 20, completion: 151, total: 553, reasoning: 382},
			model.Usage{Input: 20, Output: 151, Reasoning: 382, Total: 553}},
		{"Anthropic as it is, from a stranger", "", "anthropic", "claude-sonnet-4-6", counts{prompt: 10, completion: 5, read: 1000, write: 200},
			model.Usage{Input: 10, CacheRead: 1000, CacheWrite: 200, Output: 5}},
		{"a total that proves one of two, from a stranger", "", "", "", counts{prompt: 100, completion: 50, total: 170, read: 20, reasoning: 20},
			model.Usage{Input: 100, CacheRead: 20, Output: 30, Reasoning: 20, Total: 170}},
		{"nothing but a total", "", "openai", "gpt-5", counts{total: 9}, model.Usage{Total: 9}},
	}
	for _, test := range tests {
		for words, attributes := range map[string][]model.KeyValue{
			"OpenInference": test.counts.openInference(),
			"GenAI":         test.counts.genAI(),
			"both":          append(test.counts.genAI(), test.counts.openInference()...),
		} {
			s := spanOf(1, "x", append(attributes, text("llm.provider", test.provider), text("llm.model_name", test.model))...)
			s.Body.Scope.Name = test.scope
			if diff := cmp.Diff(test.want, derived(t, s).Usage); diff != "" {
				t.Errorf("%s, %s: %s", test.name, words, diff)
			}
		}
	}
}

func TestOpenInferenceIsTheVocabularyOfASpanWithBoth(t *testing.T) {
	c := counts{prompt: 100, completion: 10, read: 30}
	for name, test := range map[string]struct {
		attributes []model.KeyValue
		want       vocabulary
	}{
		"OpenInference":     {c.openInference(), openInference},
		"GenAI":             {c.genAI(), genAI},
		"both":              {append(c.genAI(), c.openInference()...), openInference},
		"completion alone":  {[]model.KeyValue{number("llm.token_count.completion", 1), number("gen_ai.usage.cache_read.input_tokens", 1)}, openInference},
		"nothing but parts": {[]model.KeyValue{number("gen_ai.usage.reasoning.output_tokens", 1)}, genAI},
	} {
		w := walker{maxDepth: hardMaxDepth}
		if err := w.span(appendSpan(nil, &model.Span{}, &model.Body{Attributes: test.attributes})); err != nil {
			t.Fatal(err)
		}
		if got := w.facts.vocabulary(); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestTheNameOfAnAttributeTellsWhatItMeans(t *testing.T) {
	of := func(reasoning string, output int64) model.Usage {
		s := spanOf(1, "call_llm", text("gen_ai.system", "gcp.vertex.agent"), number("gen_ai.usage.input_tokens", 136),
			number("gen_ai.usage.output_tokens", output), number(reasoning, 76))
		s.Body.Scope.Name = "gcp.vertex.agent"
		return derived(t, s).Usage
	}
	want := model.Usage{Input: 136, Output: 16, Reasoning: 76}
	if got := of("gen_ai.usage.experimental.reasoning_tokens", 16); got != want {
		t.Errorf("Google ADK before 2.3: %+v", got)
	}
	if got := of("gen_ai.usage.reasoning.output_tokens", 92); got != want {
		t.Errorf("Google ADK since 2.3: %+v", got)
	}
	// More output than reasoning, so that the counts prove nothing.
	want.Output = 116
	if got := of("gen_ai.usage.experimental.reasoning_tokens", 116); got != want {
		t.Errorf("Google ADK before 2.3, a long answer: %+v", got)
	}
}

func TestCachedAudioCountsAsCached(t *testing.T) {
	s := spanOf(1, "x", number("llm.token_count.prompt", 100), number("llm.token_count.completion", 20), number("llm.token_count.total", 120),
		number("llm.token_count.prompt_details.cache_read", 80), number("llm.token_count.prompt_details.audio", 50))
	want := model.Usage{CacheRead: 80, AudioInput: 20, Output: 20, Total: 120}
	if diff := cmp.Diff(want, derived(t, s).Usage); diff != "" {
		t.Error(diff)
	}
}

// A call with audio as Gemini counts it: thoughts beside a completion of audio.
func TestReasoningIsNoAudio(t *testing.T) {
	s := spanOf(1, "x", number("llm.token_count.completion", 30), number("llm.token_count.completion_details.audio", 25),
		number("llm.token_count.completion_details.reasoning", 20))
	want := model.Usage{Output: 5, AudioOutput: 25, Reasoning: 20}
	if diff := cmp.Diff(want, derived(t, s).Usage); diff != "" {
		t.Error(diff)
	}
}

// anyUsage draws what really happened in a call.
func anyUsage(t *rapid.T) model.Usage {
	tokens := rapid.Int64Range(0, 20)
	return model.Usage{
		Input: tokens.Draw(t, "in"), CacheRead: tokens.Draw(t, "read"), CacheWrite: tokens.Draw(t, "write"), AudioInput: tokens.Draw(t, "audio in"),
		Output: tokens.Draw(t, "out"), Reasoning: tokens.Draw(t, "reasoning"), AudioOutput: tokens.Draw(t, "audio out"),
	}
}

// report returns what a sender says of u that lets the parts in b stand beside.
func report(u model.Usage, b beside) reported {
	r := reported{
		prompt: u.Input, completion: u.Output, cacheRead: u.CacheRead, cacheWrite: u.CacheWrite,
		reasoning: u.Reasoning, audioInput: u.AudioInput, audioOutput: u.AudioOutput,
	}
	for part, count := range map[beside]struct {
		sum *int64
		n   int64
	}{
		cacheBeside:       {&r.prompt, u.CacheRead + u.CacheWrite},
		audioInputBeside:  {&r.prompt, u.AudioInput},
		reasoningBeside:   {&r.completion, u.Reasoning},
		audioOutputBeside: {&r.completion, u.AudioOutput},
	} {
		if b&part == 0 {
			*count.sum += count.n
		}
	}
	return r
}

func TestASenderThatKeepsToItsRuleIsUnderstood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := &usageRules[rapid.IntRange(0, len(usageRules)-1).Draw(t, "rule")]
		want := anyUsage(t)
		r := report(want, rule.beside)
		switch {
		case rule.ownTotal && rapid.Bool().Draw(t, "own total"):
			want.Total = r.prompt + r.completion
		case !rule.ownTotal && rapid.Bool().Draw(t, "total"):
			want.Total = want.Sum()
		}
		r.total = want.Total
		if got := r.buckets(rule); got != want {
			t.Fatalf("%s, %+v: %+v, want %+v", rule.name, r, got, want)
		}
	})
}

func TestTheProvidersTotalIsRightWhateverTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := &usageRule{beside: beside(rapid.IntRange(0, int(allBeside)).Draw(t, "rule"))}
		truth := anyUsage(t)
		r := report(truth, beside(rapid.IntRange(0, int(allBeside)).Draw(t, "sender")))
		r.total = truth.Sum()
		got := r.buckets(rule)
		if got.Sum() != truth.Sum() {
			t.Fatalf("%+v by %04b: %+v, of %+v", r, rule.beside, got, truth)
		}
	})
}

func TestBucketsAreNeverNegativeAndLoseNothing(t *testing.T) {
	tokens := rapid.Int64Range(0, 30)
	rapid.Check(t, func(t *rapid.T) {
		rule := &usageRules[rapid.IntRange(0, len(usageRules)-1).Draw(t, "rule")]
		r := reported{
			prompt: tokens.Draw(t, "prompt"), completion: tokens.Draw(t, "completion"), total: rapid.Int64Range(0, 100).Draw(t, "total"),
			cacheRead: tokens.Draw(t, "read"), cacheWrite: tokens.Draw(t, "write"), reasoning: tokens.Draw(t, "reasoning"),
			audioInput: tokens.Draw(t, "audio in"), audioOutput: tokens.Draw(t, "audio out"),
		}
		u := r.buckets(rule)
		if min(u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.AudioInput, u.AudioOutput) < 0 {
			t.Fatalf("%+v: %+v", r, u)
		}
		if u.CacheRead != r.cacheRead || u.CacheWrite != r.cacheWrite || u.Reasoning != r.reasoning || u.AudioOutput != r.audioOutput || u.Total != r.total {
			t.Fatalf("%+v: %+v", r, u)
		}
		if u.AudioInput > r.audioInput || u.AudioInput < r.audioInput && (u.Input > 0 || r.audioInput > r.prompt) {
			t.Fatalf("%+v: %+v", r, u) // Audio is cut only where cached tokens leave no room for it.
		}
		if in, out := u.Input+u.CacheRead+u.CacheWrite+u.AudioInput, u.Output+u.Reasoning+u.AudioOutput; in < r.prompt || out < r.completion {
			t.Fatalf("%+v: %+v", r, u)
		}
	})
}
