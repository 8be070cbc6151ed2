package openai

import (
	"encoding/json"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// usage has the names of chat completions, of responses, and those that others
// added. All counts of the prompt include what was cached.
type usage struct {
	PromptTokens     int64 `json:"prompt_tokens"`
	CompletionTokens int64 `json:"completion_tokens"`
	InputTokens      int64 `json:"input_tokens"`
	OutputTokens     int64 `json:"output_tokens"`
	TotalTokens      int64 `json:"total_tokens"`

	PromptDetails     details `json:"prompt_tokens_details"`
	CompletionDetails details `json:"completion_tokens_details"`
	InputDetails      details `json:"input_tokens_details"`
	OutputDetails     details `json:"output_tokens_details"`

	CacheHitTokens  int64 `json:"prompt_cache_hit_tokens"` // DeepSeek
	CachedTokens    int64 `json:"cached_tokens"`           // Moonshot
	NumCachedTokens int64 `json:"num_cached_tokens"`       // Mistral
	ReasoningTokens int64 `json:"reasoning_tokens"`        // Perplexity, older Grok
}

type details struct {
	Cached     int64 `json:"cached_tokens"`
	CacheWrite int64 `json:"cache_write_tokens"`
	Audio      int64 `json:"audio_tokens"`
	Reasoning  int64 `json:"reasoning_tokens"`
}

// UnmarshalJSON takes what fits: a count that is no whole number is not counted.
func (u *usage) UnmarshalJSON(raw []byte) error {
	type plain usage
	answer.Lenient(raw, (*plain)(u))
	return nil
}

var _ json.Unmarshaler = (*usage)(nil)

func (u *usage) traced() tracing.Usage {
	return answer.Sums{
		Prompt:      max(u.PromptTokens, u.InputTokens),
		CacheRead:   max(u.PromptDetails.Cached, u.InputDetails.Cached, u.CacheHitTokens, u.CachedTokens, u.NumCachedTokens),
		CacheWrite:  max(u.PromptDetails.CacheWrite, u.InputDetails.CacheWrite),
		AudioInput:  max(u.PromptDetails.Audio, u.InputDetails.Audio),
		Completion:  max(u.CompletionTokens, u.OutputTokens),
		Reasoning:   max(u.CompletionDetails.Reasoning, u.OutputDetails.Reasoning, u.ReasoningTokens),
		AudioOutput: max(u.CompletionDetails.Audio, u.OutputDetails.Audio),
		Total:       u.TotalTokens,
	}.Usage()
}
