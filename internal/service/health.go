package service

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"

	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/otlpdoor"
)

// pingTimeout bounds how long a probe waits for the store: probes give up soon,
// and "not ready" is then the answer they need.
const pingTimeout = 2 * time.Second

// services are the names that health and reflection know.
func services() []string {
	return []string{
		agenttracev1connect.IngestServiceName,
		agenttracev1connect.TraceServiceName,
		agenttracev1connect.RunServiceName,
		agenttracev1connect.SessionServiceName,
		agenttracev1connect.UsageServiceName,
		agenttracev1connect.QueryServiceName,
		agenttracev1connect.TailServiceName,
		agenttracev1connect.StatusServiceName,
		otlpdoor.ServiceName,
		grpchealth.HealthV1ServiceName,
	}
}

// probes answers who asks whether the server is well.
type probes struct {
	ready func() error
	ping  func(context.Context) error
}

var _ grpchealth.Checker = (*probes)(nil)

func (p *probes) mount(mux *http.ServeMux) {
	mux.Handle(grpchealth.NewHandler(p, connect.WithReadMaxBytes(maxQueryBytes)))
	// The process is up: a supervisor that restarts it when the database is
	// away would make nothing better.
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := p.check(r.Context()); err != nil {
			plain(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		plain(w, http.StatusOK, "ok")
	})
}

// check returns nil when the server takes work and its store can answer.
func (p *probes) check(ctx context.Context) error {
	if err := p.ready(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return p.ping(ctx)
}

// Check implements grpchealth.Checker.
func (p *probes) Check(ctx context.Context, req *grpchealth.CheckRequest) (*grpchealth.CheckResponse, error) {
	if req.Service != "" && !slices.Contains(services(), req.Service) {
		return nil, fault.New(connect.CodeNotFound, fmt.Sprintf("unknown service %.64q", req.Service))
	}
	if p.check(ctx) != nil {
		return &grpchealth.CheckResponse{Status: grpchealth.StatusNotServing}, nil
	}
	return &grpchealth.CheckResponse{Status: grpchealth.StatusServing}, nil
}

// frontPage tells people who open the address in a browser where they are.
func frontPage(version string) http.Handler {
	text := fmt.Sprintf(`agenttrace %s: a trace store for AI agents

POST /v1/traces            OTLP/HTTP, protobuf and JSON
OTLP/gRPC                  set OTEL_EXPORTER_OTLP_ENDPOINT to this address
agenttrace.v1              gRPC, Connect and gRPC-Web; try: grpcurl -plaintext HOST:PORT list
GET /healthz /readyz       probes
GET /metrics               Prometheus
`, version)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, text) })
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}
