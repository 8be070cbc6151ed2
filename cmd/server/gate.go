package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

// Paths that are answered while the server drains: those who watch it must see
// that it does.
const (
	pathHealth     = "/healthz"
	pathReady      = "/readyz"
	pathMetrics    = "/metrics"
	pathGRPCHealth = "/grpc.health.v1.Health/"
)

const drainingText = "the server is stopping; try again, it or another will answer"

// refuseWhile returns next with new requests refused while draining is set, in
// a way that every sender understands as "try again": those of connections that
// were open before. New connections find no one who listens.
func refuseWhile(draining *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !draining.Load() || isProbe(r.URL.Path):
			next.ServeHTTP(w, r)
		case strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc"):
			refuseGRPC(w, r)
		default:
			refuseHTTP(w, r)
		}
	})
}

func isProbe(path string) bool {
	return path == pathHealth || path == pathReady || path == pathMetrics || strings.HasPrefix(path, pathGRPCHealth)
}

// refuseGRPC answers UNAVAILABLE without a message: gRPC's "trailers only", whose
// status stands in the headers. It is right for gRPC-Web as well.
func refuseGRPC(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", r.Header.Get("Content-Type"))
	h.Set("Grpc-Status", "14")
	h.Set("Grpc-Message", drainingText)
	w.WriteHeader(http.StatusOK)
}

// refuseHTTP answers 503 with a body that Connect clients understand and people
// can read. OTLP senders look at the status and at Retry-After only.
func refuseHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	fmt.Fprintf(w, `{"code":"unavailable","message":%q}`+"\n", drainingText)
}
