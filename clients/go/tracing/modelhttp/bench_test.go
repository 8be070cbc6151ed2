package modelhttp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp"
)

// endless is a body that is one event over and over.
type endless struct {
	event string
	left  int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	e.left--
	return copy(p, e.event), nil
}

func (e *endless) Close() error { return nil }

// BenchmarkChunk is what the observer adds to each chunk of a stream.
func BenchmarkChunk(b *testing.B) {
	tracer, err := tracing.NewTracer(sdktrace.NewTracerProvider())
	if err != nil {
		b.Fatal(err)
	}
	event := `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}]}` + "\n\n"
	base := &passed{response: &http.Response{StatusCode: 200, Body: &endless{event, b.N}}}
	request, err := http.NewRequest(http.MethodPost, "http://h.example/v1/chat/completions", strings.NewReader(question))
	if err != nil {
		b.Fatal(err)
	}
	response, err := modelhttp.Transport(base, modelhttp.Tracer(tracer)).RoundTrip(request)
	if err != nil {
		b.Fatal(err)
	}
	buffer := make([]byte, 4096)
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	b.ResetTimer()
	for {
		if _, err := response.Body.Read(buffer); err != nil {
			break
		}
	}
}

// BenchmarkOtherRequest is what the observer adds to a request that is no call of
// a model.
func BenchmarkOtherRequest(b *testing.B) {
	base := &passed{response: &http.Response{StatusCode: 200, Body: http.NoBody}}
	transport := modelhttp.Transport(base)
	request, err := http.NewRequest(http.MethodPost, "http://h.example/v1/files", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := transport.RoundTrip(request); err != nil {
			b.Fatal(err)
		}
	}
}
