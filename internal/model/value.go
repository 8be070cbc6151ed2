package model

// ValueKind says which member of a [Value] counts.
type ValueKind uint8

const (
	// KindEmpty is OTLP's AnyValue with no member set.
	KindEmpty ValueKind = iota
	KindString
	KindBool
	KindInt
	KindDouble
	KindArray
	KindMap
	KindBytes
)

// Value is OTLP's AnyValue. Strings are kept as received: they may hold NUL and
// bytes that are not UTF-8.
type Value struct {
	Kind   ValueKind
	Str    string // KindString; KindBytes holds its bytes here too
	Bool   bool
	Int    int64
	Double float64
	Array  []Value
	Map    []KeyValue
}

// KeyValue is one attribute. Keys may repeat, as OTLP's wire format allows; the
// first one counts where a single value is asked for.
type KeyValue struct {
	Key   string
	Value Value
}

// StringValue returns a string attribute value.
func StringValue(s string) Value { return Value{Kind: KindString, Str: s} }

// IntValue returns an integer attribute value.
func IntValue(n int64) Value { return Value{Kind: KindInt, Int: n} }

// DoubleValue returns a floating-point attribute value.
func DoubleValue(f float64) Value { return Value{Kind: KindDouble, Double: f} }

// BoolValue returns a boolean attribute value.
func BoolValue(b bool) Value { return Value{Kind: KindBool, Bool: b} }

// Lookup returns the first value of key in attrs.
func Lookup(attrs []KeyValue, key string) (Value, bool) {
	for i := range attrs {
		if attrs[i].Key == key {
			return attrs[i].Value, true
		}
	}
	return Value{}, false
}
