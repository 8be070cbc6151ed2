package otlp

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Bounds of a span's short attributes: what is worth a place in a row.
const (
	maxShortText    = 256 // bytes of a string value, and of a key
	maxShortEntries = 64
	maxShortBytes   = 4 << 10 // of the JSON object
)

// isShort reports whether an attribute may be among the short ones.
func isShort(key string, value attribute) bool {
	switch value.kind {
	case model.KindString:
		return len(key) <= maxShortText && len(value.text) <= maxShortText
	case model.KindBool, model.KindInt, model.KindDouble:
		return len(key) <= maxShortText
	default:
		return false
	}
}

// isContent reports whether attributes of this name hold conversation or
// documents.
func isContent(key string) bool {
	for _, prefix := range contentPrefixes {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// appendShort appends the short attributes of the span that was walked last as a
// JSON object, in the sender's order, or nothing when there are none. Of several
// attributes with one key only the first is looked at. One that does not fit
// any more is left out, and shorter ones after it may still be in.
func (w *walker) appendShort(dst []byte) []byte {
	start, entries := len(dst), 0
	for i := range w.loose {
		a := &w.loose[i]
		if a.taken || w.repeated(i) {
			continue
		}
		before := len(dst)
		if entries == 0 {
			dst = append(dst, '{')
		} else {
			dst = append(dst, ',')
		}
		dst = appendJSONString(dst, a.key)
		dst = append(dst, ':')
		dst = appendJSONScalar(dst, &a.value)
		if len(dst)-start >= maxShortBytes { // one byte is left for the brace
			dst = dst[:before]
			continue
		}
		if entries++; entries == maxShortEntries {
			break
		}
	}
	if entries > 0 {
		dst = append(dst, '}')
	}
	return dst
}

// repeated reports whether an earlier attribute has the key of the i-th.
func (w *walker) repeated(i int) bool {
	key := w.loose[i].key
	for j := range w.loose[:i] {
		if w.loose[j].key == key {
			return true
		}
	}
	return false
}

func appendJSONScalar(dst []byte, a *attribute) []byte {
	switch a.kind {
	case model.KindInt:
		return strconv.AppendInt(dst, int64(a.bits), 10)
	case model.KindBool:
		return strconv.AppendBool(dst, a.bits != 0)
	case model.KindDouble:
		return appendJSONDouble(dst, math.Float64frombits(a.bits))
	default:
		return appendJSONString(dst, a.text)
	}
}

// appendJSONDouble writes a number, and those that JSON does not know as the
// strings that protobuf's JSON uses.
func appendJSONDouble(dst []byte, f float64) []byte {
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

// appendJSONString writes s as a JSON string that every database takes: what is
// not UTF-8, and NUL, which PostgreSQL's jsonb refuses, become U+FFFD.
func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r) // U+FFFD for what is none
			i += size
			continue
		}
		i++
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		case c == 0:
			dst = append(dst, replacement...)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(dst, '"')
}
