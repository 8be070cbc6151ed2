package otlpjson

import (
	"bytes"
	"fmt"
)

// skip reads a whole value of any kind and depth, and checks that it is JSON.
func (s *scanner) skip() error {
	var open bitStack
	for {
		ended, err := s.begin(&open)
		if err != nil {
			return err
		}
		for ended {
			if open.size == 0 {
				return nil
			}
			if ended, err = s.step(&open); err != nil {
				return err
			}
		}
	}
}

// begin reads a scalar or an empty list, or steps into a list up to its first
// value; it reports whether a value has ended.
func (s *scanner) begin(open *bitStack) (ended bool, err error) {
	switch c := s.peek(); c {
	case '{', '[':
		s.pos++
		if s.peek() == c+2 { // the closing bracket, in ASCII
			s.pos++
			return true, nil
		}
		open.push(c == '{')
		if c == '{' {
			_, err = s.key()
		}
		return false, err
	case '"':
		_, err = s.str()
		return true, err
	case 't', 'f', 'n':
		for _, literal := range [...]string{"true", "false", "null"} {
			if bytes.HasPrefix(s.src[s.pos:], []byte(literal)) {
				s.pos += len(literal)
				return true, nil
			}
		}
		return false, s.unexpected("a value")
	case 0:
		return false, s.unexpected("a value")
	default:
		_, err = s.number()
		return true, err
	}
}

// step goes on behind a value of the innermost list: to the next value, or out
// of the list, which then has ended itself.
func (s *scanner) step(open *bitStack) (ended bool, err error) {
	object := open.top()
	closing := byte(']')
	if object {
		closing = '}'
	}
	switch s.peek() {
	case closing:
		s.pos++
		open.size--
		return true, nil
	case ',':
		s.pos++
		if object {
			_, err = s.key()
		}
		return false, err
	default:
		return false, s.unexpected(fmt.Sprintf("',' or %q", closing))
	}
}

// bitStack remembers for each open list whether it is an object: a bit each, so
// that a message of nothing but brackets costs an eighth of its size.
type bitStack struct {
	words []uint64
	size  int
}

func (b *bitStack) push(object bool) {
	if b.size/64 == len(b.words) {
		b.words = append(b.words, 0)
	}
	word, bit := &b.words[b.size/64], uint64(1)<<(b.size%64)
	*word &^= bit
	if object {
		*word |= bit
	}
	b.size++
}

func (b *bitStack) top() bool {
	return b.words[(b.size-1)/64]&(1<<((b.size-1)%64)) != 0
}
