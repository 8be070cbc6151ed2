package postgres

import (
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/sample"
)

// BenchmarkEncodeRows makes rows for COPY of the spans of some traces.
func BenchmarkEncodeRows(b *testing.B) {
	g := sample.New(sample.Options{Seed: 1})
	var traces []sample.Trace
	for range 30 {
		traces = append(traces, g.Trace(time.Unix(1_777_000_000, 0)))
	}
	spans, size := 0, 0
	var requests []*otlp.Request
	for _, body := range sample.Batches(traces, 1<<20) {
		request, err := otlp.Parse("default", body, otlp.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		requests = append(requests, request)
	}
	b.ReportAllocs()
	for b.Loop() {
		out := new(counted)
		f := &flight{out: out}
		f.begin()
		for _, request := range requests {
			for _, r := range request.Records {
				f.row(spanRowColumns)
				writeSpan(f, r.Span)
			}
			spans += len(request.Records)
		}
		f.end()
		f.send()
		size += int(*out)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(spans), "ns/span")
	b.ReportMetric(float64(size)/float64(spans), "bytes/span")
}

// counted counts what is written to it.
type counted int

// Write implements io.Writer.
func (c *counted) Write(p []byte) (int, error) {
	*c += counted(len(p))
	return len(p), nil
}
