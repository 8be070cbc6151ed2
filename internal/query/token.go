package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind says what a token is.
type tokenKind uint8

const (
	tokenEnd       tokenKind = iota
	tokenFault               // what cannot be read; nothing comes after it
	tokenSymbol              // an operator, a bracket, a comma
	tokenWord                // name, agent:id, llm, count
	tokenAttribute           // .a, span.a, resource."a b"
	tokenString              // "a", `a`
	tokenNumber              // 1, 1.5, 1s; its sign is a symbol before it
)

// token is a piece of a query's text.
type token struct {
	kind tokenKind
	// negative says of a number that it is one with a minus before it only:
	// there is one negative integer more than there are positive ones.
	negative bool
	scope    Scope  // of an attribute
	at       int    // offset in bytes
	text     string // as it stands there
	value    Value  // of strings and numbers; the name of an attribute
	fault    *Error // of faults
}

func (t *token) isSymbol(text string) bool { return t.kind == tokenSymbol && t.text == text }
func (t *token) isWord(text string) bool   { return t.kind == tokenWord && t.text == text }

// maxFound bounds how much of a query's text an error repeats.
const maxFound = 40

// found returns how an error calls the token.
func (t *token) found() string {
	switch {
	case t.kind == tokenEnd:
		return "end of query"
	case t.kind == tokenNumber:
		return t.value.Kind.String() + " " + shorten(t.text)
	case strings.HasPrefix(t.text, `"`), strings.HasPrefix(t.text, "`"):
		return "string " + shorten(t.text)
	default:
		return `"` + shorten(t.text) + `"`
	}
}

// shorten makes one short line of a text.
func shorten(s string) string {
	if len(s) > maxFound {
		cut := maxFound
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
