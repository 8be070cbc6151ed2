package service

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"connectrpc.com/connect"
	"connectrpc.com/validate"

	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/service/compress"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/intake"
	"github.com/agenttrace/agenttrace/internal/service/otlpdoor"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// maxQueryBytes bounds requests that ask: they hold a few names.
const maxQueryBytes = 1 << 20

// NewHandler returns the handler of all doors. It may serve any number of
// listeners, and has nothing to close.
func NewHandler(c Config) (http.Handler, error) {
	if c.Store == nil || c.Ingest == nil || c.Tail == nil {
		return nil, errors.New("service: Store, Ingest and Tail are needed")
	}
	c = c.withDefaults()
	faults := &fault.Mapper{Log: c.Log}
	in := &intake.Intake{Ingest: c.Ingest, Limits: otlp.Limits{MaxSpanBytes: c.MaxSpanBytes}}

	mux := http.NewServeMux()
	door := otlpdoor.New(otlpdoor.Config{
		Intake:           in,
		Faults:           faults,
		Decoders:         compress.NewDecoders(c.MaxMessageBytes),
		MaxMessageBytes:  c.MaxMessageBytes,
		MaxInflightBytes: c.MaxInflightBytes,
		Timeout:          c.WriteTimeout,
	})
	mux.Handle(otlpdoor.GRPCPath, door.GRPC())
	mux.Handle(otlpdoor.HTTPPath, door.HTTP())
	others, refusal := otlpdoor.OtherSignals()
	for _, path := range others {
		mux.Handle(path, refusal)
	}

	mux.Handle(agenttracev1connect.NewIngestServiceHandler(&ingestService{intake: in},
		rpcOptions(&boundary{faults: faults, timeout: c.WriteTimeout}, c.MaxMessageBytes)))
	mountReaders(mux, c, rpcOptions(&boundary{faults: faults, timeout: c.ReadTimeout}, maxQueryBytes))

	probes := &probes{ready: c.Ready, ping: c.Ping}
	probes.mount(mux)
	if err := mountReflection(mux); err != nil {
		return nil, fmt.Errorf("service: reflection: %w", err)
	}
	if c.Metrics != nil {
		mux.Handle("GET /metrics", c.Metrics)
	}
	mux.Handle("GET /{$}", frontPage(c.Version))
	return mux, nil
}

// mountReaders serves the services that read. Their streams end when the server
// begins to stop.
func mountReaders(mux *http.ServeMux, c Config, options connect.HandlerOption) {
	engines := newEngines(c)
	mount := func(path string, h http.Handler, streams ...string) {
		mux.Handle(path, &stallGuard{next: h, timeout: c.StallTimeout})
		for _, stream := range streams {
			mux.Handle(stream, &stallGuard{next: h, timeout: c.StallTimeout, draining: c.Draining})
		}
	}
	path, h := readers(agenttracev1connect.NewQueryServiceHandler, options)(newQueryService(c, engines))
	mount(path, h)
	path, h = readers(agenttracev1connect.NewTraceServiceHandler, options)(newTraceService(c, engines))
	mount(path, h,
		agenttracev1connect.TraceServiceStreamTraceProcedure,
		agenttracev1connect.TraceServiceStreamTracesProcedure,
		agenttracev1connect.TraceServiceStreamSpansProcedure,
		agenttracev1connect.TraceServiceExportTracesProcedure)
	path, h = readers(agenttracev1connect.NewRunServiceHandler, options)(newRunService(c, engines))
	mount(path, h, agenttracev1connect.RunServiceStreamRunsProcedure)
	path, h = readers(agenttracev1connect.NewSessionServiceHandler, options)(newSessionService(c))
	mount(path, h, agenttracev1connect.SessionServiceStreamSessionProcedure)
	path, h = readers(agenttracev1connect.NewUsageServiceHandler, options)(newUsageService(c, engines))
	mount(path, h, agenttracev1connect.UsageServiceRepriceProcedure)
	path, h = readers(agenttracev1connect.NewStatusServiceHandler, options)(newStatusService(c))
	mount(path, h)

	path, h = readers(agenttracev1connect.NewTailServiceHandler, options)(&tailService{tails: c.Tail, prices: c.Prices, now: c.Now})
	mux.Handle(path, &stallGuard{next: h, timeout: c.StallTimeout, draining: c.Draining})
}

// readers returns what makes the handler of a service: two of Connect's in one, since
// answers to clients on this machine are not compressed.
func readers[S any](newHandler func(S, ...connect.HandlerOption) (string, http.Handler), options connect.HandlerOption) func(S) (string, http.Handler) {
	return func(service S) (string, http.Handler) {
		path, far := newHandler(service, options)
		_, near := newHandler(service, options, compress.Never())
		return path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if compress.IsNear(r) {
				near.ServeHTTP(w, r)
			} else {
				far.ServeHTTP(w, r)
			}
		})
	}
}

// rpcOptions is what our own services have in common.
func rpcOptions(b *boundary, maxBytes int) connect.HandlerOption {
	var asJSON []connect.HandlerOption
	for _, codec := range jsonCodecs() {
		asJSON = append(asJSON, connect.WithCodec(codec))
	}
	return connect.WithHandlerOptions(
		connect.WithRequestGate(func(ctx context.Context, _ connect.Spec, _ connect.Peer, header http.Header) (context.Context, error) {
			return tenant.WithProject(ctx, header)
		}),
		connect.WithInterceptors(b, validate.NewInterceptor()),
		connect.WithCodec(protoCodec{}),
		connect.WithHandlerOptions(asJSON...),
		compress.HandlerOptions(maxBytes),
		connect.WithCompressMinBytes(1<<10),
		connect.WithReadMaxBytes(maxBytes),
	)
}
