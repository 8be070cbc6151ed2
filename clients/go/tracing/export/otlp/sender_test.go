package otlp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
	"github.com/agenttrace/agenttrace/clients/go/tracing/export/otlp"
)

// one is a request of one span.
func one(t *testing.T) []byte {
	t.Helper()
	return encode(t, &coltracepb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{Name: "s"}}}},
	}}})
}

func encode(t *testing.T, m proto.Message) []byte {
	t.Helper()
	encoded, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// send sends one request with a new sender.
func send(t *testing.T, c otlp.Config) error {
	t.Helper()
	s, err := otlp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return s.Send(t.Context(), one(t))
}

// mustFault demands a fault of a kind, whose text has some words.
func mustFault(t *testing.T, err error, kind export.Kind, words ...string) *export.Fault {
	t.Helper()
	fault, ok := errors.AsType[*export.Fault](err)
	if !ok {
		t.Fatalf("error %v, want a fault", err)
	}
	if fault.Kind != kind {
		t.Errorf("%q is %v, want %v", fault, fault.Kind, kind)
	}
	for _, word := range words {
		if !strings.Contains(fault.Error(), word) {
			t.Errorf("%q does not say %q", fault, word)
		}
	}
	return fault
}

func serve(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

func TestRequestOverHTTPIsWhatOTLPWants(t *testing.T) {
	var got *http.Request
	var body []byte
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.WithoutCancel(r.Context()))
		body, _ = io.ReadAll(r.Body)
	})
	if err := send(t, otlp.Config{Endpoint: url + "/base/", Headers: map[string]string{"agenttrace-project": "p"}}); err != nil {
		t.Fatal(err)
	}
	if got.Method != http.MethodPost || got.URL.Path != "/base/v1/traces" || got.Header.Get("Content-Type") != "application/x-protobuf" ||
		got.Header.Get("Agenttrace-Project") != "p" || got.Header.Get("User-Agent") == "" || !bytes.Equal(body, one(t)) {
		t.Errorf("%s %s %v, body %q", got.Method, got.URL, got.Header, body)
	}
	if err := send(t, otlp.Config{TracesEndpoint: url + "/exactly?here=1", Endpoint: "http://elsewhere", Gzip: true}); err != nil {
		t.Fatal(err)
	}
	unzip, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(unzip)
	if got.URL.String() != "/exactly?here=1" || got.Header.Get("Content-Encoding") != "gzip" || err != nil || !bytes.Equal(plain, one(t)) {
		t.Errorf("%s %v, body %q, %v", got.URL, got.Header, plain, err)
	}
}

func TestHTTPAnswersAreUnderstood(t *testing.T) {
	partly := func(n int64, text string) string {
		return string(encode(t, &coltracepb.ExportTraceServiceResponse{PartialSuccess: &coltracepb.ExportTracePartialSuccess{RejectedSpans: n, ErrorMessage: text}}))
	}
	const protobuf, asJSON, html = "application/x-protobuf", "application/json", "text/html; charset=utf-8"
	for name, test := range map[string]struct {
		code       int
		kind       string // content type
		body       string
		retryAfter string

		want  export.Kind
		pause time.Duration
		words []string
	}{
		"bad request":            {code: 400, kind: protobuf, body: string(encode(t, status.New(codes.InvalidArgument, "no spans").Proto())), want: export.Refused, words: []string{"400", "no spans"}},
		"unauthorised":           {code: 401, kind: asJSON, body: `{"code":16,"message":"no token"}`, want: export.Misconfigured, words: []string{"no token", "OTEL_EXPORTER_OTLP_HEADERS"}},
		"forbidden":              {code: 403, want: export.Misconfigured, words: []string{"(no message)", "credentials"}},
		"not found":              {code: 404, kind: html, body: "<h1>Not\n  found</h1>", want: export.Misconfigured, words: []string{"<h1>Not found</h1>", "/v1/traces"}},
		"wrong method":           {code: 405, want: export.Misconfigured, words: []string{"4318"}},
		"moved":                  {code: 301, want: export.Misconfigured, words: []string{"ENDPOINT"}},
		"too large":              {code: 413, want: export.TooLarge},
		"too many":               {code: 429, retryAfter: "7", want: export.Away, pause: 7 * time.Second},
		"unavailable":            {code: 503, retryAfter: "nonsense", want: export.Away},
		"bad gateway":            {code: 502, want: export.Away},
		"gateway timeout":        {code: 504, want: export.Away},
		"server error":           {code: 500, want: export.Doubtful},
		"unsupported":            {code: 415, want: export.Refused},
		"a page in its place":    {code: 200, kind: html, body: "\n<!doctype html><h1>Log in</h1>", want: export.Misconfigured, words: []string{"page of HTML", "ENDPOINT"}},
		"partial success":        {code: 200, kind: protobuf, body: partly(3, "too old"), want: export.Partial, words: []string{"too old"}},
		"one that begins as <":   {code: 200, kind: protobuf, body: partly(3, strings.Repeat("x", '<'-4)), want: export.Partial, words: []string{"xxx"}},
		"partial success, JSON":  {code: 200, kind: asJSON, body: `{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}`, want: export.Partial, words: []string{"too old"}},
		"partial success, other": {code: 202, kind: asJSON, body: `{"partialSuccess":{"rejectedSpans":3}}`, want: export.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.Header().Set("Retry-After", test.retryAfter)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(test.code)
				_, _ = io.WriteString(w, test.body)
			})
			fault := mustFault(t, send(t, otlp.Config{Endpoint: url}), test.want, test.words...)
			if fault.RetryAfter != test.pause {
				t.Errorf("a pause of %v, want %v", fault.RetryAfter, test.pause)
			}
			if want := int64(3); fault.Kind == export.Partial && fault.Rejected != want {
				t.Errorf("%d rejected, want %d", fault.Rejected, want)
			}
		})
	}
}

