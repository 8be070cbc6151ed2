package query

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says why a text is not a query, and where.
type Error struct {
	Offset int // in bytes, from 0
	Line   int // from 1
	Column int // in characters, from 1
	// Found is what stands there, as in: string "abc"; "end of query".
	Found string
	// Message says what would be right, in words that begin in lower case.
	Message string
	// Suggestion is the nearest name that would be right, "" for none.
	Suggestion string
}

// Error returns everything in one line.
func (e *Error) Error() string {
	s := fmt.Sprintf("line %d, column %d: found %s: %s", e.Line, e.Column, e.Found, e.Message)
	if e.Suggestion != "" {
		s += fmt.Sprintf("; did you mean %s?", e.Suggestion)
	}
	return s
}

// newError returns an error about a token of text.
func newError(text string, t *token, message string) *Error {
	before := text[:t.at]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return &Error{
		Offset:  t.at,
		Line:    1 + strings.Count(before, "\n"),
		Column:  1 + utf8.RuneCountInString(line),
		Found:   t.found(),
		Message: message,
	}
}
