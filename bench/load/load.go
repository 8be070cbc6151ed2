package load

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Options says what to make.
type Options struct {
	Seed  uint64
	Spans int           // at least so many
	Batch int           // most spans in a request
	First time.Time     // when the first trace starts
	Range time.Duration // within which all others start after it, evenly
	Burst int           // most spans in a template; 0 for 40,000
}

// Load is a sequence of requests. Its requests may be sent concurrently.
type Load struct {
	Requests int
	Traces   int
	Spans    int
	Bytes    int64 // of all requests
	template *template
	repeats  int
	seed     uint64
	first    int64
	spacing  float64 // nanoseconds from one trace to the next
}

// defaultBurst is how many spans a template has at most: more than any cache
// holds, and little enough memory.
const defaultBurst = 40_000

// New makes a load.
func New(o Options) (*Load, error) {
	if o.Burst == 0 {
		o.Burst = defaultBurst
	}
	repeats := (o.Spans + o.Burst - 1) / o.Burst
	t, err := newTemplate(o.Seed, (o.Spans+repeats-1)/repeats, o.Batch)
	if err != nil {
		return nil, fmt.Errorf("encode spans: %w", err)
	}
	l := &Load{
		Requests: len(t.requests) * repeats,
		Traces:   len(t.traces) * repeats,
		Spans:    t.spans * repeats,
		Bytes:    t.bytes * int64(repeats),
		template: t,
		repeats:  repeats,
		seed:     o.Seed,
		first:    o.First.UnixNano(),
	}
	l.spacing = float64(o.Range) / float64(l.Traces)
	return l, nil
}

// frameHeader is the length of what gRPC puts before a message: a flag and the
// length.
const frameHeader = 5

// Send calls send with the n-th request, as a gRPC frame and as the message in
// it. The bytes are good until send returns.
func (l *Load) Send(n int, send func(frame, message []byte) error) error {
	r := l.template.requests[n%len(l.template.requests)]
	r.mu.Lock() // the same request of another repetition may be under way
	defer r.mu.Unlock()
	repetition := n / len(l.template.requests)
	mask := maskOf(l.seed, repetition)
	for _, p := range r.patches {
		p.apply(r.frame, mask, l.start(repetition*len(l.template.traces)+int(p.trace)))
	}
	return send(r.frame, r.frame[frameHeader:])
}

// SpansOf returns how many spans the n-th request has.
func (l *Load) SpansOf(n int) int { return l.template.requests[n%len(l.template.requests)].spans }

// TraceID returns the id of the n-th trace, in the order in which they start.
func (l *Load) TraceID(n int) model.TraceID {
	id := l.template.traces[n%len(l.template.traces)]
	mask := maskOf(l.seed, n/len(l.template.traces))
	binary.BigEndian.PutUint64(id[:8], binary.BigEndian.Uint64(id[:8])^mask)
	return id
}

// start returns when the n-th trace starts.
func (l *Load) start(n int) int64 { return l.first + int64(float64(n)*l.spacing) }

// Shape is how requests and traces are woven into each other.
type Shape struct {
	SpansPerRequest, TracesPerRequest, RequestsPerTrace float64
}

// Shape measures one repetition.
func (l *Load) Shape() Shape {
	t := l.template
	pairs, spans := 0, 0
	for _, r := range t.requests {
		pairs += r.traces
		spans += r.spans
	}
	return Shape{
		SpansPerRequest:  float64(spans) / float64(len(t.requests)),
		TracesPerRequest: float64(pairs) / float64(len(t.requests)),
		RequestsPerTrace: float64(pairs) / float64(len(t.traces)),
	}
}
