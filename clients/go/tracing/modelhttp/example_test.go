package modelhttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp"
)

// A client over Transport records its calls of models. A program makes its tracer
// by tracing.Setup, and needs no option.
func ExampleTransport() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, reply)
	}))
	defer server.Close()
	spans := tracetest.NewInMemoryExporter()
	tracer, err := tracing.NewTracer(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))
	if err != nil {
		fmt.Println(err)
		return
	}

	client := &http.Client{Transport: modelhttp.Transport(nil, modelhttp.Tracer(tracer))}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, server.URL+"/v1/chat/completions",
		strings.NewReader(`{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	response, err := client.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()

	for _, span := range spans.GetSpans() {
		fmt.Println(span.Name)
		for _, a := range span.Attributes {
			switch a.Key {
			case "llm.input_messages.0.message.content", "llm.output_messages.0.message.content", "llm.token_count.total":
				fmt.Println(a.Key, "=", a.Value.String())
			}
		}
	}
	// Output:
	// chat gpt-4o-mini
	// llm.output_messages.0.message.content = Hello
	// llm.token_count.total = 15
	// llm.input_messages.0.message.content = Hi
}
