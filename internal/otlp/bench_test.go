package otlp

import (
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
)

// benchmarkBody is a request of 512 spans or so, 2.5 KB each.
func benchmarkBody() []byte { return EncodeSpans(agentRuns(27, 9)) }

func BenchmarkParse(b *testing.B) {
	body := benchmarkBody()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	spans := 0
	for b.Loop() {
		request, err := Parse("p", body, Limits{})
		if err != nil || len(request.Rejected) > 0 {
			b.Fatal(err, request.Rejected)
		}
		spans += request.Spans
	}
	perSpan(b, spans)
}

// BenchmarkWalk is the part of parsing that reads the bytes of spans.
func BenchmarkWalk(b *testing.B) {
	body := benchmarkBody()
	request, err := Parse("p", body, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	w := walker{maxDepth: Limits{}.withDefaults().MaxDepth}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	spans := 0
	for b.Loop() {
		for _, r := range request.Records {
			if err := w.span(r.Raw); err != nil {
				b.Fatal(err)
			}
		}
		spans += len(request.Records)
	}
	perSpan(b, spans)
}

// BenchmarkNormalise is the part of parsing that derives fields from what was
// read.
func BenchmarkNormalise(b *testing.B) {
	request, err := Parse("p", benchmarkBody(), Limits{})
	if err != nil {
		b.Fatal(err)
	}
	walked := make([]walker, len(request.Records))
	for i, r := range request.Records {
		walked[i].maxDepth = Limits{}.withDefaults().MaxDepth
		if err := walked[i].span(r.Raw); err != nil {
			b.Fatal(err)
		}
	}
	var t texts
	var short []byte
	b.ReportAllocs()
	spans := 0
	for b.Loop() {
		for i := range walked {
			var to model.Span
			walked[i].derive(&to, &t)
			short = walked[i].appendShort(short[:0])
		}
		spans += len(walked)
	}
	perSpan(b, spans)
}

func BenchmarkBuildSegments(b *testing.B) {
	b.Run("small", func(b *testing.B) { benchmarkBuild(b, BuildSegments) })
	b.Run("quick", func(b *testing.B) { benchmarkBuild(b, BuildQuickSegments) })
}

func benchmarkBuild(b *testing.B, build func([]model.Record) []Segment) {
	body := benchmarkBody()
	request, err := Parse("p", body, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	spans, stored := 0, 0
	for b.Loop() {
		for _, s := range build(request.Records) {
			spans += s.Spans
			stored += len(s.Payload)
		}
	}
	perSpan(b, spans)
	b.ReportMetric(float64(stored)/float64(spans), "stored-bytes/span")
}

func BenchmarkDecode(b *testing.B) {
	request, err := Parse("p", benchmarkBody(), Limits{})
	if err != nil {
		b.Fatal(err)
	}
	segment := BuildSegments(request.Records)[0]
	b.SetBytes(int64(segment.RawBytes))
	b.ReportAllocs()
	spans := 0
	var data []byte
	for b.Loop() {
		if data, err = OpenSegment(data[:0], segment.Payload); err != nil {
			b.Fatal(err)
		}
		decoded, err := DecodeSpans("p", data)
		if err != nil {
			b.Fatal(err)
		}
		spans += len(decoded)
	}
	perSpan(b, spans)
}

func perSpan(b *testing.B, spans int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(spans), "ns/span")
}
