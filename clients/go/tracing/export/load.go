package export

import (
	"context"
	"errors"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/spill"
	"github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/wire"
)

// load is what one request carries.
type load struct {
	request []byte                  // encoded, for a Sender
	spans   []sdktrace.ReadOnlySpan // as they are, for an exporter of the SDK

	n     int    // spans
	bytes int    // memory that they are estimated to take; 0 when they are in a file
	first uint64 // the number of the first, when they are in memory
	from  *origin

	tries    int // how often it was Doubtful
	timeouts int // how often there was no answer in time
}

// origin is the file that loads came from.
type origin struct {
	file  spill.Entry
	loads int // how many of its loads are not done
}

// target is a backend, as the loop sees it.
type target interface {
	// pack makes a load of spans.
	pack(spans []sdktrace.ReadOnlySpan) *load
	send(context.Context, *load) error
	// split halves a load; nil when that cannot be done.
	split(*load) []*load
	close(context.Context) error
}

// otlpTarget sends encoded requests.
type otlpTarget struct{ sender Sender }

func (t otlpTarget) pack(spans []sdktrace.ReadOnlySpan) *load {
	return &load{request: wire.Encode(spans), n: len(spans)}
}

func (t otlpTarget) send(ctx context.Context, l *load) error { return t.sender.Send(ctx, l.request) }

func (t otlpTarget) close(context.Context) error { return t.sender.Close() }

func (t otlpTarget) split(l *load) []*load {
	if l.n < 2 {
		return nil
	}
	first, second, err := wire.Halves(l.request, l.n)
	if err != nil {
		return nil // it is rejected then, whole
	}
	a, b := l.halves()
	a.request, b.request = first, second
	return []*load{a, b}
}

// halves divides what is counted of a load.
func (l *load) halves() (*load, *load) {
	a := &load{n: l.n / 2, bytes: l.bytes / 2, first: l.first, from: l.from}
	b := &load{n: l.n - a.n, bytes: l.bytes - a.bytes, first: l.first + uint64(a.n), from: l.from}
	if l.from != nil {
		l.from.loads++
	}
	return a, b
}

// sdkTarget gives spans to an exporter of the SDK.
type sdkTarget struct{ exporter sdktrace.SpanExporter }

func (t sdkTarget) pack(spans []sdktrace.ReadOnlySpan) *load {
	return &load{spans: spans, n: len(spans)}
}

// send makes an error that says nothing more final, as OpenTelemetry wants it:
// exporters try again by themselves.
func (t sdkTarget) send(ctx context.Context, l *load) error {
	err := t.exporter.ExportSpans(ctx, l.spans)
	if _, classified := errors.AsType[*Fault](err); err == nil || classified {
		return err
	}
	return &Fault{Kind: Refused, Message: err.Error(), Err: err}
}

func (t sdkTarget) close(ctx context.Context) error { return t.exporter.Shutdown(ctx) }

func (t sdkTarget) split(l *load) []*load {
	if l.n < 2 {
		return nil
	}
	a, b := l.halves()
	a.spans, b.spans = l.spans[:a.n], l.spans[a.n:]
	return []*load{a, b}
}
