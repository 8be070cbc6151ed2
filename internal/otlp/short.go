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
	maxShortEntries = 64  // beside the one that says that there were more
	maxShortBytes   = 4 << 10
)

// Searchable reports whether the rows of spans tell of attributes of this name:
// then a row without an entry for it, in which nothing is said to be missing
// (model.ShortIncomplete), is of a span that has no such attribute. Names that
// have a column or are content are not in rows, nor are long ones; and those
// with NUL, U+FFFD or bytes that are no UTF-8 may be there under the name of
// another, since rows are repaired.
//
// Texts are repaired as well: a text of an entry is the sender's if it has no
// U+FFFD, so one that is searched for must have neither that nor NUL, and be
// UTF-8. Doubles that JSON does not know are there as texts: "NaN", "Infinity"
// and "-Infinity" may stand for a number.
func Searchable(key string) bool {
	if key == "" || len(key) > maxShortText || key == model.ShortIncomplete ||
		!utf8.ValidString(key) || strings.ContainsAny(key, "\x00"+replacement) {
		return false
	}
	if number, ok := known.numbers[key]; ok {
		return known.fates[number] == detail
	}
	return !isContent(key)
}

// isShort reports whether a value is in rows as it is.
func isShort(value *attribute) bool {
	switch value.kind {
	case model.KindString:
		return len(value.text) <= maxShortText
	case model.KindBool, model.KindInt, model.KindDouble:
		return true
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

// isTurn reports whether an attribute is a piece of a conversation, as most of those
// of model calls are. No convention knows their names one by one.
func isTurn(key string) bool {
	return strings.HasPrefix(key, "llm.input_messages.") || strings.HasPrefix(key, "llm.output_messages.")
}

// moreEntries says that attributes are missing.
const moreEntries = `"` + model.ShortIncomplete + `":null`

// appendShort appends the short attributes of the span that was walked last as a
// JSON object, in the sender's order, or nothing when there are none. Of several
// attributes with one key only the first is looked at. What is no short value is
// there as null. One that does not fit any more is left out, and shorter ones
// after it may still be in.
func (w *walker) appendShort(dst []byte) []byte {
	start, entries, missing := len(dst), 0, w.looseLost
	for i := range w.loose {
		a := &w.loose[i]
		if w.repeated(i) {
			continue
		}
		if entries == maxShortEntries {
			missing = true
			break
		}
		if len(a.key) > maxShortText || a.key == model.ShortIncomplete {
			missing = true
			continue
		}
		before := len(dst)
		dst = appendJSONString(appendSeparator(dst, start), a.key)
		dst = append(dst, ':')
		if isShort(&a.value) {
			dst = appendJSONScalar(dst, &a.value)
		} else {
			dst = append(dst, "null"...)
		}
		if len(dst)-start > maxShortBytes-len(","+moreEntries+"}") {
			dst, missing = dst[:before], true
		} else {
			entries++
		}
	}
	if missing {
		dst = append(appendSeparator(dst, start), moreEntries...)
	}
	if len(dst) > start {
		dst = append(dst, '}')
	}
	return dst
}

// appendSeparator appends what stands before an entry of the object that begins
// at start.
func appendSeparator(dst []byte, start int) []byte {
	if len(dst) == start {
		return append(dst, '{')
	}
	return append(dst, ',')
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
