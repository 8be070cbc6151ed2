package service_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/otlpdoor"
)

func TestBadRequestToOTLPGRPC(t *testing.T) {
	s := newServer(t, withSmallMessages)
	good := wireRequest(goodSpan(1, 1))
	big := wireRequest(spanSpec{name: strings.Repeat("x", 2*smallMessages)})
	const ok = connect.Code(0)
	cases := []struct {
		name     string
		encoding string // grpc-encoding
		timeout  string // grpc-timeout
		frames   []byte
		want     connect.Code
	}{
		{"plain", "", "", frame(good), ok},
		{"identity", "identity", "", frame(good), ok},
		{"gzip", "gzip", "", frameFlagged(1, gzipped(t, good)), ok},
		{"zstd", "zstd", "", frameFlagged(1, zstded(t, good)), ok},
		{"gzip that is not used", "gzip", "", frame(good), ok},
		{"empty message", "", "", frame(nil), ok},
		{"empty compressed message", "gzip", "", frameFlagged(1, nil), ok},
		{"time enough", "", "10S", frame(good), ok},
		{"all the time", "", "99999999H", frame(good), ok},
		{"no time", "", "0n", frame(good), connect.CodeDeadlineExceeded},
		{"timeout without unit", "", "10", frame(good), connect.CodeInvalidArgument},
		{"timeout without number", "", "S", frame(good), connect.CodeInvalidArgument},
		{"timeout with nine digits", "", "123456789n", frame(good), connect.CodeInvalidArgument},
		{"snappy", "snappy", "", frameFlagged(1, good), connect.CodeUnimplemented},
		{"compressed, not said how", "", "", frameFlagged(1, good), connect.CodeInternal},
		{"unknown flags", "", "", frameFlagged(0x82, good), connect.CodeInvalidArgument},
		{"no message", "", "", nil, connect.CodeUnimplemented},
		{"two messages", "", "", append(frame(good), frame(good)...), connect.CodeUnimplemented},
		{"truncated header", "", "", frame(good)[:3], connect.CodeInvalidArgument},
		{"truncated frame", "", "", frame(good)[:20], connect.CodeInvalidArgument},
		{"truncated compressed frame", "gzip", "", frameFlagged(1, gzipped(t, good))[:30], connect.CodeInvalidArgument},
		{"truncated message", "", "", frame(good[:len(good)-1]), connect.CodeInvalidArgument},
		{"garbage", "", "", frame(bytes.Repeat([]byte{0xff}, 1000)), connect.CodeInvalidArgument},
		{"not gzip", "gzip", "", frameFlagged(1, good), connect.CodeInvalidArgument},
		{"not zstd", "zstd", "", frameFlagged(1, good), connect.CodeInvalidArgument},
		{"truncated gzip", "gzip", "", frameFlagged(1, gzipped(t, good)[:30]), connect.CodeInvalidArgument},
		{"truncated zstd", "zstd", "", frameFlagged(1, zstded(t, good)[:20]), connect.CodeInvalidArgument},
		{"too large", "", "", frame(big), connect.CodeResourceExhausted},
		{"said to be too large", "", "", []byte{0, 0xff, 0xff, 0xff, 0xff}, connect.CodeResourceExhausted},
		{"too large when decompressed from gzip", "gzip", "", frameFlagged(1, gzipped(t, big)), connect.CodeResourceExhausted},
		{"too large when decompressed from zstd", "zstd", "", frameFlagged(1, zstded(t, big)), connect.CodeResourceExhausted},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var headers []string
			if c.encoding != "" {
				headers = append(headers, "Grpc-Encoding", c.encoding)
			}
			if c.timeout != "" {
				headers = append(headers, "Grpc-Timeout", c.timeout)
			}
			got := s.grpc(t, c.frames, headers...)
			if got.http != 200 || got.code != c.want {
				t.Fatalf("got HTTP %d, code %v %s; want %v", got.http, got.code, got.message, c.want)
			}
			if accept := got.header.Get("Grpc-Accept-Encoding"); accept != "identity,gzip,zstd" {
				t.Errorf("grpc-accept-encoding is %q", accept)
			}
			if c.want != ok && got.message == "" {
				t.Error("no reason is given")
			}
			if c.want == connect.CodeResourceExhausted && retryDelay(got) != 0 {
				t.Error("the sender is told to send it again")
			}
		})
	}
	wantStored(t, s)
}

func TestOTLPGRPCTakesOnlyGRPC(t *testing.T) {
	s := newServer(t)
	cases := []struct {
		name, method, kind string
		want               int
	}{
		{"GET", "GET", "application/grpc", 405},
		{"OTLP/HTTP at the wrong place", "POST", "application/x-protobuf", 415},
		{"gRPC with JSON", "POST", "application/grpc+json", 415},
		{"gRPC-Web", "POST", "application/grpc-web", 415},
		{"gRPC", "POST", "application/grpc", 200},
		{"gRPC with protobuf", "POST", "application/grpc+proto", 200},
	}
	for _, c := range cases {
		req := s.request(t.Context(), t, c.method, otlpdoor.GRPCPath, bytes.NewReader(frame(nil)), "Content-Type", c.kind)
		if got := grpcAnswer(t, s.h2, req); got.http != c.want {
			t.Errorf("%s: got %d %s, want %d", c.name, got.http, got.message, c.want)
		}
	}
}

func TestOTLPGRPCAnswersOverHTTP1(t *testing.T) {
	s := newServer(t)
	for want, frames := range map[connect.Code][]byte{0: frame(wireRequest(goodSpan(1, 1))), connect.CodeInvalidArgument: frame([]byte{1})} {
		req := s.request(t.Context(), t, http.MethodPost, otlpdoor.GRPCPath, bytes.NewReader(frames), "Content-Type", "application/grpc")
		if got := grpcAnswer(t, s.h1, req); got.code != want {
			t.Errorf("got code %v %s, want %v", got.code, got.message, want)
		}
	}
}

func TestTooLargeSaysHowMuchIsAllowed(t *testing.T) {
	s := newServer(t, withSmallMessages)
	got := s.grpc(t, []byte{0, 0xff, 0, 0, 0})
	if reason, metadata := errorInfo(got.status); reason != fault.ReasonMessageTooLarge || metadata["max_message_bytes"] != "1048576" {
		t.Errorf("got %s %v", reason, metadata)
	}
}
