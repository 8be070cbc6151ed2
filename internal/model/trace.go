package model

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Trace sums up the spans of one trace id, or a part of them: those of one day,
// of one batch. Parts of a trace become the whole by [Trace.Merge], which gives
// the same result in every order. Each span must be in exactly one part.
//
// Fields that one span decides (the root, the head, the first error) come with
// that span's key; of two parts, the one with the smaller key decides. Keys
// compare as bytes, so that a database can compare them too.
type Trace struct {
	Project string
	TraceID TraceID

	StartNano int64 // earliest start of a span
	EndNano   int64 // latest end of a span

	Spans     int64
	Errors    int64 // spans that failed
	LLMCalls  int64
	ToolCalls int64

	Status StatusCode // the greatest of the spans' codes: an error sticks
	Usage  Usage      // of the spans that call models

	Models []string // distinct, sorted
	Tools  []string // distinct, sorted

	// The root is the earliest span without a parent. RootKey is empty while
	// it has not arrived.
	RootKey  []byte
	RootName string

	// The head is the span that tells what the trace is about: its topmost
	// run, else its root, else its earliest span. See [HeadKey].
	HeadKey       []byte
	HeadType      SpanType
	Name          string
	Service       string
	Environment   string
	Identity      Identity
	InputPreview  string
	OutputPreview string

	// The first error is the failed span that ended first: where things
	// started going wrong. ErrorKey is empty when nothing failed.
	ErrorKey     []byte
	ErrorSpan    string // its name
	ErrorType    string
	ErrorMessage string

	// What follows is known only when the trace has settled; see
	// [Trace.Settled]. SettledSpans is how many spans it accounts for.
	SettledSpans int64
	Runs         int64
	Cost         Cost
}

// Duration returns the nanoseconds from the earliest start to the latest end.
func (t *Trace) Duration() int64 { return t.EndNano - t.StartNano }

// TracePart is what settling knows of those spans of a trace that start on one
// UTC day.
type TracePart struct {
	Day   int64 // start of the day
	Spans int64 // how many there are
	Runs  int64
	Usage Usage // each token once
	Cost  Cost
}

// Settled reports whether everything stored of the trace has been accounted for:
// its runs, its usage and its cost. A span that comes late undoes it, until the
// trace settles again. Usage is a plain sum before; afterwards, what one call
// reported on two spans of the trace is in it once.
func (t *Trace) Settled() bool { return t.SettledSpans == t.Spans }

// Failed reports whether any span failed.
func (t *Trace) Failed() bool { return t.Errors > 0 }

// RootArrived reports whether a span without a parent has been stored.
func (t *Trace) RootArrived() bool { return len(t.RootKey) > 0 }

// RootSpanID returns the id of the root, zero while it has not arrived.
func (t *Trace) RootSpanID() SpanID { return spanOfKey(t.RootKey) }

// ErrorSpanID returns the id of the span that failed first, zero when none did.
func (t *Trace) ErrorSpanID() SpanID { return spanOfKey(t.ErrorKey) }

// HeadSpanID returns the id of the span that names the trace.
func (t *Trace) HeadSpanID() SpanID { return spanOfKey(t.HeadKey) }

// HeadKey orders the spans of a trace by how well they tell what it is about:
// runs before other roots before all else, then the earlier start, then the
// smaller span id. A run that starts later is never the topmost: a child does
// not start before its parent.
func HeadKey(s *Span) []byte { return appendHeadKey(nil, s) }

func appendHeadKey(key []byte, s *Span) []byte {
	rank := byte(2)
	switch {
	case s.Type.IsRun():
		rank = 0
	case s.IsRoot():
		rank = 1
	}
	return appendKey(key, rank, s.StartNano, s.SpanID)
}

// RootKey orders the spans without a parent by start.
func RootKey(s *Span) []byte { return appendRootKey(nil, s) }

func appendRootKey(key []byte, s *Span) []byte { return appendKey(key, 0, s.StartNano, s.SpanID) }

// ErrorKey orders failed spans by end, so that the deepest of a chain that
// failed together comes first, and then by start, so that no two spans of a
// trace have one key: a span id may stand for several spans.
func ErrorKey(s *Span) []byte { return appendErrorKey(nil, s) }

func appendErrorKey(key []byte, s *Span) []byte {
	return appendTime(appendKey(key, 0, s.EndNano, s.SpanID), s.StartNano)
}

// Every key is a rank, a time and a span id; what follows only tells apart.
const (
	idInKey  = 1 + 8
	endOfKey = idInKey + 8
	maxKey   = endOfKey + 8
)

