package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/sample"
)

// agentTraces are traces of agents as one segment each.
func agentTraces(n int) (segments [][]byte, bytes int64) {
	g := sample.New(sample.Options{Seed: 1})
	start := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	for range n {
		segment := g.Trace(start).Request()
		segments = append(segments, segment)
		bytes += int64(len(segment))
	}
	return segments, bytes
}

// BenchmarkPlan reads a query and works out what a store may decide of it.
func BenchmarkPlan(b *testing.B) {
	for _, text := range []string{
		`{ type = tool && failed }`,
		`{ agent:id = "support" } >> { tool:name = "refund" && duration > 2s }`,
		`{ type = llm && content:input : "refund" } | count() > 5`,
	} {
		b.Run(strings.ReplaceAll(text, " ", ""), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				q, err := query.Parse(text)
				if err != nil {
					b.Fatal(err)
				}
				plan.Of(q, otlp.Searchable)
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	segments, bytes := agentTraces(200)
	for _, bench := range []struct{ name, text string }{
		{"absent word in any case", `{ content:input : "zeppelin" }`},
		{"absent phrase in any case", `{ content:input : "lost my boarding pass" }`},
		{"absent number", `{ content:output : "99812" }`},
		{"absent word of a message", `{ content:messages : "zeppelin" }`},
		{"absent word as it is", `{ content:input =~ ".*zeppelin.*" }`},
		{"absent attribute", `{ .tier = "gold" }`},
		{"frequent word", `{ content:input : "refund" }`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			q, err := query.Parse(bench.text)
			if err != nil {
				b.Fatal(err)
			}
			scan := plan.Of(q, otlp.Searchable).NewScan(otlp.Verbatim)
			b.SetBytes(bytes)
			b.ReportAllocs()
			passed := 0
			for b.Loop() {
				for _, segment := range segments {
					scan.Segment(segment)
					if scan.MayMatch() {
						passed++
					}
					scan.Reset()
				}
			}
			b.ReportMetric(float64(passed)/float64(b.N*len(segments)), "passed/segment")
		})
	}
}
