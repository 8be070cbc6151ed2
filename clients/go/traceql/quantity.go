package traceql

// Quantity is a number of a span: a [Number], a [Literal], or what is calculated
// from them. What is calculated from what is absent, or no number, is absent, and
// so is what is divided by zero.
type Quantity interface{ quantity() expr }

func (n Number[T]) quantity() expr { return plain(n) }

// Calculation is a number that is calculated from others.
type Calculation struct{ expr expr }

func (c Calculation) quantity() expr { return c.expr }

// Compare compares the number with another quantity of the same span.
func (c Calculation) Compare(op Comparison, other Quantity) Condition {
	return compared(c.expr, string(op), other.quantity())
}

// Plus adds.
func (c Calculation) Plus(q Quantity) Calculation { return calculated(c, "+", rankSum, q) }

// Minus subtracts.
func (c Calculation) Minus(q Quantity) Calculation { return calculated(c, "-", rankSum, q) }

// Times multiplies.
func (c Calculation) Times(q Quantity) Calculation { return calculated(c, "*", rankProduct, q) }

// DividedBy divides.
func (c Calculation) DividedBy(q Quantity) Calculation { return calculated(c, "/", rankProduct, q) }

// Modulo returns what is left of a division.
func (c Calculation) Modulo(q Quantity) Calculation { return calculated(c, "%", rankProduct, q) }

// Power raises to a power.
func (c Calculation) Power(q Quantity) Calculation { return calculated(c, "^", rankPower, q) }

// Plus adds.
func (n Number[T]) Plus(q Quantity) Calculation { return calculated(n, "+", rankSum, q) }

// Minus subtracts.
func (n Number[T]) Minus(q Quantity) Calculation { return calculated(n, "-", rankSum, q) }

// Times multiplies.
func (n Number[T]) Times(q Quantity) Calculation { return calculated(n, "*", rankProduct, q) }

// DividedBy divides.
func (n Number[T]) DividedBy(q Quantity) Calculation { return calculated(n, "/", rankProduct, q) }

// Modulo returns what is left of a division.
func (n Number[T]) Modulo(q Quantity) Calculation { return calculated(n, "%", rankProduct, q) }

// Power raises to a power.
func (n Number[T]) Power(q Quantity) Calculation { return calculated(n, "^", rankPower, q) }

// Negative returns a quantity with the other sign.
func Negative(q Quantity) Calculation { return Calculation{unary("-", q.quantity())} }

func calculated(left Quantity, op string, rank int, right Quantity) Calculation {
	return Calculation{binary(op, rank, left.quantity(), right.quantity())}
}
