package query

import (
	"math"
	"strconv"
	"strings"
)

// String returns a literal that parses to the value, as far as there is one:
// there is none for strings with NUL and for floats that are infinite or none.
func (v Value) String() string {
	switch v.Kind {
	case KindNil:
		return "nil"
	case KindString:
		return string(appendQuoted(nil, v.Text))
	case KindInt:
		return integerText(v.Int)
	case KindFloat:
		return floatText(v.Float)
	case KindBool:
		return strconv.FormatBool(v.Int != 0)
	case KindDuration:
		return durationText(v.Int)
	default:
		if words := wordsOf(v.Kind); v.Int >= 0 && v.Int < int64(len(words)) {
			return words[v.Int]
		}
		return strconv.FormatInt(v.Int, 10)
	}
}

// isNegative reports whether the value's text begins with a minus.
func (v Value) isNegative() bool { return v.Kind.IsNumber() && strings.HasPrefix(v.String(), "-") }

func integerText(n int64) string {
	switch n {
	case math.MinInt64:
		return "minInt"
	case math.MaxInt64:
		return "maxInt"
	default:
		return strconv.FormatInt(n, 10)
	}
}

// floatText makes sure that the number does not look like an integer.
func floatText(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if strings.Trim(s, "-0123456789") == "" {
		s += ".0"
	}
	return s
}

// durationText splits a duration into hours and smaller units.
func durationText(nanos int64) string {
	if nanos == 0 {
		return "0s"
	}
	var b strings.Builder
	rest := uint64(nanos)
	if nanos < 0 {
		b.WriteByte('-')
		rest = -rest
	}
	for _, unit := range [...]string{"h", "m", "s", "ms", "us", "ns"} {
		if n := rest / units[unit]; n > 0 {
			b.WriteString(strconv.FormatUint(n, 10))
			b.WriteString(unit)
			rest %= units[unit]
		}
	}
	return b.String()
}
