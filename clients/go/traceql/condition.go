package traceql

// Condition is what holds for a span or does not: a comparison, a [Flag], or
// what [And], [Or] and [Not] make of them.
type Condition interface{ condition() expr }

// printed is a condition that is no field.
type printed expr

func (p printed) condition() expr { return expr(p) }

func (f Flag) condition() expr { return plain(f) }

func compared(left expr, op string, right expr) Condition {
	return printed(binary(op, rankComparison, left, right))
}

// And holds where all conditions do: everywhere, where there are none.
func And(conditions ...Condition) Condition { return joined("&&", rankAnd, "true", conditions) }

// Or holds where one condition does: nowhere, where there are none.
func Or(conditions ...Condition) Condition { return joined("||", rankOr, "false", conditions) }

func joined(op string, rank int, none string, conditions []Condition) Condition {
	if len(conditions) == 0 {
		return printed{text: none}
	}
	all := conditions[0].condition()
	for _, c := range conditions[1:] {
		all = binary(op, rank, all, c.condition())
	}
	return printed(all)
}

// Not holds where the condition does not; also where it compares what is absent.
func Not(c Condition) Condition { return printed(unary("!", c.condition())) }

// anyOf holds where a field is one of some values.
func anyOf[T any](equals func(T) Condition, first T, more []T) Condition {
	all := []Condition{equals(first)}
	for _, v := range more {
		all = append(all, equals(v))
	}
	return Or(all...)
}

// Equals holds where the text is exactly this.
func (t Text) Equals(s string) Condition { return t.compare("=", s) }

// NotEquals holds where there is a text, and it is another.
func (t Text) NotEquals(s string) Condition { return t.compare("!=", s) }

// In holds where the text is one of these.
func (t Text) In(first string, more ...string) Condition { return anyOf(t.Equals, first, more) }

// Less holds where the text stands before another in the order of their bytes.
func (t Text) Less(s string) Condition { return t.compare("<", s) }

// AtMost holds where the text is another, or stands before it.
func (t Text) AtMost(s string) Condition { return t.compare("<=", s) }

// Greater holds where the text stands behind another in the order of their bytes.
func (t Text) Greater(s string) Condition { return t.compare(">", s) }

// AtLeast holds where the text is another, or stands behind it.
func (t Text) AtLeast(s string) Condition { return t.compare(">=", s) }

// Matches holds where the whole text matches a regular expression, of Go's kind.
func (t Text) Matches(pattern string) Condition { return t.compare("=~", pattern) }

// NotMatches holds where there is a text, and the whole of it does not match.
func (t Text) NotMatches(pattern string) Condition { return t.compare("!~", pattern) }

// Contains holds where the text contains another, whatever letters are capital.
func (t Text) Contains(s string) Condition { return t.compare(":", s) }

func (t Text) compare(op, s string) Condition { return compared(plain(t), op, expr{text: quoted(s)}) }

// Compare compares two texts of one span.
func (t Text) Compare(op Comparison, other Text) Condition {
	return compared(plain(t), string(op), plain(other))
}

// Is holds where the flag is so; Is(false) where it is there and false.
func (f Flag) Is(b bool) Condition { return f.compare("=", b) }

// IsNot holds where the flag is there and not so.
func (f Flag) IsNot(b bool) Condition { return f.compare("!=", b) }

func (f Flag) compare(op string, b bool) Condition {
	text := "false"
	if b {
		text = "true"
	}
	return compared(plain(f), op, expr{text: text})
}

// Is holds where the field has this value.
func (w Word[T]) Is(v T) Condition { return compared(plain(w), "=", expr{text: string(v)}) }

// IsNot holds where the field has another value.
func (w Word[T]) IsNot(v T) Condition { return compared(plain(w), "!=", expr{text: string(v)}) }

// In holds where the field has one of these values.
func (w Word[T]) In(first T, more ...T) Condition { return anyOf(w.Is, first, more) }

// Equals holds where the number is this.
func (n Number[T]) Equals(v T) Condition { return compared(plain(n), "=", number(v)) }

// NotEquals holds where there is a number, and it is another.
func (n Number[T]) NotEquals(v T) Condition { return compared(plain(n), "!=", number(v)) }

// Less holds where the number is less.
func (n Number[T]) Less(v T) Condition { return compared(plain(n), "<", number(v)) }

// AtMost holds where the number is this or less.
func (n Number[T]) AtMost(v T) Condition { return compared(plain(n), "<=", number(v)) }

// Greater holds where the number is greater.
func (n Number[T]) Greater(v T) Condition { return compared(plain(n), ">", number(v)) }

// AtLeast holds where the number is this or greater.
func (n Number[T]) AtLeast(v T) Condition { return compared(plain(n), ">=", number(v)) }

// Compare compares the number with another quantity of the same span.
func (n Number[T]) Compare(op Comparison, other Quantity) Condition {
	return compared(plain(n), string(op), other.quantity())
}

// Comparison is an operator between two values.
type Comparison string

// The comparisons.
const (
	Equal        Comparison = "="
	NotEqual     Comparison = "!="
	Less         Comparison = "<"
	LessEqual    Comparison = "<="
	Greater      Comparison = ">"
	GreaterEqual Comparison = ">="
)
