package query

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// MaxText is the greatest length of a query, in bytes: as it is given, and
	// as it is printed.
	MaxText = 16 << 10

	// maxNesting bounds how deep a query nests when it is printed; maxRecursion
	// bounds it as it is given, where brackets may be round nothing.
	maxNesting   = 100
	maxRecursion = 3 * maxNesting
)

// Parse reads and checks a query. An error is an [*Error].
func Parse(text string) (*Query, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	q := p.query()
	if p.fault != nil {
		return nil, p.fault
	}
	if fault := check(q, p); fault != nil {
		return nil, fault
	}
	if n := len(q.String()); n > MaxText {
		return nil, newError(text, p.peek(), fmt.Sprintf("a query has at most %d bytes, this one has %d when it is written with all its spaces and brackets", MaxText, n))
	}
	return q, nil
}

// ParseField reads a single field, as it may stand in by(). An error is an
// [*Error].
func ParseField(text string) (*Field, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	field := p.field()
	if p.fault == nil && p.peek().kind != tokenEnd {
		p.fail("a single field is expected, and nothing after it")
	}
	if p.fault != nil {
		return nil, p.fault
	}
	return field, nil
}

// parser makes a tree of tokens. After a fault it stands at the last token,
// where every loop ends, and the tree is worth nothing.
type parser struct {
	text   string
	tokens []token
	next   int
	depth  int
	fault  *Error

	// at remembers which token a node is to blame for: the operator, or the
	// first one.
	at map[any]*token
	// beside is the kind of the field with which the expression at hand is
	// compared; KindNil elsewhere.
	beside Kind
}

func newParser(text string) (*parser, error) {
	if len(text) > MaxText {
		return nil, &Error{
			Line: 1, Column: 1, Found: fmt.Sprintf("a query of %d bytes", len(text)),
			Message: fmt.Sprintf("a query has at most %d bytes", MaxText),
		}
	}
	if !utf8.ValidString(text) {
		valid := len(text) - len(strings.TrimLeftFunc(text, func(r rune) bool { return r != utf8.RuneError }))
		return nil, newError(text, &token{kind: tokenFault, at: valid, text: "\uFFFD"}, "a query is UTF-8")
	}
	return &parser{text: text, tokens: lex(text), at: map[any]*token{}}, nil
}

// peek returns the next token, and ahead the one n tokens after it.
func (p *parser) peek() *token { return p.ahead(0) }

func (p *parser) ahead(n int) *token { return &p.tokens[min(p.next+n, len(p.tokens)-1)] }

// take consumes the next token.
func (p *parser) take() *token {
	t := p.peek()
	p.skip(1)
	return t
}

func (p *parser) skip(n int) { p.next = min(p.next+n, len(p.tokens)-1) }

// accept consumes the next token if it is this symbol.
func (p *parser) accept(symbol string) bool {
	if !p.peek().isSymbol(symbol) {
		return false
	}
	p.skip(1)
	return true
}

// want consumes the next token, which must be this symbol.
func (p *parser) want(symbol, message string) {
	if !p.accept(symbol) {
		p.failBetween(message)
	}
}

// fail blames the next token.
func (p *parser) fail(message string) { p.failWith(message, "") }

func (p *parser) failWith(message, suggestion string) { p.blame(p.peek(), message, suggestion) }

// blame notes the first fault and ends parsing.
func (p *parser) blame(t *token, message, suggestion string) {
	if p.fault != nil {
		return
	}
	if t.kind == tokenFault {
		p.fault = t.fault
	} else {
		p.fault = newError(p.text, t, message)
		p.fault.Suggestion = suggestion
	}
	p.next = len(p.tokens) - 1
}

// enter counts a level of nesting until leave.
func (p *parser) enter() {
	if p.depth++; p.depth > maxRecursion {
		p.fail(tooDeep)
	}
}

func (p *parser) leave() { p.depth-- }

var tooDeep = fmt.Sprintf("a query nests at most %d deep", maxNesting)

func (p *parser) query() *Query {
	q := &Query{}
	if p.startsMetrics(0) {
		q.Source = &Filter{}
		q.Metrics = p.metrics()
	} else {
		q.Source = p.pipeline()
		if p.peek().isSymbol("|") && p.startsMetrics(1) {
			p.skip(1)
			q.Metrics = p.metrics()
		}
	}
	if p.peek().kind != tokenEnd {
		p.failAfter(q)
	}
	return q
}

// failAfter says what may follow a query that is complete.
func (p *parser) failAfter(q *Query) {
	t := p.peek()
	switch {
	case t.isWord("with"):
		p.fail("a query has no hints: requests have fields for order and limits")
	case q.Metrics != nil && t.isWord("by"):
		p.fail("by (…) comes directly after the metrics function")
	case q.Metrics != nil:
		p.fail("after a metrics function come by (…), a comparison with a number, | topk(n) and | bottomk(n)")
	case t.kind == tokenWord && nearest(t.text, []string{"then"}) != "":
		p.failWith("between spansets stands an operator", "then")
	default:
		p.failBetween("a query ends here, or goes on with |, or with an operator and another spanset")
	}
}

// failBetween blames what stands where an operator or an end is expected.
func (p *parser) failBetween(message string) {
	suggestion := ""
	switch t := p.peek(); {
	case t.kind != tokenWord:
	case strings.EqualFold(t.text, "and"):
		suggestion = And.String()
	case strings.EqualFold(t.text, "or"):
		suggestion = Or.String()
	}
	p.failWith(message, suggestion)
}

// field reads an attribute or an intrinsic.
func (p *parser) field() *Field {
	t := p.peek()
	switch t.kind {
	case tokenAttribute:
		p.skip(1)
		return p.note(&Field{Scope: t.scope, Name: t.value.Text}, t)
	case tokenWord:
		if i, ok := intrinsics[t.text]; ok {
			p.skip(1)
			return p.note(&Field{Intrinsic: i}, t)
		}
		p.unknownWord(t)
	default:
		p.fail("a field is expected: an intrinsic such as duration, or an attribute such as .customer")
	}
	return &Field{}
}

// note remembers the token of a field.
func (p *parser) note(f *Field, t *token) *Field {
	p.at[f] = t
	return f
}

// unknownWord blames a word that is none of the language's.
func (p *parser) unknownWord(t *token) {
	if _, ok := constants[t.text]; ok {
		p.blame(t, "a field is expected, and this is a value", nameOf(t.text))
		return
	}
	if words := wordsOf(p.beside); words != nil {
		p.blame(t, fmt.Sprintf("a %s is %s", p.beside, listOf(p.beside)), nearest(t.text, words))
		return
	}
	first, rest, colon := strings.Cut(t.text, ":")
	if i, ok := intrinsics[first]; ok && colon && Describe(i).Kind == KindString {
		p.blame(t, "what a text is to contain stands between quotes", first+" : "+Text(shorten(rest)).String())
		return
	}
	if suggestion := nearest(t.text, intrinsicWords); suggestion != "" {
		p.blame(t, "there is no intrinsic of this name; attributes begin with a dot or a scope", suggestion)
		return
	}
	if members := membersOf(first); len(members) > 0 {
		p.blame(t, "there is no intrinsic of this name; those that begin like it are "+strings.Join(members, ", "), nameOf(first))
		return
	}
	suggestion := "." + t.text
	if p.beside == KindString || p.beside == anyKind {
		suggestion = Text(t.text).String()
	}
	p.blame(t, "there is no intrinsic of this name; attributes begin with a dot or a scope, and strings stand between quotes", shorten(suggestion))
}
