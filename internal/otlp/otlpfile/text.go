package otlpfile

import (
	"bytes"
	"errors"
	"io"

	"github.com/agenttrace/agenttrace/internal/otlp/otlpjson"
)

// nextJSON reads one object. What stands between objects is white space, and in
// a list, brackets and commas.
func (r *Reader) nextJSON() error {
	for {
		c, err := r.src.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return io.EOF
		case err != nil:
			return r.src.broken(err)
		}
		switch c {
		case ' ', '\t', '\r', '\n', ',', '[', ']', byteOrderMark[0], byteOrderMark[1], byteOrderMark[2]:
		case '{':
			return r.object()
		default:
			return r.src.fault(r.src.offset-1, "have %q, want an object of OTLP's JSON", c)
		}
	}
}

// object reads the rest of an object whose bracket has been read.
func (r *Reader) object() error {
	start, line := r.src.offset-1, r.src.line
	text := []byte{'{'}
	end := objectEnd{depth: 1}
	for end.depth > 0 {
		chunk, err := r.src.until(&end)
		if len(text)+len(chunk) > MaxPiece {
			return &Error{Offset: start, Line: line, Reason: "an object of more than 256 MiB; split the file into one object a line"}
		}
		text = append(text, chunk...)
		if ends(err) {
			break // what is wrong with it is said below
		}
		if err != nil {
			return r.src.broken(err)
		}
	}
	message, err := otlpjson.ToProtobuf(text, maxDepth)
	var wrong *otlpjson.Error
	switch {
	case errors.As(err, &wrong) && !wrong.Short:
		before := text[:wrong.Offset]
		return &Error{Offset: start + int64(wrong.Offset), Line: line + int64(bytes.Count(before, []byte{'\n'})), Reason: wrong.Reason}
	case err != nil:
		return &Error{Offset: start, Line: line, Reason: "the file ends in the middle of the object that begins here"}
	}
	return r.split(start, message)
}

// objectEnd finds where an object ends.
type objectEnd struct {
	depth   int
	quoted  bool
	escaped bool
}

// past takes one byte. A line that ends within a string is a damaged one: the
// object is given up there, so that the lines behind it are not taken for its
// own.
func (e *objectEnd) past(c byte) {
	switch {
	case e.quoted && (c == '\n' || c == '\r'):
		e.depth = 0
	case e.escaped:
		e.escaped = false
	case e.quoted:
		e.escaped = c == '\\'
		e.quoted = c != '"'
	case c == '"':
		e.quoted = true
	case c == '{':
		e.depth++
	case c == '}':
		e.depth--
	}
}

// until returns what is buffered, up to the end of the object. It is valid until
// more is read.
func (s *source) until(end *objectEnd) ([]byte, error) {
	if _, err := s.r.Peek(1); err != nil {
		return nil, err
	}
	buffered, err := s.r.Peek(s.r.Buffered())
	if err != nil {
		return nil, err
	}
	n := 0
	for n < len(buffered) && end.depth > 0 {
		end.past(buffered[n])
		n++
	}
	s.line += int64(bytes.Count(buffered[:n], []byte{'\n'}))
	s.offset += int64(n)
	// The buffer still holds these bytes until it is read again.
	_, err = s.r.Discard(n)
	return buffered[:n], err
}
