package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/agenttrace/agenttrace/internal/config"
	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/obs"
	"github.com/agenttrace/agenttrace/internal/price"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/retention"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/settle"
	"github.com/agenttrace/agenttrace/internal/tail"
)

// Server is the whole of agenttrace in one value. Fill the exported fields,
// Start it, and Drain it whatever became of it since. Start and Drain are for
// one goroutine, once.
type Server struct {
	Config *config.Config
	Build  obs.Build
	Log    *slog.Logger
	Now    func() time.Time

	addresses []net.Addr
	ready     atomic.Bool
	draining  atomic.Bool
	stopping  chan struct{} // closed when draining is set
	stops     []stopStep
	failed    chan error
}

// Start brings everything up and returns when the server answers. When it
// cannot, it ends what it has begun. Ending ctx breaks a start off and is of no
// consequence after it.
func (s *Server) Start(ctx context.Context) error {
	s.failed, s.stopping = make(chan error, 1), make(chan struct{})
	if err := s.start(ctx); err != nil {
		return errors.Join(err, s.Drain(context.WithoutCancel(ctx)))
	}
	return nil
}

// Addrs returns where the server listens, in the order of the configuration.
func (s *Server) Addrs() []net.Addr { return s.addresses }

// Failed returns a channel that tells why the server ended by itself, if it
// ever does.
func (s *Server) Failed() <-chan error { return s.failed }

// start makes the parts in the order in which they need each other.
func (s *Server) start(ctx context.Context) error {
	certificates, err := loadCertificates(s.Config.Listening)
	if err != nil {
		return err
	}
	prices, err := price.Load(s.Config.Prices)
	if err != nil {
		return fmt.Errorf("prices: %w", err)
	}
	registry := obs.NewRegistry(s.Build)
	shards := shardsOf(s.Config)
	file, isNew := newFile(s.Config.Store)
	store, err := openStore(ctx, s.Config, shards, s.Now)
	if err != nil {
		return err
	}
	if isNew {
		s.Log.Info("made a new database", "file", file)
	}
	s.onStop("store", shareStore, func(ctx context.Context) error { return abandon(ctx, store.Close) })
	pipeline := ingest.New(store, s.ingestConfig(registry, shards))
	s.onStop("ingest", shareIngest, pipeline.Close)
	if err := s.startRetention(ctx, store); err != nil {
		return err
	}
	tails := tail.New(tail.Config{
		Store:         store,
		MaxTraceSpans: int64(s.Config.MaxTraceSpans),
		MaxTraceBytes: int(s.Config.MaxTraceBytes),
		Price:         prices.Price,
		Now:           s.Now,
		Log:           s.Log,
	})
	s.inBackground(ctx, "tail", shareTail, tails.Run)
	settling := s.startSettling(ctx, store, prices, registry)
	handler, err := s.handler(store, pipeline, tails, prices, registry, s.status(store, pipeline, settling))
	if err != nil {
		return err
	}
	if err := s.startHTTP(ctx, newHTTPServer(handler, certificates, s.Log)); err != nil {
		return err
	}
	if s.Config.Demo {
		s.startDemo(ctx, store, pipeline)
	}
	s.ready.Store(true)
	s.Log.Info("ready", "version", s.Build.Version, "listen", s.addresses, "store", s.Config.Store, "shards", shards)
	return nil
}

// shardsOf returns how many transactions may run at once. SQLite has one writer.
func shardsOf(c *config.Config) int {
	switch {
	case c.Shards > 0:
		return c.Shards
	case c.Store.Kind == config.SQLite:
		return 1
	default:
		return ingest.DefaultShards()
	}
}

func (s *Server) ingestConfig(r prometheus.Registerer, shards int) ingest.Config {
	c := s.Config
	return ingest.Config{
		Shards:        shards,
		MaxBatchSpans: c.BatchSpans,
		MaxBatchBytes: int(c.BatchBytes),
		QueueSpans:    c.QueueSpans,
		QueueBytes:    int(c.QueueBytes),
		Linger:        time.Duration(c.BatchLinger),
		CommitTimeout: time.Duration(c.CommitTimeout),
		MaxPast:       c.Past(),
		MaxFuture:     time.Duration(c.MaxFuture),
		Now:           s.Now,
		Log:           s.Log,
		Metrics:       ingest.NewMetrics(r),
	}
}

