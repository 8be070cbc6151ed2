package traceql

import "time"

// Field is something that a span has, an intrinsic or an attribute: what
// [Spanset.By] and [Spanset.Select] name.
type Field interface{ field() string }

// Text is a field that holds text, as a query writes it.
type Text string

// Number is a field that holds a number, as a query writes it. All numbers
// compare with each other; a duration counts in nanoseconds.
type Number[T int64 | float64 | time.Duration] string

// Flag is a field that is true or false, as a query writes it. It is a condition
// by itself.
type Flag string

// Word is a field whose values are words of the language, as a query writes it.
type Word[T StatusValue | KindValue | TypeValue] string

// Attribute is an attribute, as a query writes it. What it holds is said before
// it is compared: Attr("price").Float().Greater(3).
type Attribute string

func (t Text) field() string      { return string(t) }
func (n Number[T]) field() string { return string(n) }
func (f Flag) field() string      { return string(f) }
func (w Word[T]) field() string   { return string(w) }
func (a Attribute) field() string { return string(a) }

// present prints the comparison of a field with nil.
func present(f Field, op string) Condition { return compared(plain(f), op, expr{text: "nil"}) }

func plain(f Field) expr { return expr{text: f.field()} }

// Absent holds on spans that do not have the field. An empty text counts as
// absent in intrinsics.
func (t Text) Absent() Condition { return present(t, "=") }

// Present holds on spans that have the field.
func (t Text) Present() Condition { return present(t, "!=") }

// Absent holds on spans that do not have the field.
func (n Number[T]) Absent() Condition { return present(n, "=") }

// Present holds on spans that have the field.
func (n Number[T]) Present() Condition { return present(n, "!=") }

// Absent holds on spans that do not have the field.
func (f Flag) Absent() Condition { return present(f, "=") }

// Present holds on spans that have the field, be it true or false.
func (f Flag) Present() Condition { return present(f, "!=") }

// Absent holds on spans that do not have the field.
func (w Word[T]) Absent() Condition { return present(w, "=") }

// Present holds on spans that have the field.
func (w Word[T]) Present() Condition { return present(w, "!=") }

// Absent holds on spans that do not have the attribute.
func (a Attribute) Absent() Condition { return present(a, "=") }

// Present holds on spans that have the attribute.
func (a Attribute) Present() Condition { return present(a, "!=") }
