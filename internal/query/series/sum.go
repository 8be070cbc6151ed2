package series

import (
	"math"
	"math/big"
	"math/bits"

	"github.com/agenttrace/agenttrace/internal/query"
)

// sum adds up numbers exactly, in any order: integers in 128 bits, floats in as
// many as it takes.
type sum struct {
	high     int64
	low      uint64
	floating *floatSum // nil while all numbers were integers
}

// floatPrecision is more bits than lie between the greatest float64 there is and
// the smallest, with room for 2^60 of them.
const floatPrecision = 2200

type floatSum struct {
	finite   big.Float
	infinite float64 // the sum of the numbers that are not finite
}

func (s *sum) add(v query.Value) {
	if v.Kind == query.KindFloat {
		s.addFloat(v.Float)
		return
	}
	s.addInt(v.Int)
}

func (s *sum) addInt(n int64) {
	var carry uint64
	s.low, carry = bits.Add64(s.low, uint64(n), 0)
	s.high += n>>63 + int64(carry)
}

func (s *sum) addFloat(f float64) {
	if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
		s.addInt(int64(f))
		return
	}
	if s.floating == nil {
		s.floating = &floatSum{}
		s.floating.finite.SetPrec(floatPrecision)
	}
	if math.IsInf(f, 0) {
		s.floating.infinite += f
		return
	}
	s.floating.finite.Add(&s.floating.finite, big.NewFloat(f))
}

// total returns the sum, rounded once. It is NaN when both infinities are in it.
func (s *sum) total() float64 {
	if s.floating == nil && s.high == int64(s.low)>>63 {
		return float64(int64(s.low))
	}
	if s.floating != nil && s.floating.infinite != 0 {
		return s.floating.infinite
	}
	total := new(big.Float).SetPrec(floatPrecision).SetInt64(s.high)
	total.SetMantExp(total, 64)
	total.Add(total, new(big.Float).SetUint64(s.low))
	if s.floating != nil {
		total.Add(total, &s.floating.finite)
	}
	rounded, _ := total.Float64()
	return rounded
}
