package service_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/service/otlpdoor"
)

// allocated returns how many bytes f took from the heap, whether they were
// given back or not: growth cannot be more than that.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// bombs returns bodies of a few kilobytes that decompress to a gigabyte.
func bombs(t *testing.T) map[string][]byte {
	const parts = 64
	part := make([]byte, 16<<20)
	return map[string][]byte{
		"gzip": bytes.Repeat(gzipped(t, part), parts),
		"zstd": bytes.Repeat(zstded(t, part), parts),
	}
}

func TestBombTakesNoMoreMemoryThanAMessage(t *testing.T) {
	const limit = 16 << 20
	s := newServer(t, func(c *service.Config) { c.MaxMessageBytes = limit })
	send := map[string]func(*testing.T, string, []byte) connect.Code{
		"OTLP/gRPC": func(t *testing.T, encoding string, body []byte) connect.Code {
			return s.grpc(t, frameFlagged(1, body), "Grpc-Encoding", encoding).code
		},
		"OTLP/HTTP protobuf": func(t *testing.T, encoding string, body []byte) connect.Code {
			return s.post(t, body, "Content-Type", "application/x-protobuf", "Content-Encoding", encoding).code
		},
		"OTLP/HTTP JSON": func(t *testing.T, encoding string, body []byte) connect.Code {
			return s.post(t, body, "Content-Type", "application/json", "Content-Encoding", encoding).code
		},
		"WriteSpans": func(t *testing.T, encoding string, body []byte) connect.Code {
			req := s.request(t.Context(), t, http.MethodPost, agenttracev1connect.IngestServiceWriteSpansProcedure, bytes.NewReader(frameFlagged(1, body)),
				"Content-Type", "application/grpc", "Grpc-Encoding", encoding, "Te", "trailers")
			return grpcAnswer(t, s.h2, req).code
		},
	}
	for encoding, body := range bombs(t) {
		for name, send := range send {
			t.Run(name+" "+encoding, func(t *testing.T) {
				took := allocated(func() {
					if code := send(t, encoding, body); code != connect.CodeResourceExhausted {
						t.Errorf("got %v, want resource_exhausted", code)
					}
				})
				// A buffer that doubles until it holds the largest message takes
				// two to four of them all in all, and zstd a window beside it; at
				// any moment it holds less than two. Connect's buffer starts small,
				// and the race detector makes it take everything twice.
				most := uint64(5 * limit)
				if name == "WriteSpans" {
					most = 10 * limit
				}
				if took > most {
					t.Errorf("took %d MiB for a message of at most %d MiB", took>>20, limit>>20)
				}
			})
		}
	}
	wantStored(t, s)
}

func TestClaimedLengthTakesNoMemory(t *testing.T) {
	s := newServer(t)
	wantStored(t, s) // what a first request takes is taken
	took := allocated(func() {
		got := s.grpc(t, []byte{0, 3, 255, 255, 255, 1, 2, 3}) // "64 MiB follow", and three bytes
		if got.code != connect.CodeInvalidArgument {
			t.Errorf("got %v", got.code)
		}
	})
	if took > 1<<20 {
		t.Errorf("took %d bytes for a body of 8", took)
	}
}

// blockedIngester holds requests until it is told to let go.
type blockedIngester struct {
	entered chan struct{}
	release chan struct{}
}

func (b *blockedIngester) Write(ctx context.Context, records []model.Record) (ingest.Result, error) {
	b.entered <- struct{}{}
	select {
	case <-b.release:
		return ingest.Result{Accepted: len(records)}, nil
	case <-ctx.Done():
		return ingest.Result{}, ctx.Err()
	}
}

