package tracing_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// failer is a test, or one try of a property.
type failer interface {
	Helper()
	Fatal(...any)
}

// recording is a tracer and what it sends.
type recording struct {
	*tracing.Tracer
	provider *sdktrace.TracerProvider
	sent     *wire
}

func record(t failer, options ...tracing.TracerOption) recording {
	t.Helper()
	sent := new(wire)
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSyncer(exporterTo(sent)),
		sdktrace.WithRawSpanLimits(sdktrace.SpanLimits{AttributeValueLengthLimit: -1, AttributeCountLimit: -1, EventCountLimit: -1, LinkCountLimit: -1, AttributePerEventCountLimit: -1, AttributePerLinkCountLimit: -1}),
	)
	tracer, err := tracing.NewTracer(provider, options...)
	if err != nil {
		t.Fatal(err)
	}
	return recording{tracer, provider, sent}
}

// spans returns what was sent as the server reads it, in the order in which the
// spans ended.
func (r recording) spans(t failer) []*model.Span {
	t.Helper()
	return r.sent.spans(t)
}

// only returns the one span that was sent.
func (r recording) only(t failer) *model.Span {
	t.Helper()
	spans := r.spans(t)
	if len(spans) != 1 {
		t.Fatal(len(spans), "spans were sent, want one")
	}
	return spans[0]
}

// named returns the span of that name.
func named(t failer, spans []*model.Span, name string) *model.Span {
	t.Helper()
	for _, s := range spans {
		if s.Name == name {
			return s
		}
	}
	t.Fatal("no span is named", name)
	return nil
}

// wire keeps what an exporter would have sent.
type wire struct {
	mu   sync.Mutex
	sent []*tracepb.ResourceSpans
}

func exporterTo(w *wire) sdktrace.SpanExporter { return otlptrace.NewUnstarted(w) }

func (*wire) Start(context.Context) error { return nil }
func (*wire) Stop(context.Context) error  { return nil }

func (w *wire) UploadTraces(_ context.Context, spans []*tracepb.ResourceSpans) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, spans...)
	return nil
}

// bytes returns the request as it goes over the wire.
func (w *wire) bytes(t failer) []byte {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	encoded, err := proto.Marshal(&collector.ExportTraceServiceRequest{ResourceSpans: w.sent})
	if err != nil {
		t.Fatal("what was recorded cannot be sent:", err)
	}
	return encoded
}

func (w *wire) spans(t failer) []*model.Span {
	t.Helper()
	spans, err := otlp.DecodeSpans("default", w.bytes(t))
	if err != nil {
		t.Fatal(err)
	}
	return spans
}
