package price

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

// manyTokens is what the OTLP door lets through at most in one bucket.
const manyTokens = 1 << 40

// anyCall draws a call of a model that the package knows, without usage.
func anyCall(all []packageAnswer) *rapid.Generator[model.Span] {
	return rapid.Custom(func(t *rapid.T) model.Span {
		a := rapid.SampledFrom(all).Draw(t, "of")
		return model.Span{
			Type:      model.TypeLLM,
			Provider:  a.Provider,
			Model:     a.Model,
			StartNano: a.At.UnixNano() + rapid.Int64Range(-1e15, 1e15).Draw(t, "later"),
			Billing:   model.Billing{ServiceTier: rapid.SampledFrom([]string{"", "", "batch", "flex"}).Draw(t, "tier")},
		}
	})
}

// usageUpTo draws a usage with so many tokens in each bucket at most.
func usageUpTo(most int64) *rapid.Generator[model.Usage] {
	return rapid.Custom(func(t *rapid.T) model.Usage {
		some := func(name string) int64 {
			return rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, most), rapid.Int64Range(0, 100)).Draw(t, name)
		}
		return model.Usage{
			Input: some("input"), CacheRead: some("cache read"), CacheWrite: some("cache write"), Output: some("output"),
			Reasoning: some("reasoning"), AudioInput: some("audio input"), AudioOutput: some("audio output"),
		}
	})
}

func (t *tariff) lastStep() int64 {
	var last int64
	for _, r := range t.rates {
		for _, s := range r.steps {
			last = max(last, s.above)
		}
	}
	return last
}

func tariffOf(b *Book, s *model.Span) *tariff {
	t, _ := b.offerFor(s.Provider, s.Model).tariff(s.StartNano, tierOf(s.Billing.ServiceTier))
	return t
}

func TestPriceIsTheExactSumRoundedOnce(t *testing.T) {
	b, all := builtinBook(t), readAnswers(t).Answers
	rapid.Check(t, func(t *rapid.T) {
		s := anyCall(all).Draw(t, "call")
		s.Usage = usageUpTo(manyTokens).Draw(t, "usage")
		s.Billing.LongCacheWrite = rapid.Int64Range(0, s.Usage.CacheWrite).Draw(t, "long")
		got, ok := b.Price(&s)
		if ok {
			if want := exactly(b, &s); want.Cmp(big.NewInt(got)) != 0 {
				t.Fatalf("%d nanodollars, want %v", got, want)
			}
		}
	})
}

// exactly is the price in numbers of any size: halves of attodollars, summed up,
// divided at the end.
func exactly(b *Book, s *model.Span) *big.Int {
	t, due := b.offerFor(s.Provider, s.Model).tariff(s.StartNano, tierOf(s.Billing.ServiceTier))
	used, _ := quantitiesOf(s)
	prompt := s.Usage.Input + s.Usage.CacheRead + s.Usage.CacheWrite + s.Usage.AudioInput
	sum := new(big.Int)
	for bucket, n := range used {
		r := t.rates[bucket]
		if bucket == int(request) && r.known {
			n = 1
		}
		price := r.base
		for _, s := range r.steps {
			if prompt > s.above {
				price = s.price
			}
		}
		part := new(big.Int).Mul(big.NewInt(n), new(big.Int).SetUint64(price))
		if !due.halved[bucket] {
			part.Lsh(part, 1)
		}
		sum.Add(sum, part)
	}
	unit := big.NewInt(2e9)
	return sum.Quo(sum.Add(sum, big.NewInt(1e9)), unit)
}

func TestMoreTokensNeverCostLess(t *testing.T) {
	b, all := builtinBook(t), readAnswers(t).Answers
	rapid.Check(t, func(t *rapid.T) {
		s := anyCall(all).Draw(t, "call")
		s.Usage = usageUpTo(manyTokens).Draw(t, "usage")
		less, ok := b.Price(&s)
		if !ok {
			return
		}
		u := &s.Usage
		fields := []*int64{&u.Input, &u.CacheRead, &u.CacheWrite, &u.Output, &u.Reasoning, &u.AudioInput, &u.AudioOutput}
		*rapid.SampledFrom(fields).Draw(t, "bucket") += rapid.Int64Range(1, 1_000_000).Draw(t, "more")
		// A bucket that was empty may be one without a price.
		if more, ok := b.Price(&s); ok && more < less {
			t.Fatalf("%d nanodollars after %d", more, less)
		}
	})
}

func TestWithinATierTheSumOfUsagesCostsTheSum(t *testing.T) {
	b, all := builtinBook(t), readAnswers(t).Answers
	rapid.Check(t, func(t *rapid.T) {
		one := anyCall(all).Draw(t, "call")
		two, both := one, one
		tariff := tariffOf(b, &one)
		if tariff == nil || tariff.rates[request].known {
			return
		}
		if rapid.Bool().Draw(t, "top tier") {
			one.Usage, two.Usage = usageUpTo(1<<38).Draw(t, "one"), usageUpTo(1<<38).Draw(t, "two")
			one.Usage.Input += tariff.lastStep() + 1
			two.Usage.Input += tariff.lastStep() + 1
		} else {
			most := min(tariff.firstStep, math.MaxInt32) / 8 // both prompts together stay in the lowest tier
			one.Usage, two.Usage = usageUpTo(most).Draw(t, "one"), usageUpTo(most).Draw(t, "two")
		}
		both.Usage = one.Usage.Plus(two.Usage)
		a, okA := b.Price(&one)
		c, okC := b.Price(&two)
		sum, ok := b.Price(&both)
		if okA && okC && (!ok || max(sum-a-c, a+c-sum) > 1) {
			t.Fatalf("%d and %d nanodollars, together %d (priced: %v)", a, c, sum, ok)
		}
	})
}
