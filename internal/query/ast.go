package query

// Query is a parsed and checked query.
type Query struct {
	// Source selects spans of each trace.
	Source Spansets
	// Metrics turns the selected spans into time series; nil for a search.
	Metrics *Metrics
}

// Spansets selects sets of spans of one trace: a [*Filter], a [*Combination] or
// a [*Pipeline].
type Spansets interface {
	String() string
	spansets()
}

// Filter selects the spans for which a condition holds: { status = error }.
type Filter struct {
	// Condition is a comparison, a field or a literal that is a boolean, or made
	// of these with And, Or and Not; nil for all spans.
	Condition Expr
}

// Combination relates the spans of two sides: {…} >> {…}. A side that is a
// pipeline stands for all spans of all its spansets.
type Combination struct {
	Relation Relation
	Form     Form
	Left     Spansets
	Right    Spansets
}

// Relation is how the spans of a combination's right side stand to those of its
// left side.
type Relation uint8

const (
	Both       Relation = iota // &&: both sides have spans; the result is all of them
	Either                     // ||: either side has spans; the result is all of them
	Descendant                 // >>: below a left span, at any depth
	Child                      // >: directly below a left span
	Ancestor                   // <<: above a left span, at any depth
	Parent                     // <: directly above a left span
	Sibling                    // ~: another child of a left span's parent
	Then                       // then: starts when a left span has ended, or later
)

// Form says which spans of a structural relation are the result.
type Form uint8

const (
	Plain   Form = iota // >>: the right spans that stand in the relation to some left span
	Negated             // !>>: the right spans that stand in it to no left span
	Union               // &>>: the spans of both sides that stand in it to one of the other
)

// Pipeline passes the spansets of a trace through stages, one after the other.
// It begins with one spanset, or none where the source selects no spans; a
// stage may split, shrink and drop spansets. A trace matches when one is left.
type Pipeline struct {
	Source Spansets
	Stages []Stage
}

func (*Filter) spansets()      {}
func (*Combination) spansets() {}
func (*Pipeline) spansets()    {}

// Stage is one step of a pipeline: a [*Filter], [*Measure], [*GroupBy],
// [*Select], [*Coalesce] or [*Repeat].
type Stage interface {
	String() string
	stage()
}

// Measure keeps the spansets for which a comparison of aggregates holds:
// | avg(duration) > 1s. Without a comparison (| count()) it keeps all.
type Measure struct {
	// Condition is arithmetic over [*Aggregate] and [*Literal] nodes, or one
	// comparison of two such.
	Condition Expr
}

// GroupBy splits each spanset into one for each distinct combination of values:
// | by(model:name). Absent values are a value of their own. A field with
// several values on a span counts with its first.
type GroupBy struct{ By []Expr } // each a [*Field]

// Select names what is to be returned of each span: | select(tool:name, .price).
// It keeps all spans.
type Select struct{ Fields []Expr } // each a [*Field]

// Coalesce makes one spanset of all those of a trace.
type Coalesce struct{}

// Repeat keeps, of each spanset, the spans that have the same name and the same
// arguments as at least Times-1 others of it: | repeat(3). The arguments are
// tool:arguments where there are any, and content:input elsewhere.
type Repeat struct{ Times int }

func (*Filter) stage()   {}
func (*Measure) stage()  {}
func (*GroupBy) stage()  {}
func (*Select) stage()   {}
func (*Coalesce) stage() {}
func (*Repeat) stage()   {}

// Metrics is the last part of a metrics query: a function over the selected
// spans of all traces, in steps of time, by the values of some fields.
type Metrics struct {
	Function  Function
	Field     Expr      // what is added up or compared; nil for Rate and CountOverTime
	Quantiles []float64 // of QuantileOverTime: each from 0 to 1, at least one
	By        []Expr    // each a [*Field]; empty: one series
	Stages    []SeriesStage
}

// Function makes a number of the spans in a step of time.
type Function uint8

