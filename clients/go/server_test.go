package agenttrace_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"connectrpc.com/connect"
	"go.uber.org/goleak"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// services are what a test's server answers; those that are nil are unknown to it.
type services struct {
	traces   agenttracev1connect.TraceServiceHandler
	ingest   agenttracev1connect.IngestServiceHandler
	query    agenttracev1connect.QueryServiceHandler
	runs     agenttracev1connect.RunServiceHandler
	sessions agenttracev1connect.SessionServiceHandler
	usage    agenttracev1connect.UsageServiceHandler
	tails    agenttracev1connect.TailServiceHandler
	otlp     http.HandlerFunc
}

func (s services) handler(options ...connect.HandlerOption) http.Handler {
	mux := http.NewServeMux()
	if s.traces != nil {
		mux.Handle(agenttracev1connect.NewTraceServiceHandler(s.traces, options...))
	}
	if s.ingest != nil {
		mux.Handle(agenttracev1connect.NewIngestServiceHandler(s.ingest, options...))
	}
	if s.query != nil {
		mux.Handle(agenttracev1connect.NewQueryServiceHandler(s.query, options...))
	}
	if s.runs != nil {
		mux.Handle(agenttracev1connect.NewRunServiceHandler(s.runs, options...))
	}
	if s.sessions != nil {
		mux.Handle(agenttracev1connect.NewSessionServiceHandler(s.sessions, options...))
	}
	if s.usage != nil {
		mux.Handle(agenttracev1connect.NewUsageServiceHandler(s.usage, options...))
	}
	if s.tails != nil {
		mux.Handle(agenttracev1connect.NewTailServiceHandler(s.tails, options...))
	}
	if s.otlp != nil {
		mux.Handle("POST /v1/traces", s.otlp)
	}
	return mux
}

// serve starts a server that speaks HTTP/1.1 and HTTP/2 without TLS, and returns
// its URL.
func serve(t testing.TB, handler http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connectionOf{}, conn)
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// connectionOf is the key of a request's connection in its context.
type connectionOf struct{}

// newClient returns a client that does not wait long between attempts.
func newClient(t testing.TB, url string, options ...agenttrace.Option) *agenttrace.Client {
	t.Helper()
	c, err := agenttrace.New(url, append([]agenttrace.Option{agenttrace.WithBackoff(1, 1000)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// eachProtocol runs a test in each protocol that the client speaks.
func eachProtocol(t *testing.T, test func(t *testing.T, protocol agenttrace.Option)) {
	t.Helper()
	for name, protocol := range map[string]agenttrace.Option{
		"connect": agenttrace.WithConnect(), "grpc": agenttrace.WithGRPC(), "grpc-web": agenttrace.WithGRPCWeb(),
	} {
		t.Run(name, func(t *testing.T) { test(t, protocol) })
	}
}

// recorder keeps what a server saw.
type recorder[T any] struct {
	mu  sync.Mutex
	all []T
}

func (r *recorder[T]) add(v T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, v)
}

func (r *recorder[T]) seen() []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]T(nil), r.all...)
}
