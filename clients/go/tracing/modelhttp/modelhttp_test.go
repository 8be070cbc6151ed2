package modelhttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a tracer and the spans that have ended.
type recorder struct {
	*tracing.Tracer
	*tracetest.SpanRecorder
	provider *sdktrace.TracerProvider
}

func record(t testing.TB) *recorder {
	t.Helper()
	r := &recorder{SpanRecorder: tracetest.NewSpanRecorder()}
	r.provider = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.SpanRecorder),
		sdktrace.WithRawSpanLimits(sdktrace.SpanLimits{AttributeValueLengthLimit: -1, AttributeCountLimit: -1, EventCountLimit: -1, LinkCountLimit: -1, AttributePerEventCountLimit: -1, AttributePerLinkCountLimit: -1}))
	tracer, err := tracing.NewTracer(r.provider)
	if err != nil {
		t.Fatal(err)
	}
	r.Tracer = tracer
	return r
}

// span is what a test asks of an ended span.
type span struct {
	sdktrace.ReadOnlySpan
	attributes map[string]attribute.Value
}

// only returns the one span that has ended.
func (r *recorder) only(t testing.TB) span {
	t.Helper()
	ended := r.Ended()
	if len(ended) != 1 {
		t.Fatalf("%d spans have ended", len(ended))
	}
	s := span{ended[0], map[string]attribute.Value{}}
	for _, a := range ended[0].Attributes() {
		s.attributes[string(a.Key)] = a.Value
	}
	return s
}

func (s span) has(t testing.TB, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := s.attributes[name].String(); got != value {
			t.Errorf("%s is %q, not %q", name, got, value)
		}
	}
}

// failed returns the type and message of the failure; "" of none.
func (s span) failed() (kind, message string) {
	if s.Status().Code != codes.Error {
		return "", ""
	}
	return s.attributes["error.type"].String(), s.Status().Description
}

// everything is all that a span says, to look for what must not be there.
func (s span) everything() string {
	var b strings.Builder
	b.WriteString(s.Name() + "\n" + s.Status().Description + "\n")
	for _, a := range s.Attributes() {
		b.WriteString(string(a.Key) + "=" + a.Value.String() + "\n")
	}
	for _, e := range s.Events() {
		b.WriteString(e.Name + "\n")
		for _, a := range e.Attributes {
			b.WriteString(string(a.Key) + "=" + a.Value.String() + "\n")
		}
	}
	return b.String()
}

// serve starts a server for the time of the test.
func serve(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// client returns a client over a transport of the test's own that records.
func client(t testing.TB, r *recorder, options ...modelhttp.Option) *http.Client {
	t.Helper()
	base := &http.Transport{}
	t.Cleanup(base.CloseIdleConnections)
	return &http.Client{Transport: modelhttp.Transport(base, append([]modelhttp.Option{modelhttp.Tracer(r.Tracer)}, options...)...)}
}

func post(t testing.TB, c *http.Client, url, body string) *http.Response {
	t.Helper()
	response, err := c.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func readAll(t testing.TB, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// seen is what a server got, in the order of coming.
type seen struct {
	mu     sync.Mutex
	bodies []string
	sizes  []int64
}

func (s *seen) take(t testing.TB, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies, s.sizes = append(s.bodies, string(body)), append(s.sizes, r.ContentLength)
}

const (
	question = `{"messages":[{"role":"user","content":"Hi"}],"model":"gpt-4o-mini","temperature":0.5}`
	reply    = `{"id":"c1","model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}`
)

// told is what a span must say of question and reply.
var told = map[string]string{
	"openinference.span.kind":                      "LLM",
	"llm.model_name":                               "gpt-4o-mini",
	"llm.provider":                                 "openai",
	"llm.invocation_parameters":                    `{"temperature":0.5}`,
	"llm.input_messages.0.message.content":         "Hi",
	"llm.output_messages.0.message.content":        "Hello",
	"llm.token_count.prompt":                       "10",
	"llm.token_count.completion":                   "5",
	"llm.token_count.prompt_details.cache_read":    "4",
	"llm.token_count.completion_details.reasoning": "2",
	"http.response.status_code":                    "200",
}