const (
	Rate Function = iota // spans per second
	CountOverTime
	SumOverTime
	AvgOverTime
	MinOverTime
	MaxOverTime
	QuantileOverTime  // one series for each quantile, with the label p
	HistogramOverTime // one series for each power of two, with the label __bucket
)

// SeriesStage is what may follow a metrics function: a [*Top] or a
// [*Threshold].
type SeriesStage interface {
	String() string
	seriesStage()
}

// Top keeps, at each point of time, the N greatest (topk) or smallest (bottomk)
// values.
type Top struct {
	N      int
	Bottom bool
}

// Threshold keeps the points whose value compares as it says: rate() > 10.
type Threshold struct {
	Op    Operator // one of the six comparisons of numbers
	Value Value    // a number or a duration
}

func (*Top) seriesStage()       {}
func (*Threshold) seriesStage() {}

// Expr is an expression over one span, or, within a [Measure], over the spans of
// a spanset: a [*Binary], [*Unary], [*Literal], [*Field] or [*Aggregate].
type Expr interface {
	String() string
	expr()
}

// Binary is two expressions and what is between them. Both sides of a comparison
// are values, never conditions.
type Binary struct {
	Op    Operator
	Left  Expr
	Right Expr
	// Pattern is the compiled right side of Match and NotMatch, which is a
	// literal.
	Pattern *Pattern
}

// Unary is !x or -x. The minus of a literal is part of the literal.
type Unary struct {
	Op Operator // Not or Subtract
	X  Expr
}

// Literal is a value that stands in the text.
type Literal struct{ Value Value }

// Field is something that a span has: an intrinsic, or an attribute.
type Field struct {
	Intrinsic Intrinsic // zero for an attribute
	Scope     Scope     // of an attribute
	Name      string    // of an attribute, never empty
}

// Scope says where an attribute is looked for.
type Scope uint8

const (
	ScopeAny Scope = iota // .name: the first of the following that has it
	ScopeSpan
	ScopeResource
	ScopeEvent // all events of the span
	ScopeLink  // all links of the span
	ScopeInstrumentation
)

// Aggregate is a number that sums up a spanset.
type Aggregate struct {
	Function AggregateFunction
	Field    Expr // nil for Count; a numeric expression over one span
}

// AggregateFunction is one of count, avg, min, max and sum. Spans on which the
// field is absent or no number are left out; over no values, all but Count and
// Sum (which are 0) are absent, and compare as absent values do.
type AggregateFunction uint8

const (
	Count AggregateFunction = iota
	Avg
	Min
	Max
	Sum
)

func (*Binary) expr()    {}
func (*Unary) expr()     {}
func (*Literal) expr()   {}
func (*Field) expr()     {}
func (*Aggregate) expr() {}

// Operator is what stands between or before expressions.
//
// Comparing an absent value with anything but nil is false, whatever the
// operator; ! turns that round. Numbers of all kinds compare with each other as
// numbers, strings by their bytes, false before true. Values of kinds that do
// not go together (a string and a number) are unequal in every way: comparing
// them is false, also by !=.
//
// A field may have several values on one span: an attribute that is an array,
// everything of events and links, the messages of a model call. A comparison
// then holds when it holds for any of them; != and !~ hold when they hold for
// all of them and there is one at least.
type Operator uint8

const (
	And          Operator = iota + 1 // &&
	Or                               // ||
	Equal                            // =
	NotEqual                         // !=
	Less                             // <
	LessEqual                        // <=
	Greater                          // >
	GreaterEqual                     // >=
	Matches                          // =~: the whole string matches a regular expression (RE2, . matches line breaks too)
	NotMatches                       // !~
	Contains                         // : the string contains another, ignoring case by Unicode's simple folding
	Add                              // +
	Subtract                         // -, also before a number
	Multiply                         // *
	Divide                           // /: absent for a divisor of zero
	Modulo                           // %: likewise
	Power                            // ^
	Not                              // ! before a condition
)
