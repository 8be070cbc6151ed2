package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/config"
	"github.com/agenttrace/agenttrace/internal/obs"
	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/sample"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// newServer describes a server on a free port and a fresh file. Args are added:
// another --listen is one more address.
func newServer(t *testing.T, args ...string) *Server {
	t.Helper()
	file := "sqlite:" + filepath.Join(t.TempDir(), "test.db")
	c, err := config.Parse(append([]string{"--listen=127.0.0.1:0", "--store=" + file}, args...), nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	return &Server{Config: c, Build: obs.Build{Version: "test"}, Log: log, Now: time.Now}
}

// start starts s; the test's end drains it, if the test has not.
func start(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { drain(t, s) })
}

func drain(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Drain(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("drain: %v", err)
	}
}

// again returns a server like s that has not been started, on the same file.
func again(s *Server) *Server {
	return &Server{Config: s.Config, Build: s.Build, Log: s.Log, Now: s.Now}
}

func url(s *Server, address int) string {
	scheme := "http"
	if s.Config.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + s.Addrs()[address].String()
}

// client returns a client with connections of its own, by HTTP/1.1 or HTTP/2.
func client(t *testing.T, version2 bool) *http.Client {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols), ExpectContinueTimeout: time.Minute}
	transport.Protocols.SetHTTP1(!version2)
	transport.Protocols.SetUnencryptedHTTP2(version2)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func post(t *testing.T, c *http.Client, url string, body io.Reader) *http.Response {
	t.Helper()
	res, err := c.Post(url+"/v1/traces", "application/x-protobuf", body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res
}

func mustPost(t *testing.T, c *http.Client, url string, trace sample.Trace) {
	t.Helper()
	if res := post(t, c, url, bytes.NewReader(trace.Request())); res.StatusCode != http.StatusOK {
		t.Fatalf("spans are answered with %s", res.Status)
	}
}

// mustFind demands that the trace is answered with as many spans as it has.
func mustFind(t *testing.T, c *http.Client, url string, trace sample.Trace, options ...connect.ClientOption) {
	t.Helper()
	reader := agenttracev1connect.NewTraceServiceClient(c, url, options...)
	res, err := reader.GetTrace(t.Context(), &agenttracev1.GetTraceRequest{TraceId: trace.ID.String()})
	if err != nil {
		t.Fatalf("get trace %s: %v", trace.ID, err)
	}
	if len(res.GetSpans()) != len(trace.Spans) {
		t.Errorf("trace %s has %d spans, want %d", trace.ID, len(res.GetSpans()), len(trace.Spans))
	}
}

func newTrace(seed uint64) sample.Trace {
	return sample.New(sample.Options{Seed: seed}).Trace(time.Now().Add(-time.Hour))
}

// await polls until done holds.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		case <-ticker.C:
		}
	}
}

func TestSpansAreAnsweredAndSurviveARestart(t *testing.T) {
	for name, args := range map[string][]string{"sqlite": nil, "postgres": {"--store=" + pgtest.Database(t)}} {
		t.Run(name, func(t *testing.T) {
			trace := newTrace(1)
			first := newServer(t, args...)
			start(t, first)
			c := client(t, false)
			mustPost(t, c, url(first, 0), trace)
			mustFind(t, c, url(first, 0), trace)
			c.CloseIdleConnections()
			drain(t, first)

			second := again(first)
			start(t, second)
			mustFind(t, c, url(second, 0), trace)
		})
	}
}

func TestEachAddressServesEachProtocol(t *testing.T) {
	s := newServer(t, "--listen=127.0.0.1:0") // one more
	start(t, s)
	if len(s.Addrs()) != 2 || s.Addrs()[0].String() == s.Addrs()[1].String() {
		t.Fatalf("listens on %v, want two addresses", s.Addrs())
	}
	for address := range s.Addrs() {
		for _, version2 := range []bool{false, true} {
			trace := newTrace(uint64(address)*2 + uint64(len(fmt.Sprint(version2))))
			c := client(t, version2)
			mustPost(t, c, url(s, address), trace)
			mustFind(t, c, url(s, address), trace)
			mustFind(t, c, url(s, address), trace, connect.WithGRPCWeb())
			if version2 {
				mustFind(t, c, url(s, address), trace, connect.WithGRPC())
			}
		}
	}
}

func TestTakenPortIsToldWithWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := newServer(t, "--listen="+taken.Addr().String())
	err = s.Start(t.Context())
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("got %v, want EADDRINUSE", err)
	}
	for _, want := range []string{taken.Addr().String(), "--listen", "AGENTTRACE_LISTEN"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %s", err, want)
		}
	}
	// The failed start let go of the file, and of the address that was free.
	s.Config.Listen = []string{"127.0.0.1:0"}
	start(t, again(s))
}

func TestStoreThatCannotBeOpenedIsNamed(t *testing.T) {
	s := newServer(t)
	s.Config.Store.Path = t.TempDir() // a directory
	err := s.Start(t.Context())
	if err == nil {
		drain(t, s)
		t.Fatal("started on a directory")
	}
	if !strings.Contains(err.Error(), s.Config.Store.String()) {
		t.Errorf("%q does not name the store", err)
	}
}

func TestReadinessFollowsTheServersLife(t *testing.T) {
	s := newServer(t)
	if s.readiness() == nil {
		t.Error("ready before its start")
	}
	start(t, s)
	if err := s.readiness(); err != nil {
		t.Errorf("after the start: %v", err)
	}
	drain(t, s)
	if s.readiness() == nil {
		t.Error("ready after its end")
	}
}

func TestMetricsTellProceduresApart(t *testing.T) {
	s := newServer(t)
	start(t, s)
	c, trace := client(t, true), newTrace(1)
	mustPost(t, c, url(s, 0), trace)
	mustFind(t, c, url(s, 0), trace, connect.WithGRPC())
	page := metricsOf(t, c, s)
	for _, want := range []string{
		`agenttrace_http_requests_total{code="200",route="/v1/traces"} 1`,
		`agenttrace_http_requests_total{code="ok",route="/agenttrace.v1.TraceService/GetTrace"} 1`,
		fmt.Sprintf("agenttrace_ingest_spans_stored_total %d", len(trace.Spans)),
		`agenttrace_build_info{`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func metricsOf(t *testing.T, c *http.Client, s *Server) string {
	t.Helper()
	res, err := c.Get(url(s, 0) + pathMetrics)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestGreetingTellsWhereAndHow(t *testing.T) {
	s := newServer(t, "--listen=0.0.0.0:0", "--insecure")
	start(t, s)
	greeting := s.Greeting()
	_, port, err := net.SplitHostPort(s.Addrs()[1].String())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		s.Addrs()[0].String(), s.Addrs()[1].String(), s.Config.Store.String(),
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:" + port,
		"grpcurl -plaintext " + s.Addrs()[0].String() + " agenttrace.v1.TraceService/ListTraces",
	} {
		if !strings.Contains(greeting, want) {
			t.Errorf("the greeting lacks %s:\n%s", want, greeting)
		}
	}
}

func TestRoutesHaveEveryProcedure(t *testing.T) {
	for _, want := range []string{
		agenttracev1connect.TraceServiceGetTraceProcedure, agenttracev1connect.TraceServiceExportTracesProcedure,
		agenttracev1connect.IngestServiceWriteSpansProcedure, "/v1/traces",
	} {
		if !slices.Contains(routes(), want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestNewDatabaseIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t)
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	second := again(s)
	for _, s := range []*Server{s, second} {
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		drain(t, s)
	}
	if n := strings.Count(log.String(), "made a new database"); n != 1 {
		t.Errorf("logged %d times for two starts", n)
	}
}
