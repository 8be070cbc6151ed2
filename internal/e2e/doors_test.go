package e2e_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// projectHeader says which project a request is about.
const projectHeader = "agenttrace-project"

// exportMethod is the path of OTLP/gRPC.
const exportMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
)

// answer is what became of an export.
type answer struct {
	acknowledged bool
	rejected     int64 // spans of an acknowledged request that were not stored
	message      string
	// again says that the OTLP specification lets a sender repeat the request:
	// nothing is known about it.
	again bool
	code  string // gRPC's name of it or HTTP's number; empty when there was no answer
	err   error  // nil when acknowledged
}

// door is a way in for an encoded ExportTraceServiceRequest.
type door struct {
	name string
	send func(ctx context.Context, c *http.Client, base, project string, body []byte) answer
}

// protobufDoors are the ways in for protobuf.
func protobufDoors() []door {
	return []door{
		{name: "grpc", send: exportGRPC},
		{name: "http", send: func(ctx context.Context, c *http.Client, base, project string, body []byte) answer {
			return exportHTTP(ctx, c, base, project, protobufType, body)
		}},
	}
}

// newClient returns a client for one caller. HTTP/2 without TLS is what gRPC
// needs, and everything else can use it too.
func newClient(t *testing.T) *http.Client {
	t.Helper()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// exportGRPC calls OTLP/gRPC with bytes that need not be a valid message, as no
// generated client would.
func exportGRPC(ctx context.Context, c *http.Client, base, project string, body []byte) answer {
	frame := binary.BigEndian.AppendUint32(make([]byte, 1, 5+len(body)), uint32(len(body)))
	return exportFrame(ctx, c, base, project, "identity", append(frame, body...))
}

// exportFrame calls OTLP/gRPC with a frame that need not be a valid one.
func exportFrame(ctx context.Context, c *http.Client, base, project, encoding string, frame []byte) answer {
	res, data, err := post(ctx, c, base+exportMethod, frame, map[string]string{
		"Content-Type": "application/grpc", "Te": "trailers", "Grpc-Encoding": encoding, projectHeader: project,
	})
	if err != nil {
		return answer{again: true, err: err}
	}
	status := cmp.Or(res.Trailer.Get("Grpc-Status"), res.Header.Get("Grpc-Status"))
	if res.StatusCode != http.StatusOK {
		return answer{again: mayRepeat(res.StatusCode), code: strconv.Itoa(res.StatusCode), err: fmt.Errorf("HTTP status %s", res.Status)}
	}
	if status != "0" {
		return refusal(status, res)
	}
	if len(data) < 5 {
		return answer{err: fmt.Errorf("answer of %d bytes has no message", len(data))}
	}
	return acknowledged(data[5:], proto.Unmarshal)
}

// refusal reads an answer of gRPC that is not a success. Whether a sender comes
// back depends on the code, and for RESOURCE_EXHAUSTED on a RetryInfo beside it.
func refusal(status string, res *http.Response) answer {
	var code codes.Code
	if err := code.UnmarshalJSON([]byte(status)); err != nil {
		return answer{again: true, err: fmt.Errorf("answer without status: %w", err)} // cut off
	}
	var details statuspb.Status
	packed := strings.TrimRight(cmp.Or(res.Trailer.Get("Grpc-Status-Details-Bin"), res.Header.Get("Grpc-Status-Details-Bin")), "=")
	raw, err := base64.RawStdEncoding.DecodeString(packed)
	if err == nil {
		err = proto.Unmarshal(raw, &details)
	}
	if err != nil {
		return answer{code: code.String(), err: fmt.Errorf("%v with bad details: %w", code, err)}
	}
	retry := slices.ContainsFunc(details.GetDetails(), func(d *anypb.Any) bool { return d.MessageIs(new(errdetails.RetryInfo)) })
	message := cmp.Or(res.Trailer.Get("Grpc-Message"), res.Header.Get("Grpc-Message"))
	return answer{
		again: code == codes.Unavailable || code == codes.ResourceExhausted && retry,
		code:  code.String(), err: fmt.Errorf("%v: %s", code, message),
	}
}

// exportHTTP posts to OTLP/HTTP.
func exportHTTP(ctx context.Context, c *http.Client, base, project, contentType string, body []byte) answer {
	return exportEncoded(ctx, c, base, project, contentType, "identity", body)
}

// exportEncoded posts a body that is compressed already.
func exportEncoded(ctx context.Context, c *http.Client, base, project, contentType, encoding string, body []byte) answer {
	res, data, err := post(ctx, c, base+"/v1/traces", body, map[string]string{
		"Content-Type": contentType, "Content-Encoding": encoding, projectHeader: project,
	})
	if err != nil {
		return answer{again: true, err: err}
	}
	if res.StatusCode != http.StatusOK {
		return answer{again: mayRepeat(res.StatusCode), code: strconv.Itoa(res.StatusCode), err: fmt.Errorf("HTTP status %s: %.500s", res.Status, data)}
	}
	if got := res.Header.Get("Content-Type"); got != contentType {
		return answer{err: fmt.Errorf("answer is %q, want the request's type, %q", got, contentType)}
	}
	if contentType == jsonType {
		return acknowledged(data, protojson.Unmarshal)
	}
	return acknowledged(data, proto.Unmarshal)
}

// mayRepeat holds the statuses that OTLP/HTTP lists as retryable.
func mayRepeat(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func acknowledged(data []byte, unmarshal func([]byte, proto.Message) error) answer {
	var response coltracepb.ExportTraceServiceResponse
	if err := unmarshal(data, &response); err != nil {
		return answer{err: fmt.Errorf("answer: %w", err)}
	}
	partial := response.GetPartialSuccess()
	return answer{acknowledged: true, rejected: partial.GetRejectedSpans(), message: partial.GetErrorMessage()}
}

func post(ctx context.Context, c *http.Client, url string, body []byte, header map[string]string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res, data, err
}

// mustStore demands that an export was taken whole.
func mustStore(t *testing.T, a answer) {
	t.Helper()
	if !a.acknowledged || a.rejected != 0 || a.message != "" {
		t.Fatalf("export: acknowledged %v, %d spans rejected, message %q, error %v", a.acknowledged, a.rejected, a.message, a.err)
	}
}
