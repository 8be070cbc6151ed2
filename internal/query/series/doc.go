// Package series makes time series of spans: the metrics of the language.
//
// # Usage
//
//	c := series.New(q.Metrics, grid, maxSeries)
//	for _, selected := range match.Select(q, trace) { // of each trace
//		err := c.AddSpan(selected.Span, trace)
//	}
//	answer := c.Series()
//
// Where a database can count and sum by itself, it is asked for cells instead,
// told apart by [Collector.Bounds], and each goes into [Collector.AddCell]. Both
// ways lead to the same series, bit for bit: sums are exact until they are
// rounded once, and quantiles come from buckets with the same bounds. Neither
// the order of what is added nor how it is cut into cells matters.
//
// # Precision
//
// Counts, sums, averages, least and greatest values are exact. Quantiles are
// those of nearest rank, with a relative error of 1 % at most for values of a
// size from 1e-9 to 1e18, and never outside of the values they stand for.
//
// # Concurrency
//
// A [Collector] is for one goroutine at a time.
package series
