package model

import "math"

// NanosPerDollar is how many units of a [Cost] make a US dollar.
const NanosPerDollar = 1_000_000_000

// Cost is what model calls cost, in billionths of a US dollar. The zero value
// is that of no calls.
type Cost struct {
	// Nano is what counts: of each call what its sender reported, else what the
	// price table says, else nothing.
	Nano int64 `json:"nano,omitempty"`

	// Reported and Computed are both sides, for comparison: what the senders
	// reported of the calls of which they reported anything, and what the price
	// table says of the calls that it has a price for.
	Reported int64 `json:"reported,omitempty"`
	Computed int64 `json:"computed,omitempty"`

	// Each call with usage is in one of these, by where its part of Nano comes
	// from.
	ReportedCalls int64 `json:"reported_calls,omitempty"`
	ComputedCalls int64 `json:"computed_calls,omitempty"`
	UnpricedCalls int64 `json:"unpriced_calls,omitempty"` // neither: Nano leaves them out
}

// Plus returns the sum of c and d.
func (c Cost) Plus(d Cost) Cost {
	return Cost{
		Nano:          Sum(c.Nano, d.Nano),
		Reported:      Sum(c.Reported, d.Reported),
		Computed:      Sum(c.Computed, d.Computed),
		ReportedCalls: Sum(c.ReportedCalls, d.ReportedCalls),
		ComputedCalls: Sum(c.ComputedCalls, d.ComputedCalls),
		UnpricedCalls: Sum(c.UnpricedCalls, d.UnpricedCalls),
	}
}

// Sum returns a + b, or the number next to it that there is: senders may make
// numbers up, and a sum of them must not turn negative.
func Sum(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}

// Billing is what bears on the cost of a model call beside its usage, its model
// and its provider. Stores keep it in the content only.
type Billing struct {
	// Reported is what the sender says the call cost, in billionths of a US
	// dollar; 0 where it says nothing.
	Reported int64

	// LongCacheWrite is how many of Usage.CacheWrite are kept for an hour, which
	// costs more than the usual five minutes.
	LongCacheWrite int64

	// ServiceTier is how the provider was asked to serve the call, in lower case,
	// such as "batch", "flex" or "priority"; "" for the usual way.
	ServiceTier string
}

// FillCosts sets the cost of those model calls whose senders reported none, as far
// as price knows it. The spans have bodies.
func FillCosts(spans []*Span, price func(*Span) (nano int64, ok bool)) {
	for _, s := range spans {
		if s.Body.Cost != 0 || !s.Type.CallsModel() {
			continue
		}
		if nano, ok := price(s); ok {
			s.Body.Cost = nano
		}
	}
}
