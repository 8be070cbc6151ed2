package plan

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/agenttrace/agenttrace/internal/query/match"
)

// Scan searches the bytes of a trace's segments for what the query needs in
// them, which is far cheaper than decoding them. It is not safe for concurrent
// use.
type Scan struct {
	having []Condition
	spans  Condition
	found  []bool // for each of having

	segment
}

// NewScan returns a scan that has seen no segment. What verbatim must tell is
// said at otlp.Verbatim; it is asked only where that decides, and may be nil for
// a function that never is sure.
func (p Plan) NewScan(verbatim func(tracesData []byte, messages bool) bool) *Scan {
	s := &Scan{having: p.rawHaving, spans: p.rawSpans, found: make([]bool, len(p.rawHaving))}
	s.verbatim = verbatim
	for _, c := range append(p.rawHaving[:len(p.rawHaving):len(p.rawHaving)], p.rawSpans) {
		s.needles = appendNeedles(s.needles, c)
	}
	s.answers = make([]answer, len(s.needles))
	return s
}

// appendNeedles appends the needles of a condition that are not there yet.
func appendNeedles(needles []needle, c Condition) []needle {
	switch c := c.(type) {
	case All:
		for _, part := range c {
			needles = appendNeedles(needles, part)
		}
	case Any:
		for _, part := range c {
			needles = appendNeedles(needles, part)
		}
	case needle:
		if !slices.Contains(needles, c) {
			needles = append(needles, c)
		}
	}
	return needles
}

// Reset forgets all segments: the next one is of another trace.
func (s *Scan) Reset() { clear(s.found) }

// Segment looks at a segment of the trace, a TracesData message, and reports
// whether spans that the query selects may be in it.
func (s *Scan) Segment(tracesData []byte) bool {
	s.open(tracesData)
	for i, c := range s.having {
		s.found[i] = s.found[i] || s.holds(c)
	}
	return s.holds(s.spans)
}

// MayMatch reports whether the query may select spans of the trace, if the scan
// has seen all of its segments.
func (s *Scan) MayMatch() bool { return !slices.Contains(s.found, false) }

// segment is the bytes of a segment, and what was found out about them.
type segment struct {
	verbatim func(tracesData []byte, messages bool) bool
	needles  []needle
	answers  []answer // whether each of needles holds

	data              []byte
	content, messages answer // whether they are not verbatim
}

func (s *segment) open(data []byte) {
	clear(s.answers)
	s.data, s.content, s.messages = data, unknown, unknown
}

// answer is to a question that may not have been asked yet.
type answer uint8

const (
	unknown answer = iota
	yes
	no
)

func (a *answer) get(ask func() bool) bool {
	if *a == unknown {
		*a = no
		if ask() {
			*a = yes
		}
	}
	return *a == yes
}

func (s *segment) holds(c Condition) bool {
	switch c := c.(type) {
	case All:
		return !slices.ContainsFunc(c, func(part Condition) bool { return !s.holds(part) })
	case Any:
		return slices.ContainsFunc(c, s.holds)
	case needle:
		return s.answers[slices.Index(s.needles, c)].get(func() bool { return s.has(c) })
	default:
		return true
	}
}

func (s *segment) has(n needle) bool {
	if n.folded && match.Fold(s.text(), n.text) || !n.folded && strings.Contains(s.text(), n.text) {
		return true
	}
	switch n.from {
	case content:
		return s.content.get(func() bool { return s.verbatim == nil || !s.verbatim(s.data, false) })
	case messages:
		return s.messages.get(func() bool { return s.verbatim == nil || !s.verbatim(s.data, true) })
	default:
		return false
	}
}

// text returns the bytes without copying them. They do not change while they
// are searched.
func (s *segment) text() string { return unsafe.String(unsafe.SliceData(s.data), len(s.data)) }
