package sample

import (
	"cmp"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Trace is the spans of one trace, made by one process.
type Trace struct {
	ID    model.TraceID
	Start int64 // nanoseconds since the Unix epoch, of the root
	End   int64
	Spans []Span // in the order in which they end: children first, the root last

	// Resource is the OTLP Resource message of the process that made the spans.
	Resource []byte
}

// Span is one span, and what a reader of its bytes should find in them.
type Span struct {
	ID     model.SpanID
	Name   string
	Type   model.SpanType
	Failed bool
	Start  int64
	End    int64
	OTLP   []byte // the OTLP Span message
}

// Request returns one ExportTraceServiceRequest with all spans of the trace.
func (t Trace) Request() []byte {
	return appendRequest(nil, t.Resource, t.Spans)
}

const (
	scopeName    = "openinference.instrumentation.agno"
	scopeVersion = "1.0.3"
)

// appendRequest appends an ExportTraceServiceRequest of spans of one process.
func appendRequest(dst, resource []byte, spans []Span) []byte {
	scope := appendString(nil, 1, scopeName)
	scope = appendString(scope, 2, scopeVersion)

	scopeSpans := sizeField(len(scope))
	for i := range spans {
		scopeSpans += sizeField(len(spans[i].OTLP))
	}
	resourceSpans := sizeField(len(resource)) + sizeField(scopeSpans)
	if dst == nil {
		dst = make([]byte, 0, sizeField(resourceSpans))
	}
	dst = appendTag(dst, 1, resourceSpans)
	dst = appendBytes(dst, 1, resource)
	dst = appendTag(dst, 2, scopeSpans)
	dst = appendBytes(dst, 1, scope)
	for i := range spans {
		dst = appendBytes(dst, 2, spans[i].OTLP)
	}
	return dst
}

// sizeField is what a field of n bytes takes, its tag included, for field
// numbers below 16.
func sizeField(n int) int { return 1 + protowire.SizeBytes(n) }

// Batches returns the spans of the traces as the requests that their processes
// would send: each process exports its spans in the order in which they ended,
// size at a time, whatever traces they belong to. Requests come in the order in
// which they became full, so those of the processes alternate.
func Batches(traces []Trace, size int) [][]byte {
	type batch struct {
		end  int64
		body []byte
	}
	var batches []batch
	for _, p := range byProcess(traces) {
		for spans := range slices.Chunk(p.spans, max(size, 1)) {
			batches = append(batches, batch{spans[len(spans)-1].End, appendRequest(nil, p.resource, spans)})
		}
	}
	slices.SortStableFunc(batches, func(a, b batch) int { return cmp.Compare(a.end, b.end) })
	bodies := make([][]byte, len(batches))
	for i := range batches {
		bodies[i] = batches[i].body
	}
	return bodies
}

// process is what one process has to export.
type process struct {
	resource []byte
	spans    []Span // by end
}

func byProcess(traces []Trace) []*process {
	var processes []*process
	known := map[string]*process{}
	for i := range traces {
		p := known[string(traces[i].Resource)]
		if p == nil {
			p = &process{resource: traces[i].Resource}
			known[string(p.resource)] = p
			processes = append(processes, p)
		}
		p.spans = append(p.spans, traces[i].Spans...)
	}
	for _, p := range processes {
		slices.SortStableFunc(p.spans, func(a, b Span) int { return cmp.Compare(a.End, b.End) })
	}
	return processes
}
