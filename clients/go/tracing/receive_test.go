package tracing_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
)

// receiver is an OTLP backend that keeps what it gets.
type receiver struct {
	*httptest.Server
	refuses atomic.Bool

	mu      sync.Mutex
	bodies  [][]byte
	headers []http.Header
}

// receive starts a receiver, has the environment point to it, and leaves no
// provider behind.
func receive(t *testing.T) *receiver {
	t.Helper()
	r := new(receiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil || request.URL.Path != "/v1/traces" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if r.refuses.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies, r.headers = append(r.bodies, body), append(r.headers, request.Header)
	}))
	t.Cleanup(r.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	global(t, noop.NewTracerProvider())
	return r
}

// global sets the global provider for the time of a test.
func global(t *testing.T, p trace.TracerProvider) {
	otel.SetTracerProvider(p)
	t.Cleanup(func() { otel.SetTracerProvider(noop.NewTracerProvider()) })
}

func (r *receiver) spans(t *testing.T) []*model.Span {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*model.Span
	for _, body := range r.bodies {
		spans, err := otlp.DecodeSpans("default", body)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, spans...)
	}
	return all
}

func setup(t *testing.T, options ...tracing.Option) (shutdown func()) {
	t.Helper()
	stop, err := tracing.Setup(t.Context(), append([]tracing.Option{tracing.Logger(slog.New(slog.DiscardHandler))}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	end := func() {
		if err := stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { _ = stop(context.WithoutCancel(t.Context())) })
	return end
}
