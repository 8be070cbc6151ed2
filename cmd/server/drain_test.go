package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// slowPost posts what it reads from a pipe. It returns when the server has
// begun with the request, and a channel that gets its status, 0 for none.
func slowPost(t *testing.T, c *http.Client, url string, body io.Reader) <-chan int {
	t.Helper()
	begun, status := make(chan struct{}), make(chan int, 1)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(begun) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/traces", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Expect", "100-continue")
	go func() {
		res, err := c.Do(req)
		if err != nil {
			status <- 0
			return
		}
		res.Body.Close()
		status <- res.StatusCode
	}()
	<-begun
	return status
}

func TestDrainAnswersTheRequestUnderWay(t *testing.T) {
	for name, version2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			start(t, s)
			trace := newTrace(1)
			read, write := io.Pipe()
			status := slowPost(t, client(t, version2), url(s, 0), read)

			drained := make(chan error, 1)
			go func() { drained <- s.Drain(context.WithoutCancel(t.Context())) }()
			await(t, "the server drains", s.draining.Load)
			if _, err := io.Copy(write, bytes.NewReader(trace.Request())); err != nil {
				t.Fatal(err)
			}
			write.Close()
			if got := <-status; got != http.StatusOK {
				t.Errorf("the request under way got status %d, want 200", got)
			}
			if err := <-drained; err != nil {
				t.Errorf("drain: %v", err)
			}

			second := again(s)
			start(t, second)
			mustFind(t, client(t, false), url(second, 0), trace)
		})
	}
}

func TestDrainDoesNotWaitForEver(t *testing.T) {
	s := newServer(t, "--shutdown-timeout=1s")
	start(t, s)
	read, write := io.Pipe()
	status := slowPost(t, client(t, false), url(s, 0), read)
	if err := s.Drain(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("a request was cut off, and everything else ended well: %v", err)
	}
	write.CloseWithError(io.ErrUnexpectedEOF) // lets go of the client, which reads from the pipe
	if got := <-status; got == http.StatusOK {
		t.Error("a request that was not read to its end was acknowledged")
	}
}

func TestTimeThatAPartLeavesIsForThoseAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "--shutdown-timeout=10s")
		s.stopping = make(chan struct{})
		budgets := map[string]time.Duration{}
		for _, part := range []struct {
			name  string
			share int
			takes time.Duration
		}{{"last", 10, 0}, {"slow", 20, time.Minute}, {"first", 50, time.Second}} {
			s.onStop(part.name, part.share, func(ctx context.Context) error {
				deadline, _ := ctx.Deadline()
				budgets[part.name] = time.Until(deadline)
				select {
				case <-time.After(part.takes):
				case <-ctx.Done():
				}
				return ctx.Err()
			})
		}
		if err := s.Drain(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a part did not end, and drain returned %v", err)
		}
		if want := map[string]time.Duration{"first": 5 * time.Second, "slow": 6 * time.Second, "last": time.Second}; !maps.Equal(budgets, want) {
			t.Errorf("parts have %v, want %v", budgets, want)
		}
	})
}

func TestRequestsWhileDrainingAreToldToComeBack(t *testing.T) {
	var draining atomic.Bool
	served := 0
	h := refuseWhile(&draining, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }))
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()

	get := func(path string) *http.Response {
		t.Helper()
		res, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	if get("/v1/traces"); served != 1 {
		t.Error("refused before the drain")
	}
	draining.Store(true)
	if res := get("/v1/traces"); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || served != 1 {
		t.Errorf("got %s, want 503 with Retry-After", res.Status)
	}
	for _, path := range []string{pathHealth, pathReady, pathMetrics, pathGRPCHealth + "Check"} {
		before := served
		if get(path); served != before+1 {
			t.Errorf("%s is refused", path)
		}
	}
	for name, option := range map[string]connect.ClientOption{
		"gRPC": connect.WithGRPC(), "gRPC-Web": connect.WithGRPCWeb(), "Connect": connect.WithProtoJSON(),
	} {
		reader := agenttracev1connect.NewTraceServiceClient(server.Client(), server.URL, option)
		_, err := reader.GetTrace(t.Context(), &agenttracev1.GetTraceRequest{TraceId: "1"})
		if connect.CodeOf(err) != connect.CodeUnavailable {
			t.Errorf("%s: got %v, want unavailable", name, err)
		}
	}
}

func TestDrainSaysGoodbyeToTailsFirst(t *testing.T) {
	s := newServer(t)
	start(t, s)
	type open = *connect.ServerStreamForClient[agenttracev1.TailSpansResponse]
	tails := map[string]open{}
	for name, version2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		tail, err := agenttracev1connect.NewTailServiceClient(client(t, version2), url(s, 0)).TailSpans(t.Context(), &agenttracev1.TailSpansRequest{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tail.Close() }()
		if !tail.Receive() {
			t.Fatalf("%s: %v", name, tail.Err())
		}
		tails[name] = tail
	}
	trace := newTrace(1)
	mustPost(t, client(t, false), url(s, 0), trace)
	for name, tail := range tails {
		for tail.Receive() && tail.Msg().GetBatch() == nil {
		}
		if got := len(tail.Msg().GetBatch().GetSpans()); got != len(trace.Spans) {
			t.Errorf("%s: %d spans, want %d", name, got, len(trace.Spans))
		}
	}
	// Nothing was cut off: that would be told as an error of the connection.
	drain(t, s)
	for name, tail := range tails {
		for tail.Receive() {
		}
		if connect.CodeOf(tail.Err()) != connect.CodeUnavailable {
			t.Errorf("%s: ended with %v, want unavailable", name, tail.Err())
		}
	}
}
