package query

import "strconv"

// What follows prints trees so that they parse to the same. Brackets stand
// wherever && and || meet, and round every operand of a structural operator
// that is a combination, so that nobody has to know what binds how tightly.

// String returns the query as text that parses to it.
func (q *Query) String() string {
	dst := appendSpansets(nil, q.Source)
	if q.Metrics != nil {
		dst = appendMetrics(append(dst, " | "...), q.Metrics)
	}
	return string(dst)
}

// String returns the filter as text, with its braces.
func (f *Filter) String() string { return string(appendFilter(nil, f)) }

// String returns the combination as text, without brackets round it.
func (c *Combination) String() string { return string(appendSpansets(nil, c)) }

// String returns the pipeline as text, without brackets round it.
func (p *Pipeline) String() string { return string(appendSpansets(nil, p)) }

// String returns the comparison as text.
func (m *Measure) String() string { return m.Condition.String() }

// String returns the stage as text.
func (g *GroupBy) String() string { return string(appendStage(nil, g)) }

// String returns the stage as text.
func (s *Select) String() string { return string(appendStage(nil, s)) }

// String returns the stage as text.
func (c *Coalesce) String() string { return string(appendStage(nil, c)) }

// String returns the stage as text.
func (r *Repeat) String() string { return string(appendStage(nil, r)) }

// String returns the function and all that belongs to it as text.
func (m *Metrics) String() string { return string(appendMetrics(nil, m)) }

// String returns the stage as text, with the | before it.
func (t *Top) String() string {
	name := "topk"
	if t.Bottom {
		name = "bottomk"
	}
	return " | " + name + "(" + strconv.Itoa(t.N) + ")"
}

// String returns the comparison as text, with a space before it.
func (t *Threshold) String() string { return " " + t.Op.String() + " " + t.Value.String() }

func appendFilter(dst []byte, f *Filter) []byte {
	dst = append(dst, "{ "...)
	if f.Condition != nil {
		dst = append(appendExpr(dst, f.Condition), ' ')
	}
	return append(dst, '}')
}

func appendSpansets(dst []byte, s Spansets) []byte {
	switch s := s.(type) {
	case *Filter:
		dst = appendFilter(dst, s)
	case *Combination:
		dst = appendOperand(dst, s.Left, s.brackets(s.Left, false))
		dst = append(append(dst, ' '), s.Form.String()...)
		dst = append(append(dst, s.Relation.String()...), ' ')
		dst = appendOperand(dst, s.Right, s.brackets(s.Right, true))
	case *Pipeline:
		dst = appendOperand(dst, s.Source, s.brackets())
		for _, stage := range s.Stages {
			dst = appendStage(append(dst, " | "...), stage)
		}
	}
	return dst
}

func appendOperand(dst []byte, s Spansets, brackets bool) []byte {
	if brackets {
		return append(appendSpansets(append(dst, '('), s), ')')
	}
	return appendSpansets(dst, s)
}

// brackets reports whether an operand is printed in brackets.
func (c *Combination) brackets(operand Spansets, right bool) bool {
	switch operand := operand.(type) {
	case *Filter:
		return false
	case *Combination:
		return right || c.Relation.Structural() || c.Relation != operand.Relation
	default:
		return true
	}
}

// brackets reports whether the pipeline's source is printed in brackets.
func (p *Pipeline) brackets() bool {
	_, ok := p.Source.(*Pipeline)
	return ok
}

func appendStage(dst []byte, s Stage) []byte {
	switch s := s.(type) {
	case *Filter:
		return appendFilter(dst, s)
	case *Measure:
		return appendExpr(dst, s.Condition)
	case *GroupBy:
		return appendList(append(dst, "by("...), s.By)
	case *Select:
		return appendList(append(dst, "select("...), s.Fields)
	case *Coalesce:
		return append(dst, "coalesce()"...)
	case *Repeat:
		dst = strconv.AppendInt(append(dst, "repeat("...), int64(s.Times), 10)
		return append(dst, ')')
	}
	return dst
}

// appendList appends expressions with commas between them, and a bracket.
func appendList(dst []byte, exprs []Expr) []byte {
	for i, e := range exprs {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendExpr(dst, e)
	}
	return append(dst, ')')
}

func appendMetrics(dst []byte, m *Metrics) []byte {
	dst = append(append(dst, m.Function.String()...), '(')
	if m.Field != nil {
		dst = appendExpr(dst, m.Field)
	}
	for _, q := range m.Quantiles {
		dst = strconv.AppendFloat(append(dst, ", "...), q, 'g', -1, 64)
	}
	dst = append(dst, ')')
	if len(m.By) > 0 {
		dst = appendList(append(dst, " by ("...), m.By)
	}
	for _, s := range m.Stages {
		dst = append(dst, s.String()...)
	}
	return dst
}
