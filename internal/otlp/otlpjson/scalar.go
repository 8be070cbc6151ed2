package otlpjson

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
)

// decodeText returns the bytes that a string stands for.
func decodeText(text []byte, kind kind) ([]byte, bool) {
	switch kind {
	case kindBytes:
		return decodeBase64(text)
	case kindTraceID:
		return decodeID(text, 16), true
	case kindSpanID:
		return decodeID(text, 8), true
	default:
		return text, true
	}
}

// decodeID reads hex digits. What cannot be an id becomes one of a wrong length,
// so that Parse finds the fault and rejects the one span: half a byte at the end
// is rounded to whatever is not the right length, and text that is not hex
// (base64 most often) is kept as it is, or longer where it could pass for an id.
func decodeID(text []byte, want int) []byte {
	digits := text
	id := make([]byte, (len(digits)+1)/2, len(text)+1)
	if len(digits)%2 == 1 {
		digits = append(digits[:len(digits):len(digits)], '0')
		if len(id) == want {
			digits, id = digits[:len(digits)-2], id[:want-1]
		}
	}
	if _, err := hex.Decode(id, digits); err == nil {
		return id
	}
	if id = append(id[:0], text...); len(id) == 8 || len(id) == 16 {
		id = append(id, 0)
	}
	return id
}

// decodeBase64 takes the standard and the URL alphabet, with padding or without,
// as protobuf's JSON does.
func decodeBase64(text []byte) ([]byte, bool) {
	plain := make([]byte, 0, len(text))
	for _, c := range text {
		switch c {
		case '-':
			c = '+'
		case '_':
			c = '/'
		}
		plain = append(plain, c)
	}
	for n := 0; n < 2 && len(plain) > 0 && plain[len(plain)-1] == '='; n++ {
		plain = plain[:len(plain)-1]
	}
	out, err := base64.RawStdEncoding.AppendDecode(nil, plain)
	return out, err == nil
}

func parseDouble(text []byte) (float64, error) {
	switch string(text) {
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	}
	return parseDecimal(string(text))
}

// parseDecimal reads a number as JSON writes it: strconv takes more.
func parseDecimal(text string) (float64, error) {
	s := scanner{src: []byte(text)}
	if _, err := s.number(); err != nil || s.pos != len(text) {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, 64)
}

var wholeNames = map[kind]string{
	kindInt64:   "a whole number from -2^63 to 2^63-1",
	kindUint32:  "a whole number from 0 to 2^32-1",
	kindFixed32: "a whole number from 0 to 2^32-1",
	kindFixed64: "a whole number from 0 to 2^64-1",
	kindEnum:    "a number or a name of the enum",
}

// parseWhole reads a whole number; 1e3 and 5.0 are whole numbers too.
func parseWhole(text string, kind kind) (uint64, bool) {
	switch kind {
	case kindInt64, kindEnum:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			f, ok := wholeDouble(text)
			// 2^63 itself is the first double that is too great.
			if n = int64(f); !ok || f < math.MinInt64 || f >= math.MaxInt64 {
				return 0, false
			}
		}
		if kind == kindEnum && n != int64(int32(n)) {
			return 0, false
		}
		return uint64(n), true
	default:
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			f, ok := wholeDouble(text)
			if n = uint64(f); !ok || f < 0 || f >= math.MaxUint64 {
				return 0, false
			}
		}
		if kind != kindFixed64 && n > math.MaxUint32 {
			return 0, false
		}
		return n, true
	}
}

func wholeDouble(text string) (float64, bool) {
	f, err := parseDecimal(text)
	return f, err == nil && f == math.Trunc(f)
}
