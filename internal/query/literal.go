package query

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unquote reads the string at the beginning of s, which begins with a quote,
// and returns how long it is in the text. A fault is of the first n bytes.
func unquote(s string) (value string, n int, fault string) {
	quote := s[0]
	var b strings.Builder
	for i := 1; i < len(s); {
		c := s[i]
		switch {
		case c == quote:
			return b.String(), i + 1, ""
		case c == 0:
			return "", i + 1, "a string holds no NUL"
		case c == '\n' && quote == '"':
			return "", i, `a string ends before its line does: write \n, or a string between backquotes`
		case c == '\\' && quote == '"':
			r, length := unescape(s[i:])
			if length == 0 {
				return "", min(i+2, len(s)), `after a backslash comes ", \, n, t, or u and four hex digits of a character; a string between backquotes has no escapes`
			}
			b.WriteRune(r)
			i += length
		default:
			b.WriteByte(c)
			i++
		}
	}
	return "", len(s), "the quote that ends the string is missing"
}

// unescape reads an escape sequence; length is 0 where it is none.
func unescape(s string) (r rune, length int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\':
		return rune(s[1]), 2
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'u':
		if len(s) < 6 {
			return 0, 0
		}
		n, err := strconv.ParseUint(s[2:6], 16, 32)
		if err != nil || n == 0 || !utf8.ValidRune(rune(n)) {
			return 0, 0
		}
		return rune(n), 6
	default:
		return 0, 0
	}
}

// appendQuoted appends s as unquote reads it.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"', r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r < ' ', r == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// numberLength returns how many bytes at the beginning of s are a number, or
// what was meant to be one.
func numberLength(s string) int {
	n := 0
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		exponent := (r == '+' || r == '-') && (s[n-1] == 'e' || s[n-1] == 'E') && n+1 < len(s) && isDigit(rune(s[n+1]))
		if !isWordPart(r) && r != '.' && !exponent {
			break
		}
		n += size
	}
	return n
}

const (
	notANumber = "a number is written 12, 1.5 or 2e6, a duration 1h30m or 250ms, with the units ns, us, ms, s, m, h and d"
	tooLarge   = "integers go from minInt to maxInt; with a decimal point, greater ones are floats"
	tooLong    = "a duration is at most 106751d23h47m16.854775807s"
)

// readNumber reads a number without its sign; negative says that only its
// opposite is an integer or a duration.
func readNumber(s string) (v Value, negative bool, fault string) {
	digits := span(s, isDigit)
	if digits == len(s) {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil || n > 1<<63 {
			return Value{}, false, tooLarge
		}
		return Integer(int64(n)), n == 1<<63, ""
	}
	if isFloat(s) {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return Value{}, false, "a float is at most " + strconv.FormatFloat(math.MaxFloat64, 'g', -1, 64)
		}
		return Float(f), false, ""
	}
	return readDuration(s)
}

// isFloat reports whether s is digits with a decimal point, an exponent, or
// both. ParseFloat alone would take hex digits and underscores too.
func isFloat(s string) bool {
	whole := span(s, isDigit)
	s = s[whole:]
	fraction := 0
	if strings.HasPrefix(s, ".") {
		fraction = span(s[1:], isDigit)
		s = s[1+fraction:]
	}
	if whole+fraction == 0 {
		return false
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = strings.TrimLeft(s[1:], "+-") // at most one: see numberLength
	return s != "" && span(s, isDigit) == len(s)
}

// readDuration reads one or more numbers with units.
func readDuration(s string) (v Value, negative bool, fault string) {
	var total uint64
	for s != "" {
		number := span(s, func(r rune) bool { return isDigit(r) || r == '.' })
		unit := span(s[number:], func(r rune) bool { return !isDigit(r) && r != '.' })
		nanos, known := units[s[number:number+unit]]
		part, ok := times(s[:number], nanos)
		switch {
		case !known || !ok:
			return Value{}, false, notANumber
		case part > 1<<63-total:
			return Value{}, false, tooLong
		}
		total += part
		s = s[number+unit:]
	}
	return Duration(int64(total)), total == 1<<63, ""
}

// times multiplies decimal digits, with or without a decimal point, with a
// whole number, and drops what is left behind the point. The result is at most
// 1<<63 + 1, also where it would be more.
func times(digits string, n uint64) (product uint64, ok bool) {
	whole, fraction, point := strings.Cut(digits, ".")
	if whole+fraction == "" || point && strings.Contains(fraction, ".") {
		return 0, false
	}
	const most = 1<<63 + 1
	units := uint64(0)
	if whole != "" {
		var err error
		if units, err = strconv.ParseUint(whole, 10, 64); err != nil {
			return most, true
		}
	}
	over, product := bits.Mul64(units, n)
	if over != 0 || product >= most {
		return most, true
	}
	var numerator, denominator uint64 = 0, 1
	for i := range min(len(fraction), 18) { // more digits are less than a nanosecond of a day
		numerator, denominator = 10*numerator+uint64(fraction[i]-'0'), 10*denominator
	}
	high, low := bits.Mul64(numerator, n)
	part, _ := bits.Div64(high, low, denominator)
	return min(product+part, most), true
}
