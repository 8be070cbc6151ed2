package otlp

import "testing"

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

func BenchmarkBuildSegments(b *testing.B) {
	body := benchmarkBody()
	request, err := Parse("p", body, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	spans, stored := 0, 0
	for b.Loop() {
		for _, s := range BuildSegments(request.Records) {
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
