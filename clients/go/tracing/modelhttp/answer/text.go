package answer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// budget is how much text the parts of an answer may still keep together.
type budget struct {
	left    int
	started bool
}

// text is one text of an answer, as far as the budget allows.
type text struct {
	kept strings.Builder
	size int // of all that came
}

func (t *text) add(b *budget, piece string) {
	if piece == "" {
		return
	}
	b.started = true
	whole := t.kept.Len() == t.size
	t.size += len(piece)
	if !whole {
		return
	}
	if len(piece) > b.left {
		piece = start(piece, b.left)
		b.left = 0
	} else {
		b.left -= len(piece)
	}
	t.kept.WriteString(piece)
}

// String returns the text, and where it is not whole says so at its end.
func (t *text) String() string {
	if t.kept.Len() < t.size {
		return fmt.Sprintf("%s … [cut, of %d bytes]", t.kept.String(), t.size)
	}
	return t.kept.String()
}

// start returns the first size bytes of s, without half a character at the end.
func start(s string, size int) string {
	if len(s) <= size {
		return s
	}
	for size > 0 && !utf8.RuneStart(s[size]) {
		size--
	}
	return s[:size]
}

// Join puts a part under the text before it; either may be empty.
func Join(text, part string) string {
	if text == "" || part == "" {
		return text + part
	}
	return text + "\n" + part
}
