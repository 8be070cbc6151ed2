package complete

import "strings"

// Line is a command line up to the cursor, as a POSIX shell reads it.
type Line struct {
	// Words are those that were typed, without quotes; the last is the one that is
	// being typed.
	Words []string
	// Quote is the quote that is open at the cursor: ' or ", or 0.
	Quote byte
	// Raw is the last word as it was typed.
	Raw string
}

// Split reads a line. What only a shell could work out, such as $HOME or $(date),
// stays as it is. Only what stands behind the last ; | or & counts.
func Split(text string) Line {
	s := splitter{}
	for i := 0; i < len(text); i++ {
		i += s.take(text, i)
	}
	s.line.Words = append(s.line.Words, s.word.String())
	s.line.Quote, s.line.Raw = s.quote, text[s.begun:]
	return s.line
}

type splitter struct {
	line   Line
	word   strings.Builder
	inside bool // a word
	quote  byte
	begun  int // where the last word begins
}

// take takes the byte at i, and returns how many more it took.
func (s *splitter) take(text string, i int) (more int) {
	c := text[i]
	switch {
	case s.quote == '\'' && c != '\'', s.quote == '"' && c != '"' && c != '\\':
		s.word.WriteByte(c)
	case s.quote != 0 && c == s.quote:
		s.quote = 0
	case c == '\\' && i+1 < len(text):
		s.word.WriteByte(text[i+1])
		s.inside = true
		return 1
	case c == '\\':
		s.inside = true
	case c == '\'' || c == '"':
		s.quote, s.inside = c, true
	case c == ';' || c == '|' || c == '&' || c == '\n':
		s.line.Words, s.inside, s.begun = nil, false, i+1
		s.word.Reset()
	case c == ' ' || c == '\t':
		if s.inside {
			s.line.Words = append(s.line.Words, s.word.String())
			s.word.Reset()
		}
		s.inside, s.begun = false, i+1
	default:
		s.word.WriteByte(c)
		s.inside = true
	}
	return 0
}

// special are the characters that bash gives a meaning to.
const special = " \t\n\"'\\$`&|;<>()*?[]#~!{}"

// Escape writes a word so that a shell reads it as it is, behind what is open at the
// cursor.
func Escape(word string, quote byte) string {
	var b strings.Builder
	for i := range len(word) {
		c := word[i]
		switch {
		case quote == '\'' && c == '\'':
			b.WriteString(`'\''`)
			continue
		case quote == '\'':
		case quote == '"' && strings.IndexByte("\"\\$`", c) >= 0, quote == 0 && strings.IndexByte(special, c) >= 0:
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}
