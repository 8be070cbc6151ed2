package match

import (
	"math"
	"math/bits"

	"github.com/agenttrace/agenttrace/internal/query"
)

// calculate returns the result of arithmetic, the nil value where there is none:
// for what is absent or no number, a divisor of zero, and NaN.
//
// Integers stay integers under + - * and %, and become floats where the result
// does not fit. A duration plus or minus a duration is one, and so is a number
// of durations; every other result is a plain number, in nanoseconds where a
// duration had a part in it.
func calculate(op query.Operator, a, b query.Value) query.Value {
	if !a.Kind.IsNumber() || !b.Kind.IsNumber() {
		return query.Value{}
	}
	kind := kindOf(op, a.Kind, b.Kind)
	if kind != query.KindFloat && a.Kind != query.KindFloat && b.Kind != query.KindFloat {
		if n, ok := integers(op, a.Int, b.Int); ok {
			return query.Value{Kind: kind, Int: n}
		}
	}
	x, _ := a.Number()
	y, _ := b.Number()
	f := floats(op, x, y)
	if kind == query.KindDuration && math.Abs(f) < 1<<63 {
		return query.Duration(int64(math.Round(f)))
	}
	if math.IsNaN(f) {
		return query.Value{}
	}
	return query.Float(f)
}

// kindOf says what arithmetic with numbers of two kinds makes.
func kindOf(op query.Operator, a, b query.Kind) query.Kind {
	durations := 0
	if a == query.KindDuration {
		durations++
	}
	if b == query.KindDuration {
		durations++
	}
	switch {
	case op == query.Divide || op == query.Power:
		return query.KindFloat
	case op == query.Multiply && durations == 1, op != query.Multiply && durations == 2:
		return query.KindDuration
	case a == query.KindFloat || b == query.KindFloat:
		return query.KindFloat
	default:
		return query.KindInt
	}
}

// integers calculates exactly, and returns false where that is impossible.
func integers(op query.Operator, a, b int64) (n int64, ok bool) {
	switch op {
	case query.Add:
		n = a + b
		return n, (n > a) == (b > 0)
	case query.Subtract:
		n = a - b
		return n, (n < a) == (b > 0)
	case query.Multiply:
		high, low := bits.Mul64(magnitude(a), magnitude(b))
		n = a * b
		return n, high == 0 && (low < 1<<63 || low == 1<<63 && n < 0 && (a < 0) != (b < 0))
	default: // Modulo
		if b == 0 {
			return 0, false
		}
		return a % b, true
	}
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// floats calculates with floats; NaN stands for no result.
func floats(op query.Operator, x, y float64) float64 {
	switch {
	case op == query.Add:
		return x + y
	case op == query.Subtract:
		return x - y
	case op == query.Multiply:
		return x * y
	case op == query.Power:
		return math.Pow(x, y)
	case y == 0:
		return math.NaN()
	case op == query.Divide:
		return x / y
	default: // Modulo
		return math.Mod(x, y)
	}
}

func negate(v query.Value) query.Value {
	switch {
	case v.Kind == query.KindFloat:
		return query.Float(-v.Float)
	case !v.Kind.IsNumber():
		return query.Value{}
	case v.Int == math.MinInt64:
		return query.Float(1 << 63)
	default:
		return query.Value{Kind: v.Kind, Int: -v.Int}
	}
}
