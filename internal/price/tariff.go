package price

import (
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// bucket is a kind of token that has a price of its own, or the call itself.
type bucket int

const (
	input bucket = iota
	cacheRead
	cacheWrite // for five minutes
	cacheWriteLong
	output
	reasoning
	audioInput
	audioOutput
	request // one for each call

	buckets int = iota
)

// bucketNames are the keys of prices in the table and in files, in the order of
// the buckets.
func bucketNames() []string {
	return []string{"input", "cache_read", "cache_write", "cache_write_1h", "output", "reasoning", "audio_input", "audio_output", "request"}
}

// quantities counts tokens by bucket.
type quantities [buckets]int64

// quantitiesOf returns what a span used; false where that is nothing, or nothing
// that can be.
func quantitiesOf(s *model.Span) (quantities, bool) {
	u := &s.Usage
	long := min(max(s.Billing.LongCacheWrite, 0), u.CacheWrite)
	q := quantities{
		input:          u.Input,
		cacheRead:      u.CacheRead,
		cacheWrite:     u.CacheWrite - long,
		cacheWriteLong: long,
		output:         u.Output,
		reasoning:      u.Reasoning,
		audioInput:     u.AudioInput,
		audioOutput:    u.AudioOutput,
	}
	some := false
	for _, n := range q {
		if n < 0 || n > maxTokens {
			return q, false
		}
		some = some || n > 0
	}
	return q, some
}

// prompt returns how long the prompt was, which tiers go by: everything that went
// in, cached or not.
func (q *quantities) prompt() int64 {
	return q[input] + q[cacheRead] + q[cacheWrite] + q[cacheWriteLong] + q[audioInput]
}

// tariff is what each bucket costs.
type tariff struct {
	rates [buckets]rate

	// firstStep is the smallest length of a prompt above which a price changes.
	firstStep int64
}

// newTariff completes prices as they are listed. What has no price of its own is
// priced as what it is a part of: cached and audio tokens of the prompt as input,
// reasoning and audio tokens of the answer as output. Only tokens cached for an
// hour are not taken for others where those cached for less have a price of their
// own: they cost more, and how much more is not said.
func newTariff(listed [buckets]rate) *tariff {
	t := &tariff{rates: listed, firstStep: math.MaxInt64}
	if !t.rates[cacheWrite].known {
		t.inherit(cacheWriteLong, input)
	}
	t.inherit(cacheRead, input)
	t.inherit(cacheWrite, input)
	t.inherit(audioInput, input)
	t.inherit(reasoning, output)
	t.inherit(audioOutput, output)
	for _, r := range t.rates {
		if len(r.steps) > 0 {
			t.firstStep = min(t.firstStep, r.steps[0].above)
		}
	}
	return t
}

func (t *tariff) inherit(b, from bucket) {
	if !t.rates[b].known {
		t.rates[b] = t.rates[from]
	}
}

// bill sums up what tokens cost, in nanodollars. One call says whether the tokens
// are those of one call: if not, prices that depend on the call (so much for each,
// or more for a long prompt) cannot be told, unless even all prompts together are
// too short to cost more.
func (t *tariff) bill(used quantities, due share, oneCall bool) (nano int64, ok bool) {
	prompt := used.prompt()
	if t.rates[request].known {
		used[request] = 1
	}
	if !oneCall && (t.rates[request].known || prompt > t.firstStep) {
		return 0, false
	}
	var hi, lo uint64 // half attodollars
	for b, n := range used {
		if n == 0 {
			continue
		}
		r := &t.rates[b]
		if !r.known {
			return 0, false
		}
		// At most 2^48 tokens at 2^61 half attodollars: nine of these are below 2^128.
		h, l := bits.Mul64(uint64(n), r.at(prompt)*due.halves(bucket(b)))
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		hi += h + carry
	}
	return rounded(hi, lo)
}

// rounded turns half attodollars into nanodollars, halves away from zero.
func rounded(hi, lo uint64) (nano int64, ok bool) {
	const unit = 2 * attoPerNano
	lo, carry := bits.Add64(lo, unit/2, 0)
	hi += carry
	if hi >= unit {
		return 0, false
	}
	n, _ := bits.Div64(hi, lo, unit)
	return int64(n), n <= math.MaxInt64
}

// timeline is the prices of one model, of which some hold from a day on, or at
// certain hours only. The order is that of the table: the last that holds counts.
type timeline []timed

type timed struct {
	*tariff
	from  int64 // Unix nanoseconds; math.MinInt64 for always
	daily bool  // only from the second of the UTC day begin until before end; end may be the next day's
	begin int64
	end   int64
}

// at returns the prices that hold at a time: where none does, the first; nil for
// an empty timeline.
func (l timeline) at(nano int64) *tariff {
	if t := l.after(nano); t != nil || len(l) == 0 {
		return t
	}
	return l[0].tariff
}

// after returns the prices that hold at a time, nil for none.
func (l timeline) after(nano int64) *tariff {
	for _, t := range slices.Backward(l) {
		if t.holds(nano) {
			return t.tariff
		}
	}
	return nil
}

func (t *timed) holds(nano int64) bool {
	if !t.daily {
		return nano >= t.from
	}
	const day = int64(24 * time.Hour)
	second := (nano%day + day) % day / int64(time.Second)
	if t.end < t.begin {
		return second >= t.begin || second < t.end
	}
	return second >= t.begin && second < t.end
}
