package sample_test

import (
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/sample"
)

func TestLargeTraceHasTheSpansAskedForAndFewMore(t *testing.T) {
	trace := sample.New(sample.Options{Seed: 4}).LargeTrace(start, 2000)
	if n := len(trace.Spans); n < 2000 || n > 2040 {
		t.Errorf("the trace has %d spans, want about 2,000", n)
	}
}

// TestBatchesHoldEverySpanOnceInTheOrderOfEnds also asks for what batches are
// for: parts of several traces in one request, and traces torn apart.
func TestBatchesHoldEverySpanOnceInTheOrderOfEnds(t *testing.T) {
	g := sample.New(sample.Options{Seed: 5})
	var traces []sample.Trace
	spans := map[model.SpanID]bool{}
	for i := range 100 {
		trace := g.Trace(start.Add(time.Duration(i) * 100 * time.Millisecond))
		traces = append(traces, trace)
		for _, s := range trace.Spans {
			spans[s.ID] = true
		}
	}
	mixed := 0
	for _, body := range sample.Batches(traces, 64) {
		request, err := otlp.Parse("default", body, otlp.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if len(request.Records) == 0 || len(request.Records) > 64 {
			t.Fatalf("a batch has %d spans, want 1 to 64", len(request.Records))
		}
		inside := map[model.TraceID]bool{}
		for i, r := range request.Records {
			if !spans[r.Span.SpanID] {
				t.Fatalf("span %s is unknown or came twice", r.Span.SpanID)
			}
			delete(spans, r.Span.SpanID)
			inside[r.Span.TraceID] = true
			if i > 0 && r.Span.EndNano < request.Records[i-1].Span.EndNano {
				t.Fatal("a batch is not in the order in which its spans ended")
			}
		}
		if len(inside) > 1 {
			mixed++
		}
	}
	if len(spans) > 0 {
		t.Errorf("%d spans are in no batch", len(spans))
	}
	if mixed < 10 {
		t.Errorf("only %d batches hold parts of several traces", mixed)
	}
}
