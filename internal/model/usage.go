package model

// Usage counts the tokens of model calls in disjoint buckets: no token is in two
// of them, whatever the vocabulary that reported it. Audio tokens are not in
// Input or Output, reasoning tokens are not in Output, cached ones not in Input.
type Usage struct {
	Input       int64 `json:"input,omitempty"`       // prompt tokens that were neither cached nor audio
	CacheRead   int64 `json:"cache_read,omitempty"`  // prompt tokens read from the provider's cache
	CacheWrite  int64 `json:"cache_write,omitempty"` // prompt tokens written to the provider's cache
	Output      int64 `json:"output,omitempty"`      // completion tokens without reasoning and audio
	Reasoning   int64 `json:"reasoning,omitempty"`   // completion tokens spent on reasoning
	AudioInput  int64 `json:"audio_input,omitempty"`
	AudioOutput int64 `json:"audio_output,omitempty"`

	// Total is what the provider said the sum is; 0 where it said nothing. It
	// is kept for comparison and never used in place of the buckets.
	Total int64 `json:"reported_total,omitempty"`
}

// Sum returns the tokens of all buckets.
func (u Usage) Sum() int64 {
	return u.Input + u.CacheRead + u.CacheWrite + u.Output + u.Reasoning + u.AudioInput + u.AudioOutput
}

// Plus returns the bucket-wise sum of u and v.
func (u Usage) Plus(v Usage) Usage {
	return Usage{
		Input:       Sum(u.Input, v.Input),
		CacheRead:   Sum(u.CacheRead, v.CacheRead),
		CacheWrite:  Sum(u.CacheWrite, v.CacheWrite),
		Output:      Sum(u.Output, v.Output),
		Reasoning:   Sum(u.Reasoning, v.Reasoning),
		AudioInput:  Sum(u.AudioInput, v.AudioInput),
		AudioOutput: Sum(u.AudioOutput, v.AudioOutput),
		Total:       Sum(u.Total, v.Total),
	}
}
