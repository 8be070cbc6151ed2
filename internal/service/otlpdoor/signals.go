package otlpdoor

import "net/http"

const tracesOnly = "agenttrace takes traces only; set OTEL_METRICS_EXPORTER=none and OTEL_LOGS_EXPORTER=none"

// OtherSignals returns the paths at which senders of OTLP/HTTP try to deliver
// what is not stored here, and the handler that tells them so: one variable
// makes an SDK send all three signals.
func OtherSignals() (paths []string, h http.Handler) {
	return []string{"/v1/metrics", "/v1/logs"}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, tracesOnly, http.StatusNotFound)
	})
}
