package query

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// pipeline reads spansets and the stages behind them. A pipeline that begins
// with a stage has the source { }. It ends before a metrics function.
func (p *parser) pipeline() Spansets {
	first := p.peek()
	var source Spansets
	var stages []Stage
	if p.startsStage() {
		source = &Filter{}
		stages = append(stages, p.stage())
	} else {
		source = p.spansets(0)
	}
	for p.peek().isSymbol("|") && !(p.depth == 0 && p.startsMetrics(1)) {
		p.skip(1)
		stages = append(stages, p.stage())
	}
	if len(stages) == 0 {
		return source
	}
	all := &Pipeline{Source: source, Stages: stages}
	p.at[all] = first
	return all
}

// spansets reads operands with operators between them that bind more tightly
// than the given strength. All of them group from the left.
func (p *parser) spansets(above int) Spansets {
	left := p.operand()
	for {
		relation, form, length := p.relation()
		if length == 0 || strength(relation) <= above {
			return left
		}
		operator := p.peek()
		p.skip(length)
		c := &Combination{Relation: relation, Form: form, Left: left}
		c.Right = p.spansets(strength(relation))
		p.at[c] = operator
		left = c
	}
}

// strength orders the operators between spansets by how tightly they bind.
func strength(r Relation) int {
	switch r {
	case Either:
		return 1
	case Both:
		return 2
	default:
		return 3
	}
}

// relation recognises an operator between spansets and returns of how many
// tokens it is made, 0 where there is none.
func (p *parser) relation() (r Relation, f Form, length int) {
	t := p.peek()
	if t.kind == tokenWord {
		if t.text == Then.String() {
			return Then, Plain, 1
		}
		return 0, 0, 0
	}
	if t.kind != tokenSymbol {
		return 0, 0, 0
	}
	if i := slices.Index(formSymbols[Negated:], t.text); i >= 0 && p.ahead(1).isWord(Then.String()) {
		return Then, Negated + Form(i), 2
	}
	if c, ok := combinations[t.text]; ok {
		return c.Relation, c.Form, 1
	}
	return 0, 0, 0
}

// operand reads a filter, or a pipeline in brackets.
func (p *parser) operand() Spansets {
	switch t := p.peek(); {
	case t.isSymbol("{"):
		return p.filter()
	case t.isSymbol("("):
		p.skip(1)
		p.enter()
		defer p.leave()
		inner := p.pipeline()
		p.want(")", "a closing bracket ) is expected, an operator between spansets, or |")
		return inner
	case t.kind == tokenWord && p.ahead(1).isSymbol("("):
		p.unknownFunction()
	default:
		p.fail("spans are selected between braces, as in { status = error }")
	}
	return &Filter{}
}

func (p *parser) filter() *Filter {
	f := &Filter{}
	p.at[f] = p.take()
	if p.accept("}") {
		return f
	}
	p.enter()
	defer p.leave()
	f.Condition = p.expression()
	p.want("}", "a closing brace } is expected, or an operator")
	return f
}

// startsStage reports whether a stage other than a filter comes next. A bracket
// begins one when it is round a value: (max(duration) - min(duration)) > 1s.
func (p *parser) startsStage() bool {
	switch t := p.peek(); t.kind {
	case tokenWord:
		_, aggregate := aggregates[t.text]
		v, constant := constants[t.text]
		return (aggregate || slices.Contains(stageWords, t.text)) && p.ahead(1).isSymbol("(") ||
			constant && (v.Kind.IsNumber() || v.Kind == KindNil)
	case tokenNumber:
		return true
	case tokenSymbol:
		return t.text == "-" || t.text == "(" && p.bracketsValue()
	default:
		return false
	}
}

