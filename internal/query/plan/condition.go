package plan

import "github.com/agenttrace/agenttrace/internal/query"

// Condition is what one row must fulfil: [All], [Any] or a [Term]; nil for
// nothing. It is two-valued: a comparison with what is absent is false.
type Condition interface {
	condition()
	String() string // for people who read plans; equal for equal conditions
}

// All holds when all of its conditions do; empty, it holds.
type All []Condition

// Any holds when one of its conditions does; empty, it does not.
type Any []Condition

// Term compares one column with a value.
type Term struct {
	// Intrinsic is the column. It is one FromRow in conditions on spans, and one
	// FromTrace in conditions on traces; zero for a short attribute.
	Intrinsic query.Intrinsic

	// Attribute is the key of a short attribute: an entry of
	// model.Span.ShortAttributes. Such a term also holds for a row that does
	// not tell: when the entry is null, or the row says that entries are
	// missing (model.ShortIncomplete); Not does not change that.
	Attribute string

	// Op is Equal, NotEqual, Less, LessEqual, Greater or GreaterEqual; or
	// Contains, which here respects case; or HasPrefix.
	Op Op

	// Value is of the column's kind, or any number where that is a number; with
	// a float, both are compared as floats. With Equal and NotEqual it may be
	// nil: absent, present.
	Value query.Value

	// Not turns the result round: then the term holds where the column is
	// absent.
	Not bool
}

// Op is how a [Term] compares.
type Op uint8

const (
	Equal Op = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
	Contains  // the text contains the value, byte for byte
	HasPrefix // the text begins with the value
)

func (All) condition()  {}
func (Any) condition()  {}
func (Term) condition() {}
