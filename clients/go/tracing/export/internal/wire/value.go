package wire

import (
	"math"

	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/protobuf/encoding/protowire"
)

func appendAttribute(b []byte, field protowire.Number, a attribute.KeyValue) []byte {
	b, at := begin(b, field)
	b = appendText(b, 1, string(a.Key))
	b = appendValue(b, 2, a.Value)
	return end(b, at)
}

// appendValue writes an AnyValue. Its fields are a oneof: they are written even
// when they are zero, since which one is there says what the value is.
func appendValue(b []byte, field protowire.Number, v attribute.Value) []byte {
	b, at := begin(b, field)
	switch v.Type() {
	case attribute.EMPTY:
	case attribute.STRING:
		b = appendString(b, 1, v.AsString())
	case attribute.BOOL:
		b = protowire.AppendVarint(protowire.AppendTag(b, 2, protowire.VarintType), protowire.EncodeBool(v.AsBool()))
	case attribute.INT64:
		b = protowire.AppendVarint(protowire.AppendTag(b, 3, protowire.VarintType), uint64(v.AsInt64()))
	case attribute.FLOAT64:
		b = protowire.AppendFixed64(protowire.AppendTag(b, 4, protowire.Fixed64Type), math.Float64bits(v.AsFloat64()))
	case attribute.BYTESLICE:
		b = appendBytes(b, 7, v.AsByteSlice())
	case attribute.MAP:
		var at int
		b, at = begin(b, 6)
		for _, a := range v.AsMap() {
			b = appendAttribute(b, 1, a)
		}
		b = end(b, at)
	default:
		var at int
		b, at = begin(b, 5)
		b = appendElements(b, v)
		b = end(b, at)
	}
	return end(b, at)
}

func appendElements(b []byte, v attribute.Value) []byte {
	switch v.Type() {
	case attribute.BOOLSLICE:
		return appendEach(b, v.AsBoolSlice(), attribute.BoolValue)
	case attribute.INT64SLICE:
		return appendEach(b, v.AsInt64Slice(), attribute.Int64Value)
	case attribute.FLOAT64SLICE:
		return appendEach(b, v.AsFloat64Slice(), attribute.Float64Value)
	case attribute.STRINGSLICE:
		return appendEach(b, v.AsStringSlice(), attribute.StringValue)
	case attribute.SLICE:
		return appendEach(b, v.AsSlice(), func(e attribute.Value) attribute.Value { return e })
	}
	return b
}

func appendEach[T any](b []byte, elements []T, value func(T) attribute.Value) []byte {
	for _, e := range elements {
		b = appendValue(b, 1, value(e))
	}
	return b
}