func TestRequestsInFlightShareABudget(t *testing.T) {
	blocked := &blockedIngester{entered: make(chan struct{}), release: make(chan struct{})}
	s := newServer(t, func(c *service.Config) {
		c.Ingest = blocked
		c.MaxMessageBytes = 640 << 10
		c.MaxInflightBytes = 1280 << 10
	})
	span := goodSpan(1, 1)
	span.attributes = []model.KeyValue{{Key: "key", Value: model.StringValue(strings.Repeat("x", 600<<10))}}
	answers := make(chan answer)
	go func() { answers <- s.grpc(t, frame(wireRequest(span))) }()
	<-blocked.entered

	// There is room for one more, but not for JSON and what becomes of it.
	got := s.post(t, jsonRequest(span), "Content-Type", "application/json")
	if got.http != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("JSON beyond the budget: got %d, Retry-After %q", got.http, got.header.Get("Retry-After"))
	}
	go func() { answers <- s.grpc(t, frame(wireRequest(span))) }()
	<-blocked.entered

	got = s.grpc(t, frame(wireRequest(span)))
	if got.code != connect.CodeResourceExhausted || retryDelay(got) <= 0 {
		t.Errorf("gRPC beyond the budget: got %v, retry after %v", got.code, retryDelay(got))
	}
	got = s.post(t, wireRequest(span), "Content-Type", "application/x-protobuf")
	if got.http != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("HTTP beyond the budget: got %d, Retry-After %q", got.http, got.header.Get("Retry-After"))
	}

	close(blocked.release)
	for range 2 {
		if got := <-answers; got.code != 0 {
			t.Errorf("a request within the budget: %v %s", got.code, got.message)
		}
	}
	go func() { <-blocked.entered }()
	if got := s.post(t, jsonRequest(span), "Content-Type", "application/json"); got.http != http.StatusOK {
		t.Errorf("after these were done: %d %s", got.http, got.message)
	}
}

func TestLargestMessageFitsEveryBudget(t *testing.T) {
	s := newServer(t, func(c *service.Config) { c.MaxMessageBytes, c.MaxInflightBytes = 1<<20, 1 })
	body := wireRequest(goodSpan(1, 1))
	padding := protowire.AppendTag(nil, 99, protowire.BytesType) // a field that nobody knows
	padding = protowire.AppendBytes(padding, make([]byte, 1<<20-len(body)-5))
	if body = append(body, padding...); len(body) != 1<<20 {
		t.Fatalf("the body has %d bytes", len(body))
	}
	if got := s.grpc(t, frame(body)); got.code != 0 || got.rejected != 0 {
		t.Errorf("got %v %s", got.code, got.message)
	}
	text := append(jsonRequest(goodSpan(1, 2)), bytes.Repeat([]byte(" "), 1<<20)...)
	if got := s.post(t, text[:1<<20], "Content-Type", "application/json"); got.http != http.StatusOK || got.rejected != 0 {
		t.Errorf("as JSON: got %d %s", got.http, got.message)
	}
	if got := s.grpc(t, frame(append(body, 0))); got.code != connect.CodeResourceExhausted || retryDelay(got) != 0 {
		t.Errorf("one byte more: got %v, retry after %v", got.code, retryDelay(got))
	}
}

func TestSlowBodyIsGivenUp(t *testing.T) {
	s := newServer(t, func(c *service.Config) { c.WriteTimeout = 1 })
	for _, tt := range []struct {
		path, kind string
		client     *http.Client
	}{
		{otlpdoor.HTTPPath, "application/x-protobuf", s.h1},
		{otlpdoor.HTTPPath, "application/x-protobuf", s.h2},
		{otlpdoor.GRPCPath, "application/grpc", s.h2},
	} {
		body, never := io.Pipe()
		req := s.request(t.Context(), t, http.MethodPost, tt.path, body, "Content-Type", tt.kind)
		res, err := tt.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if code := res.Header.Get("Grpc-Status"); res.StatusCode != http.StatusGatewayTimeout && code != "4" {
			t.Errorf("%s %s: got %d, grpc-status %q", res.Proto, tt.path, res.StatusCode, code)
		}
		_ = res.Body.Close()
		_ = never.CloseWithError(errors.New("the test is over"))
	}
}
