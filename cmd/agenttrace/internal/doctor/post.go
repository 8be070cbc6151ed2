package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"connectrpc.com/connect"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// exportProcedure is that of OTLP over gRPC.
const exportProcedure = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

// transport is one connection's worth, with what the environment trusts.
func (e *examination) transport(http2 bool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	protocols.SetUnencryptedHTTP2(http2)
	var trust *tls.Config
	if e.Trust != nil {
		trust = e.Trust.Clone()
	}
	return &http.Transport{TLSClientConfig: trust, Protocols: protocols, Proxy: http.ProxyFromEnvironment, MaxResponseHeaderBytes: mostRead}
}

// postHTTP sends a request as exporters with the protocol http/protobuf do.
func (e *examination) postHTTP(ctx context.Context, x *exporter, message *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	body, err := proto.Marshal(message)
	if err != nil {
		return nil, err
	}
	to := *x.url
	if x.protocol == protocolGRPC {
		to = *to.JoinPath("v1/traces")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	x.setHeaders(req.Header)
	req.Header.Set("Content-Type", "application/x-protobuf")
	transport := e.transport(false)
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, rootOf(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, mostRead))
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s", res.Status)
	}
	var out collector.ExportTraceServiceResponse
	if err := proto.Unmarshal(answer, &out); err != nil {
		return nil, errors.New("its answer is not OTLP")
	}
	return &out, nil
}

// postGRPC sends a request as exporters with the protocol grpc do.
func (e *examination) postGRPC(ctx context.Context, x *exporter, message *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	transport := e.transport(true)
	defer transport.CloseIdleConnections()
	client := connect.NewClient[collector.ExportTraceServiceRequest, collector.ExportTraceServiceResponse](
		&http.Client{Transport: transport}, x.url.Scheme+"://"+x.grpcHost()+exportProcedure, connect.WithGRPC(), connect.WithReadMaxBytes(mostRead))
	req := connect.NewRequest(message)
	x.setHeaders(req.Header())
	res, err := client.CallUnary(ctx, req)
	if failed, ok := errors.AsType[*connect.Error](err); ok {
		return nil, fmt.Errorf("%s (%s)", strings.TrimSuffix(failed.Message(), "."), failed.Code())
	}
	if err != nil {
		return nil, err
	}
	return res.Msg, nil
}

// grpcHost is where exporters with the protocol grpc connect to: where no endpoint is
// set, that is another port than for HTTP.
func (x *exporter) grpcHost() string {
	if x.variable == "" {
		return "localhost:4317"
	}
	return x.url.Host
}

// setHeaders adds those of the environment, but for the project: test spans have
// their own.
func (x *exporter) setHeaders(to http.Header) {
	for _, h := range x.headers {
		to.Set(h.name, h.value)
	}
	to.Set(projectHeader, Project)
}
