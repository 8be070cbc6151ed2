package sample

import (
	"bytes"
	"cmp"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/model"
)

// builder makes one trace, by playing through what its agents do.
type builder struct {
	*Generator
	trace   Trace
	arena   []byte // the bytes of all spans
	cuts    []int  // where in arena each span ends
	attrs   []byte // of the span that is being written
	dual    bool
	session session
	style   style
	failure failure // what is still to go wrong
}

// style is how a program calls Agno; it shows in the names of spans.
type style struct{ async, stream bool }

func (s style) prefix() string {
	if s.async {
		return "a"
	}
	return ""
}

func (s style) suffix() string {
	if s.stream {
		return "_stream"
	}
	return ""
}

// failure is what goes wrong in a trace.
type failure int

const (
	nothing    failure = iota
	toolError          // a tool fails, the agent goes on
	modelError         // a model call fails, and nobody admits it
	stepError          // a workflow's function raises
)

var failures = [...]failure{toolError, modelError, stepError}

// happens reports whether this is the place where f goes wrong.
func (b *builder) happens(f failure) bool {
	if b.failure != f {
		return false
	}
	b.failure = nothing
	return true
}

// op is a span that has begun.
type op struct {
	id, parent model.SpanID
	node       string // graph.node.id
	parentNode string
	start      int64
}

// open begins a span below parent; the zero op is above the root.
func (b *builder) open(parent op, at int64) op {
	node := string(appendHex(nil, b.rand.Uint64(), 16))
	return op{id: b.newSpanID(), parent: parent.id, node: node, parentNode: parent.node, start: at}
}

// outcome is how a span ended.
type outcome struct {
	failed  bool
	message string // of the status; the status is an error where it is set
	events  []byte // encoded
}

const (
	statusOK    = 1
	statusError = 2
	flagSampled = 256 // what the exporters of today set: the parent is known to be local
)

// close ends a span and writes it down, with attrs as its attributes.
func (b *builder) close(o op, name string, t model.SpanType, end int64, attrs []byte, out outcome) {
	s := b.arena
	s = appendBytes(s, 1, b.trace.ID[:])
	s = appendBytes(s, 2, o.id[:])
	if !o.parent.IsZero() {
		s = appendBytes(s, 4, o.parent[:])
	}
	s = appendString(s, 5, name)
	s = protowire.AppendTag(s, 6, protowire.VarintType)
	s = protowire.AppendVarint(s, 1) // internal
	s = appendFixed64(s, 7, o.start)
	s = appendFixed64(s, 8, end)
	s = append(s, attrs...)
	s = append(s, out.events...)
	s = appendBytes(s, 15, status(out.message))
	s = protowire.AppendTag(s, 16, protowire.Fixed32Type)
	s = protowire.AppendFixed32(s, flagSampled)

	b.arena = s
	b.attrs = attrs[:0]
	b.cuts = append(b.cuts, len(s))
	b.trace.Spans = append(b.trace.Spans, Span{ID: o.id, Name: name, Type: t, Failed: out.failed, Start: o.start, End: end})
}

func status(message string) []byte {
	if message == "" {
		return []byte{3 << 3, statusOK}
	}
	return append(appendString(nil, 2, message), 3<<3, statusError)
}

// finish returns the trace. The root is the span that was closed last.
func (b *builder) finish() Trace {
	b.Generator.arena, b.Generator.attrs = b.arena, b.attrs
	arena, from := bytes.Clone(b.arena), 0
	for i, to := range b.cuts {
		b.trace.Spans[i].OTLP = arena[from:to:to]
		from = to
	}
	root := b.trace.Spans[len(b.trace.Spans)-1]
	b.trace.Start, b.trace.End = root.Start, root.End
	slices.SortStableFunc(b.trace.Spans, func(x, y Span) int { return cmp.Compare(x.End, y.End) })
	return b.trace
}
