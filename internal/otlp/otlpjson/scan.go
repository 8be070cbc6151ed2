package otlpjson

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON text (RFC 8259) piece by piece. It never recurses, so that
// no nesting can exhaust the stack.
type scanner struct {
	src []byte
	pos int
	buf []byte // of the last string with escapes
}

// errorf says what is wrong where. Errors that are not about the piece just read
// stand at the scanner's position.
func (s *scanner) errorf(at int, format string, args ...any) error {
	return &Error{Offset: at, Reason: fmt.Sprintf(format, args...)}
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// expect reads one delimiter.
func (s *scanner) expect(want byte) error {
	if got := s.peek(); got != want {
		return s.unexpected(fmt.Sprintf("%q", want))
	}
	s.pos++
	return nil
}

func (s *scanner) unexpected(want string) error {
	if s.peek() == 0 && s.pos >= len(s.src) {
		return &Error{Offset: s.pos, Reason: "the text ends, want " + want, Short: true}
	}
	return s.errorf(s.pos, "have %q, want %s", s.src[s.pos], want)
}

// more steps to the next element of a list: past the opening bracket when first,
// else past a comma. It returns false after the closing bracket.
func (s *scanner) more(first *bool, closing byte) (bool, error) {
	if *first {
		*first = false
		s.pos++ // the opening bracket
		if s.peek() == closing {
			s.pos++
			return false, nil
		}
		return true, nil
	}
	switch s.peek() {
	case closing:
		s.pos++
		return false, nil
	case ',':
		s.pos++
		return true, nil
	default:
		return false, s.unexpected(fmt.Sprintf("',' or %q", closing))
	}
}

// key reads the name of a member and the colon behind it. It is valid until the
// next string is read.
func (s *scanner) key() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.unexpected("a name in quotes")
	}
	key, err := s.str()
	if err != nil {
		return nil, err
	}
	return key, s.expect(':')
}

// null reads null, if it is next.
func (s *scanner) null() bool {
	if s.peek() == 'n' && bytes.HasPrefix(s.src[s.pos:], []byte("null")) {
		s.pos += len("null")
		return true
	}
	return false
}

// str reads a string. Bytes that are not UTF-8 are kept, as they are in OTLP's
// binary form; half a surrogate pair, which no UTF-8 can hold, becomes U+FFFD.
func (s *scanner) str() ([]byte, error) {
	open := s.pos
	s.pos++
	for i := s.pos; i < len(s.src); i++ {
		switch c := s.src[i]; {
		case c == '"':
			text := s.src[s.pos:i]
			s.pos = i + 1
			return text, nil
		case c == '\\':
			return s.escaped(open, i)
		case c < ' ':
			return nil, s.errorf(i, "control character %#02x in a string, want an escape", c)
		}
	}
	return nil, &Error{Offset: open, Reason: "string without an end", Short: true}
}

// escaped reads the rest of a string from its first escape on.
func (s *scanner) escaped(open, i int) ([]byte, error) {
	s.buf = append(s.buf[:0], s.src[s.pos:i]...)
	for i < len(s.src) {
		c := s.src[i]
		switch {
		case c == '"':
			s.pos = i + 1
			return s.buf, nil
		case c < ' ':
			return nil, s.errorf(i, "control character %#02x in a string, want an escape", c)
		case c != '\\':
			s.buf = append(s.buf, c)
			i++
		default:
			n, ok := s.unescape(s.src[i:])
			if !ok && cutOff(s.src[i:]) {
				return nil, &Error{Offset: open, Reason: "string without an end", Short: true}
			}
			if !ok {
				return nil, s.errorf(i, "unknown escape in a string")
			}
			i += n
		}
	}
	return nil, &Error{Offset: open, Reason: "string without an end", Short: true}
}

// cutOff reports whether an escape ends too early, with the text.
func cutOff(escape []byte) bool {
	if len(escape) < 2 {
		return true
	}
	notDigit := func(c byte) bool { _, ok := hexDigit(c); return !ok }
	return escape[1] == 'u' && len(escape) < 6 && !slices.ContainsFunc(escape[2:], notDigit)
}

// unescape appends what an escape stands for and returns its length.
func (s *scanner) unescape(src []byte) (n int, ok bool) {
	if len(src) < 2 {
		return 0, false
	}
	switch c := src[1]; c {
	case '"', '\\', '/':
		s.buf = append(s.buf, c)
	case 'b':
		s.buf = append(s.buf, '\b')
	case 'f':
		s.buf = append(s.buf, '\f')
	case 'n':
		s.buf = append(s.buf, '\n')
	case 'r':
		s.buf = append(s.buf, '\r')
	case 't':
		s.buf = append(s.buf, '\t')
	case 'u':
		r, ok := hexRune(src)
		if !ok {
			return 0, false
		}
		if utf16.IsSurrogate(r) {
			if second, ok := hexRune(src[6:]); ok {
				if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
					s.buf = utf8.AppendRune(s.buf, pair)
					return 12, true
				}
			}
		}
		s.buf = utf8.AppendRune(s.buf, r) // U+FFFD for half a pair
		return 6, true
	default:
		return 0, false
	}
	return 2, true
}

// hexRune reads a \uXXXX escape.
func hexRune(src []byte) (r rune, ok bool) {
	if len(src) < 6 || src[0] != '\\' || src[1] != 'u' {
		return 0, false
	}
	for _, c := range src[2:6] {
		digit, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	default:
		return 0, false
	}
}

// number reads a number as it is written.
func (s *scanner) number() ([]byte, error) {
	start := s.pos
	i := s.pos
	digits := func() bool {
		from := i
		for i < len(s.src) && '0' <= s.src[i] && s.src[i] <= '9' {
			i++
		}
		return i > from
	}
	at := func(set string) bool { return i < len(s.src) && bytes.IndexByte([]byte(set), s.src[i]) >= 0 }
	if at("-") {
		i++
	}
	ok := true
	if at("0") {
		i++
	} else {
		ok = digits()
	}
	if ok && at(".") {
		i++
		ok = digits()
	}
	if ok && at("eE") {
		i++
		if at("+-") {
			i++
		}
		ok = digits()
	}
	if !ok {
		return nil, s.errorf(start, "not a number")
	}
	s.pos = i
	return s.src[start:i], nil
}
