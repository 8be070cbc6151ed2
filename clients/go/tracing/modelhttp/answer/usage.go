package answer

import "github.com/agenttrace/agenttrace/clients/go/tracing"

// Sums is what a provider reports whose counts include their parts.
type Sums struct {
	Prompt, CacheRead, CacheWrite, AudioInput int64
	Completion, Reasoning, AudioOutput        int64
	Total                                     int64
}

// Usage takes the parts out of the sums. A part that is in two counts, as cached
// audio is, counts as cached. Reasoning that makes the total right only when it
// stands beside the completion does so, for xAI reports it that way.
func (s Sums) Usage() tracing.Usage {
	usage := tracing.Usage{Total: max(s.Total, 0)}
	completion := max(s.Completion, 0)
	reasoning, audio := max(s.Reasoning, 0), max(s.AudioOutput, 0)
	if s.Prompt+completion != s.Total && s.Prompt+completion+reasoning == s.Total || reasoning > completion {
		completion += reasoning
	}
	usage.Reasoning, completion = take(reasoning, completion)
	usage.AudioOutput, usage.Output = take(audio, completion)

	prompt := max(s.Prompt, 0)
	usage.CacheRead, prompt = take(max(s.CacheRead, 0), prompt)
	usage.CacheWrite, prompt = take(max(s.CacheWrite, 0), prompt)
	usage.AudioInput, usage.Input = take(max(s.AudioInput, 0), prompt)
	return usage
}

// take takes a part out of a sum, not more than there is.
func take(part, sum int64) (taken, left int64) {
	taken = min(part, sum)
	return taken, sum - taken
}
