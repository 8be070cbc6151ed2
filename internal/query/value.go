package query

import "regexp"

// Kind says what a [Value] is.
type Kind uint8

const (
	KindNil      Kind = iota // absent
	KindString               // Text
	KindInt                  // Int
	KindFloat                // Float
	KindBool                 // Int is 0 or 1
	KindDuration             // Int is nanoseconds
	KindStatus               // Int is a model.StatusCode: unset, ok, error
	KindSpanKind             // Int is a model.SpanKind: unspecified, internal, server, client, producer, consumer
	KindType                 // Int is a model.SpanType: agent, team, …, unknown
)

// IsNumber reports whether values of this kind can be calculated with.
func (k Kind) IsNumber() bool { return k == KindInt || k == KindFloat || k == KindDuration }

// Value is a single value: of a literal, or of a field on a span. Values are
// comparable with ==, which is not the language's equality: 1 and 1.0 differ.
type Value struct {
	Kind  Kind
	Text  string
	Int   int64
	Float float64
}

// Text, Integer, Float, Boolean and Duration make values of these kinds.
func Text(s string) Value       { return Value{Kind: KindString, Text: s} }
func Integer(n int64) Value     { return Value{Kind: KindInt, Int: n} }
func Float(f float64) Value     { return Value{Kind: KindFloat, Float: f} }
func Duration(nano int64) Value { return Value{Kind: KindDuration, Int: nano} }
func Boolean(b bool) Value {
	v := Value{Kind: KindBool}
	if b {
		v.Int = 1
	}
	return v
}

// Number returns a numeric value as a float64, durations in nanoseconds, and
// whether the value is one.
func (v Value) Number() (float64, bool) {
	switch v.Kind {
	case KindInt, KindDuration:
		return float64(v.Int), true
	case KindFloat:
		return v.Float, true
	default:
		return 0, false
	}
}

// Pattern is a compiled regular expression, anchored at both ends.
type Pattern struct {
	Text   string // as it stands in the query
	Regexp *regexp.Regexp
}
