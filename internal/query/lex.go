package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// symbols are tried in this order: of two that begin alike, the longer is first.
var symbols = [...]string{
	"!>>", "!<<", "&>>", "&<<",
	"&&", "||", "!=", ">=", "<=", "=~", "!~", ">>", "<<", "!>", "!<", "&>", "&<", "&~",
	"{", "}", "(", ")", "|", ",", "!", "=", ">", "<", "~", "&", "+", "-", "*", "/", "%", "^", ":",
}

// lex cuts text, which is UTF-8, into tokens. The last one is the end, or what
// could not be read.
func lex(text string) []token {
	l := lexer{text: text}
	for {
		l.skipSpace()
		t := l.token()
		l.tokens = append(l.tokens, t)
		if t.kind == tokenEnd || t.kind == tokenFault {
			return l.tokens
		}
	}
}

type lexer struct {
	text   string
	at     int
	tokens []token
}

func (l *lexer) rest() string { return l.text[l.at:] }

func (l *lexer) skipSpace() {
	l.at = len(l.text) - len(strings.TrimLeftFunc(l.rest(), unicode.IsSpace))
}

// token reads the next token.
func (l *lexer) token() token {
	rest := l.rest()
	if rest == "" {
		return token{kind: tokenEnd, at: l.at}
	}
	first, _ := utf8.DecodeRuneInString(rest)
	switch {
	case first == '"', first == '`':
		return l.string()
	case isDigit(first), first == '.' && len(rest) > 1 && isDigit(rune(rest[1])):
		return l.number()
	case first == '.':
		return l.attribute(ScopeAny, 0)
	case isWordStart(first):
		return l.word()
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return l.take(token{kind: tokenSymbol}, len(s))
		}
	}
	return l.fault(utf8.RuneLen(first), strayMessage(first))
}

// strayMessage says what is wrong with a character that begins no token.
func strayMessage(r rune) string {
	switch r {
	case '\'':
		return "strings stand between double quotes or backquotes"
	case '#':
		return "a query has no comments"
	default:
		return "outside of strings this character means nothing"
	}
}

// take completes a token of n bytes.
func (l *lexer) take(t token, n int) token {
	t.at, t.text = l.at, l.text[l.at:l.at+n]
	l.at += n
	return t
}

// fault makes an error of the next n bytes.
func (l *lexer) fault(n int, message string) token {
	t := l.take(token{kind: tokenFault}, n)
	t.fault = newError(l.text, &t, message)
	return t
}

func isDigit(r rune) bool     { return '0' <= r && r <= '9' }
func isWordStart(r rune) bool { return r == '_' || unicode.IsLetter(r) }
func isWordPart(r rune) bool  { return isWordStart(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// isNamePart reports whether r may stand in an attribute's name without quotes.
// Minus and slash do, since names such as content-type and k8s.io/name are
// common: where they are meant to calculate, they stand apart.
func isNamePart(r rune) bool { return isWordPart(r) || strings.ContainsRune(".-/@$", r) }

// word reads a word, a scope and the attribute behind it, or an intrinsic with
// a colon in it.
func (l *lexer) word() token {
	n := span(l.rest(), isWordPart)
	if rest := l.rest()[n:]; strings.HasPrefix(rest, ".") {
		scope, ok := scopes[l.rest()[:n]]
		if !ok {
			return l.unknownScope(n)
		}
		return l.attribute(scope, n)
	}
	return l.take(token{kind: tokenWord}, n+colonPart(l.rest()[n:]))
}

// colonPart returns the length of a colon and the name behind it, 0 where the
// colon is an operator: where no name follows at once.
func colonPart(s string) int {
	if !strings.HasPrefix(s, ":") {
		return 0
	}
	if n := span(s[1:], isWordPart); n > 0 {
		return 1 + n
	}
	return 0
}

// nameLength returns how many bytes at the beginning of s are an attribute's
// name without quotes.
func nameLength(s string) int {
	for n := 0; ; {
		more := max(span(s[n:], isNamePart), colonPart(s[n:]))
		if more == 0 {
			return n
		}
		n += more
	}
}

// span returns how many bytes at the beginning of s are runes of a class.
func span(s string, class func(rune) bool) int {
	return len(s) - len(strings.TrimLeftFunc(s, class))
}

// unknownScope makes an error of a name whose part before the dot, of n bytes,
// is no scope.
func (l *lexer) unknownScope(n int) token {
	word := l.rest()[:n]
	whole := n + nameLength(l.rest()[n:])
	name := l.rest()[:whole]
	suggestion := nearest(word, scopeWords)
	intrinsic := strings.Replace(name, ".", ":", 1)
	if _, ok := intrinsics[intrinsic]; ok {
		suggestion = intrinsic
	} else if suggestion != "" {
		suggestion += name[n:]
	} else {
		suggestion = "." + name
	}
	t := l.fault(whole, "an attribute begins with a dot, or with one of the scopes span, resource, event, link and instrumentation")
	t.fault.Suggestion = shorten(suggestion)
	return t
}

// attribute reads an attribute whose scope has n bytes: a dot, and a name of
// which parts between dots may be quoted.
func (l *lexer) attribute(scope Scope, n int) token {
	n++ // the dot
	var name strings.Builder
	for quotable, afterQuote := true, false; ; {
		rest := l.rest()[n:]
		if quotable && strings.HasPrefix(rest, `"`) {
			part, length, fault := unquote(rest)
			if fault != "" {
				l.at += n
				return l.fault(length, fault)
			}
			name.WriteString(part)
			n, quotable, afterQuote = n+length, false, true
			continue
		}
		length := nameLength(rest)
		if length == 0 || afterQuote && rest[0] != '.' {
			break
		}
		name.WriteString(rest[:length])
		n, quotable, afterQuote = n+length, rest[length-1] == '.', false
	}
	if name.Len() == 0 {
		return l.fault(n, `an attribute has a name: .customer, or ."customer name"`)
	}
	return l.take(token{kind: tokenAttribute, scope: scope, value: Text(name.String())}, n)
}

// string reads a string between double quotes or backquotes.
func (l *lexer) string() token {
	value, n, fault := unquote(l.rest())
	if fault != "" {
		return l.fault(n, fault)
	}
	return l.take(token{kind: tokenString, value: Text(value)}, n)
}

// number reads an integer, a float or a duration.
func (l *lexer) number() token {
	n := numberLength(l.rest())
	value, negative, fault := readNumber(l.rest()[:n])
	if fault != "" {
		return l.fault(n, fault)
	}
	return l.take(token{kind: tokenNumber, value: value, negative: negative}, n)
}
