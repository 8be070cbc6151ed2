package service_test

import (
	"net/http"
	"sync"
	"testing"

	"connectrpc.com/connect"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/service"
)

func TestStreamEndsWhenTheServerStops(t *testing.T) {
	draining := make(chan struct{})
	s := newServer(t, func(c *service.Config) { c.Draining = draining })
	write(t, s, chain(400, 100_000)...) // more than fits between server and client
	streams := map[string]*connect.ServerStreamForClient[pb.StreamTraceResponse]{}
	for name, client := range map[string]*http.Client{"HTTP/1.1": s.h1, "HTTP/2": s.h2} {
		traces := agenttracev1connect.NewTraceServiceClient(client, s.url)
		stream, err := traces.StreamTrace(t.Context(), &pb.StreamTraceRequest{TraceId: traceID(0)})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stream.Close() }()
		if !stream.Receive() {
			t.Fatalf("%s: the stream ended before it began: %v", name, stream.Err())
		}
		streams[name] = stream
	}
	close(draining)
	var readers sync.WaitGroup // side by side: one that is left lying is cut off soon
	for name, stream := range streams {
		readers.Go(func() {
			for stream.Receive() {
			}
			if err := stream.Err(); connect.CodeOf(err) != connect.CodeUnavailable {
				t.Errorf("%s: got %v, want unavailable", name, err)
			}
		})
	}
	readers.Wait()
	if _, err := s.traces.GetSpan(t.Context(), &pb.GetSpanRequest{TraceId: traceID(0), SpanId: "0000000000000001"}); err != nil {
		t.Errorf("an answer that is no stream: %v", err)
	}
}
