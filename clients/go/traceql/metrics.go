package traceql

import (
	"slices"
	"strconv"
	"strings"
)

// Metrics is a query that makes time series of spans: for QueryMetrics.
type Metrics struct {
	source, function string
	by               []Field
	stages           string
}

func (s Spanset) metrics(function string, arguments ...string) Metrics {
	return Metrics{source: s.String(), function: function + "(" + strings.Join(arguments, ", ") + ")"}
}

// Rate is the number of spans per second.
func (s Spanset) Rate() Metrics { return s.metrics("rate") }

// CountOverTime is the number of spans.
func (s Spanset) CountOverTime() Metrics { return s.metrics("count_over_time") }

// SumOverTime is the sum of a quantity.
func (s Spanset) SumOverTime(q Quantity) Metrics {
	return s.metrics("sum_over_time", q.quantity().text)
}

// AvgOverTime is the mean of a quantity.
func (s Spanset) AvgOverTime(q Quantity) Metrics {
	return s.metrics("avg_over_time", q.quantity().text)
}

// MinOverTime is the least value of a quantity.
func (s Spanset) MinOverTime(q Quantity) Metrics {
	return s.metrics("min_over_time", q.quantity().text)
}

// MaxOverTime is the greatest value of a quantity.
func (s Spanset) MaxOverTime(q Quantity) Metrics {
	return s.metrics("max_over_time", q.quantity().text)
}

// QuantileOverTime is one series for each quantile, from 0 to 1, with the label
// p. There may be at most 16; one that is given again does not count.
func (s Spanset) QuantileOverTime(q Quantity, first float64, more ...float64) Metrics {
	arguments := []string{q.quantity().text}
	for _, quantile := range append([]float64{first}, more...) {
		if text := strconv.FormatFloat(quantile, 'g', -1, 64); !slices.Contains(arguments[1:], text) {
			arguments = append(arguments, text)
		}
	}
	return s.metrics("quantile_over_time", arguments...)
}

// HistogramOverTime is the number of values in each power of two: one series for
// each, with the label __bucket.
func (s Spanset) HistogramOverTime(q Quantity) Metrics {
	return s.metrics("histogram_over_time", q.quantity().text)
}

// By makes a series of each combination of values. At most 16 fields may be
// named; one that is named again does not count.
func (m Metrics) By(first Field, more ...Field) Metrics {
	m.by = slices.Concat(m.by, []Field{first}, more)
	return m
}

// TopK keeps, at each time, the n greatest values.
func (m Metrics) TopK(n int) Metrics { return m.then(" | topk(" + strconv.Itoa(n) + ")") }

// BottomK keeps, at each time, the n smallest values.
func (m Metrics) BottomK(n int) Metrics { return m.then(" | bottomk(" + strconv.Itoa(n) + ")") }

// Compare keeps the points whose value compares so. Durations are compared as
// such: Lasting(2 * time.Second).
func (m Metrics) Compare(op Comparison, l Literal) Metrics {
	return m.then(" " + string(op) + " " + l.expr.text)
}

// Greater keeps the points whose value is greater.
func (m Metrics) Greater(l Literal) Metrics { return m.Compare(Greater, l) }

// Less keeps the points whose value is less.
func (m Metrics) Less(l Literal) Metrics { return m.Compare(Less, l) }

func (m Metrics) then(stage string) Metrics {
	m.stages += stage
	return m
}

// String returns the query as a request takes it.
func (m Metrics) String() string {
	text := m.source + " | " + m.function
	if len(m.by) > 0 {
		text += " by (" + list(m.by[0], m.by[1:]) + ")"
	}
	return text + m.stages
}
