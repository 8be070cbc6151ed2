package frame

import (
	"bytes"

	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/cut"
)

// Splitter takes a body in pieces and hands on each document in it as soon as its
// last byte has come. It is not for several goroutines at once. A Splitter must be
// made by New.
type Splitter struct {
	cutter *cut.Cutter
	emit   func(doc []byte, cut bool)
	kind   kind
	array  bool
	skip   int // how many bytes of a byte order mark have been passed over
	events events
}

type kind uint8

const (
	unknown kind = iota
	documents
	serverSent
)

// New returns a Splitter that calls emit with each document, shortened as limits
// say. cut tells that something was left out of it beyond what limits ask for. doc
// is valid during the call only.
func New(limits cut.Limits, emit func(doc []byte, cut bool)) *Splitter {
	return &Splitter{cutter: cut.New(limits), emit: emit}
}

// Write takes the next piece, and keeps nothing of it.
func (s *Splitter) Write(p []byte) {
	if s.kind == unknown {
		p = s.recognise(p)
	}
	switch s.kind {
	case documents:
		s.document(p)
	case serverSent:
		s.event(p)
	}
}

// Streamed reports whether the body is a stream: of events, or an array whose
// elements come one after another.
func (s *Splitter) Streamed() bool { return s.array || s.kind == serverSent }

// Close hands on what is left when the body has ended, or nobody reads on: a
// document that is not complete as far as it came, an event only where its
// document is complete.
func (s *Splitter) Close() {
	if s.kind == documents && !s.cutter.Empty() || s.kind == serverSent && s.cutter.Complete() {
		s.hand()
	}
	s.cutter.Reset()
}

func (s *Splitter) hand() {
	doc := s.cutter.Finish()
	if len(doc) > 0 {
		s.emit(doc, s.cutter.Cut())
	}
	s.cutter.Reset()
}

// recognise finds out from the first byte how the documents are framed, whatever
// the headers say: servers that imitate others do not always set them.
func (s *Splitter) recognise(p []byte) []byte {
	const byteOrderMark = "\xef\xbb\xbf"
	for i, b := range p {
		switch {
		case s.skip < len(byteOrderMark) && b == byteOrderMark[s.skip]:
			s.skip++
		case b == ' ' || b == '\t' || b == '\r' || b == '\n':
			s.skip = len(byteOrderMark)
		case b == '{' || b == '[':
			s.kind, s.array = documents, b == '['
			return p[i:]
		default:
			s.kind = serverSent
			return p[i:]
		}
	}
	return nil
}

// document reads documents one after another. What is between them, such as the
// brackets and commas of an array around them, is passed over.
func (s *Splitter) document(p []byte) {
	for len(p) > 0 {
		if s.cutter.Empty() {
			start := bytes.IndexByte(p, '{')
			if start < 0 {
				return
			}
			p = p[start:]
		}
		p = p[s.cutter.Write(p):]
		if s.cutter.Complete() {
			s.hand()
		}
	}
}
