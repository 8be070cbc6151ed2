package load

import (
	"bytes"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
)

var first = time.Date(2026, time.March, 14, 9, 26, 53, 589793238, time.UTC)

func newLoad(t *testing.T, o Options) *Load {
	t.Helper()
	o.First = first
	l, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// bodies returns copies of all requests.
func bodies(t *testing.T, l *Load) [][]byte {
	t.Helper()
	all := make([][]byte, l.Requests)
	for n := range all {
		err := l.Send(n, func(frame, message []byte) error {
			if len(frame) != len(message)+frameHeader || frame[0] != 0 {
				t.Errorf("request %d is no gRPC frame", n)
			}
			all[n] = bytes.Clone(message)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestEqualOptionsMakeEqualRequests(t *testing.T) {
	o := Options{Seed: 3, Spans: 3000, Batch: 64, Range: time.Hour, Burst: 1000}
	a, b := bodies(t, newLoad(t, o)), bodies(t, newLoad(t, o))
	if len(a) != len(b) {
		t.Fatalf("%d and %d requests", len(a), len(b))
	}
	for n := range a {
		if !bytes.Equal(a[n], b[n]) {
			t.Fatalf("request %d differs", n)
		}
	}
	// Whatever was sent before, a request is what it is.
	l := newLoad(t, o)
	for n := l.Requests - 1; n >= 0; n-- {
		_ = l.Send(n, func(_, message []byte) error {
			if !bytes.Equal(message, a[n]) {
				t.Fatalf("request %d depends on the order of sending", n)
			}
			return nil
		})
	}
	o.Seed++
	if c := bodies(t, newLoad(t, o)); bytes.Equal(a[0], c[0]) {
		t.Error("another seed makes the same requests")
	}
}

// TestRepetitionsAreOtherSpans parses all that is sent: every span is one of its
// own, within its trace, its parent and its time.
func TestRepetitionsAreOtherSpans(t *testing.T) {
	l := newLoad(t, Options{Seed: 5, Spans: 9000, Batch: 100, Range: 24 * time.Hour, Burst: 3000})
	spans := map[model.SpanID]*model.Span{}
	traces := map[model.TraceID]int{}
	sessions := map[string]int{} // the repetition of each
	runs := map[string]bool{}
	for n, body := range bodies(t, l) {
		request, err := otlp.Parse("default", body, otlp.Limits{})
		if err != nil || len(request.Rejected) > 0 {
			t.Fatalf("request %d: %v, %v", n, err, request.Rejected)
		}
		if got := len(request.Records); got != l.SpansOf(n) || got > 100 {
			t.Fatalf("request %d has %d spans, and says %d", n, got, l.SpansOf(n))
		}
		for _, r := range request.Records {
			if spans[r.Span.SpanID] != nil {
				t.Fatalf("span %s comes twice", r.Span.SpanID)
			}
			s := *r.Span
			spans[s.SpanID] = &s
			traces[s.TraceID]++
			repetition := n / len(l.template.requests)
			if s.SessionID != "" {
				if other, known := sessions[s.SessionID]; known && other != repetition {
					t.Fatalf("session %s goes on in another repetition", s.SessionID)
				}
				sessions[s.SessionID] = repetition
			}
			if s.RunID != "" && runs[s.RunID] {
				t.Fatalf("run %s comes twice", s.RunID)
			}
			runs[s.RunID] = true
		}
	}
	if len(spans) != l.Spans || len(traces) != l.Traces {
		t.Fatalf("%d spans in %d traces, promised %d in %d", len(spans), len(traces), l.Spans, l.Traces)
	}
	for n := range l.Traces {
		if traces[l.TraceID(n)] == 0 {
			t.Fatalf("trace %d, %s, was not sent", n, l.TraceID(n))
		}
	}
	last := first.Add(24 * time.Hour).UnixNano()
	for _, s := range spans {
		if s.IsRoot() {
			if s.StartNano < first.UnixNano() || s.StartNano > last {
				t.Fatalf("a trace starts at %d", s.StartNano)
			}
			continue
		}
		parent := spans[s.ParentID]
		if parent == nil || parent.TraceID != s.TraceID || parent.StartNano > s.StartNano || parent.EndNano < s.EndNano {
			t.Fatalf("%s is not within its parent %v", s.Name, parent)
		}
	}
}

func TestRequestsHoldPartsOfManyTraces(t *testing.T) {
	l := newLoad(t, Options{Seed: 1, Spans: spansForLarge, Batch: 512, Range: time.Hour})
	shape := l.Shape()
	t.Logf("%d spans in %d traces, %d requests, %.0f bytes a span, %+v", l.Spans, l.Traces, l.Requests, float64(l.Bytes)/float64(l.Spans), shape)
	if shape.RequestsPerTrace < 2 || shape.RequestsPerTrace > 4 {
		t.Errorf("a trace arrives over %.2f requests, want 2 to 4", shape.RequestsPerTrace)
	}
	if shape.TracesPerRequest < 50 {
		t.Errorf("a request has parts of %.0f traces, want at least 50", shape.TracesPerRequest)
	}
	sizes := map[model.TraceID]int{}
	for _, body := range bodies(t, l) {
		request, err := otlp.Parse("default", body, otlp.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range request.Records {
			sizes[r.Span.TraceID]++
		}
	}
	large := 0
	for id, n := range sizes {
		switch {
		case n >= largeTrace:
			large++
		case n < 8 || n > 40:
			t.Errorf("trace %s has %d spans", id, n)
		}
	}
	if large != 1 {
		t.Errorf("%d traces have %d spans, want one", large, largeTrace)
	}
}

// BenchmarkPatch is what the sender computes for a request beside sending it.
func BenchmarkPatch(b *testing.B) {
	l, err := New(Options{Seed: 1, Spans: 40_000, Batch: 512, First: first, Range: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	spans, n := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Send(n, func(_, _ []byte) error { return nil })
		spans += l.SpansOf(n)
		n++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(spans), "ns/span")
}
