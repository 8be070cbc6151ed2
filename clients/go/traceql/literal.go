package traceql

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Literal is a number or a duration that stands in a query. As a [Quantity] it
// can be calculated with.
type Literal struct{ Calculation }

// Int returns a whole number.
func Int(n int64) Literal { return literal(integerText(n)) }

// Float returns a floating-point number.
func Float(f float64) Literal { return literal(floatText(f)) }

// Lasting returns a duration.
func Lasting(d time.Duration) Literal { return literal(durationText(d)) }

func literal(text string) Literal { return Literal{Calculation{literalExpr(text)}} }

func literalExpr(text string) expr { return expr{text: text, sign: strings.HasPrefix(text, "-")} }

// number prints a value of a numeric field.
func number[T int64 | float64 | time.Duration](v T) expr {
	switch v := any(v).(type) {
	case int64:
		return literalExpr(integerText(v))
	case float64:
		return literalExpr(floatText(v))
	case time.Duration:
		return literalExpr(durationText(v))
	}
	return expr{}
}

func integerText(n int64) string {
	switch n {
	case math.MinInt64:
		return "minInt" // its digits alone are no integer
	case math.MaxInt64:
		return "maxInt"
	}
	return strconv.FormatInt(n, 10)
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
func durationText(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	rest := uint64(d)
	if d < 0 {
		b.WriteByte('-')
		rest = -rest
	}
	for _, unit := range [...]struct {
		name  string
		nanos uint64
	}{{"h", 3600e9}, {"m", 60e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}} {
		if n := rest / unit.nanos; n > 0 {
			b.WriteString(strconv.FormatUint(n, 10) + unit.name)
			rest %= unit.nanos
		}
	}
	return b.String()
}

// quoted prints a string literal.
func quoted(s string) string {
	const hex = "0123456789abcdef"
	b := append(make([]byte, 0, len(s)+2), '"')
	for _, r := range s {
		switch {
		case r == '"', r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\t':
			b = append(b, '\\', 't')
		case r < ' ', r == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return string(append(b, '"'))
}
