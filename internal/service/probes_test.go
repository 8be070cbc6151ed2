package service_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/emptypb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/service"
)

func (s *server) get(t *testing.T, path string) (int, string) {
	t.Helper()
	res, err := s.h1.Do(s.request(t.Context(), t, http.MethodGet, path, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// health asks gRPC's health service, whose messages have one field each.
func (s *server) health(t *testing.T, name string) (uint64, error) {
	t.Helper()
	client := connect.NewClient[emptypb.Empty, emptypb.Empty](s.h2, s.url+"/grpc.health.v1.Health/Check", connect.WithGRPC())
	req := &emptypb.Empty{}
	req.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name))
	res, err := client.CallUnary(t.Context(), connect.NewRequest(req))
	if err != nil {
		return 0, err
	}
	_, _, tag := protowire.ConsumeTag(res.Msg.ProtoReflect().GetUnknown())
	status, _ := protowire.ConsumeVarint(res.Msg.ProtoReflect().GetUnknown()[tag:])
	return status, nil
}

func TestProbesFollowReadiness(t *testing.T) {
	const serving, notServing = 1, 2
	broken := errors.New("no")
	for name, c := range map[string]struct {
		ready, ping error
		http        int
		grpc        uint64
	}{
		"ready":      {nil, nil, 200, serving},
		"draining":   {broken, nil, 503, notServing},
		"store away": {nil, broken, 503, notServing},
	} {
		s := newServer(t, func(config *service.Config) {
			config.Ready = func() error { return c.ready }
			config.Ping = func(context.Context) error { return c.ping }
		})
		if code, _ := s.get(t, "/healthz"); code != 200 {
			t.Errorf("%s: /healthz is %d", name, code)
		}
		if code, _ := s.get(t, "/readyz"); code != c.http {
			t.Errorf("%s: /readyz is %d, want %d", name, code, c.http)
		}
		for _, service := range []string{"", agenttracev1connect.TraceServiceName, agenttracev1connect.QueryServiceName, agenttracev1connect.TailServiceName, agenttracev1connect.StatusServiceName, "opentelemetry.proto.collector.trace.v1.TraceService"} {
			if status, err := s.health(t, service); err != nil || status != c.grpc {
				t.Errorf("%s: health of %q is %d, %v; want %d", name, service, status, err, c.grpc)
			}
		}
		if _, err := s.health(t, "no.such.Service"); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("%s: health of an unknown service: %v", name, err)
		}
	}
}

func TestPlainPages(t *testing.T) {
	s := newServer(t, func(c *service.Config) {
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") })
	})
	for path, want := range map[string]string{"/": "OTLP/HTTP", "/metrics": "up 1", "/healthz": "ok"} {
		if code, body := s.get(t, path); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if code, _ := s.get(t, "/nothing"); code != 404 {
		t.Errorf("/nothing: %d", code)
	}
}

func TestReflectionDescribesEveryService(t *testing.T) {
	s := newServer(t)
	for name, client := range map[string]connect.HTTPClient{"v1": s.h2, "v1alpha": v1alpha{s.h2}} {
		stream := grpcreflect.NewClient(client, s.url, connect.WithGRPC()).NewStream(t.Context())
		names, err := stream.ListServices()
		if err != nil || len(names) != 10 {
			t.Errorf("%s: services %v, %v", name, names, err)
		}
		for _, service := range names {
			files, err := stream.FileContainingSymbol(service)
			if err != nil || len(files) == 0 {
				t.Errorf("%s: %s: %v", name, service, err)
				continue
			}
			root := files[0]
			if !strings.HasPrefix(string(service), root.GetPackage()+".") {
				t.Errorf("%s: %s is said to be in %s", name, service, root.GetPackage())
			}
			for _, method := range root.GetService()[0].GetMethod() {
				input := strings.TrimPrefix(method.GetInputType(), ".")
				if !slices.ContainsFunc(root.GetMessageType(), func(m *descriptorpb.DescriptorProto) bool {
					return root.GetPackage()+"."+m.GetName() == input
				}) {
					t.Errorf("%s: %s takes %s, which its file does not have", name, service, input)
				}
			}
		}
		if _, err := stream.FileContainingSymbol("opentelemetry.proto.trace.v1.Span"); err != nil {
			t.Errorf("%s: OTLP's Span: %v", name, err)
		}
		if _, err := stream.Close(); err != nil {
			t.Error(err)
		}
	}
}

// v1alpha asks the older version of the service.
type v1alpha struct{ *http.Client }

func (c v1alpha) Do(req *http.Request) (*http.Response, error) {
	req.URL.Path = strings.Replace(req.URL.Path, ".v1.", ".v1alpha.", 1)
	return c.Client.Do(req)
}

func TestAllProtocolsAnswer(t *testing.T) {
	s := newServer(t)
	writeTraces(t, s, 2)
	clients := map[string]agenttracev1connect.TraceServiceClient{
		"gRPC":             s.traces,
		"gRPC-Web, HTTP/1": agenttracev1connect.NewTraceServiceClient(s.h1, s.url, connect.WithGRPCWeb()),
		"Connect":          agenttracev1connect.NewTraceServiceClient(s.h1, s.url),
		"Connect, JSON":    agenttracev1connect.NewTraceServiceClient(s.h1, s.url, connect.WithProtoJSON()),
		"Connect, GET":     agenttracev1connect.NewTraceServiceClient(s.h1, s.url, connect.WithHTTPGet()),
		"Connect, gzip":    agenttracev1connect.NewTraceServiceClient(s.h1, s.url, connect.WithSendGzip()),
	}
	for name, client := range clients {
		res, err := client.ListTraces(t.Context(), &pb.ListTracesRequest{})
		if err != nil || len(res.GetTraces()) != 2 {
			t.Errorf("%s: %v, %v", name, res, err)
		}
		stream, err := client.StreamTrace(t.Context(), &pb.StreamTraceRequest{TraceId: traceID(1)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		n := 0
		for stream.Receive() {
			n++
		}
		if n != 2 || stream.Err() != nil {
			t.Errorf("%s: %d messages, %v", name, n, stream.Err())
		}
		_ = stream.Close()
	}
}
