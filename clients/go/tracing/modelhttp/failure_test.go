package modelhttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp"
)

// onEnd is a span processor that calls when a span has ended.
type onEnd func()

func (f onEnd) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (f onEnd) OnEnd(sdktrace.ReadOnlySpan)                     { f() }
func (f onEnd) Shutdown(context.Context) error                  { return nil }
func (f onEnd) ForceFlush(context.Context) error                { return nil }

const key = "sk-very-secret-0123456789"

func TestRefusedCallsFailWithWhatTheServerSays(t *testing.T) {
	for _, test := range []struct {
		name, path, body, kind, message string
		status                          int
	}{
		{"too many", "/v1/chat/completions", `{"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}`, "tokens", "tokens: Rate limit reached", 429},
		{"overloaded", "/v1/messages", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, "overloaded_error", "overloaded_error: Overloaded", 529},
		{"bad", "/v1beta/models/g:streamGenerateContent", `[{"error":{"code":400,"message":"Bad","status":"INVALID_ARGUMENT"}}]`, "INVALID_ARGUMENT", "INVALID_ARGUMENT: Bad", 400},
		{"no JSON", "/v1/responses", "<html>", "502", "HTTP status 502", 502},
		{"a key that the server repeats", "/v1/chat/completions", `{"error":{"message":"Incorrect API key: ` + key + `"}}`, "401", "HTTP status 401: Incorrect API key: __REDACTED__", 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			request, err := http.NewRequest(http.MethodPost, server.URL+test.path+"?key="+key, strings.NewReader(question))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+key)
			request.Header.Set("Anthropic-Version", "2023-06-01")
			r := record(t)
			response, err := client(t, r).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, response); got != test.body {
				t.Errorf("the caller got %q", got)
			}
			s := r.only(t)
			if kind, message := s.failed(); kind != test.kind || message != test.message {
				t.Errorf("failed as %q with %q", kind, message)
			}
			s.has(t, map[string]string{"http.response.status_code": itoa(test.status), "llm.provider": s.attributes["llm.provider"].AsString()})
			if strings.Contains(s.everything(), "very-secret") {
				t.Error("the key is in the span")
			}
		})
	}
}

func TestNoCredentialThatAServerRepeatsIsRecorded(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, strings.Join([]string{"not known:", name, password, r.Header.Get("Ocp-Apim-Subscription-Key"), r.URL.Query().Get("subscription-key")}, " "))
	})
	address := strings.Replace(server.URL, "http://", "http://"+key+":"+key+"1@", 1)
	request, err := http.NewRequest(http.MethodPost, address+"/v1/chat/completions?subscription-key="+key+"2", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Ocp-Apim-Subscription-Key", key+"3")
	r := record(t)
	response, err := client(t, r).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, response)
	want := "HTTP status 401: not known: __REDACTED__ __REDACTED__ __REDACTED__ __REDACTED__"
	if _, message := r.only(t).failed(); message != want {
		t.Errorf("failed with %q", message)
	}
}

func itoa(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}

func TestErrorsInAStreamFailTheCall(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, chunks[1]+`data: {"error":{"message":"boom","type":"server_error"}}`+"\n\n")
	})
	r := record(t)
	readAll(t, post(t, client(t, r), server.URL+"/v1/chat/completions", question))
	s := r.only(t)
	s.has(t, map[string]string{"llm.output_messages.0.message.content": "Hel"})
	if kind, message := s.failed(); kind != "server_error" || message != "server_error: boom" {
		t.Errorf("failed as %q with %q", kind, message)
	}
}

func TestAnErrorOfTheNetworkFailsTheCallWithoutTheKeyInItsAddress(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // nobody answers there
	r := record(t)
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	request, err := http.NewRequest(http.MethodPost, "http://"+address+"/v1beta/models/g:generateContent?key="+key, strings.NewReader(`{"contents":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = modelhttp.Middleware(modelhttp.Tracer(r.Tracer))(request, (&http.Client{Transport: base}).Do)
	if err == nil || !strings.Contains(err.Error(), key) {
		t.Fatalf("the caller got %v", err)
	}
	s := r.only(t)
	kind, message := s.failed()
	if kind != "*net.OpError" || !strings.Contains(message, "connection refused") {
		t.Errorf("failed as %q with %q", kind, message)
	}
	if strings.Contains(s.everything(), "very-secret") {
		t.Errorf("the key is in the span: %s", s.everything())
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestATransportThatReturnsNothingIsTheClientsToReport(t *testing.T) {
	r := record(t)
	c := &http.Client{Transport: modelhttp.Transport(failing{}, modelhttp.Tracer(r.Tracer))}
	response, err := c.Post("http://h.example/v1/chat/completions", "application/json", strings.NewReader(question))
	if err == nil {
		t.Fatalf("the caller got %s", response.Status)
	}
	if kind, _ := r.only(t).failed(); kind == "" {
		t.Error("the call did not fail")
	}
}

func TestTheCallersErrorIsTheOriginal(t *testing.T) {
	r := record(t)
	cause := errors.New("no route for " + key)
	request, err := http.NewRequest(http.MethodPost, "http://h.example/v1/chat/completions", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	if _, err := modelhttp.Transport(failing{cause}, modelhttp.Tracer(r.Tracer)).RoundTrip(request); err != cause {
		t.Errorf("the caller got %v", err)
	}
	if _, message := r.only(t).failed(); message != "no route for __REDACTED__" {
		t.Errorf("failed with %q", message)
	}
}

type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("oh") }

func TestAPanicOfTheTransportPassesAndEndsTheSpan(t *testing.T) {
	r := record(t)
	defer func() {
		if p := recover(); p != "oh" {
			t.Errorf("recovered %v", p)
		}
		r.only(t)
	}()
	request, err := http.NewRequest(http.MethodPost, "http://h.example/v1/chat/completions", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = modelhttp.Transport(panicking{}, modelhttp.Tracer(r.Tracer)).RoundTrip(request)
}

func TestWhatIsSampledOutPassesUnobserved(t *testing.T) {
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	tracer, err := tracing.NewTracer(provider)
	if err != nil {
		t.Fatal(err)
	}
	body := io.NopCloser(strings.NewReader(reply))
	base := &passed{response: &http.Response{StatusCode: 200, Body: body}}
	request, err := http.NewRequest(http.MethodPost, "http://h.example/v1/chat/completions", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	response, err := modelhttp.Transport(base, modelhttp.Tracer(tracer)).RoundTrip(request)
	if err != nil || response.Body != body || base.request.Body != request.Body {
		t.Errorf("a body is observed, or %v", err)
	}
}

func TestTheSpanIsBelowTheCallersAndAboveTheTransports(t *testing.T) {
	r := record(t)
	ctx, agent := r.Agent(t.Context(), "a", tracing.Session("s1"))
	base := &passed{response: &http.Response{StatusCode: 200, Body: http.NoBody}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://h.example/v1/chat/completions", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := modelhttp.Transport(base).RoundTrip(request); err != nil { // by the tracer of the span above
		t.Fatal(err)
	}
	s := r.only(t)
	s.has(t, map[string]string{"session.id": "s1"})
	if s.Parent().SpanID().String() != agent.SpanID() {
		t.Error("it is not below the agent")
	}
	if trace.SpanContextFromContext(base.request.Context()).SpanID() != s.SpanContext().SpanID() {
		t.Error("what the transport starts is not below it")
	}
	agent.End()
}
