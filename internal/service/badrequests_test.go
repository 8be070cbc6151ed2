package service_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/klauspost/compress/zstd"

	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/service/otlpdoor"
)

// smallMessages makes "too large" cheap to send.
const smallMessages = 1 << 20

func withSmallMessages(c *service.Config) { c.MaxMessageBytes = smallMessages }

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t *testing.T, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	return w.EncodeAll(data, nil)
}

// wantStored makes sure that a door still works after what came before.
func wantStored(t *testing.T, s *server) {
	t.Helper()
	if got := s.grpc(t, frame(wireRequest(goodSpan(200, 1)))); got.code != 0 || got.rejected != 0 {
		t.Errorf("a good request afterwards: code %v, %d rejected: %s", got.code, got.rejected, got.message)
	}
}

func TestBadRequestToOTLPHTTP(t *testing.T) {
	s := newServer(t, withSmallMessages)
	good := wireRequest(goodSpan(1, 1))
	big := wireRequest(spanSpec{name: strings.Repeat("x", 2*smallMessages)})
	const protobuf, json = "application/x-protobuf", "application/json"
	cases := []struct {
		name     string
		method   string
		kind     string // Content-Type
		encoding string // Content-Encoding
		body     []byte
		want     int
	}{
		{"GET", "GET", protobuf, "", nil, 405},
		{"PUT", "PUT", protobuf, "", good, 405},
		{"no content type", "POST", "", "", good, 415},
		{"text", "POST", "text/plain", "", good, 415},
		{"gRPC at the wrong place", "POST", "application/grpc", "", frame(good), 415},
		{"broken content type", "POST", "application/json; charset", "", good, 415},
		{"snappy", "POST", protobuf, "snappy", good, 415},
		{"two encodings", "POST", protobuf, "gzip, gzip", gzipped(t, gzipped(t, good)), 415},
		{"identity", "POST", protobuf, "identity", good, 200},
		{"gzip", "POST", protobuf, "gzip", gzipped(t, good), 200},
		{"GZIP", "POST", protobuf, "GZIP", gzipped(t, good), 200},
		{"zstd", "POST", protobuf, "zstd", zstded(t, good), 200},
		{"zstd JSON", "POST", json, "zstd", zstded(t, jsonRequest(goodSpan(1, 1))), 200},
		{"empty", "POST", protobuf, "", nil, 200},
		{"empty JSON object", "POST", json, "", []byte("{}"), 200},
		{"empty JSON", "POST", json, "", nil, 400},
		{"truncated", "POST", protobuf, "", good[:len(good)-1], 400},
		{"garbage", "POST", protobuf, "", bytes.Repeat([]byte{0xff}, 1000), 400},
		{"JSON as protobuf", "POST", protobuf, "", jsonRequest(goodSpan(1, 1)), 400},
		{"protobuf as JSON", "POST", json, "", good, 400},
		{"truncated JSON", "POST", json, "", []byte(`{"resourceSpans":[`), 400},
		{"more than one JSON", "POST", json, "", []byte(`{}{}`), 400},
		{"not gzip", "POST", protobuf, "gzip", good, 400},
		{"not zstd", "POST", protobuf, "zstd", good, 400},
		{"truncated gzip", "POST", protobuf, "gzip", gzipped(t, good)[:30], 400},
		{"truncated zstd", "POST", protobuf, "zstd", zstded(t, good)[:20], 400},
		{"empty gzip", "POST", protobuf, "gzip", nil, 400},
		{"too large", "POST", protobuf, "", big, 413},
		{"too large when decompressed from gzip", "POST", protobuf, "gzip", gzipped(t, big), 413},
		{"too large when decompressed from zstd", "POST", protobuf, "zstd", zstded(t, big), 413},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for version, client := range map[string]*http.Client{"HTTP/1.1": s.h1, "HTTP/2": s.h2} {
				req := s.request(t.Context(), t, c.method, otlpdoor.HTTPPath, bytes.NewReader(c.body))
				if c.kind != "" {
					req.Header.Set("Content-Type", c.kind)
				}
				if c.encoding != "" {
					req.Header.Set("Content-Encoding", c.encoding)
				}
				got := httpAnswer(t, client, req)
				if got.http != c.want {
					t.Fatalf("%s: got %d %s, want %d", version, got.http, got.message, c.want)
				}
				if got.http != 200 && got.message == "" {
					t.Errorf("%s: no reason is given", version)
				}
				if allow := got.header.Get("Allow"); (got.http == 405) != (allow == "POST") {
					t.Errorf("%s: Allow is %q", version, allow)
				}
				if got.header.Get("Retry-After") != "" {
					t.Errorf("%s: the sender is told to send it again", version)
				}
				if got.http == 200 || got.http == 400 || got.http == 413 {
					if kind := got.header.Get("Content-Type"); kind != c.kind {
						t.Errorf("%s: answered in %q, want the request's %q", version, kind, c.kind)
					}
				}
			}
		})
	}
	wantStored(t, s)
}

