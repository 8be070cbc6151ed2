package runs

import "github.com/agenttrace/agenttrace/internal/model"

// maxCost bounds a believable cost of one call, reported or computed: a
// million dollars.
const maxCost = 1_000_000 * model.NanosPerDollar

// reportedCost returns what the sender says the span's call cost; 0 for nothing.
func reportedCost(s *model.Span) int64 {
	if r := s.Billing.Reported; r > 0 && r <= maxCost {
		return r
	}
	return 0
}

// costOf returns the cost of a call. What the sender reports counts rather than
// what the price table says of the usage. Of a total alone nobody knows what it
// cost, since prompt and completion have different prices.
func (d *derivation) costOf(s *model.Span) model.Cost {
	cost := model.Cost{Reported: reportedCost(s)}
	priced := false
	if d.prices != nil && s.Usage.Sum() > 0 {
		if nano, ok := d.prices.Price(s); ok && nano <= maxCost {
			cost.Computed, priced = nano, true
		}
	}
	switch {
	case cost.Reported > 0:
		cost.Nano, cost.ReportedCalls = cost.Reported, 1
	case priced:
		cost.Nano, cost.ComputedCalls = cost.Computed, 1
	default:
		cost.UnpricedCalls = 1
	}
	return cost
}
