package query

import (
	"fmt"
	"strings"
)

// anyKind is that of attributes, whose values only spans know.
const anyKind = KindType + 1

// condition checks an expression that is to hold or not.
func (c *checker) condition(e Expr) {
	if c.fault != nil {
		return
	}
	switch e := e.(type) {
	case *Binary:
		switch e.Op.rank() {
		case Or.rank(), And.rank():
			c.inner(e, e.brackets(e.Left, false), func() { c.condition(e.Left) })
			c.inner(e, e.brackets(e.Right, true), func() { c.condition(e.Right) })
			return
		case comparisonRank:
			c.comparison(e)
			return
		}
	case *Unary:
		if e.Op == Not {
			c.inner(e, true, func() { c.condition(e.X) })
			return
		}
	}
	if kind := c.value(e); kind != KindBool && kind != anyKind {
		c.blame(e, fmt.Sprintf("this is %s and no condition: compare it with something", kind.phrase()), "")
	}
}

// value checks an expression that has a value and returns its kind. That of
// all calculated values is KindFloat.
func (c *checker) value(e Expr) Kind {
	if c.fault != nil {
		return anyKind
	}
	switch e := e.(type) {
	case *Literal:
		return e.Value.Kind
	case *Field:
		if c.measured {
			c.blame(e, "a spanset has no fields, its spans have: put it into an aggregate, as in max(duration)", "")
		}
		return kindOf(e)
	case *Aggregate:
		c.aggregate(e)
		return KindFloat
	case *Unary:
		if e.Op == Not {
			c.blame(e, "a condition is no value: ! stands before all of it, as in !(.a = 1)", "")
			return anyKind
		}
		c.inner(e, true, func() { c.number(e.X) })
		return KindFloat
	case *Binary:
		if e.Op.rank() <= comparisonRank {
			c.blame(e, "a condition is no value: it is joined with others by && and ||, and negated by !", "")
			return anyKind
		}
		c.inner(e, e.brackets(e.Left, false), func() { c.number(e.Left) })
		c.inner(e, e.brackets(e.Right, true), func() { c.number(e.Right) })
		return KindFloat
	}
	return anyKind
}

func kindOf(f *Field) Kind {
	if f.Intrinsic == 0 {
		return anyKind
	}
	return Describe(f.Intrinsic).Kind
}

// number checks an expression to calculate with.
func (c *checker) number(e Expr) {
	if kind := c.value(e); c.fault == nil && kind != anyKind && !kind.IsNumber() {
		c.blame(e, fmt.Sprintf("a number or a duration is expected here, and this is %s", kind.phrase()), "")
	}
}

func (c *checker) aggregate(a *Aggregate) {
	if !c.measured {
		c.blame(a, a.Function.String()+"() is of a whole spanset: it stands after |, as in { … } | "+a.Function.example(), "")
		return
	}
	if a.Field == nil {
		return
	}
	c.measured = false
	c.inner(a, true, func() { c.number(a.Field) })
	c.measured = true
	if c.fault == nil && !hasField(a.Field) {
		c.blame(a, a.Function.String()+"() needs a number of each span, as in "+a.Function.String()+"(duration)", "")
	}
}

func (f AggregateFunction) example() string {
	if f == Count {
		return "count() > 2"
	}
	return f.String() + "(duration) > 1s"
}

// comparison checks both sides, and that they go together.
func (c *checker) comparison(b *Binary) {
	var left, right Kind
	c.inner(b, b.brackets(b.Left, false), func() { left = c.value(b.Left) })
	c.inner(b, b.brackets(b.Right, true), func() { right = c.value(b.Right) })
	if c.fault != nil {
		return
	}
	switch {
	case b.Op == Matches || b.Op == NotMatches || b.Op == Contains:
		c.search(b, left)
	case left == KindNil || right == KindNil:
		c.presence(b)
	case !goTogether(left, right):
		c.mismatch(b, left, right)
	case ordered(b.Op) && (wordsOf(left) != nil || wordsOf(right) != nil):
		c.blame(b, fmt.Sprintf("a %s has no order: it compares by = and !=", left), "")
	case b.Op == Equal || b.Op == NotEqual:
		normalizeID(b.Left, b.Right)
		normalizeID(b.Right, b.Left)
	}
}