func appendKey(key []byte, rank byte, nano int64, id SpanID) []byte {
	return append(appendTime(append(key, rank), nano), id[:]...)
}

// appendTime appends bytes that order as the times do: negative ones first.
func appendTime(key []byte, nano int64) []byte {
	return binary.BigEndian.AppendUint64(key, uint64(nano)^(1<<63))
}

func spanOfKey(key []byte) (id SpanID) {
	if len(key) >= endOfKey {
		copy(id[:], key[idInKey:endOfKey])
	}
	return id
}

// TraceOf returns the part of a trace that consists of s alone.
func TraceOf(s *Span) *Trace {
	t := &Trace{Project: s.Project, TraceID: s.TraceID, StartNano: s.StartNano, EndNano: s.EndNano}
	t.Add(s)
	return t
}

// Add adds one span, as merging the part that consists of it alone would.
func (t *Trace) Add(s *Span) {
	t.StartNano = min(t.StartNano, s.StartNano)
	t.EndNano = max(t.EndNano, s.EndNano)
	t.Spans++
	t.Status = max(t.Status, s.Status)
	switch s.Type {
	case TypeLLM:
		t.LLMCalls++
	case TypeTool:
		t.ToolCalls++
		t.Tools = with(t.Tools, s.ToolName)
	}
	if s.Type.CallsModel() {
		t.Usage = t.Usage.Plus(s.Usage)
		t.Models = with(t.Models, s.Model)
	}
	// Most spans decide nothing: a key is copied from here when it does.
	var room [maxKey]byte
	if s.IsRoot() {
		if key := appendRootKey(room[:0], s); decides(key, t.RootKey) {
			t.RootKey, t.RootName = bytes.Clone(key), s.Name
		}
	}
	if key := appendHeadKey(room[:0], s); decides(key, t.HeadKey) {
		t.HeadKey, t.HeadType, t.Name = bytes.Clone(key), s.Type, s.Name
		t.Service, t.Environment, t.Identity = s.Service, s.Environment, s.Identity
		t.InputPreview, t.OutputPreview = s.InputPreview, s.OutputPreview
	}
	if s.Failed {
		t.Errors++
		if key := appendErrorKey(room[:0], s); decides(key, t.ErrorKey) {
			t.ErrorKey, t.ErrorSpan, t.ErrorType, t.ErrorMessage = bytes.Clone(key), s.Name, s.ErrorType, s.ErrorMessage
		}
	}
}

// Merge adds the spans of o to t. It is commutative and associative, and leaves
// o as it was.
func (t *Trace) Merge(o *Trace) {
	t.StartNano = min(t.StartNano, o.StartNano)
	t.EndNano = max(t.EndNano, o.EndNano)
	t.Spans += o.Spans
	t.Errors += o.Errors
	t.LLMCalls += o.LLMCalls
	t.ToolCalls += o.ToolCalls
	t.Status = max(t.Status, o.Status)
	t.Usage = t.Usage.Plus(o.Usage)
	t.Models = union(t.Models, o.Models)
	t.Tools = union(t.Tools, o.Tools)
	t.SettledSpans += o.SettledSpans
	t.Runs += o.Runs
	t.Cost = t.Cost.Plus(o.Cost)
	if decides(o.RootKey, t.RootKey) {
		t.RootKey, t.RootName = o.RootKey, o.RootName
	}
	if decides(o.HeadKey, t.HeadKey) {
		t.HeadKey, t.HeadType, t.Name = o.HeadKey, o.HeadType, o.Name
		t.Service, t.Environment, t.Identity = o.Service, o.Environment, o.Identity
		t.InputPreview, t.OutputPreview = o.InputPreview, o.OutputPreview
	}
	if decides(o.ErrorKey, t.ErrorKey) {
		t.ErrorKey, t.ErrorSpan, t.ErrorType, t.ErrorMessage = o.ErrorKey, o.ErrorSpan, o.ErrorType, o.ErrorMessage
	}
}

// decides reports whether the part with key a overrules the one with key b.
func decides(a, b []byte) bool {
	return len(a) > 0 && (len(b) == 0 || bytes.Compare(a, b) < 0)
}

// with returns a sorted set and s, in a slice of its own unless s is in the set, or
// empty.
func with(set []string, s string) []string {
	at, found := slices.BinarySearch(set, s)
	if found || s == "" {
		return set
	}
	return slices.Insert(slices.Clip(set), at, s)
}

// union returns the sorted union of two sorted sets, in a slice of its own
// unless one of them is empty.
func union(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	if len(a) == 0 {
		return b
	}
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
