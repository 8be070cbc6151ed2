package send_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/agenttrace/agenttrace/bench/send"
)

// list is a load of given messages.
type list [][]byte

func (l list) Send(n int, send func(frame, message []byte) error) error {
	return send(framed(l[n]), l[n])
}

func (l list) SpansOf(int) int { return 2 }

func framed(message []byte) []byte {
	frame := make([]byte, 5, 5+len(message))
	binary.BigEndian.PutUint32(frame[1:], uint32(len(message)))
	return append(frame, message...)
}

// messages of many sizes, from nothing to more than any window.
func messages() list {
	random := rand.New(rand.NewPCG(1, 2))
	var l list
	for _, size := range []int{0, 1, 100, 16_379, 16_384, 65_530, 65_536, 200_000, 3_000_000, 5} {
		m := make([]byte, size)
		for i := range m {
			m[i] = byte(random.Uint32())
		}
		l = append(l, m)
	}
	return l
}

// inbox is a server's side.
type inbox struct {
	mu     sync.Mutex
	got    list
	answer []byte // ExportTraceServiceResponse
	fail   error  // of gRPC
}

func (b *inbox) take(m []byte) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, m)
	return b.answer, b.fail
}

func (b *inbox) check(t *testing.T, want list) {
	t.Helper()
	order := func(x, y []byte) int { return bytes.Compare(x, y) }
	slices.SortFunc(b.got, order)
	slices.SortFunc(want, order)
	if !slices.EqualFunc(b.got, want, bytes.Equal) {
		t.Errorf("%d messages came, or not as they were sent", len(b.got))
	}
}

// raw passes messages through gRPC as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = bytes.Clone(data); return nil }
func (raw) Name() string                       { return "proto" }

// grpcServer is gRPC's own implementation, with its own ideas of windows.
func grpcServer(t *testing.T, b *inbox) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.MaxRecvMsgSize(1<<24), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		if method, _ := grpc.Method(stream.Context()); method != "/opentelemetry.proto.collector.trace.v1.TraceService/Export" {
			return status.Errorf(codes.Unimplemented, "no method %s", method)
		}
		var m []byte
		if err := stream.RecvMsg(&m); err != nil {
			return err
		}
		answer, err := b.take(m)
		if err != nil {
			return err
		}
		return stream.SendMsg(&answer)
	}))
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return "grpc://" + l.Addr().String()
}

// netServer is Go's HTTP server with windows that are smaller than messages, for
// both protocols.
func netServer(t *testing.T, b *inbox) (target string) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.ProtoMajor == 2 {
			w.Header().Set("Content-Type", "application/grpc")
			answer, _ := b.take(m[5:])
			_, _ = w.Write(framed(answer))
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
			return
		}
		if r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s", r.URL, r.Header)
		}
		answer, err := b.take(m)
		if err != nil {
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(answer)
	}))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Config.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 1 << 15, MaxReceiveBufferPerConnection: 1 << 17, MaxReadFrameSize: 1 << 15}
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestEveryServerGetsWhatWasSent(t *testing.T) {
	for name, serve := range map[string]func(*testing.T, *inbox) string{
		"grpc-go":         grpcServer,
		"net/http HTTP/2": func(t *testing.T, b *inbox) string { return "grpc://" + netServer(t, b) },
		"net/http HTTP/1": func(t *testing.T, b *inbox) string { return "http://" + netServer(t, b) },
	} {
		t.Run(name, func(t *testing.T) {
			b, all := &inbox{}, messages()
			sent, err := send.All(t.Context(), all, send.Plan{Target: serve(t, b), Requests: len(all), Senders: 2})
			if err != nil {
				t.Fatal(err)
			}
			if sent.Spans != 2*len(all) || len(sent.Latencies) != len(all) || sent.Took <= 0 || !slices.IsSorted(sent.Latencies) {
				t.Errorf("reports %+v", sent)
			}
			b.check(t, all)
		})
	}
}

// TestManyAnswersFitThroughOneConnection sends more answers than the first window
// of a connection has room for.
func TestManyAnswersFitThroughOneConnection(t *testing.T) {
	b := &inbox{answer: []byte("\x12\x40" + strings.Repeat("x", 64))} // an unknown field
	all := make(list, 3000)
	for name, target := range map[string]string{"grpc-go": grpcServer(t, b), "net/http": "grpc://" + netServer(t, b)} {
		if _, err := send.All(t.Context(), all, send.Plan{Target: target, Requests: len(all), Senders: 1}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnythingButFullSuccessEndsIt(t *testing.T) {
	partial := &inbox{answer: []byte("\x0a\x08\x08\x01\x12\x04late")} // rejected_spans: 1
	warned := &inbox{answer: []byte("\x0a\x06\x12\x04late")}          // a warning only
	failing := &inbox{fail: status.Error(codes.Unavailable, "full")}
	all := messages()
	for _, c := range []struct {
		target, want string
	}{
		{grpcServer(t, partial), "not all spans"},
		{"http://" + netServer(t, partial), "not all spans"},
		{grpcServer(t, warned), ""},
		{"http://" + netServer(t, warned), ""},
		{grpcServer(t, failing), `grpc-status "14": full`},
		{"http://" + netServer(t, failing), "503"},
		{"ftp://127.0.0.1:1", ""},
		{"127.0.0.1", "no address"},
	} {
		_, err := send.All(t.Context(), all, send.Plan{Target: c.target, Requests: len(all), Senders: 2})
		switch {
		case c.target == "ftp://127.0.0.1:1":
			if err == nil {
				t.Error("ftp is taken")
			}
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.target, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %s", c.target, err, c.want)
		}
	}
}

func TestTheEndOfTheContextEndsSending(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.ReadFull(c, make([]byte, 1000)) // a request is under way
		cancel()
	}()
	if _, err := send.All(ctx, messages()[8:], send.Plan{Target: "grpc://" + l.Addr().String(), Requests: 1, Senders: 1}); err == nil {
		t.Error("sending ended as if all had been acknowledged")
	}
}
