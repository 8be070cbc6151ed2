package doctor

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// Project is the one into which test spans go, so that they are among nobody's own.
const Project = "doctor"

// send sends a test span by each protocol, to where exporters would send theirs, and
// looks for them at the server. What the environment's exporters do not speak may
// fail without harm.
func (e *examination) send(ctx context.Context, x *exporter) {
	for _, way := range []struct {
		check string
		post  func(context.Context, *exporter, *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error)
		used  bool
	}{
		{"test span by HTTP", e.postHTTP, !x.grpc()},
		{"test span by gRPC", e.postGRPC, x.grpc()},
	} {
		f := e.roundTrip(ctx, x, way.check, way.post)
		if f.State == Failure && !way.used {
			f.State = Warning
			f.Says += " Exporters in this environment use the other protocol."
		}
		e.say(ctx, f)
	}
}

func (e *examination) roundTrip(ctx context.Context, x *exporter, check string,
	post func(context.Context, *exporter, *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error),
) Finding {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // which does not fail
	sending, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	begun := e.Now()
	res, err := post(sending, x, e.testSpan(id))
	if err != nil {
		return failure(check, fmt.Sprintf("Sending to %s failed: %v.", x.url.Redacted(), err),
			"See the checks above. If they find nothing, a proxy or collector on the way may not take this protocol.")
	}
	if p := res.GetPartialSuccess(); p.GetRejectedSpans() > 0 {
		return failure(check, fmt.Sprintf("The span was refused: %.300s.", p.GetErrorMessage()), "Correct what it says; a clock that is wrong is the usual reason.")
	}
	took := e.Now().Sub(begun)
	if e.status == nil {
		return ok(check, fmt.Sprintf("The span was taken in %s. Nobody was there to ask for it again.", length(took)))
	}
	if err := e.find(ctx, hex.EncodeToString(id)); err != nil {
		return failure(check, fmt.Sprintf("The span was taken by %s, but %v.", x.url.Redacted(), err),
			"What takes it is another server, or a collector that does not pass it on: see its configuration and log.",
			"Or: export OTEL_EXPORTER_OTLP_ENDPOINT="+e.advised())
	}
	return ok(check, fmt.Sprintf("A span was stored in %s and read again (project %s).", length(took), Project))
}

// testSpan is a request as an exporter would send it.
func (e *examination) testSpan(id []byte) *collector.ExportTraceServiceRequest {
	text := func(key, value string) *common.KeyValue {
		return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
	}
	now := uint64(e.Now().UnixNano())
	span := &trace.Span{
		TraceId: id, SpanId: id[:8], Name: "agenttrace doctor", Kind: trace.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: now - uint64(time.Millisecond), EndTimeUnixNano: now,
		Attributes: []*common.KeyValue{text("openinference.span.kind", "CHAIN")},
		Status:     &trace.Status{Code: trace.Status_STATUS_CODE_OK},
	}
	return &collector.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{
		Resource:   &resource.Resource{Attributes: []*common.KeyValue{text("service.name", "agenttrace-doctor")}},
		ScopeSpans: []*trace.ScopeSpans{{Scope: &common.InstrumentationScope{Name: "agenttrace-doctor", Version: e.Version}, Spans: []*trace.Span{span}}},
	}}}
}

// find looks for the test span until it is there. Our server has it at once, as it
// answered; one that is behind a collector a little later.
func (e *examination) find(ctx context.Context, id string) error {
	client, err := e.Client(Project)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	pause := 50 * time.Millisecond
	for {
		found, err := client.ListSpans(ctx, &agenttrace.ListSpansRequest{TraceId: id, PageSize: 1})
		switch {
		case ctx.Err() == nil && err != nil:
			return fmt.Errorf("looking for it failed: %w", err)
		case len(found.GetSpans()) > 0:
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
			pause = min(2*pause, time.Second)
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%s does not have it after %v", e.url.Redacted(), e.Patience)
		}
	}
}
