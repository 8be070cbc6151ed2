package model

// Usage counts the tokens of model calls in disjoint buckets: no token is in two
// of them, whatever the vocabulary that reported it. Audio tokens are not in
// Input or Output, reasoning tokens are not in Output, cached ones not in Input.
type Usage struct {
	Input       int64 // prompt tokens that were neither cached nor audio
	CacheRead   int64 // prompt tokens read from the provider's cache
	CacheWrite  int64 // prompt tokens written to the provider's cache
	Output      int64 // completion tokens without reasoning and audio
	Reasoning   int64 // completion tokens spent on reasoning
	AudioInput  int64
	AudioOutput int64

	// Total is what the provider said the sum is; 0 where it said nothing. It
	// is kept for comparison and never used in place of the buckets.
	Total int64
}

// Sum returns the tokens of all buckets.
func (u Usage) Sum() int64 {
	return u.Input + u.CacheRead + u.CacheWrite + u.Output + u.Reasoning + u.AudioInput + u.AudioOutput
}

// Plus returns the bucket-wise sum of u and v.
func (u Usage) Plus(v Usage) Usage {
	return Usage{
		Input:       u.Input + v.Input,
		CacheRead:   u.CacheRead + v.CacheRead,
		CacheWrite:  u.CacheWrite + v.CacheWrite,
		Output:      u.Output + v.Output,
		Reasoning:   u.Reasoning + v.Reasoning,
		AudioInput:  u.AudioInput + v.AudioInput,
		AudioOutput: u.AudioOutput + v.AudioOutput,
		Total:       u.Total + v.Total,
	}
}
