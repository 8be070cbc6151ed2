package service_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service"
)

// ingesterFunc is an Ingester.
type ingesterFunc func(context.Context, []model.Record) (ingest.Result, error)

func (f ingesterFunc) Write(ctx context.Context, records []model.Record) (ingest.Result, error) {
	return f(ctx, records)
}

func TestFaultOfIngestIsSaidByEachDoor(t *testing.T) {
	cases := []struct {
		name  string
		err   error
		code  connect.Code
		http  int
		retry string // Retry-After
	}{
		{"queue full", &ingest.FullError{RetryAfter: 1500 * time.Millisecond}, connect.CodeResourceExhausted, 429, "2"},
		{"stopping", ingest.ErrClosed, connect.CodeUnavailable, 503, "2"},
		{"store away", fmt.Errorf("write: %w", repo.ErrUnavailable), connect.CodeUnavailable, 503, "2"},
		{"out of time", context.DeadlineExceeded, connect.CodeDeadlineExceeded, 504, ""},
		{"unknown", errors.New("secret: the password is 12345"), connect.CodeInternal, 500, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, func(config *service.Config) {
				config.Ingest = ingesterFunc(func(context.Context, []model.Record) (ingest.Result, error) { return ingest.Result{}, c.err })
			})
			for _, d := range doors() {
				got := d.send(t, s, goodSpan(1, 1))
				if got.code != c.code {
					t.Errorf("%s: got code %v, want %v", d.name, got.code, c.code)
				}
				if strings.Contains(got.message, "secret") {
					t.Errorf("%s: the client is told %q", d.name, got.message)
				}
				if strings.HasPrefix(d.name, "OTLP/HTTP") && (got.http != c.http || got.header.Get("Retry-After") != c.retry) {
					t.Errorf("%s: got %d, Retry-After %q; want %d, %q", d.name, got.http, got.header.Get("Retry-After"), c.http, c.retry)
				}
				if d.name == "OTLP/gRPC" && (retryDelay(got) > 0) != (c.retry != "") {
					t.Errorf("%s: RetryInfo %v", d.name, retryDelay(got))
				}
			}
		})
	}
}

func TestPanicBecomesInternalAndIsLogged(t *testing.T) {
	s := newServer(t, func(c *service.Config) {
		c.Ingest = ingesterFunc(func(context.Context, []model.Record) (ingest.Result, error) { panic("out of cheese") })
		c.Store = brokenReader{}
	})
	for _, d := range doors() {
		got := d.send(t, s, goodSpan(1, 1))
		if got.code != connect.CodeInternal || strings.Contains(got.message, "cheese") {
			t.Errorf("%s: got %v %q", d.name, got.code, got.message)
		}
	}
	_, err := s.traces.GetTrace(t.Context(), &pb.GetTraceRequest{TraceId: strings.Repeat("1", 32)})
	if connect.CodeOf(err) != connect.CodeInternal {
		t.Errorf("GetTrace: got %v", err)
	}
	stream, err := s.traces.StreamTraces(t.Context(), &pb.StreamTracesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for stream.Receive() {
		t.Error("a message came")
	}
	if connect.CodeOf(stream.Err()) != connect.CodeInternal {
		t.Errorf("StreamTraces: got %v", stream.Err())
	}
	_ = stream.Close()
	if n := len(s.log.attr("panic")); n != 6 {
		t.Errorf("%d panics are logged, want 6", n)
	}
	for _, id := range s.log.attr("request_id") {
		if id == "" {
			t.Error("a failure is logged without its id")
		}
	}
}

// brokenReader panics on everything.
type brokenReader struct{ service.Store }

func TestInternalErrorNamesTheLogEntry(t *testing.T) {
	s := newServer(t, func(c *service.Config) {
		c.Ingest = ingesterFunc(func(context.Context, []model.Record) (ingest.Result, error) {
			return ingest.Result{}, errors.New("disk on fire")
		})
	})
	got := s.grpc(t, frame(wireRequest(goodSpan(1, 1))))
	ids := s.log.attr("request_id")
	if len(ids) != 1 || !strings.Contains(got.message, ids[0]) {
		t.Errorf("the client is told %q, logged is %q", got.message, ids)
	}
	if logged := s.log.attr("error"); len(logged) != 1 || logged[0] != "disk on fire" {
		t.Errorf("logged is %q", logged)
	}
}

// slowReader answers when its context ends.
type slowReader struct{ service.Store }

func (slowReader) Traces(ctx context.Context, _ string, _ repo.TraceQuery) ([]*model.Trace, error) {
	<-ctx.Done()
	return nil, errors.New("interrupted") // what drivers say instead of ctx.Err()
}

func TestUnaryReadHasADeadline(t *testing.T) {
	s := newServer(t, func(c *service.Config) { c.Store, c.ReadTimeout = slowReader{}, time.Millisecond })
	_, err := s.traces.ListTraces(t.Context(), &pb.ListTracesRequest{})
	if connect.CodeOf(err) != connect.CodeDeadlineExceeded {
		t.Errorf("got %v, want deadline_exceeded", err)
	}
}

// cancelledReader tells when the context of a call ended.
type cancelledReader struct {
	service.Store
	entered, ended chan struct{}
}

func (r cancelledReader) Traces(ctx context.Context, _ string, _ repo.TraceQuery) ([]*model.Trace, error) {
	close(r.entered)
	<-ctx.Done()
	close(r.ended)
	return nil, ctx.Err()
}

func TestBreakingOffAStreamStopsTheWorkBehindIt(t *testing.T) {
	reader := cancelledReader{entered: make(chan struct{}), ended: make(chan struct{})}
	s := newServer(t, func(c *service.Config) { c.Store = reader })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reader.entered
		cancel()
	}()
	stream, err := s.traces.StreamTraces(ctx, &pb.StreamTracesRequest{})
	if err == nil {
		for stream.Receive() {
			t.Error("a message came")
		}
		_ = stream.Close()
	}
	<-reader.ended
}

// endlessReader has more traces than anybody reads.
type endlessReader struct {
	service.Store
	once  sync.Once
	ended chan struct{}
}

func (r *endlessReader) Traces(ctx context.Context, _ string, q repo.TraceQuery) ([]*model.Trace, error) {
	r.once.Do(func() { context.AfterFunc(ctx, func() { close(r.ended) }) })
	traces := make([]*model.Trace, q.Limit)
	for i := range traces {
		traces[i] = &model.Trace{Name: strings.Repeat("x", 1000)}
	}
	return traces, ctx.Err()
}

func TestAnswerThatNobodyReadsIsGivenUp(t *testing.T) {
	reader := &endlessReader{ended: make(chan struct{})}
	s := newServer(t, func(c *service.Config) { c.Store, c.StallTimeout = reader, 50*time.Millisecond })
	plain := connect.WithAcceptCompression("gzip", nil, nil) // fills what lies between sooner
	stream, err := agenttracev1connect.NewTraceServiceClient(s.h2, s.url, plain).StreamTraces(t.Context(), &pb.StreamTracesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	<-reader.ended // without a deadline the handler would wait for the client for ever
	_ = stream.Close()
}

func TestHandlerNeedsAStoreAndAnIngester(t *testing.T) {
	if _, err := service.NewHandler(service.Config{}); err == nil {
		t.Error("no error")
	}
}
