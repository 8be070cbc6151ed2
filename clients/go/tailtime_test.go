package agenttrace_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// piped answers requests without a network, streams too. Its owner waits for the
// handlers.
type piped struct {
	handler http.Handler
	running *sync.WaitGroup
}

// pipedWriter is the answer to one request.
type pipedWriter struct {
	header http.Header
	body   *io.PipeWriter
	status int
	begun  chan struct{}
	once   sync.Once
}

func (w *pipedWriter) Header() http.Header { return w.header }

func (w *pipedWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status = status
		close(w.begun)
	})
}

func (w *pipedWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *pipedWriter) Flush() { w.WriteHeader(http.StatusOK) }

func (p piped) RoundTrip(req *http.Request) (*http.Response, error) {
	reader, writer := io.Pipe()
	w := &pipedWriter{header: http.Header{}, body: writer, begun: make(chan struct{})}
	ctx, cancel := context.WithCancel(req.Context())
	stop := context.AfterFunc(ctx, func() { _ = reader.CloseWithError(ctx.Err()) })
	p.running.Go(func() {
		defer cancel()
		defer stop()
		p.handler.ServeHTTP(w, req.WithContext(ctx))
		w.Flush()
		_ = writer.Close()
	})
	select {
	case <-w.begun:
		return &http.Response{StatusCode: w.status, Header: w.header, Body: reader, Request: req, ProtoMajor: 2}, nil
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// quiet sends a heartbeat, waits, and sends another one.
type quiet struct {
	agenttracev1connect.UnimplementedTailServiceHandler
	between     time.Duration
	connections recorder[time.Time]
}

func (q *quiet) TailSpans(ctx context.Context, _ *agenttrace.TailSpansRequest, s *connect.ServerStream[agenttrace.TailSpansResponse]) error {
	q.connections.add(time.Now())
	for range 2 {
		if err := s.Send(&agenttrace.TailSpansResponse{Event: &agenttrace.TailSpansResponse_Heartbeat{Heartbeat: &agenttrace.Heartbeat{}}}); err != nil {
			return err
		}
		select {
		case <-time.After(q.between):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return failure(connect.CodeFailedPrecondition, "the test is over")
}

// listen tails a quiet server; within is called with each event.
func listen(t *testing.T, q *quiet, within func(*agenttrace.TailEvent[*agenttrace.Span]) bool, options ...agenttrace.TailOption) error {
	t.Helper()
	var running sync.WaitGroup
	defer running.Wait()
	transport := piped{services{tails: q}.handler(), &running}
	client, err := agenttrace.New("localhost", agenttrace.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	for event, err := range client.TailSpans(t.Context(), nil, options...) {
		if err != nil {
			return err
		}
		if !within(event) {
			break
		}
	}
	return nil
}

func TestASilentConnectionIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &quiet{between: time.Hour}
		begun := time.Now()
		err := listen(t, q, func(e *agenttrace.TailEvent[*agenttrace.Span]) bool {
			if e.Interrupted != nil && !strings.Contains(e.Interrupted.Err.Error(), "nothing came from the server for 30s") {
				t.Errorf("interrupted by %v", e.Interrupted.Err)
			}
			return len(q.connections.seen()) < 3
		})
		if err != nil {
			t.Errorf("the tail ended: %v", err)
		}
		if took := time.Since(begun); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("two silent connections took %v, want twice 30s and two short pauses", took)
		}
	})
}

func TestHowLongSilenceMayBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, option := range map[string]agenttrace.TailOption{
			"longer than the server is silent": agenttrace.TailSilence(2 * time.Hour), "for ever": agenttrace.TailSilence(0),
		} {
			q := &quiet{between: time.Hour}
			err := listen(t, q, func(e *agenttrace.TailEvent[*agenttrace.Span]) bool { return true }, option)
			if agenttrace.CodeOf(err) != agenttrace.CodeFailedPrecondition || len(q.connections.seen()) != 1 {
				t.Errorf("%s: ended with %v after %d connections", name, err, len(q.connections.seen()))
			}
		}
	})
}

func TestALoopMayTakeItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &quiet{between: time.Second}
		err := listen(t, q, func(e *agenttrace.TailEvent[*agenttrace.Span]) bool {
			<-time.After(time.Hour)
			return true
		})
		if agenttrace.CodeOf(err) != agenttrace.CodeFailedPrecondition || len(q.connections.seen()) != 1 {
			t.Errorf("ended with %v after %d connections", err, len(q.connections.seen()))
		}
	})
}

func TestATailEndsWithItsContext(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol agenttrace.Option) {
		e := &endless{gone: make(chan error, 1)}
		client := newClient(t, serve(t, services{tails: e}.handler()), protocol)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var end error
		for _, err := range client.TailSpans(ctx, nil) {
			cancel()
			end = err
		}
		if !agenttrace.IsCanceled(end) {
			t.Errorf("ended with %v", end)
		}
		<-e.gone
	})
}
