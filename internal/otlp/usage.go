package otlp

import (
	"math"
	"math/bits"

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

func (w *walker) usage(s *model.Span) model.Usage {
	f := &w.facts
	r := reported{
		prompt:      f.tokens(fieldPromptTokens),
		completion:  f.tokens(fieldCompletionTokens),
		total:       f.tokens(fieldTotalTokens),
		cacheRead:   f.tokens(fieldCacheReadTokens),
		cacheWrite:  f.tokens(fieldCacheWriteTokens),
		reasoning:   f.tokens(fieldReasoningTokens),
		audioInput:  f.tokens(fieldAudioInputTokens),
		audioOutput: f.tokens(fieldAudioOutputTokens),
	}
	if !r.hasParts() {
		return model.Usage{Input: r.prompt, Output: r.completion, Total: r.total}
	}
	return r.buckets(ruleOf(sender{f.vocabulary(), w.scopeName, s.Provider, s.Model, f}))
}

// tokens returns a count; 0 for none, and for numbers that cannot be one.
func (f *facts) tokens(fd field) int64 {
	n, ok := f.number(fd)
	if !ok || !(n > 0 && n <= maxTokens) || n != math.Trunc(n) {
		return 0
	}
	return int64(n)
}

// hasParts reports whether there is anything to tell apart.
func (r *reported) hasParts() bool {
	return r.cacheRead|r.cacheWrite|r.reasoning|r.audioInput|r.audioOutput != 0
}

func (r *reported) cache() int64 { return r.cacheRead + r.cacheWrite }

// buckets makes the counts disjoint, by what is known of their sender and by
// what the counts prove. None of them is negative, and they add up to the total
// of a provider whenever any placing of the parts does.
func (r *reported) buckets(rule *usageRule) model.Usage {
	b := r.arrange(rule)
	u := model.Usage{
		Input: r.prompt, CacheRead: r.cacheRead, CacheWrite: r.cacheWrite, AudioInput: r.audioInput,
		Output: r.completion, Reasoning: r.reasoning, AudioOutput: r.audioOutput,
		Total: r.total,
	}
	if b&cacheBeside == 0 {
		u.Input -= r.cache()
	}
	if b&audioInputBeside == 0 {
		// Audio that was read from the cache is in both counts. It counts as
		// cached, as far as the counts show that it was.
		u.AudioInput = min(u.AudioInput, u.Input)
		u.Input -= u.AudioInput
	}
	if b&reasoningBeside == 0 {
		u.Output -= r.reasoning
	}
	if b&audioOutputBeside == 0 {
		u.Output -= r.audioOutput
	}
	return u
}

// arrange decides which parts stand beside the sums: those of the rule, unless
// the counts contradict it. Then it is what makes the provider's total right and
// differs least from the rule; of two that differ as much, the one that moves
// cached tokens.
func (r *reported) arrange(rule *usageRule) beside {
	b := rule.beside | r.tooGreat(rule.beside)
	if r.total == 0 || rule.ownTotal || r.sum(b) == r.total {
		return b
	}
	best, distance := b, 8
	for other := range allBeside + 1 {
		if r.tooGreat(other)&^other != 0 || r.sum(other) != r.total {
			continue
		}
		if d := bits.OnesCount8(uint8(other ^ b)); d < distance {
			best, distance = other, d
		}
	}
	return best
}

// tooGreat returns the parts that do not fit into their sum and so must stand
// beside it. Reasoning is no audio: both have to fit. Cached tokens may be audio,
// so these two may overlap.
func (r *reported) tooGreat(b beside) (found beside) {
	if r.cache() > r.prompt {
		found |= cacheBeside
	}
	if r.audioInput > r.prompt {
		found |= audioInputBeside
	}
	room := r.completion
	if r.audioOutput > room {
		found |= audioOutputBeside
	} else if b&audioOutputBeside == 0 {
		room -= r.audioOutput
	}
	if r.reasoning > room {
		found |= reasoningBeside
	}
	return found
}

// sum returns the tokens of the call when the parts in b stand beside the sums.
func (r *reported) sum(b beside) int64 {
	n := r.prompt + r.completion
	if b&cacheBeside != 0 {
		n += r.cache()
	}
	if b&reasoningBeside != 0 {
		n += r.reasoning
	}
	if b&audioInputBeside != 0 {
		n += r.audioInput
	}
	if b&audioOutputBeside != 0 {
		n += r.audioOutput
	}
	return n
}
