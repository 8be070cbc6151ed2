package settle

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Reasons for a failure, as the metric's label tells them.
const (
	reasonTooLarge = "too_large" // a trace was left out
	reasonDamaged  = "damaged"   // a trace was left out
	reasonStore    = "store"     // a call failed; most are tried again
)

// Metrics are the numbers that loops report.
type Metrics struct {
	traces    prometheus.Counter
	spans     prometheus.Counter
	compacted prometheus.Counter
	failures  *prometheus.CounterVec // by reason

	pending prometheus.Gauge
	lag     prometheus.Gauge
	lease   prometheus.Gauge
}

// NewMetrics makes the metrics and registers them; nil registers them nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Namespace: "agenttrace", Subsystem: "settle", Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Namespace: "agenttrace", Subsystem: "settle", Name: name, Help: help})
	}
	m := &Metrics{
		traces:    counter("traces_total", "Settlements stored, one for each time that a trace settled."),
		spans:     counter("spans_total", "Spans of the traces that settled."),
		compacted: counter("segments_compacted_total", "Segments that were replaced, by one of several or by a smaller one."),
		failures: f.NewCounterVec(prometheus.CounterOpts{Namespace: "agenttrace", Subsystem: "settle", Name: "failures_total",
			Help: "Traces left out because they are too large or damaged, and failed calls of the store."}, []string{"reason"}),
		pending: gauge("pending_traces", "Traces that have changed and not settled since."),
		lag:     gauge("lag_seconds", "How long the most overdue trace should have settled by now."),
		lease:   gauge("lease_held", "1 where this process is the one that settles."),
	}
	for _, reason := range []string{reasonTooLarge, reasonDamaged, reasonStore} {
		m.failures.WithLabelValues(reason) // so that it is seen before the first one
	}
	return m
}