func TestUnknownLengthIsBoundedToo(t *testing.T) {
	s := newServer(t, withSmallMessages)
	req := s.request(t.Context(), t, http.MethodPost, otlpdoor.HTTPPath, io.LimitReader(zeros{}, 4*smallMessages), "Content-Type", "application/x-protobuf")
	if got := httpAnswer(t, s.h2, req); got.http != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d %s, want 413", got.http, got.message)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestBadRequestToWriteSpans(t *testing.T) {
	s := newServer(t, withSmallMessages)
	const protobuf, json = "application/proto", "application/json"
	big := []byte(`{"spans":[{"name":"` + strings.Repeat("x", 2*smallMessages) + `"}]}`)
	cases := []struct {
		name, method, kind, encoding string
		body                         []byte
		want                         int
		code                         string // Connect's name of it
	}{
		{"GET", "GET", "", "", nil, 405, ""},
		{"text", "POST", "text/plain", "", []byte("hello"), 415, ""},
		{"unknown encoding", "POST", json, "snappy", []byte(`{}`), 501, "unimplemented"},
		{"no spans", "POST", json, "", []byte(`{}`), 400, "invalid_argument"},
		{"garbage", "POST", protobuf, "", bytes.Repeat([]byte{0xff}, 100), 400, "invalid_argument"},
		{"truncated", "POST", protobuf, "", []byte{10, 100, 1}, 400, "invalid_argument"},
		{"truncated JSON", "POST", json, "", []byte(`{"spans":[`), 400, "invalid_argument"},
		{"not gzip", "POST", json, "gzip", []byte(`{}`), 400, "invalid_argument"},
		{"truncated gzip", "POST", json, "gzip", gzipped(t, []byte(`{}`))[:10], 400, "invalid_argument"},
		{"not zstd", "POST", json, "zstd", []byte(`{}`), 400, "invalid_argument"},
		{"too large", "POST", json, "", big, 429, "resource_exhausted"},
		{"too large when decompressed from gzip", "POST", json, "gzip", gzipped(t, big), 429, "resource_exhausted"},
		{"too large when decompressed from zstd", "POST", json, "zstd", zstded(t, big), 429, "resource_exhausted"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			req := s.request(t.Context(), t, c.method, agenttracev1connect.IngestServiceWriteSpansProcedure, bytes.NewReader(c.body))
			if c.kind != "" {
				req.Header.Set("Content-Type", c.kind)
			}
			if c.encoding != "" {
				req.Header.Set("Content-Encoding", c.encoding)
			}
			res, err := s.h1.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != c.want || !strings.Contains(string(body), c.code) {
				t.Errorf("got %d %s, want %d %s", res.StatusCode, body, c.want, c.code)
			}
		})
	}
	wantStored(t, s)
}

func TestProjectMustBeAName(t *testing.T) {
	s := newServer(t)
	for _, name := range []string{"", "Upper", "-a", "a b", "ä", strings.Repeat("a", 65)} {
		if got := s.post(t, nil, "Content-Type", "application/json", "agenttrace-project", name); got.http != 400 || got.code != connect.CodeInvalidArgument {
			t.Errorf("HTTP, project %q: got %d", name, got.http)
		}
		if got := s.grpc(t, frame(wireRequest()), "agenttrace-project", name); got.code != connect.CodeInvalidArgument {
			t.Errorf("gRPC, project %q: got %v", name, got.code)
		}
		if _, err := s.traces.ListTraces(inProject(t.Context(), name), nil); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("ListTraces, project %q: got %v", name, err)
		}
	}
	for _, name := range []string{"a", "0", "my-team.prod_1", strings.Repeat("a", 64)} {
		if got := s.grpc(t, frame(wireRequest(goodSpan(1, 1))), "agenttrace-project", name); got.code != 0 {
			t.Errorf("project %q: got %v %s", name, got.code, got.message)
		}
	}
}