func TestPlainSuccessIsSuccess(t *testing.T) {
	for name, body := range map[string]string{"nothing": "", "an empty answer": "{}", "a word": "OK"} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
			if err := send(t, otlp.Config{Endpoint: url}); err != nil {
				t.Error(err)
			}
		})
	}
}

// listen accepts connections and hands them over, until the test ends.
func listen(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			handle(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}

func TestWhoeverDoesNotAnswerIsAwayAndItIsSaidWhatToDo(t *testing.T) {
	nobody := listen(t, func(net.Conn) {})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	dying := listen(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 10)) })
	half := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1<<16))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
	})
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	alert := listen(t, func(c net.Conn) { // a TLS server that is not Go's
		_, _ = c.Read(make([]byte, 1<<16))
		_, _ = c.Write([]byte("\x15\x03\x01\x00\x02\x02\x46"))
	})
	for name, test := range map[string]struct {
		endpoint string
		protocol otlp.Protocol
		want     export.Kind
		words    []string
	}{
		"nobody listens":           {"http://" + closed.Addr().String(), otlp.HTTP, export.Away, []string{"connection refused", "start the backend"}},
		"nobody listens, gRPC":     {closed.Addr().String(), otlp.GRPC, export.Away, []string{"connection refused", "start the backend"}},
		"hangs up":                 {"http://" + nobody, otlp.HTTP, export.Away, nil},
		"hangs up, gRPC":           {"http://" + nobody, otlp.GRPC, export.Away, nil},
		"dies in mid-request":      {"http://" + dying, otlp.HTTP, export.Away, nil},
		"dies in mid-answer":       {"http://" + half, otlp.HTTP, export.Away, []string{"unexpected EOF"}},
		"TLS asked of plain":       {strings.Replace(plain, "http:", "https:", 1), otlp.HTTP, export.Misconfigured, []string{"http://"}},
		"TLS asked of plain, gRPC": {strings.Replace(plain, "http:", "https:", 1), otlp.GRPC, export.Misconfigured, []string{"http://"}},
		"plain asked of TLS":       {strings.Replace(secure.URL, "https:", "http:", 1), otlp.HTTP, export.Misconfigured, []string{"https://"}},
		"plain asked of other TLS": {"http://" + alert, otlp.HTTP, export.Misconfigured, []string{"https://"}},
		"unknown authority":        {secure.URL, otlp.HTTP, export.Misconfigured, []string{"OTEL_EXPORTER_OTLP_CERTIFICATE"}},
		"gRPC asked of HTTP/1.1":   {plain, otlp.GRPC, export.Away, []string{"4317", "OTEL_EXPORTER_OTLP_PROTOCOL"}},
	} {
		t.Run(name, func(t *testing.T) {
			mustFault(t, send(t, otlp.Config{Endpoint: test.endpoint, Protocol: test.protocol}), test.want, test.words...)
		})
	}
}

func TestWhoeverHangsIsAwayWhenTimeIsUp(t *testing.T) {
	quit := make(chan struct{})
	url := serve(t, func(http.ResponseWriter, *http.Request) { <-quit })
	defer close(quit)
	for _, protocol := range []otlp.Protocol{otlp.HTTP, otlp.GRPC} {
		s, err := otlp.New(otlp.Config{Endpoint: url, Protocol: protocol})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err = s.Send(ctx, one(t))
		cancel()
		if protocol == otlp.HTTP {
			mustFault(t, err, export.Away, "in time")
		} else if err == nil {
			t.Error("no error over gRPC")
		}
		s.Close()
	}
}

