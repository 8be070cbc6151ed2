package export

import (
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// What things take in memory, rounded up, besides the texts in them.
const (
	spanBytes      = 768 // the SDK's snapshot of a span and the span itself
	attributeBytes = 64
	eventBytes     = 96
	linkBytes      = 128
)

// sizeOf estimates the memory that a span keeps alive. It is never less than
// the content of the span, which is what can grow without limit.
func sizeOf(s sdktrace.ReadOnlySpan) int {
	n := spanBytes + len(s.Name()) + len(s.Status().Description) + sizeOfAttributes(s.Attributes())
	for _, e := range s.Events() {
		n += eventBytes + len(e.Name) + sizeOfAttributes(e.Attributes)
	}
	for _, l := range s.Links() {
		n += linkBytes + sizeOfAttributes(l.Attributes)
	}
	return n
}

func sizeOfAttributes(attributes []attribute.KeyValue) int {
	n := len(attributes) * attributeBytes
	for i := range attributes {
		a := &attributes[i]
		n += len(a.Key)
		switch a.Value.Type() {
		case attribute.STRING:
			n += len(a.Value.AsString())
		case attribute.BOOL, attribute.INT64, attribute.FLOAT64, attribute.EMPTY:
		default:
			n += sizeOfList(a.Value)
		}
	}
	return n
}

// sizeOfList is for values that are lists, which the SDK only hands out as copies.
func sizeOfList(v attribute.Value) int {
	n := 0
	switch v.Type() {
	case attribute.BOOLSLICE:
		n = len(v.AsBoolSlice())
	case attribute.INT64SLICE:
		n = 8 * len(v.AsInt64Slice())
	case attribute.FLOAT64SLICE:
		n = 8 * len(v.AsFloat64Slice())
	case attribute.BYTESLICE:
		n = len(v.AsByteSlice())
	case attribute.STRINGSLICE:
		for _, s := range v.AsStringSlice() {
			n += 16 + len(s)
		}
	case attribute.MAP:
		n = sizeOfAttributes(v.AsMap())
	case attribute.SLICE:
		for _, e := range v.AsSlice() {
			n += attributeBytes
			if e.Type() == attribute.STRING {
				n += len(e.AsString())
			} else {
				n += sizeOfList(e)
			}
		}
	}
	return n
}
