package traceql

// Aggregate is a number that sums up the spans of a spanset, or what is
// calculated from such numbers. Spans that do not have the quantity are left out;
// over none, [Count] and [Sum] are 0 and the others absent.
type Aggregate struct{ expr expr }

// Aggregated is what an [Aggregate] is compared and calculated with: another one,
// or a [Literal].
type Aggregated interface{ aggregated() expr }

func (a Aggregate) aggregated() expr { return a.expr }

func (l Literal) aggregated() expr { return l.expr }

// Count is how many spans there are.
func Count() Aggregate { return Aggregate{expr{text: "count()"}} }

// Avg is the mean of a quantity.
func Avg(q Quantity) Aggregate { return aggregate("avg", q) }

// Min is the least value of a quantity.
func Min(q Quantity) Aggregate { return aggregate("min", q) }

// Max is the greatest value of a quantity.
func Max(q Quantity) Aggregate { return aggregate("max", q) }

// Sum is the sum of a quantity.
func Sum(q Quantity) Aggregate { return aggregate("sum", q) }

func aggregate(function string, q Quantity) Aggregate {
	return Aggregate{expr{text: function + "(" + q.quantity().text + ")"}}
}

// Plus adds.
func (a Aggregate) Plus(b Aggregated) Aggregate { return a.with("+", rankSum, b) }

// Minus subtracts.
func (a Aggregate) Minus(b Aggregated) Aggregate { return a.with("-", rankSum, b) }

// Times multiplies.
func (a Aggregate) Times(b Aggregated) Aggregate { return a.with("*", rankProduct, b) }

// DividedBy divides.
func (a Aggregate) DividedBy(b Aggregated) Aggregate { return a.with("/", rankProduct, b) }

// Modulo returns what is left of a division.
func (a Aggregate) Modulo(b Aggregated) Aggregate { return a.with("%", rankProduct, b) }

// Power raises to a power.
func (a Aggregate) Power(b Aggregated) Aggregate { return a.with("^", rankPower, b) }

// Negative returns the number with the other sign.
func (a Aggregate) Negative() Aggregate { return Aggregate{unary("-", a.expr)} }

func (a Aggregate) with(op string, rank int, b Aggregated) Aggregate {
	return Aggregate{binary(op, rank, a.expr, b.aggregated())}
}

// Measure is a comparison of aggregates; see [Spanset.Having].
type Measure struct{ expr expr }

// Compare compares the number with another one.
func (a Aggregate) Compare(op Comparison, b Aggregated) Measure {
	return Measure{binary(string(op), rankComparison, a.expr, b.aggregated())}
}

// Equals holds where the number is this.
func (a Aggregate) Equals(b Aggregated) Measure { return a.Compare(Equal, b) }

// NotEquals holds where there is a number, and it is another.
func (a Aggregate) NotEquals(b Aggregated) Measure { return a.Compare(NotEqual, b) }

// Less holds where the number is less.
func (a Aggregate) Less(b Aggregated) Measure { return a.Compare(Less, b) }

// AtMost holds where the number is this or less.
func (a Aggregate) AtMost(b Aggregated) Measure { return a.Compare(LessEqual, b) }

// Greater holds where the number is greater.
func (a Aggregate) Greater(b Aggregated) Measure { return a.Compare(Greater, b) }

// AtLeast holds where the number is this or greater.
func (a Aggregate) AtLeast(b Aggregated) Measure { return a.Compare(GreaterEqual, b) }

// Absent holds where there is no such number, since no span has the quantity.
func (a Aggregate) Absent() Measure {
	return Measure{binary("=", rankComparison, a.expr, expr{text: "nil"})}
}

// Present holds where there is such a number.
func (a Aggregate) Present() Measure {
	return Measure{binary("!=", rankComparison, a.expr, expr{text: "nil"})}
}
