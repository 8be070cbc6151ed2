package otlpjson

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// scalar writes a value that is no message, and reports whether it is zero.
func (e *Encoder) scalar(dst []byte, kind kind, value []byte) (_ []byte, zero bool) {
	switch kind {
	case kindTraceID, kindSpanID:
		dst = append(hex.AppendEncode(append(dst, '"'), value), '"')
		return dst, len(value) == 0
	case kindBytes:
		dst = append(base64.StdEncoding.AppendEncode(append(dst, '"'), value), '"')
		return dst, len(value) == 0
	case kindString:
		return e.text(dst, value), len(value) == 0
	case kindFixed32:
		n, _ := protowire.ConsumeFixed32(value)
		return strconv.AppendUint(dst, uint64(n), 10), n == 0
	case kindFixed64:
		n, _ := protowire.ConsumeFixed64(value)
		return append(strconv.AppendUint(append(dst, '"'), n, 10), '"'), n == 0
	case kindDouble:
		n, _ := protowire.ConsumeFixed64(value)
		return appendDouble(dst, math.Float64frombits(n)), n == 0
	}
	n, _ := protowire.ConsumeVarint(value)
	switch kind {
	case kindBool:
		return strconv.AppendBool(dst, n != 0), n == 0
	case kindInt64:
		return append(strconv.AppendInt(append(dst, '"'), int64(n), 10), '"'), n == 0
	case kindUint32:
		return strconv.AppendUint(dst, uint64(uint32(n)), 10), uint32(n) == 0
	default: // kindEnum
		return strconv.AppendInt(dst, int64(int32(n)), 10), int32(n) == 0
	}
}

func appendDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	default:
		return strconv.AppendFloat(dst, f, 'g', -1, 64)
	}
}

const hexDigits = "0123456789abcdef"

// text writes a string. What is not UTF-8 in it becomes U+FFFD, a byte each, and
// counts as a loss. The two line separators of Unicode are escaped, since some
// readers of lines end a line at them.
func (e *Encoder) text(dst, s []byte) []byte {
	dst = append(dst, '"')
	lost := false
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if ' ' <= c && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = appendEscape(append(dst, s[from:i]...), c)
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRune(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			lost = true
			dst = append(append(dst, s[from:i]...), "\uFFFD"...)
			from = i + 1
		case r == '\u2028' || r == '\u2029':
			dst = append(append(dst, s[from:i]...), `\u202`...)
			dst = append(dst, hexDigits[r&0xF])
			from = i + size
		}
		i += size
	}
	if lost {
		e.Loss.Strings++
	}
	return append(append(dst, s[from:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xF])
	}
}
