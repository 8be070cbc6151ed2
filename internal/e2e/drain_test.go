package e2e_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

// TestDrainLosesNothing ends the server with one signal, under load. That no
// answer makes a sender drop its spans is checked by the load itself.
func TestDrainLosesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		random := rand.New(rand.NewPCG(seed(t), 3))
		s := startServer(t, "--store="+store)
		l := startLoad(t, s.url, 6, random)
		for range 2 {
			awaitMoment(t, l, random)
			s.stop()
			s.check()
			s.start()
		}
		awaitMoment(t, l, random)
		l.finish().mustHold(t, reader(t, s, l.project))
		s.stop()
	})
}

// TestDrainAnswersWhatIsUnderWay sends half of a request, then the signal, then
// the other half.
func TestDrainAnswersWhatIsUnderWay(t *testing.T) {
	s := startServer(t, "--store="+newSQLite(t))
	message := newSender(seed(t), 4).request()
	body := encode(t, message)
	read, write := io.Pipe()
	begun, answered := make(chan struct{}), make(chan error, 1)
	go func() { answered <- postSlowly(t.Context(), s.url(), read, begun) }()
	<-begun
	if _, err := io.Copy(write, bytes.NewReader(body[:len(body)/2])); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGTERM)
	await(t, "the server takes no new connections", func() bool { return !s.ready() })
	if _, err := io.Copy(write, bytes.NewReader(body[len(body)/2:])); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if err := <-answered; err != nil {
		t.Errorf("the request that was under way: %v", err)
	}
	s.ended(patience)
	if s.status != nil {
		t.Errorf("the server ended with %v, want exit code 0", s.status)
	}
	s.start()
	mustExport(t, reader(t, s, "default"), flatten(message.GetResourceSpans()))
	s.stop()
}

// postSlowly posts a body as it comes. It closes begun when the server asks for
// the body, that is when its handler runs.
func postSlowly(ctx context.Context, base string, body io.Reader, begun chan struct{}) error {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got100Continue: func() { close(begun) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/traces", body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", protobufType)
	req.Header.Set("Expect", "100-continue")
	res, err := (&http.Client{Transport: &http.Transport{ExpectContinueTimeout: patience}}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

func TestDrainDoesNotWaitForAStreamThatNobodyReads(t *testing.T) {
	s := startServer(t, "--store="+newSQLite(t), "--shutdown-timeout=1m")
	stallStream(t, s)
	s.signal(syscall.SIGTERM)
	if took := s.ended(patience); took > 15*time.Second {
		t.Errorf("the server took %v to end, want it not to wait for the stream", took)
	}
	if s.status != nil {
		t.Errorf("the server ended with %v, want exit code 0", s.status)
	}
}

// TestDrainCutsARequestThatDoesNotEnd leaves a request without its body's end.
func TestDrainCutsARequestThatDoesNotEnd(t *testing.T) {
	s := startServer(t, "--store="+newSQLite(t), "--shutdown-timeout=2s")
	read, write := io.Pipe()
	begun, answered := make(chan struct{}), make(chan error, 1)
	go func() { answered <- postSlowly(t.Context(), s.url(), read, begun) }()
	<-begun
	s.signal(syscall.SIGTERM)
	s.ended(patience)
	if s.status != nil {
		t.Errorf("the server ended with %v, want exit code 0", s.status)
	}
	write.Close()
	if err := <-answered; err == nil {
		t.Error("a request without an end was acknowledged")
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	s := startServer(t, "--store="+newSQLite(t), "--shutdown-timeout=1h")
	read, write := io.Pipe()
	begun, answered := make(chan struct{}), make(chan error, 1)
	go func() { answered <- postSlowly(t.Context(), s.url(), read, begun) }()
	<-begun
	s.signal(syscall.SIGTERM)
	await(t, "the server takes no new connections", func() bool { return !s.ready() })
	s.signal(syscall.SIGTERM)
	s.ended(patience)
	var exit *exec.ExitError
	if want := 128 + int(syscall.SIGTERM); !errors.As(s.status, &exit) || exit.ExitCode() != want {
		t.Errorf("the server ended with %v, want exit code %d", s.status, want)
	}
	write.Close()
	if err := <-answered; err == nil {
		t.Error("a request without an end was acknowledged")
	}
}

// stallStream opens an answer much larger than what fits between server and
// client, and stops reading after its beginning.
func stallStream(t *testing.T, s *server) {
	t.Helper()
	const spans, size = 32, 1 << 20
	sender, client := newSender(1, 5), newClient(t)
	trace := sender.newTrace()
	for i := range spans {
		span := sender.span(trace)
		span.Attributes = append(span.Attributes, text("content", strings.Repeat(fmt.Sprint(i%10), size)))
		mustStore(t, exportGRPC(t.Context(), client, s.url(), "default", encode(t, requestOf(span))))
	}
	stream, err := reader(t, s, "default").StreamTrace(t.Context(), &agenttracev1.StreamTraceRequest{TraceId: hex.EncodeToString(trace.id)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStalled(t, stream) })
	if !stream.Receive() {
		t.Fatalf("the stream ended before it began: %v", stream.Err())
	}
}

// closeStalled ends a stream whose server may be gone.
func closeStalled(t *testing.T, stream *connect.ServerStreamForClient[agenttracev1.StreamTraceResponse]) {
	if err := stream.Close(); err != nil {
		t.Logf("the stalled stream was cut: %v", err)
	}
}