// handler is every door, observed.
func (s *Server) handler(store repo.Store, pipeline *ingest.Pipeline, tails *tail.Hub, prices *price.Book, registry *prometheus.Registry, status service.Status) (http.Handler, error) {
	c := s.Config
	doors, err := service.NewHandler(service.Config{
		Store:            store,
		Ping:             store.Ping,
		Ingest:           pipeline,
		Tail:             tails,
		Prices:           prices,
		Repricer:         &settle.Repricer{Store: store, Prices: prices},
		Ready:            s.readiness,
		Draining:         s.stopping,
		Log:              s.Log,
		Metrics:          obs.MetricsHandler(registry, s.Log),
		Version:          s.Build.Version,
		Status:           status,
		Now:              s.Now,
		MaxMessageBytes:  int(c.MaxMessageBytes),
		MaxInflightBytes: int(c.MaxInflight),
		MaxSpanBytes:     int(c.MaxSpanBytes),
		MaxTraceBytes:    int(c.MaxTraceBytes),
		MaxTraceSpans:    c.MaxTraceSpans,
		ReadTimeout:      time.Duration(c.ReadTimeout),
		WriteTimeout:     time.Duration(c.WriteTimeout),
		StallTimeout:     time.Duration(c.StallTimeout),
		QueryTimeout:     time.Duration(c.QueryTimeout),
		QueryLimits: search.Limits{
			MaxRange:  time.Duration(c.MaxQueryRange),
			MaxTraces: int64(c.MaxQueryTraces),
			MaxBytes:  int64(c.MaxQueryBytes),
			MaxSeries: c.MaxQuerySeries,
			MaxPoints: int64(c.MaxQueryPoints),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("make the handler: %w", err)
	}
	return obs.NewRequests(registry, s.Log, s.Now, routes()).Wrap(refuseWhile(&s.draining, doors)), nil
}

// readiness says why the server should get no requests, or nil.
func (s *Server) readiness() error {
	switch {
	case s.draining.Load():
		return errors.New("stopping")
	case !s.ready.Load():
		return errors.New("starting")
	}
	return nil
}

// startHTTP opens the addresses and serves them.
func (s *Server) startHTTP(ctx context.Context, server *http.Server) error {
	listeners, err := listen(ctx, s.Config.Listen)
	if err != nil {
		return err
	}
	// Asked before anything is served: Serve itself sets TLSConfig.
	overTLS := server.TLSConfig != nil
	var serving sync.WaitGroup
	for _, l := range listeners { // all of them first: GetStatus reads them
		s.addresses = append(s.addresses, l.Addr())
	}
	for _, l := range listeners {
		serving.Go(func() { s.fail(serveListener(server, l, overTLS)) })
	}
	s.onStop("http", shareHTTP, func(ctx context.Context) error {
		begun := s.Now()
		if err := server.Shutdown(ctx); err != nil {
			// Who is not done has had the time. What was not answered was not
			// promised either: the server ends as it should.
			s.Log.Warn("connections cut: they had requests that did not end in time", "waited", s.Now().Sub(begun), "error", errors.Join(err, server.Close()))
		}
		serving.Wait()
		return nil
	})
	return nil
}

func serveListener(server *http.Server, l net.Listener, overTLS bool) error {
	var err error
	if overTLS {
		err = server.ServeTLS(l, "", "")
	} else {
		err = server.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", l.Addr(), err)
}

// fail remembers the first reason for which the server cannot go on.
func (s *Server) fail(err error) {
	if err == nil {
		return
	}
	select {
	case s.failed <- err:
	default:
	}
}

// startRetention makes room for the spans that will come, before the first of
// them does, and keeps doing so. Old days are dropped beside the start: on a
// large file that may take minutes.
func (s *Server) startRetention(ctx context.Context, store repo.Maintainer) error {
	c := retention.Config{Now: s.Now, Log: s.Log}
	if err := retention.New(store, c).Pass(ctx); err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	c.Keep = time.Duration(s.Config.Retention)
	loop := retention.New(store, c)
	s.inBackground(ctx, "retention", shareRetention, loop.Run)
	return nil
}

// startDemo begins to feed the server, beside its start: it answers at once.
func (s *Server) startDemo(ctx context.Context, store repo.Reader, pipeline *ingest.Pipeline) {
	d := newDemo(store, pipeline, s.Log, s.Now)
	s.inBackground(ctx, "demo", shareDemo, d.run)
}

// inBackground runs a loop until Drain, whatever becomes of the start's ctx.
func (s *Server) inBackground(ctx context.Context, name string, share int, loop func(context.Context)) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		loop(ctx)
	}()
	s.onStop(name, share, func(ctx context.Context) error {
		cancel()
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}