// bracketsValue reports whether the bracket that comes next is round a value
// over spansets, and not round spansets: nothing between it and its end selects,
// compares, or is a stage.
func (p *parser) bracketsValue() bool {
	open := 0
	for i := range p.tokens[p.next:] {
		switch t := p.ahead(i); t.kind {
		case tokenWord:
			if slices.Contains(stageWords, t.text) {
				return false
			}
		case tokenSymbol:
			switch t.text {
			case "(":
				open++
			case ")":
				if open--; open == 0 {
					return true
				}
			case "+", "-", "*", "/", "%", "^", ",":
			default:
				return false
			}
		}
	}
	return false
}

// stage reads one stage of a pipeline.
func (p *parser) stage() Stage {
	t := p.peek()
	if t.isSymbol("{") {
		return p.filter()
	}
	if t.kind == tokenWord && p.ahead(1).isSymbol("(") {
		switch t.text {
		case "by":
			g := &GroupBy{By: p.fieldList()}
			p.at[g] = t
			return g
		case "select":
			s := &Select{Fields: p.fieldList()}
			p.at[s] = t
			return s
		case "coalesce":
			p.skip(2)
			p.want(")", "coalesce() takes nothing between its brackets")
			return &Coalesce{}
		case "repeat":
			return &Repeat{Times: p.count()}
		}
		if _, ok := aggregates[t.text]; !ok {
			p.unknownFunction()
			return &Coalesce{}
		}
	} else if !p.startsStage() && !t.isSymbol("(") {
		p.failWith("after | comes a stage: { … }, by(), select(), coalesce(), repeat(), or a comparison of count(), avg(), min(), max() or sum()", p.nearestStage(t))
		return &Coalesce{}
	}
	return p.measure()
}

func (p *parser) nearestStage(t *token) string {
	if t.kind != tokenWord {
		return ""
	}
	words := slices.Concat(stageWords, aggregateNames[:], functionWords)
	if slices.Contains(words, t.text) {
		return t.text + "()" // the brackets are what is missing
	}
	return nearest(t.text, words)
}

// measure reads a comparison of aggregates.
func (p *parser) measure() *Measure {
	m := &Measure{}
	p.at[m] = p.peek()
	m.Condition = p.comparison()
	if r, _, length := p.relation(); length > 0 {
		if next := p.ahead(length); r.Structural() || next.isSymbol("{") || next.isSymbol("(") {
			p.fail("a pipeline that is combined with other spansets stands in brackets: ({ … } | count() > 2) && { … }")
		} else {
			p.fail(joinStages)
		}
	}
	return m
}

// fieldList reads a word and the fields between brackets behind it.
func (p *parser) fieldList() []Expr {
	p.skip(2)
	var fields []Expr
	for p.fault == nil {
		fields = append(fields, p.field())
		if !p.accept(",") {
			break
		}
	}
	p.want(")", "a comma and another field is expected, or the closing bracket )")
	return fields
}

// count reads a word and the number between brackets behind it.
func (p *parser) count() int {
	p.skip(2)
	t := p.peek()
	if t.kind != tokenNumber || t.value.Kind != KindInt || t.value.Int < 1 || t.value.Int > math.MaxInt32 {
		p.fail(fmt.Sprintf("a whole number from 1 to %d is expected", math.MaxInt32))
		return 0
	}
	p.skip(1)
	p.want(")", "a closing bracket ) is expected")
	return int(t.value.Int)
}

// unknownFunction blames a word before a bracket.
func (p *parser) unknownFunction() {
	t := p.peek()
	stages := slices.Concat(stageWords, aggregateNames[:], functionWords)
	switch {
	case slices.Contains(functionWords, t.text):
		p.fail("a metrics function ends a whole query: nothing but by (…), comparisons, topk() and bottomk() comes after it, and it does not stand in brackets")
	case slices.Contains(seriesWords, t.text):
		p.fail("topk() and bottomk() come after a metrics function, as in { } | rate() by (service) | topk(5)")
	default:
		p.failWith("there is no such stage; there are "+strings.Join(stages, ", "), nearest(t.text, stages))
	}
}
