package frame

import "bytes"

// events is where the reading of server-sent events stands, as the HTML standard
// describes them: lines of a field's name, a colon and a value; an empty line ends
// an event.
type events struct {
	field    field
	name     [len("data")]byte
	length   int  // how much of the field's name has come
	space    bool // a space at the start of the value has been passed over
	data     bool // the event has data
	returned bool // the last byte was a carriage return, so a line feed adds nothing
}

type field uint8

const (
	inName  field = iota // before the colon
	inData               // in a value that matters
	inOther              // in a comment, or a value that does not
)

func (s *Splitter) event(p []byte) {
	e := &s.events
	for len(p) > 0 {
		b := p[0]
		switch {
		case b == '\n' && e.returned:
			e.returned = false
			p = p[1:]
			continue
		case b == '\n' || b == '\r':
			e.returned = b == '\r'
			s.line()
			p = p[1:]
			continue
		}
		e.returned = false
		p = p[s.inLine(p):]
	}
}

// line ends a line.
func (s *Splitter) line() {
	e := &s.events
	empty := e.field == inName && e.length == 0
	if e.field == inName && e.isData() {
		e.data = true // "data" without a colon is data without a value
	}
	e.field, e.length, e.space = inName, 0, false
	if !empty {
		return
	}
	if e.data && !s.cutter.Empty() {
		s.hand()
	}
	e.data = false
	s.cutter.Reset()
}

// inLine takes bytes of a line, and returns how many.
func (s *Splitter) inLine(p []byte) int {
	e := &s.events
	if e.field == inName {
		s.fieldName(p[0])
		return 1
	}
	end := bytes.IndexAny(p, "\r\n")
	if end < 0 {
		end = len(p)
	}
	if e.field == inData {
		value := p[:end]
		if !e.space && len(value) > 0 && value[0] == ' ' {
			value = value[1:]
		}
		e.space = true
		s.cutter.Write(value)
	}
	return end
}

func (s *Splitter) fieldName(b byte) {
	e := &s.events
	switch {
	case b == ':' && e.isData():
		e.field, e.data = inData, true
	case b == ':':
		e.field = inOther
	case e.length < len(e.name):
		e.name[e.length] = b
		e.length++
	default:
		e.field = inOther
	}
}

func (e *events) isData() bool { return e.length == len("data") && string(e.name[:]) == "data" }
