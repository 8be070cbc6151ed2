package service_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"google.golang.org/protobuf/proto"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// TestOnlyAnswersThatGoFarAreCompressed asks as gRPC clients do, which accept gzip,
// and as those do that send it too.
func TestOnlyAnswersThatGoFarAreCompressed(t *testing.T) {
	s := newServer(t)
	write(t, s, chain(30, 1)...)
	body, err := proto.Marshal(&pb.ListSpansRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		headers    []string
		compressed bool
	}{
		"near":             {[]string{"Grpc-Accept-Encoding", "gzip"}, false},
		"near, sends gzip": {[]string{"Grpc-Accept-Encoding", "gzip", "Grpc-Encoding", "gzip"}, false},
		"far":              {[]string{"Grpc-Accept-Encoding", "gzip", "X-Forwarded-For", "203.0.113.1"}, true},
		"far, takes none":  {[]string{"X-Forwarded-For", "203.0.113.1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			headers := append([]string{"Content-Type", "application/grpc", "Te", "trailers"}, c.headers...)
			request := s.request(t.Context(), t, http.MethodPost, agenttracev1connect.TraceServiceListSpansProcedure, bytes.NewReader(frame(body)), headers...)
			response, err := s.h2.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			answer, err := io.ReadAll(response.Body)
			if err != nil || len(answer) == 0 {
				t.Fatalf("got %q, %v", answer, err)
			}
			if compressed := answer[0] == 1; compressed != c.compressed {
				t.Errorf("compressed: %t, want %t", compressed, c.compressed)
			}
		})
	}
}
