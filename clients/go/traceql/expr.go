package traceql

// expr is an expression that has been printed, and what must be known of it to
// stand in another one.
type expr struct {
	text string
	op   string // the operator that binds least, "" for a field or a literal
	rank int    // how tightly op binds
	sign bool   // the text begins with a minus that belongs to a literal
}

// How tightly operators bind.
const (
	rankOr = iota + 1
	rankAnd
	rankComparison
	rankSum
	rankProduct
	rankSign // of ! and of a minus before a value
	rankPower
)

// binary prints an operator between two expressions.
func binary(op string, rank int, left, right expr) expr {
	return expr{
		text: bracketed(left, needsBrackets(op, rank, left, false)) + " " + op + " " + bracketed(right, needsBrackets(op, rank, right, true)),
		op:   op, rank: rank,
	}
}

// unary prints an operator before an expression.
func unary(op string, x expr) expr {
	brackets := x.sign || x.op != "" && x.rank < rankSign
	return expr{text: op + bracketed(x, brackets), op: op, rank: rankSign}
}

// needsBrackets reports whether an operand stands in brackets: where it would be
// read otherwise, and wherever && and || meet, so that nobody has to know which
// of them binds more tightly.
func needsBrackets(op string, rank int, operand expr, right bool) bool {
	power := rank == rankPower
	switch {
	case operand.op == "":
		return operand.sign && power && !right
	case operand.rank == rankSign:
		return power && !right
	case rank < rankComparison && operand.rank < rankComparison:
		return right || op != operand.op
	}
	return operand.rank < rank || operand.rank == rank && (right || rank == rankComparison || power)
}

func bracketed(x expr, brackets bool) string {
	if brackets {
		return "(" + x.text + ")"
	}
	return x.text
}
