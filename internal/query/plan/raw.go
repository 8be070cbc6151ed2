package plan

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agenttrace/agenttrace/internal/query"
)

// needle is a condition on the bytes of a segment: they must hold a text, which
// stands there as it was sent wherever it is a string of protobuf.
type needle struct {
	text   string
	folded bool // in upper or lower case
	from   origin
}

// origin says how a text that a query sees comes from the bytes.
type origin uint8

const (
	sent     origin = iota // it is there as it is
	content                // likewise, unless the content is no text
	messages               // likewise, but it may be a part of a JSON text
)

func (needle) condition() {}

func (n needle) String() string {
	s := "bytes " + strconv.Quote(n.text)
	if n.folded {
		s += " in any case"
	}
	switch n.from {
	case content:
		s += ", where content is verbatim"
	case messages:
		s += ", where messages are verbatim"
	}
	return s
}

// rawLeaf returns what the bytes of a span, with its resource and scope, must
// hold. Names of attributes that feed derived fields tell nothing, since there
// are several for each; neither do numbers.
func rawLeaf(f *query.Field, c comparison) leaf {
	switch f.Intrinsic {
	case 0:
		return rawAttribute(f, c)
	case query.EventName, query.InstrumentationName, query.InstrumentationVersion:
		return leaf{holds: needles(c, sent)}
	case query.ContentInput, query.ContentOutput, query.ToolArguments, query.ToolResult:
		return leaf{holds: needles(c, content)}
	case query.ContentMessages:
		return leaf{holds: needles(c, messages)}
	case query.LinkTraceID, query.LinkSpanID:
		return leaf{holds: rawID(c)}
	default:
		return leaf{}
	}
}

func rawAttribute(f *query.Field, c comparison) leaf {
	if _, ok := columnOf(f); ok {
		return leaf{}
	}
	name := needle{text: f.Name}
	switch {
	case c.value.Kind != query.KindNil:
		return leaf{holds: all(name, needles(c, sent))}
	case c.op == query.Equal: // nil
		return leaf{fails: name}
	default:
		return leaf{holds: name}
	}
}

// rawID finds an id, which stands there as bytes.
func rawID(c comparison) Condition {
	if c.op != query.Equal || c.value.Kind != query.KindString {
		return nil
	}
	id, err := hex.DecodeString(c.value.Text)
	if err != nil || hex.EncodeToString(id) != c.value.Text {
		return never // no id is written like that
	}
	return needle{text: string(id)}
}

// needles returns what is necessary for a text to compare so.
func needles(c comparison, from origin) Condition {
	switch {
	case c.op == query.Matches:
		shape := shapeOf(c.pattern, true)
		parts := make([]Condition, len(shape.texts))
		for i, text := range shape.texts {
			parts[i] = newNeedle(text, shape.folded, from)
		}
		return either(parts...)
	case c.value.Kind == query.KindString && (c.op == query.Equal || c.op == query.Contains):
		return newNeedle(c.value.Text, c.op == query.Contains, from)
	default:
		return nil
	}
}

// newNeedle returns the longest part of a text that certainly is in the bytes
// where the text is, nil where there is none.
func newNeedle(text string, folded bool, from origin) Condition {
	longest := ""
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return mayDiffer(r, from) }) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	if longest == "" {
		return nil
	}
	return needle{text: longest, folded: folded && strings.ContainsFunc(longest, hasCases), from: from}
}

// mayDiffer reports whether a character of a text may not be in the bytes as it
// is: U+FFFD stands for what is no UTF-8, JSON writes some with a backslash, and
// parts of messages are put together with line breaks.
func mayDiffer(r rune, from origin) bool {
	return r == utf8.RuneError || from == messages && (r < ' ' || r == '"' || r == '\\' || r == '/')
}

func hasCases(r rune) bool { return unicode.SimpleFold(r) != r }
