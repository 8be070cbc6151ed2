package service_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"

	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/repo/sqlite"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/tail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is what the clock of every test server says.
var now = time.Date(2026, 3, 14, 15, 9, 26, 535_897_932, time.UTC)

// server is the handler behind a real socket.
type server struct {
	url    string
	h1, h2 *http.Client
	store  *sqlite.Store // nil when the test brought its own
	traces agenttracev1connect.TraceServiceClient
	ingest agenttracev1connect.IngestServiceClient
	query  agenttracev1connect.QueryServiceClient
	tails  agenttracev1connect.TailServiceClient
	runs   agenttracev1connect.RunServiceClient
	visits agenttracev1connect.SessionServiceClient
	usage  agenttracev1connect.UsageServiceClient
	log    *logRecords
}

// newServer starts a server on an empty SQLite store with a real pipeline.
// Changes may replace parts of it.
func newServer(t testing.TB, changes ...func(*service.Config)) *server {
	t.Helper()
	s := &server{log: &logRecords{}}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "traces.db"), sqlite.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	s.store = store
	pipeline := ingest.New(store, ingest.Config{Shards: 1, Now: func() time.Time { return now }})
	hub := tail.New(tail.Config{Store: store})
	following, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { hub.Run(following) })
	t.Cleanup(func() {
		stop()
		running.Wait()
		if err := pipeline.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("logged errors: %q, panics: %q", s.log.attr("error"), s.log.attr("panic"))
		}
	})
	c := service.Config{
		Store: store, Ingest: pipeline, Tail: hub, Ping: store.Ping, Log: slog.New(s.log), Version: "test", Now: func() time.Time { return now },
	}
	for _, change := range changes {
		change(&c)
	}
	handler, err := service.NewHandler(c)
	if err != nil {
		t.Fatal(err)
	}
	s.listen(t, handler)
	return s
}

func (s *server) listen(t testing.TB, handler http.Handler) {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	listener := httptest.NewUnstartedServer(handler)
	listener.Config.Protocols = &protocols
	listener.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	listener.Start()
	t.Cleanup(listener.Close)

	s.url = listener.URL
	s.h1 = newClient(t, func(p *http.Protocols) { p.SetHTTP1(true) })
	s.h2 = newClient(t, func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) })
	s.traces = agenttracev1connect.NewTraceServiceClient(s.h2, s.url, connect.WithGRPC())
	s.ingest = agenttracev1connect.NewIngestServiceClient(s.h2, s.url, connect.WithGRPC())
	s.query = agenttracev1connect.NewQueryServiceClient(s.h2, s.url, connect.WithGRPC())
	s.tails = agenttracev1connect.NewTailServiceClient(s.h2, s.url, connect.WithGRPC())
	s.runs = agenttracev1connect.NewRunServiceClient(s.h2, s.url, connect.WithGRPC())
	s.visits = agenttracev1connect.NewSessionServiceClient(s.h2, s.url, connect.WithGRPC())
	s.usage = agenttracev1connect.NewUsageServiceClient(s.h2, s.url, connect.WithGRPC())
}

func newClient(t testing.TB, choose func(*http.Protocols)) *http.Client {
	var protocols http.Protocols
	choose(&protocols)
	transport := &http.Transport{Protocols: &protocols, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// inProject returns a context for calls to a project.
func inProject(ctx context.Context, project string) context.Context {
	ctx, call := connect.NewClientContext(ctx)
	call.RequestHeader().Set("agenttrace-project", project)
	return ctx
}

// logRecords keeps what was logged.
type logRecords struct {
	mu      sync.Mutex
	records []slog.Record
}

func (l *logRecords) Enabled(context.Context, slog.Level) bool { return true }
func (l *logRecords) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logRecords) WithGroup(string) slog.Handler            { return l }

func (l *logRecords) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, r.Clone())
	return nil
}

// attr returns the values of an attribute in everything that was logged.
func (l *logRecords) attr(key string) (values []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.records {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == key {
				values = append(values, a.Value.String())
			}
			return true
		})
	}
	return values
}
