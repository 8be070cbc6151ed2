package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/validate"

	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service/compress"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/intake"
	"github.com/agenttrace/agenttrace/internal/service/otlpdoor"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// Ingester takes spans in; *ingest.Pipeline is one.
type Ingester = intake.Ingester

// Defaults of [Config], which fill its zero fields.
const (
	DefaultMaxMessageBytes = 64 << 20
	DefaultMaxTraceBytes   = 32 << 20
	DefaultMaxTraceSpans   = 50_000
	DefaultReadTimeout     = 30 * time.Second
	DefaultWriteTimeout    = 60 * time.Second
	DefaultStallTimeout    = 60 * time.Second
	DefaultQueryTimeout    = 10 * time.Minute
)

// Config says what the handler serves. Store, Ingest and Tail are needed; the
// zero value of every other field is its default.
type Config struct {
	Store   repo.Reader
	Ingest  Ingester
	Tail    Tailer
	Ping    func(context.Context) error // whether the store can answer; nil for "it can"
	Ready   func() error                // whether this process takes work; nil for "it does"
	Log     *slog.Logger                // default: discards
	Metrics http.Handler                // served at /metrics; nil for none
	Version string                      // shown at /
	Now     func() time.Time            // default: time.Now

	// Draining is closed when the server begins to stop: streams then end with
	// UNAVAILABLE, everything else as if nothing were. Nil for never.
	Draining <-chan struct{}

	MaxMessageBytes  int // of a request, before and after decompression
	MaxInflightBytes int // of all OTLP requests at once, at least two of the largest; default: four of them, at least 256 MiB
	MaxSpanBytes     int // of one span; default: that of package otlp
	MaxTraceBytes    int // of the spans in one answer of GetTrace or ListSpans
	MaxTraceSpans    int // in one answer of GetTrace

	ReadTimeout  time.Duration // of a unary read
	WriteTimeout time.Duration // of a write, from its first byte to its commit
	StallTimeout time.Duration // how long a client may leave an answer lying
	QueryTimeout time.Duration // of a stream that searches

	// QueryLimits bounds what one query may cost. The bounds of one trace in it
	// are not used: they are MaxTraceBytes and MaxTraceSpans.
	QueryLimits search.Limits
}

func (c Config) withDefaults() Config {
	c.MaxMessageBytes = orDefault(c.MaxMessageBytes, DefaultMaxMessageBytes)
	// Less would refuse the largest message for ever, as if for now. In JSON it
	// is there twice while it becomes protobuf.
	c.MaxInflightBytes = max(orDefault(c.MaxInflightBytes, max(256<<20, 4*c.MaxMessageBytes)), 2*c.MaxMessageBytes+1)
	c.MaxTraceBytes = orDefault(c.MaxTraceBytes, DefaultMaxTraceBytes)
	c.MaxTraceSpans = orDefault(c.MaxTraceSpans, DefaultMaxTraceSpans)
	c.ReadTimeout = orDefault(c.ReadTimeout, DefaultReadTimeout)
	c.WriteTimeout = orDefault(c.WriteTimeout, DefaultWriteTimeout)
	c.StallTimeout = orDefault(c.StallTimeout, DefaultStallTimeout)
	c.QueryTimeout = orDefault(c.QueryTimeout, DefaultQueryTimeout)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Ping == nil {
		c.Ping = func(context.Context) error { return nil }
	}
	if c.Ready == nil {
		c.Ready = func() error { return nil }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func orDefault[T int | time.Duration](n, otherwise T) T {
	if n <= 0 {
		return otherwise
	}
	return n
}

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
	mount := func(path string, h http.Handler) {
		mux.Handle(path, &stallGuard{next: h, timeout: c.StallTimeout})
	}
	mount(agenttracev1connect.NewQueryServiceHandler(&queryService{engine: engines.calls, now: c.Now}, options))

	path, traces := agenttracev1connect.NewTraceServiceHandler(newTraceService(c, engines), options)
	mount(path, traces)
	for _, stream := range []string{
		agenttracev1connect.TraceServiceStreamTraceProcedure,
		agenttracev1connect.TraceServiceStreamTracesProcedure,
		agenttracev1connect.TraceServiceStreamSpansProcedure,
		agenttracev1connect.TraceServiceExportTracesProcedure,
	} {
		mux.Handle(stream, &stallGuard{next: traces, timeout: c.StallTimeout, draining: c.Draining})
	}

	path, tails := agenttracev1connect.NewTailServiceHandler(&tailService{tails: c.Tail, now: c.Now}, options)
	mux.Handle(path, &stallGuard{next: tails, timeout: c.StallTimeout, draining: c.Draining})
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
