package query

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
)

const (
	maxPatternBytes = 1000
	// maxPatternSize bounds the compiled patterns of one query together, in
	// steps of their programs. Ten characters of pattern can be a program of
	// megabytes, and each step may be tried at each character of a text.
	maxPatternSize = 2000
)

var errPatternTooLarge = errors.New("the regular expressions of a query, with what they repeat written out, are too large; repeat less often, or use .* where the number does not matter")

// NewPattern compiles a regular expression as the language takes it.
func NewPattern(text string) (*Pattern, error) {
	p, _, err := newPattern(text, maxPatternSize)
	return p, err
}

// newPattern compiles a pattern of at most the given size and returns its own.
func newPattern(text string, most int) (*Pattern, int, error) {
	if len(text) > maxPatternBytes {
		return nil, 0, fmt.Errorf("a regular expression has at most %d bytes, this has %d", maxPatternBytes, len(text))
	}
	// It must be one on its own: a)|(b would break out of the brackets below.
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		if fault, ok := errors.AsType[*syntax.Error](err); ok {
			return nil, 0, fmt.Errorf("%s: %s", fault.Code, shorten(fault.Expr))
		}
		return nil, 0, err
	}
	size := patternSize(tree, most)
	if size > most {
		return nil, 0, errPatternTooLarge
	}
	compiled, err := regexp.Compile(`^(?s:` + text + `)$`)
	if err != nil {
		return nil, 0, err
	}
	return &Pattern{Text: text, Regexp: compiled}, size, nil
}

// patternSize estimates the steps of a pattern's program, without making it;
// what is more than most counts as one more.
func patternSize(tree *syntax.Regexp, most int) int {
	size := 1
	if tree.Op == syntax.OpLiteral {
		size = len(tree.Rune)
	}
	for _, sub := range tree.Sub {
		size = min(size+patternSize(sub, most), most+1)
	}
	if tree.Op == syntax.OpRepeat {
		size = min(size*max(tree.Min+1, tree.Max), most+1)
	}
	return size
}
