package ingest

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Reasons for which a span is rejected, as the metric's label tells them.
const (
	reasonTooOld   = "too_old"
	reasonInFuture = "in_future"
	reasonRefused  = "refused"
)

// Metrics are the numbers that pipelines report.
type Metrics struct {
	stored     prometheus.Counter
	duplicates prometheus.Counter
	rejected   *prometheus.CounterVec // by reason
	full       prometheus.Counter
	failures   prometheus.Counter

	queueSpans prometheus.Gauge
	queueBytes prometheus.Gauge

	batchSpans    prometheus.Histogram
	commitSeconds prometheus.Histogram
}

// NewMetrics makes the metrics and registers them; nil registers them nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Namespace: "agenttrace", Subsystem: "ingest", Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Namespace: "agenttrace", Subsystem: "ingest", Name: name, Help: help})
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return f.NewHistogram(prometheus.HistogramOpts{Namespace: "agenttrace", Subsystem: "ingest", Name: name, Help: help, Buckets: buckets})
	}
	m := &Metrics{
		stored:     counter("spans_stored_total", "Spans committed that were not stored before."),
		duplicates: counter("spans_duplicate_total", "Spans that were stored already when they came."),
		rejected: f.NewCounterVec(prometheus.CounterOpts{Namespace: "agenttrace", Subsystem: "ingest", Name: "spans_rejected_total",
			Help: "Spans rejected one by one, by reason."}, []string{"reason"}),
		full:          counter("requests_refused_total", "Requests refused because the queue was full."),
		failures:      counter("commit_failures_total", "Transactions that failed for another reason than a bad span."),
		queueSpans:    gauge("queue_spans", "Spans waiting or being written."),
		queueBytes:    gauge("queue_bytes", "Bytes waiting or being written."),
		batchSpans:    histogram("batch_spans", "Spans in one transaction.", prometheus.ExponentialBuckets(1, 2, 14)),
		commitSeconds: histogram("commit_seconds", "Time that one transaction took.", prometheus.ExponentialBuckets(0.0005, 2, 16)),
	}
	for _, reason := range []string{reasonTooOld, reasonInFuture, reasonRefused} {
		m.rejected.WithLabelValues(reason) // so that it is seen before the first one
	}
	return m
}
