package convert

import (
	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

// Prices says what a model call costs, in billionths of a US dollar; false where
// nobody knows.
type Prices interface {
	Price(call *model.Span) (nano int64, ok bool)
}

// Cost returns c as a message, nil for that of no calls.
func Cost(c model.Cost) *pb.Cost {
	if c == (model.Cost{}) {
		return nil
	}
	return &pb.Cost{
		NanoUsd:         c.Nano,
		Source:          costSource(c),
		ReportedNanoUsd: c.Reported,
		ComputedNanoUsd: c.Computed,
		ReportedCalls:   c.ReportedCalls,
		ComputedCalls:   c.ComputedCalls,
		UnpricedCalls:   c.UnpricedCalls,
	}
}

// costSource returns the greatest source of the calls.
func costSource(c model.Cost) pb.CostSource {
	switch {
	case c.UnpricedCalls > 0:
		return pb.CostSource_COST_SOURCE_UNPRICED
	case c.ComputedCalls > 0:
		return pb.CostSource_COST_SOURCE_COMPUTED
	case c.ReportedCalls > 0:
		return pb.CostSource_COST_SOURCE_REPORTED
	default:
		return pb.CostSource_COST_SOURCE_UNSPECIFIED
	}
}

// Priced returns a complete span as a message, with what its model call costs;
// prices may be nil.
func Priced(s *model.Span, prices Prices) *pb.Span {
	out := Span(s)
	if s.Type.CallsModel() {
		out.ModelCall.Cost = Cost(callCost(s, prices))
	}
	return out
}

// callCost returns what one call costs: nothing where it used nothing.
func callCost(s *model.Span, prices Prices) model.Cost {
	c := model.Cost{Reported: s.Billing.Reported}
	used, priced := s.Usage.Sum() > 0, false
	if used && prices != nil {
		c.Computed, priced = prices.Price(s)
	}
	switch {
	case c.Reported > 0:
		c.Nano, c.ReportedCalls = c.Reported, 1
	case priced:
		c.Nano, c.ComputedCalls = c.Computed, 1
	case used:
		c.UnpricedCalls = 1
	}
	return c
}
