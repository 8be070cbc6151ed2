package shell

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// mostMarks is how many combining marks of one letter are kept. Languages need
	// fewer; a hundred of them smear over the lines above and below.
	mostMarks = 4
	// tabWidth is how far apart tab stops are in blocks.
	tabWidth = 4
)

// Clean returns s as one line that is safe to print: text from spans is written by
// models, tools and whoever talks to them. Runs of white space become one space,
// control characters their pictures (ESC is ␛), and what is invisible or reorders
// the text around it, U+FFFD. Nothing that it returns moves the cursor.
func Clean(s string) string {
	return clean(s, false)
}

// CleanBlock is [Clean] for text whose line breaks and indentation matter. The
// lines have no line breaks; a text without any has one line. Tabs become spaces.
func CleanBlock(s string) []string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(clean(line, true), " ")
	}
	return lines
}

func clean(s string, indented bool) string {
	if isPlain(s, indented) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	marks, space := 0, !indented // leading white space of a line goes, too
	for _, r := range s {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			if marks++; marks > mostMarks {
				continue
			}
		} else {
			marks = 0
		}
		switch {
		case indented && r == '\t':
			b.WriteString(strings.Repeat(" ", tabWidth))
		case unicode.IsSpace(r) && !indented:
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		default:
			b.WriteRune(harmless(r))
		}
		space = false
	}
	if indented {
		return b.String()
	}
	return strings.TrimRight(b.String(), " ")
}

// isPlain reports whether nothing has to be done, which is what it is most often.
func isPlain(s string, indented bool) bool {
	last := byte(' ')
	if indented {
		last = 0
	}
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == ' ' && last == ' ' && !indented {
			return false
		}
		last = c
	}
	return indented || last != ' ' || s == ""
}

// harmless returns what stands for a rune that is no white space.
func harmless(r rune) rune {
	const (
		joiner   = '\u200d' // holds emoji together
		pictures = '\u2400'
	)
	switch {
	case r < ' ':
		return pictures + r
	case r == 0x7f:
		return '\u2421'
	case r == utf8.RuneError, r == joiner, unicode.Is(unicode.Variation_Selector, r):
		return r
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
		return utf8.RuneError
	case !unicode.IsGraphic(r):
		return utf8.RuneError // unassigned: nobody knows how wide it is
	}
	return r
}

// escapeJSON writes as escapes what JSON may hold as it is and a terminal may act
// upon: the controls beyond ASCII, and what reorders or hides text. It stands in
// strings only, and means the same.
func escapeJSON(text string) string {
	var b strings.Builder
	begun := 0
	for i, r := range text {
		if r < 0x7f || r == utf8.RuneError || harmless(r) == r {
			continue
		}
		b.WriteString(text[begun:i])
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
		begun = i + utf8.RuneLen(r)
	}
	if begun == 0 {
		return text
	}
	return b.String() + text[begun:]
}