// goTogether reports whether values of two kinds may be equal. An attribute is
// never a status, a kind or a type.
func goTogether(a, b Kind) bool {
	switch {
	case a == anyKind || b == anyKind:
		return wordsOf(a) == nil && wordsOf(b) == nil
	case a.IsNumber():
		return b.IsNumber()
	default:
		return a == b
	}
}

// presence checks a comparison with nil.
func (c *checker) presence(b *Binary) {
	_, left := b.Left.(*Literal)
	_, right := b.Right.(*Literal)
	switch {
	case b.Op != Equal && b.Op != NotEqual:
		c.blame(b, "nil compares by = (is absent) and != (is present) only", "")
	case left && right:
		c.blame(b, "a field is compared with nil, no literal", "")
	}
}

// search checks =~, !~ and :, of which the right side is a string.
func (c *checker) search(b *Binary, left Kind) {
	_, field := b.Left.(*Field)
	literal, ok := b.Right.(*Literal)
	switch {
	case !field || left != KindString && left != anyKind:
		c.blame(b.Left, fmt.Sprintf("before %s stands a field that is a string", b.Op), "")
	case !ok || literal.Value.Kind != KindString:
		suggestion := ""
		if ok {
			suggestion = Text(literal.Value.String()).String()
		}
		c.blame(b.Right, fmt.Sprintf("behind %s stands a string between quotes", b.Op), suggestion)
	case b.Op != Contains:
		pattern, size, err := newPattern(literal.Value.Text, maxPatternSize-c.patterns)
		if err != nil {
			c.blame(literal, err.Error(), "")
			return
		}
		c.patterns += size
		b.Pattern = pattern
	}
}

// mismatch explains why two values do not compare.
func (c *checker) mismatch(b *Binary, left, right Kind) {
	culprit, kind, want := b.Right, right, left
	if _, literal := b.Left.(*Literal); literal {
		culprit, kind, want = b.Left, left, right
	}
	var message string
	switch {
	case wordsOf(want) != nil:
		message = fmt.Sprintf("a %s is a word without quotes: %s", want, listOf(want))
	case want == anyKind:
		message = fmt.Sprintf("no attribute is a %s; strings stand between quotes", kind)
	case want == KindString:
		message = "a string is expected here; those stand between quotes"
	case want == KindBool:
		message = "true or false is expected here, and this is " + kind.phrase()
	case kind == KindString:
		message = "a number or a duration is expected here; those stand without quotes"
	default:
		message = "a number or a duration is expected here, and this is " + kind.phrase()
	}
	c.blame(culprit, message, remedy(culprit, want, b))
}

// remedy suggests what a literal of the wrong kind was meant to be.
func remedy(culprit Expr, want Kind, b *Binary) string {
	l, ok := culprit.(*Literal)
	if !ok {
		return ""
	}
	text := strings.Trim(l.Value.String(), `"`)
	other, isLiteral := b.Right.(*Literal)
	switch {
	case l.Value.Kind == KindType && isLiteral && other.Value.Kind == KindString && nameOf(text) != "":
		return nameOf(text) // tool = "search"
	case wordsOf(want) != nil:
		return nearest(text, wordsOf(want))
	case want == KindString || want == anyKind:
		return Text(text).String()
	case l.Value.Kind == KindString && want.IsNumber():
		if v, _, fault := readNumber(text); fault == "" {
			return v.String()
		}
	}
	return ""
}

// normalizeID writes a literal that is compared with an id in lower case, and a
// trace's id without the dashes of a UUID.
func normalizeID(field, literal Expr) {
	f, isField := field.(*Field)
	l, isLiteral := literal.(*Literal)
	if !isField || !isLiteral || l.Value.Kind != KindString {
		return
	}
	switch f.Intrinsic {
	case TraceID, LinkTraceID:
		if id := l.Value.Text; len(id) == 36 {
			l.Value.Text = strings.ReplaceAll(id, "-", "")
		}
		fallthrough
	case SpanID, ParentID, LinkSpanID:
		l.Value.Text = strings.ToLower(l.Value.Text)
	}
}
