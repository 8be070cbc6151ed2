package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"
)

// result is what was measured on one store.
type result struct {
	Store          string
	SpansPerSecond float64
	SenderCPU      float64 // seconds for a million spans
	ServerCPU      float64 // seconds for a million spans
	DatabaseCPU    float64 // seconds for a million spans; 0 where the server is the database
	StoredBytes    float64 // on disk, a span, indexes included, before anything settled
	Spans          int     // that are stored in the end
	DiskBytes      float64 // the same in the end, when everything has settled
	Tables         []tableSize
	WALBytes       float64 // a span
	PeakMemory     int64   // bytes, of the server
	Request        latency
	Lookups        []lookup
	Queries        []asked
	QueryMemory    int64 // bytes, the most that the server had while it was asked
	Settling       settling
	SettleMemory   int64 // bytes, the most that the server had while it settled
}

// usage is CPU time used so far.
type usage struct{ sender, server, database time.Duration }

// latency is the median and the tail of many durations.
type latency struct{ P50, P95, P99 time.Duration }

func percentiles(d []time.Duration) latency {
	if len(d) == 0 {
		return latency{}
	}
	slices.Sort(d)
	return latency{P50: d[len(d)/2], P95: d[len(d)*95/100], P99: d[len(d)*99/100]}
}

func perMillion(cpu time.Duration, spans int) float64 {
	return cpu.Seconds() * 1e6 / float64(spans)
}

// report prints a table in Markdown, a column for each store, and writes the
// same as JSON where a file was asked for.
func report(w io.Writer, opts options, load *load, results []result) error {
	fmt.Fprintf(w, "\n%d spans of %.0f bytes in %d traces; %d to a request, %d senders; %d cores; %s\n\n",
		load.spans, float64(load.bytes)/float64(load.spans), load.traces, opts.batch, opts.senders, runtime.NumCPU(), runtime.Version())
	row := func(name string, cell func(result) string) {
		fmt.Fprintf(w, "| %s |", name)
		for _, r := range results {
			fmt.Fprintf(w, " %s |", cell(r))
		}
		fmt.Fprintln(w)
	}
	row("", func(r result) string { return r.Store })
	row("---", func(result) string { return "---:" })
	row("spans/s, acknowledged after commit", func(r result) string { return fmt.Sprintf("%.0f", r.SpansPerSecond) })
	row("CPU s per 1M spans, server", func(r result) string { return fmt.Sprintf("%.1f", r.ServerCPU) })
	row("CPU s per 1M spans, database", func(r result) string { return fmt.Sprintf("%.1f", r.DatabaseCPU) })
	row("CPU s per 1M spans, sender", func(r result) string { return fmt.Sprintf("%.1f", r.SenderCPU) })
	row("CPU s per 1M spans, in all", func(r result) string { return fmt.Sprintf("%.1f", r.SenderCPU+r.ServerCPU+r.DatabaseCPU) })
	row("disk, bytes a span", func(r result) string { return fmt.Sprintf("%.0f", r.StoredBytes) })
	row("disk, bytes a span, settled", func(r result) string { return fmt.Sprintf("%.0f", r.DiskBytes) })
	row("WAL, bytes a span", func(r result) string { return fmt.Sprintf("%.0f", r.WALBytes) })
	row("peak memory of the server, MiB", func(r result) string { return fmt.Sprintf("%d", r.PeakMemory>>20) })
	row("request, p50 / p99 ms", func(r result) string { return r.Request.String() })
	row("settling a backlog, spans/s", func(r result) string { return fmt.Sprintf("%.0f", r.Settling.SpansPerSecond) })
	row("settling, CPU s per 1M spans, server", func(r result) string { return fmt.Sprintf("%.1f", r.Settling.ServerCPU) })
	row("settling, CPU s per 1M spans, database", func(r result) string { return fmt.Sprintf("%.1f", r.Settling.DatabaseCPU) })
	row("settling, peak memory of the server, MiB", func(r result) string { return fmt.Sprintf("%d", r.SettleMemory>>20) })
	row(fmt.Sprintf("stored and settled at %d spans/s: spans/s acknowledged", pace), func(r result) string { return fmt.Sprintf("%.0f", r.Settling.Paced) })
	row("… CPU s per 1M spans, in all", func(r result) string { return fmt.Sprintf("%.1f", r.Settling.PacedCPU) })
	row("… request, p50 / p99 ms", func(r result) string { return r.Settling.Request.String() })
	row("… settled how long after the last span, beyond the rest of 1 s", func(r result) string {
		return fmt.Sprintf("%.1f s", r.Settling.Behind.Seconds())
	})
	for i := range results[0].Lookups {
		row(results[0].Lookups[i].Question+", p50 / p99 ms", func(r result) string { return r.Lookups[i].Latency.String() })
	}
	reportTables(w, results)
	reportQueries(w, results)
	if opts.jsonPath == "" {
		return nil
	}
	out, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(opts.jsonPath, append(out, '\n'), 0o644)
}

// reportQueries prints a table of queries for each store.
func reportQueries(w io.Writer, results []result) {
	for _, r := range results {
		fmt.Fprintf(w, "\n| %s, at most %d MiB | p50 ms | p95 ms | rows read | content MB/s | found |\n|---|---:|---:|---:|---:|---:|\n", r.Store, r.QueryMemory>>20)
		for _, a := range r.Queries {
			question := a.Question
			if a.Query != "" {
				question += ": `" + a.Query + "`"
			}
			fmt.Fprintf(w, "| %s | %.1f | %.1f | %s | %s | %d |\n", question,
				milliseconds(a.Latency.P50), milliseconds(a.Latency.P95), orNothing(a.Rows), orNothing(a.Content/1e6), a.Found)
		}
	}
}

func orNothing(n float64) string {
	if n < 1 {
		return ""
	}
	return fmt.Sprintf("%.0f", n)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (l latency) String() string {
	return fmt.Sprintf("%.2f / %.2f", milliseconds(l.P50), milliseconds(l.P99))
}

// reportTables prints where the bytes are, for each store that tells.
func reportTables(w io.Writer, results []result) {
	for _, r := range results {
		if len(r.Tables) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n| %s, settled | rows | bytes a span | with indexes |\n|---|---:|---:|---:|\n", r.Store)
		for _, t := range r.Tables {
			fmt.Fprintf(w, "| `%s` | %d | %.0f | %.0f |\n", t.Name, t.Rows, float64(t.Heap)/float64(r.Spans), float64(t.Heap+t.Indexes)/float64(r.Spans))
		}
	}
}
