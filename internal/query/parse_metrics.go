package query

import (
	"fmt"
	"slices"
)

// maxQuantiles bounds the quantiles of one metrics function.
const maxQuantiles = 16

// metrics reads a metrics function and what belongs to it.
func (p *parser) metrics() *Metrics {
	t := p.take()
	m := &Metrics{Function: functions[t.text]}
	p.at[m] = t
	p.skip(1)
	p.arguments(m, t.text)
	if p.peek().isWord("by") && p.ahead(1).isSymbol("(") {
		m.By = p.fieldList()
	}
	for p.fault == nil {
		if op := p.operator(comparisons); op != 0 {
			m.Stages = append(m.Stages, p.threshold(op))
			continue
		}
		if !p.peek().isSymbol("|") {
			break
		}
		m.Stages = append(m.Stages, p.top())
	}
	return m
}

// arguments reads what stands between the function's brackets.
func (p *parser) arguments(m *Metrics, name string) {
	if m.Function == Rate || m.Function == CountOverTime {
		p.want(")", name+"() takes nothing between its brackets: it counts spans")
		return
	}
	if p.peek().isSymbol(")") {
		p.fail(name + "() needs a number of each span, as in " + name + "(duration)")
		return
	}
	m.Field = p.sum()
	if m.Function == QuantileOverTime {
		p.quantiles(m)
	}
	p.want(")", "a closing bracket ) is expected")
}

func (p *parser) quantiles(m *Metrics) {
	if !p.peek().isSymbol(",") {
		p.fail("at least one quantile is expected, as in quantile_over_time(duration, 0.5, 0.99)")
	}
	for p.accept(",") {
		t := p.peek()
		q, ok := t.value.Number()
		switch {
		case t.kind != tokenNumber || !ok || t.value.Kind == KindDuration || q < 0 || q > 1:
			p.fail("a quantile is a number from 0 to 1")
		case slices.Contains(m.Quantiles, q):
			p.fail("this quantile is there already")
		case len(m.Quantiles) == maxQuantiles:
			p.fail(fmt.Sprintf("a function has at most %d quantiles", maxQuantiles))
		}
		p.skip(1)
		m.Quantiles = append(m.Quantiles, q)
	}
}

// threshold reads a comparison of the results with a number.
func (p *parser) threshold(op Operator) *Threshold {
	if !ordered(op) && op != Equal && op != NotEqual {
		p.fail("results are numbers: they compare by = != < <= > and >=")
	}
	p.skip(1)
	t := p.peek()
	l, ok := p.unary().(*Literal)
	if !ok || !l.Value.Kind.IsNumber() {
		p.blame(t, "results compare with a number or a duration", "")
		return &Threshold{}
	}
	return &Threshold{Op: op, Value: l.Value}
}

// ordered reports whether an operator asks which of two values is greater.
func ordered(op Operator) bool { return op >= Less && op <= GreaterEqual }

// top reads topk(n) or bottomk(n).
func (p *parser) top() *Top {
	p.skip(1)
	t := p.peek()
	if t.kind != tokenWord || !slices.Contains(seriesWords, t.text) || !p.ahead(1).isSymbol("(") {
		suggestion := ""
		if t.kind == tokenWord {
			suggestion = nearest(t.text, seriesWords)
		}
		p.failWith("after a metrics function come topk(n) and bottomk(n) only", suggestion)
	}
	return &Top{N: p.count(), Bottom: t.text == "bottomk"}
}
