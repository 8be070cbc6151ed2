package search

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/sqlite"
	"github.com/agenttrace/agenttrace/internal/sample"
)

// BenchmarkTraces searches 500 traces of about 20 spans each for what none of
// them has, or the last one.
func BenchmarkTraces(b *testing.B) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "traces.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	}()
	g := sample.New(sample.Options{Seed: 1})
	for range 500 {
		request, err := otlp.Parse(project, g.Trace(time.Unix(0, began)).Request(), otlp.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := store.Write(b.Context(), request.Records); err != nil {
			b.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"columns":   `{ type = tool && name = "nothing" }`,
		"structure": `{ type = agent } >> { type = tool && duration > 1h }`,
		"content":   `{ content:output : "a quotation that nobody made" }`,
		"messages":  `{ content:messages : "a quotation that nobody made" }`,
		"decoded":   `{ content:output =~ ".*[0-9]{40}" }`,
	} {
		q := parse(b, text)
		b.Run(name, func(b *testing.B) {
			var last Progress
			for b.Loop() {
				e := &Engine{Store: store}
				must(b, e.Traces(b.Context(), project, q, repo.TraceQuery{}, func(p Progress) { last = p }))
			}
			b.ReportMetric(float64(last.Bytes)*float64(b.N)/b.Elapsed().Seconds()/1e6, "MB/s")
			b.ReportMetric(float64(last.Traces)*float64(b.N)/b.Elapsed().Seconds(), "traces/s")
		})
	}
}
