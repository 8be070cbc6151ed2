package query

// rank orders operators by how tightly they bind.
func (o Operator) rank() int {
	switch o {
	case Or:
		return 1
	case And:
		return 2
	case Add, Subtract:
		return 4
	case Multiply, Divide, Modulo:
		return 5
	case Power:
		return 7
	default:
		return comparisonRank
	}
}

const (
	comparisonRank = 3
	signRank       = 6 // of ! and of a minus before a value
)

// String returns the expression as text, without brackets round it.
func (b *Binary) String() string { return string(appendExpr(nil, b)) }

// String returns the expression as text.
func (u *Unary) String() string { return string(appendExpr(nil, u)) }

// String returns the value as a literal.
func (l *Literal) String() string { return l.Value.String() }

// String returns the field: an intrinsic by the first of its names, an attribute
// with its scope, and with quotes where its name needs them.
func (f *Field) String() string { return string(appendExpr(nil, f)) }

// String returns the aggregate as text.
func (a *Aggregate) String() string { return string(appendExpr(nil, a)) }

func appendExpr(dst []byte, e Expr) []byte {
	switch e := e.(type) {
	case *Binary:
		dst = appendPart(dst, e.Left, e.brackets(e.Left, false))
		dst = append(append(append(dst, ' '), e.Op.String()...), ' ')
		return appendPart(dst, e.Right, e.brackets(e.Right, true))
	case *Unary:
		return appendPart(append(dst, e.Op.String()...), e.X, e.brackets())
	case *Literal:
		return append(dst, e.Value.String()...)
	case *Aggregate:
		dst = append(append(dst, e.Function.String()...), '(')
		if e.Field != nil {
			dst = appendExpr(dst, e.Field)
		}
		return append(dst, ')')
	case *Field:
		return appendField(dst, e)
	}
	return dst
}

func appendPart(dst []byte, e Expr, brackets bool) []byte {
	if brackets {
		return append(appendExpr(append(dst, '('), e), ')')
	}
	return appendExpr(dst, e)
}

func appendField(dst []byte, f *Field) []byte {
	if f.Intrinsic != 0 {
		return append(dst, f.Intrinsic.String()...)
	}
	dst = append(append(dst, f.Scope.String()...), '.')
	if isPlainName(f.Name) {
		return append(dst, f.Name...)
	}
	return appendQuoted(dst, f.Name)
}

// isPlainName reports whether an attribute's name reads as one without quotes,
// also behind a dot alone.
func isPlainName(name string) bool {
	if name == "" || isDigit(rune(name[0])) {
		return false
	}
	return nameLength(name) == len(name)
}

// brackets reports whether an operand is printed in brackets.
func (b *Binary) brackets(operand Expr, right bool) bool {
	rank := b.Op.rank()
	switch operand := operand.(type) {
	case *Binary:
		inner := operand.Op.rank()
		if rank < comparisonRank && inner < comparisonRank {
			return right || b.Op != operand.Op
		}
		return inner < rank || inner == rank && (right || rank == comparisonRank || b.Op == Power)
	case *Unary:
		return b.Op == Power && !right
	case *Literal:
		return b.Op == Power && !right && operand.Value.isNegative()
	default:
		return false
	}
}

// brackets reports whether the operand is printed in brackets.
func (u *Unary) brackets() bool {
	switch x := u.X.(type) {
	case *Binary:
		return x.Op.rank() < signRank
	case *Literal:
		return x.Value.isNegative()
	default:
		return false
	}
}
