package otlp

import (
	"math"

	"github.com/agenttrace/agenttrace/internal/model"
)

// reported are token counts as senders report them: the details may be parts of
// the two sums, or stand beside them.
type reported struct {
	prompt, completion, total                                 int64
	cacheRead, cacheWrite, reasoning, audioInput, audioOutput int64
}

// maxTokens bounds a believable count. Greater ones are ignored: sums over many
// spans must not overflow in a database.
const maxTokens = 1 << 40

func (f *facts) usage() model.Usage {
	return reported{
		prompt:      f.tokens(fieldPromptTokens),
		completion:  f.tokens(fieldCompletionTokens),
		total:       f.tokens(fieldTotalTokens),
		cacheRead:   f.tokens(fieldCacheReadTokens),
		cacheWrite:  f.tokens(fieldCacheWriteTokens),
		reasoning:   f.tokens(fieldReasoningTokens),
		audioInput:  f.tokens(fieldAudioInputTokens),
		audioOutput: f.tokens(fieldAudioOutputTokens),
	}.buckets()
}

// tokens returns a count; 0 for none, and for numbers that cannot be one.
func (f *facts) tokens(fd field) int64 {
	n, ok := f.number(fd)
	if !ok || !(n > 0 && n <= maxTokens) || n != math.Trunc(n) {
		return 0
	}
	return int64(n)
}

// buckets makes the counts disjoint.
//
// By OpenInference's and by the GenAI conventions, cached and audio tokens are
// part of the prompt, reasoning and audio tokens part of the completion. Some
// senders pass on what their provider says, though: Anthropic counts cached
// tokens beside the prompt, Gemini reasoning beside the completion. So parts are
// subtracted, unless
//   - they are more than the whole they should be part of, or
//   - the reported total is what the sum is only when they stand beside it.
func (r reported) buckets() model.Usage {
	inPrompt := r.cacheRead + r.cacheWrite + r.audioInput
	inCompletion := r.reasoning + r.audioOutput
	promptIncludes := inPrompt <= r.prompt
	completionIncludes := inCompletion <= r.completion

	sum := r.prompt + r.completion
	switch r.total {
	case 0, sum: // nothing is proved, or that parts are included
	case sum + inPrompt:
		promptIncludes = false
	case sum + inCompletion:
		completionIncludes = false
	case sum + inPrompt + inCompletion:
		promptIncludes, completionIncludes = false, false
	}

	u := model.Usage{
		Input: r.prompt, CacheRead: r.cacheRead, CacheWrite: r.cacheWrite, AudioInput: r.audioInput,
		Output: r.completion, Reasoning: r.reasoning, AudioOutput: r.audioOutput,
		Total: r.total,
	}
	if promptIncludes {
		u.Input -= inPrompt
	}
	if completionIncludes {
		u.Output -= inCompletion
	}
	return u
}

// maxDollars bounds a believable cost of one call.
const maxDollars = 1e9

// cost returns the preferred cost in billionths of a dollar, rounded half away
// from zero; 0 for none. A number that cannot be one, or says nothing, counts like
// one that is not there.
func (ix *attributeIndex) cost() int64 {
	for _, s := range known.sources[fieldCost] {
		v := ix[s.key]
		if v == nil {
			continue
		}
		a := scalarOf(v)
		if dollars, ok := a.asNumber(); ok && dollars > 0 && dollars <= maxDollars {
			return int64(math.Round(dollars * 1e9))
		}
	}
	return 0
}