// traceServer is a gRPC server of the library that everybody uses.
type traceServer struct {
	coltracepb.UnimplementedTraceServiceServer
	answer func() (*coltracepb.ExportTraceServiceResponse, error)
	got    *coltracepb.ExportTraceServiceRequest
	header metadata.MD
}

func (s *traceServer) Export(ctx context.Context, r *coltracepb.ExportTraceServiceRequest) (*coltracepb.ExportTraceServiceResponse, error) {
	s.got = r
	s.header, _ = metadata.FromIncomingContext(ctx)
	if s.answer == nil {
		return &coltracepb.ExportTraceServiceResponse{}, nil
	}
	return s.answer()
}

func serveGRPC(t *testing.T, s *traceServer, options ...grpc.ServerOption) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	coltracepb.RegisterTraceServiceServer(server, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	return l.Addr().String()
}

func TestRequestOverGRPCIsUnderstoodByItsLibrary(t *testing.T) {
	s := new(traceServer)
	host := serveGRPC(t, s)
	for name, c := range map[string]otlp.Config{
		"without a scheme": {Endpoint: host}, "with one": {Endpoint: "http://" + host}, "zipped": {Endpoint: host, Gzip: true},
	} {
		t.Run(name, func(t *testing.T) {
			c.Protocol, c.Headers = otlp.GRPC, map[string]string{"agenttrace-project": "p"}
			if err := send(t, c); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(encode(t, s.got), one(t)) || s.header.Get("agenttrace-project")[0] != "p" {
				t.Errorf("got %v with %v", s.got, s.header)
			}
		})
	}
}

func TestGRPCAnswersAreUnderstood(t *testing.T) {
	s := new(traceServer)
	host := serveGRPC(t, s, grpc.MaxRecvMsgSize(1<<20))
	throttled, err := status.New(codes.ResourceExhausted, "slow down").WithDetails(&errdetails.ErrorInfo{Reason: "X"}, &errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		err   error
		want  export.Kind
		pause time.Duration
		words []string
	}{
		"invalid":         {status.Error(codes.InvalidArgument, "100% wrong: ü"), export.Refused, 0, []string{"100% wrong: ü"}},
		"unauthenticated": {status.Error(codes.Unauthenticated, "who?"), export.Misconfigured, 0, []string{"who?", "credentials"}},
		"denied":          {status.Error(codes.PermissionDenied, "no"), export.Misconfigured, 0, nil},
		"unimplemented":   {status.Error(codes.Unimplemented, "no"), export.Misconfigured, 0, []string{"4317"}},
		"unavailable":     {status.Error(codes.Unavailable, "starting"), export.Away, 0, nil},
		"throttled":       {throttled.Err(), export.Away, 1500 * time.Millisecond, nil},
		"quota":           {status.Error(codes.ResourceExhausted, "quota used up"), export.Away, 0, nil},
		"too large":       {status.Error(codes.ResourceExhausted, "grpc: received message larger than max (2 vs. 1)"), export.TooLarge, 0, nil},
		"internal":        {status.Error(codes.Internal, "oops"), export.Doubtful, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s.answer = func() (*coltracepb.ExportTraceServiceResponse, error) { return nil, test.err }
			fault := mustFault(t, send(t, otlp.Config{Endpoint: host, Protocol: otlp.GRPC}), test.want, test.words...)
			if fault.RetryAfter != test.pause {
				t.Errorf("a pause of %v, want %v", fault.RetryAfter, test.pause)
			}
		})
	}
	s.answer = func() (*coltracepb.ExportTraceServiceResponse, error) {
		return &coltracepb.ExportTraceServiceResponse{PartialSuccess: &coltracepb.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: "bad id"}}, nil
	}
	if fault := mustFault(t, send(t, otlp.Config{Endpoint: host, Protocol: otlp.GRPC}), export.Partial, "bad id"); fault.Rejected != 1 {
		t.Errorf("%d rejected", fault.Rejected)
	}
	large, err := otlp.New(otlp.Config{Endpoint: host, Protocol: otlp.GRPC})
	if err != nil {
		t.Fatal(err)
	}
	defer large.Close()
	mustFault(t, large.Send(t.Context(), make([]byte, 2<<20)), export.TooLarge)
}

func TestServerWithACertificateOfItsOwnIsTrustedByFile(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := send(t, otlp.Config{Endpoint: server.URL, CertificateFile: file}); err != nil {
		t.Error(err)
	}
	s := new(traceServer)
	host := serveGRPC(t, s, grpc.Creds(credentials.NewServerTLSFromCert(&server.TLS.Certificates[0])))
	if err := send(t, otlp.Config{Endpoint: "https://" + host, Protocol: otlp.GRPC, CertificateFile: file}); err != nil {
		t.Error(err)
	}
}
