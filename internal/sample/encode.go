package sample

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of attributes in the messages that have them.
const (
	attributesOfSpan     protowire.Number = 9
	attributesOfResource protowire.Number = 1
	attributesOfEvent    protowire.Number = 3
)

// text is what can be appended as the bytes of a string.
type text interface{ ~string | ~[]byte }

// appendTag appends the tag and the length of a field of n bytes, which the
// caller appends next.
func appendTag(dst []byte, field protowire.Number, n int) []byte {
	dst = protowire.AppendTag(dst, field, protowire.BytesType)
	return protowire.AppendVarint(dst, uint64(n))
}

func appendBytes(dst []byte, field protowire.Number, b []byte) []byte {
	return append(appendTag(dst, field, len(b)), b...)
}

func appendString(dst []byte, field protowire.Number, s string) []byte {
	return append(appendTag(dst, field, len(s)), s...)
}

func appendFixed64(dst []byte, field protowire.Number, n int64) []byte {
	dst = protowire.AppendTag(dst, field, protowire.Fixed64Type)
	return protowire.AppendFixed64(dst, uint64(n))
}

// appendKey appends the head of a KeyValue whose AnyValue has n bytes, which
// the caller appends next.
func appendKey(dst []byte, field protowire.Number, key string, n int) []byte {
	dst = appendTag(dst, field, sizeField(len(key))+sizeField(n))
	dst = appendString(dst, 1, key)
	return appendTag(dst, 2, n)
}

func appendText[T text](dst []byte, field protowire.Number, key string, value T) []byte {
	dst = appendKey(dst, field, key, sizeField(len(value)))
	dst = appendTag(dst, 1, len(value))
	return append(dst, value...)
}

// attr appends a string attribute of a span.
func attr[T text](dst []byte, key string, value T) []byte {
	return appendText(dst, attributesOfSpan, key, value)
}

// attrInt appends an integer attribute of a span.
func attrInt(dst []byte, key string, n int) []byte {
	dst = appendKey(dst, attributesOfSpan, key, 1+protowire.SizeVarint(uint64(n)))
	dst = protowire.AppendTag(dst, 3, protowire.VarintType)
	return protowire.AppendVarint(dst, uint64(n))
}

// attrDouble appends a floating-point attribute of a span.
func attrDouble(dst []byte, key string, f float64) []byte {
	dst = appendKey(dst, attributesOfSpan, key, 1+8)
	dst = protowire.AppendTag(dst, 4, protowire.Fixed64Type)
	return protowire.AppendFixed64(dst, math.Float64bits(f))
}

// attrStrings appends an attribute of a span that is an array of strings.
func attrStrings(dst []byte, key string, values []string) []byte {
	array := 0
	for _, v := range values {
		array += sizeField(sizeField(len(v)))
	}
	dst = appendKey(dst, attributesOfSpan, key, sizeField(array))
	dst = appendTag(dst, 5, array)
	for _, v := range values {
		dst = appendTag(dst, 1, sizeField(len(v)))
		dst = appendString(dst, 1, v)
	}
	return dst
}

// appendException appends an exception event, as field events of a span.
func appendException(dst []byte, at int64, class, message, stacktrace string) []byte {
	var event []byte
	event = appendFixed64(event, 1, at)
	event = appendString(event, 2, "exception")
	event = appendText(event, attributesOfEvent, "exception.type", class)
	event = appendText(event, attributesOfEvent, "exception.message", message)
	event = appendText(event, attributesOfEvent, "exception.stacktrace", stacktrace)
	event = appendText(event, attributesOfEvent, "exception.escaped", "False")
	return appendBytes(dst, 11, event)
}

const hexDigits = "0123456789abcdef"

// appendJSON appends s as a JSON string the way Python's json.dumps writes it:
// ASCII only. Text is made by this package and is valid UTF-8 of the Basic
// Multilingual Plane.
func appendJSON[T text](dst []byte, s T) []byte {
	dst = append(dst, '"')
	for _, r := range string(s) {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r < 0x20 || r > 0x7e:
			dst = append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		default:
			dst = append(dst, byte(r))
		}
	}
	return append(dst, '"')
}
