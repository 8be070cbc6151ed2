package modelhttp

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
)

// Transport returns a RoundTripper that sends requests by base, or by
// [http.DefaultTransport] where base is nil, and records calls of models.
func Transport(base http.RoundTripper, options ...Option) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{base, newObserver(options)}
}

type transport struct {
	base     http.RoundTripper
	observer *observer
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.observer.do(r, t.base.RoundTrip)
}

// CloseIdleConnections is what [http.Client.CloseIdleConnections] looks for.
func (t *transport) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// Middleware returns a function that passes a request on to next and records calls
// of models. It is what option.WithMiddleware of openai-go and anthropic-sdk-go
// takes; each attempt of a call that they repeat is a span of its own.
func Middleware(options ...Option) func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	return newObserver(options).do
}

// observer records calls; its fields are set once.
type observer struct {
	tracer                *tracing.Tracer
	provider              string
	recognise             func(*http.Request) API
	maxRequest, maxAnswer int
}

// observedKey marks the context of a call that is being recorded, so that a
// middleware over a Transport does not record it twice.
type observedKey struct{}

func (o *observer) do(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	api := o.recognise(r)
	if api == None || r.Context().Value(observedKey{}) != nil {
		return next(r)
	}
	format, ok := formatOf(api)
	if !ok {
		return next(r)
	}
	started := time.Now()
	known := o.known(r, api, format.operation)
	ctx, span := o.start(r, known)
	if !span.Recording() {
		defer span.End()
		return next(r.WithContext(ctx))
	}
	c := &call{format: format, span: span, started: started, known: known, secrets: secretsOf(r), maxAnswer: o.maxAnswer}
	returned := false
	defer func() {
		if !returned { // next panics: what was sent is recorded all the same
			c.end()
		}
	}()
	sent := r.WithContext(ctx)
	c.request = watchRequest(sent, format.limits(o.maxRequest/4, o.maxRequest))
	response, err := next(sent)
	returned = true
	if err != nil || response == nil {
		c.fail(cmp.Or(err, errNoResponse))
		c.end()
		return response, err
	}
	if response.Request == sent {
		response.Request = r
	}
	c.watch(r.Context(), response)
	return response, nil
}

// errNoResponse is for a RoundTripper that breaks its contract: the client above
// says so to the caller.
var errNoResponse = errors.New("neither a response nor an error came back")

func (o *observer) start(r *http.Request, known tracing.ModelCall) (context.Context, tracing.ModelSpan) {
	ctx := context.WithValue(r.Context(), observedKey{}, true)
	if o.tracer != nil {
		return o.tracer.Model(ctx, known, address(r))
	}
	return tracing.Model(ctx, known, address(r))
}

// known returns what can be said of a call without its body.
func (o *observer) known(r *http.Request, api API, operation tracing.Operation) tracing.ModelCall {
	known := tracing.ModelCall{Operation: operation, Provider: o.provider, Model: modelInPath(r.URL.Path)}
	if known.Provider == "" {
		known.Provider = providerOf(r.URL.Hostname(), api)
	}
	return known
}

func address(r *http.Request) tracing.SpanOption {
	set := []attribute.KeyValue{attribute.String("server.address", r.URL.Hostname())}
	if port, err := strconv.Atoi(r.URL.Port()); err == nil {
		set = append(set, attribute.Int("server.port", port))
	}
	return tracing.Attributes(set...)
}
