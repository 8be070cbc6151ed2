package load

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/sample"
)

// template is one busy moment of several processes: the requests that are sent
// again and again.
type template struct {
	requests []*request
	traces   []model.TraceID // in the order of their start
	spans    int
	bytes    int64
}

// request is one ExportTraceServiceRequest in its gRPC frame.
type request struct {
	mu      sync.Mutex // held while it is patched and sent
	frame   []byte
	patches []patch
	spans   int
	traces  int // that it holds parts of
}

const (
	// largeTrace is how many spans the largest trace has, at least.
	largeTrace = 2000
	// spansForLarge is how many spans a template has that can bear one.
	spansForLarge = 20_000
	// spansPerProcess is how many of a template's spans one process makes.
	spansPerProcess = 3_000
	// services is how many sorts of processes package sample has.
	services = 3
	// requestsOfTrace is over how many requests the spans of a trace arrive, about.
	requestsOfTrace = 3
)

// newTemplate makes the requests of at least the given number of spans. All
// traces start at time 0 in it: patching puts them where they belong.
func newTemplate(seed uint64, spans, batch int) (*template, error) {
	replicas := max(1, spans/spansPerProcess/services)
	generator := sample.New(sample.Options{Seed: seed, Replicas: replicas})
	t := &template{}
	var traces []sample.Trace
	add := func(trace sample.Trace) {
		traces = append(traces, trace)
		t.traces = append(t.traces, trace.ID)
		t.spans += len(trace.Spans)
	}
	epoch := time.Unix(0, 0)
	if spans >= spansForLarge {
		add(generator.LargeTrace(epoch, largeTrace))
	}
	for t.spans < spans {
		add(generator.Trace(epoch))
	}
	interleave(traces, replicas*services, batch)
	index := make(map[model.TraceID]uint32, len(t.traces))
	for i, id := range t.traces {
		index[id] = uint32(i)
	}
	for _, body := range sample.Batches(traces, batch) {
		r, err := newRequest(body, index)
		if err != nil {
			return nil, err
		}
		t.requests = append(t.requests, r)
		t.bytes += int64(len(body))
	}
	return t, nil
}

// interleave sets the times by which spans are put into requests, so that about
// as many traces are under way in each process as make one trace arrive over
// requestsOfTrace requests. A large trace goes on all the time.
func interleave(traces []sample.Trace, processes, batch int) {
	var took, spans, usual int64
	for _, t := range traces {
		if len(t.Spans) < largeTrace {
			took += t.End - t.Start
			spans += int64(len(t.Spans))
			usual++
		}
	}
	underWay := int64(max(1, (requestsOfTrace-1)*batch*int(usual)/int(spans))) * int64(processes)
	spacing := took / usual / underWay
	window := spacing * int64(len(traces))
	for i := range traces {
		t := &traces[i]
		shift, scale := int64(i)*spacing, 1.0
		if len(t.Spans) >= largeTrace {
			scale = float64(window) / float64(t.End-t.Start)
		}
		for j := range t.Spans {
			t.Spans[j].End = int64(float64(t.Spans[j].End)*scale) + shift
		}
	}
}

func newRequest(body []byte, index map[model.TraceID]uint32) (*request, error) {
	r := &request{frame: make([]byte, frameHeader, frameHeader+len(body))}
	binary.BigEndian.PutUint32(r.frame[1:], uint32(len(body)))
	r.frame = append(r.frame, body...)
	w := walk{frame: r.frame, index: index, seen: map[uint32]bool{}}
	if err := w.request(frameHeader, len(r.frame)); err != nil {
		return nil, err
	}
	r.patches, r.spans, r.traces = w.patches, w.spans, len(w.seen)
	return r, nil
}
