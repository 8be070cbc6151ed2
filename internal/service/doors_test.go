package service_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/http"
	"strconv"
	"testing"

	"connectrpc.com/connect"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/service/otlpdoor"
)

// answer is what a door said, in the terms that all doors share.
type answer struct {
	http     int          // status; 200 for every gRPC call that reached its handler
	code     connect.Code // 0 for success
	rejected int64        // spans of a request that was otherwise stored
	message  string       // of the error or of the partial success
	status   *status.Status
	header   http.Header
	empty    bool // the answer's message had no bytes
}

// door is a way in that takes spans.
type door struct {
	name string
	send func(t *testing.T, s *server, spans ...spanSpec) answer
}

// doors are the four ways in.
func doors() []door {
	return []door{
		{"OTLP/gRPC", func(t *testing.T, s *server, spans ...spanSpec) answer {
			return s.grpc(t, frame(wireRequest(spans...)))
		}},
		{"OTLP/HTTP protobuf", func(t *testing.T, s *server, spans ...spanSpec) answer {
			return s.post(t, wireRequest(spans...), "Content-Type", "application/x-protobuf")
		}},
		{"OTLP/HTTP JSON", func(t *testing.T, s *server, spans ...spanSpec) answer {
			return s.post(t, jsonRequest(spans...), "Content-Type", "application/json; charset=utf-8")
		}},
		{"WriteSpans", func(t *testing.T, s *server, spans ...spanSpec) answer {
			req := &pb.WriteSpansRequest{}
			for _, span := range spans {
				req.Spans = append(req.Spans, span.message())
			}
			res, err := s.ingest.WriteSpans(t.Context(), req)
			if err != nil {
				return answer{code: connect.CodeOf(err), message: err.Error()}
			}
			a := answer{http: 200, rejected: int64(len(res.GetRejected()))}
			for _, r := range res.GetRejected() {
				a.message += r.GetReason()
			}
			if got := res.GetAcceptedCount() + a.rejected; got != int64(len(spans)) {
				t.Errorf("accepted and rejected spans are %d, sent were %d", got, len(spans))
			}
			return a
		}},
	}
}

// frame puts a gRPC header before a message.
func frame(message []byte) []byte { return frameFlagged(0, message) }

func frameFlagged(flags byte, message []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(message)))
	return append(b, message...)
}

// request returns a request with headers given as name, value, name, value…
func (s *server) request(ctx context.Context, t *testing.T, method, path string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

// grpc sends frames to OTLP/gRPC.
func (s *server) grpc(t *testing.T, frames []byte, headers ...string) answer {
	t.Helper()
	headers = append([]string{"Content-Type", "application/grpc", "Te", "trailers"}, headers...)
	return grpcAnswer(t, s.h2, s.request(t.Context(), t, http.MethodPost, otlpdoor.GRPCPath, bytes.NewReader(frames), headers...))
}

func grpcAnswer(t *testing.T, client *http.Client, req *http.Request) answer {
	t.Helper()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{http: res.StatusCode, header: res.Header}
	if res.StatusCode != http.StatusOK {
		a.message = string(body)
		return a
	}
	trailer := res.Trailer
	if trailer.Get("Grpc-Status") == "" {
		trailer = res.Header // a response of trailers only
	}
	code, err := strconv.ParseUint(trailer.Get("Grpc-Status"), 10, 32)
	if err != nil {
		t.Fatalf("grpc-status %q: %v", trailer.Get("Grpc-Status"), err)
	}
	a.code, a.message = connect.Code(code), trailer.Get("Grpc-Message")
	if details := trailer.Get("Grpc-Status-Details-Bin"); details != "" {
		raw, err := base64.RawStdEncoding.DecodeString(details)
		a.status = &status.Status{}
		if err != nil || proto.Unmarshal(raw, a.status) != nil {
			t.Fatalf("grpc-status-details-bin %q: %v", details, err)
		}
	}
	if a.code != 0 {
		return a
	}
	if len(body) < 5 || body[0] != 0 || int(binary.BigEndian.Uint32(body[1:])) != len(body)-5 {
		t.Fatalf("answer is not one frame: %x", body)
	}
	a.take(t, body[5:], proto.Unmarshal)
	return a
}

// post sends a body to OTLP/HTTP.
func (s *server) post(t *testing.T, body []byte, headers ...string) answer {
	t.Helper()
	return httpAnswer(t, s.h1, s.request(t.Context(), t, http.MethodPost, otlpdoor.HTTPPath, bytes.NewReader(body), headers...))
}

func httpAnswer(t *testing.T, client *http.Client, req *http.Request) answer {
	t.Helper()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{http: res.StatusCode, header: res.Header}
	unmarshal := proto.Unmarshal
	switch res.Header.Get("Content-Type") {
	case "application/json":
		unmarshal = protojson.Unmarshal
	case "application/x-protobuf":
	default:
		a.message = string(body)
		return a
	}
	if res.StatusCode == http.StatusOK {
		a.take(t, body, unmarshal)
		return a
	}
	a.status = &status.Status{}
	if err := unmarshal(body, a.status); err != nil {
		t.Fatalf("the body of a %d is no google.rpc.Status: %v", res.StatusCode, err)
	}
	a.code, a.message = connect.Code(a.status.GetCode()), a.status.GetMessage()
	return a
}

// take reads an ExportTraceServiceResponse.
func (a *answer) take(t *testing.T, body []byte, unmarshal func([]byte, proto.Message) error) {
	t.Helper()
	var res collector.ExportTraceServiceResponse
	if err := unmarshal(body, &res); err != nil {
		t.Fatal(err)
	}
	a.empty = proto.Size(&res) == 0
	a.rejected = res.GetPartialSuccess().GetRejectedSpans()
	a.message = res.GetPartialSuccess().GetErrorMessage()
}

// stored returns the spans of a trace by name.
func (s *server) stored(t *testing.T, trace byte) map[string]*pb.Span {
	t.Helper()
	res, err := s.traces.GetTrace(t.Context(), &pb.GetTraceRequest{TraceId: goodSpan(trace, 1).message().GetTraceId()})
	if err != nil {
		t.Fatal(err)
	}
	spans := make(map[string]*pb.Span)
	for _, span := range res.GetSpans() {
		spans[span.GetName()] = span
	}
	return spans
}
