package query

import (
	"slices"
)

// expression reads a condition or a value: || binds least, then &&, comparisons,
// + and -, then * / %, signs and !, and ^ most.
func (p *parser) expression() Expr {
	return p.chain((*parser).conjunction, Or)
}

func (p *parser) conjunction() Expr { return p.chain((*parser).comparison, And) }

// chain reads operands with any of some operators between them, grouping from
// the left.
func (p *parser) chain(operand func(*parser) Expr, operators ...Operator) Expr {
	left := operand(p)
	for {
		op := p.operator(operators)
		if op == 0 {
			return left
		}
		b := &Binary{Op: op, Left: left}
		p.at[b] = p.take()
		b.Right = operand(p)
		left = b
	}
}

// operator returns which of the operators comes next, 0 for none of them.
func (p *parser) operator(operators []Operator) Operator {
	t := p.peek()
	for _, op := range operators {
		if t.isSymbol(op.String()) {
			return op
		}
	}
	return 0
}

var comparisons = []Operator{Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, Matches, NotMatches, Contains}

func (p *parser) comparison() Expr {
	left := p.sum()
	op := p.operator(comparisons)
	if op == 0 {
		return left
	}
	b := &Binary{Op: op, Left: left}
	p.at[b] = p.take()
	if op == Equal && p.peek().isSymbol("=") {
		p.fail("a single = compares")
	}
	if f, ok := left.(*Field); ok {
		p.beside = kindOf(f)
	}
	b.Right = p.sum()
	p.beside = KindNil
	if p.operator(comparisons) != 0 {
		p.fail("comparisons do not follow one another; join them with && or ||")
	}
	return b
}

func (p *parser) sum() Expr { return p.chain((*parser).product, Add, Subtract) }

func (p *parser) product() Expr { return p.chain((*parser).unary, Multiply, Divide, Modulo) }

// unary reads what may have a sign or a ! before it.
func (p *parser) unary() Expr {
	t := p.peek()
	op := p.operator([]Operator{Not, Subtract})
	if op == 0 {
		return p.power()
	}
	p.skip(1)
	p.enter()
	defer p.leave()
	if op == Subtract {
		if number := p.peek(); number.negative && !p.ahead(1).isSymbol(Power.String()) {
			p.skip(1)
			return p.literal(number.value, t) // as it wraps round: it is its own opposite
		}
	}
	u := &Unary{Op: op, X: p.unary()}
	p.at[u] = t
	if l, ok := u.X.(*Literal); ok && op == Subtract {
		if v, ok := opposite(l.Value); ok {
			return p.literal(v, t)
		}
	}
	return u
}

// opposite returns a number with the other sign, if it has one.
func opposite(v Value) (Value, bool) {
	if !v.Kind.IsNumber() || v.Kind != KindFloat && v.Int == -v.Int && v.Int != 0 {
		return Value{}, false
	}
	v.Int, v.Float = -v.Int, -v.Float
	if v.Kind != KindFloat {
		v.Float = 0
	}
	return v, true
}

func (p *parser) literal(v Value, t *token) *Literal {
	l := &Literal{Value: v}
	p.at[l] = t
	return l
}

// power groups from the right, and its right side may have a sign.
func (p *parser) power() Expr {
	left := p.primary()
	if p.operator([]Operator{Power}) == 0 {
		return left
	}
	b := &Binary{Op: Power, Left: left}
	p.at[b] = p.take()
	p.enter()
	defer p.leave()
	b.Right = p.unary()
	return b
}

func (p *parser) primary() Expr {
	switch t := p.peek(); {
	case t.kind == tokenString:
		p.skip(1)
		return p.literal(t.value, t)
	case t.kind == tokenNumber:
		if t.negative {
			p.failTooLarge(t)
		}
		p.skip(1)
		return p.literal(t.value, t)
	case t.kind == tokenAttribute:
		return p.field()
	case t.kind == tokenWord:
		return p.wordExpr(t)
	case t.isSymbol("("):
		return p.inBrackets()
	default:
		p.fail("a value is expected: a field, a literal, or something in brackets")
		return &Literal{}
	}
}

func (p *parser) failTooLarge(t *token) {
	if t.value.Kind == KindDuration {
		p.fail(tooLong)
	} else {
		p.fail(tooLarge)
	}
}

func (p *parser) inBrackets() Expr {
	p.skip(1)
	p.enter()
	defer p.leave()
	beside := p.beside
	p.beside = KindNil
	e := p.expression()
	p.beside = beside
	p.want(")", "a closing bracket ) is expected, or an operator")
	return e
}

// wordExpr reads an aggregate, a constant or an intrinsic.
func (p *parser) wordExpr(t *token) Expr {
	if p.ahead(1).isSymbol("(") {
		return p.aggregate(t)
	}
	if v, ok := constants[t.text]; ok {
		p.skip(1)
		return p.literal(v, t)
	}
	return p.field()
}

func (p *parser) aggregate(t *token) Expr {
	function, ok := aggregates[t.text]
	if !ok {
		p.blame(t, "of functions there are count(), avg(), min(), max() and sum(), after |", nearest(t.text, aggregateNames[:]))
		return &Literal{}
	}
	a := &Aggregate{Function: function}
	p.at[a] = t
	p.skip(2)
	p.enter()
	defer p.leave()
	switch {
	case function == Count:
		p.want(")", "count() takes nothing between its brackets: it counts spans")
		return a
	case p.peek().isSymbol(")"):
		p.fail(t.text + "() needs a number of each span, as in " + t.text + "(duration)")
	default:
		a.Field = p.sum()
		p.want(")", "a closing bracket ) is expected")
	}
	return a
}

// startsMetrics reports whether a metrics function stands n tokens ahead.
func (p *parser) startsMetrics(n int) bool {
	t := p.ahead(n)
	return t.kind == tokenWord && slices.Contains(functionWords, t.text) && p.ahead(n+1).isSymbol("(")
}
