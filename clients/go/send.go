package agenttrace

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protowire"
)

// WriteSpans stores spans in the API's own shape, and answers when they are
// durable. Spans that are stored already change nothing.
func (c *Client) WriteSpans(ctx context.Context, req *WriteSpansRequest) (*WriteSpansResponse, error) {
	return call(ctx, c, "WriteSpans", req, c.ingest.WriteSpans)
}

// SendResult is what became of spans that were sent.
type SendResult struct {
	// RejectedSpans is how many cannot be stored, ever; the others are stored.
	RejectedSpans int64
	// Message says why; it may also hold a warning where none was rejected.
	Message string
}

// SendTraces stores spans as OTLP has them: tracesData is a TracesData or
// ExportTraceServiceRequest message in protobuf, such as a part of
// [Client.ExportTraces]. It answers when they are durable. Sending again what is
// stored already changes nothing.
func (c *Client) SendTraces(ctx context.Context, tracesData []byte) (*SendResult, error) {
	body, encoding := tracesData, ""
	if !c.config.uncompressed && len(tracesData) > compressFrom {
		body, encoding = gzipped(tracesData), "gzip"
	}
	return call(ctx, c, "SendTraces", &body, func(ctx context.Context, body *[]byte) (*SendResult, error) {
		return c.sendOnce(ctx, *body, encoding)
	})
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// maxSendAnswer is more than any answer has: a sentence.
const maxSendAnswer = 1 << 20

func (c *Client) sendOnce(ctx context.Context, body []byte, encoding string) (*SendResult, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url.JoinPath("v1", "traces").String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, unreached(ctx, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxSendAnswer))
	if err != nil {
		return nil, unreached(ctx, err)
	}
	if res.StatusCode != http.StatusOK || len(answer) > 0 && !isProtobuf(res) {
		return nil, sendError(res, answer)
	}
	return sendResult(answer), nil
}

// unreached returns the error of a request that got no answer.
func unreached(ctx context.Context, err error) error {
	code := CodeUnavailable
	switch ctx.Err() {
	case context.Canceled:
		code = CodeCanceled
	case context.DeadlineExceeded:
		code = CodeDeadlineExceeded
	}
	return connect.NewError(code, err)
}

// sendResult reads an ExportTraceServiceResponse.
func sendResult(answer []byte) *SendResult {
	result := new(SendResult)
	eachField(answer, func(n protowire.Number, b []byte) {
		if n != 1 {
			return
		}
		result.Message = texts(b)[2]
		eachField(b, nil, func(n protowire.Number, v uint64) {
			if n == 1 {
				result.RejectedSpans = int64(v)
			}
		})
	}, nil)
	return result
}

// sendError returns the error of an answer: what its google.rpc.Status says where
// there is one, else what its status line says.
func sendError(res *http.Response, answer []byte) error {
	e := &CallError{Call: "SendTraces", Code: codeOfHTTP(res.StatusCode), Message: fmt.Sprintf("the server answered %s", res.Status)}
	if isProtobuf(res) {
		e.addStatus(answer)
	} else if res.StatusCode == http.StatusOK {
		e.Message += fmt.Sprintf(" and sent %q, which no OTLP server does", res.Header.Get("Content-Type"))
	}
	if after := retryAfter(res.Header.Get("Retry-After")); after > 0 && e.RetryAfter == 0 {
		e.RetryAfter = after
	}
	return e.typed()
}

// isProtobuf reports whether an answer is in the encoding of its request, as those
// of OTLP servers are.
func isProtobuf(res *http.Response) bool {
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-protobuf"
}

// addStatus takes what a google.rpc.Status says.
func (e *CallError) addStatus(data []byte) {
	eachField(data, func(n protowire.Number, b []byte) {
		switch n {
		case 2:
			e.Message = string(b)
		case 3:
			detail := texts(b) // a google.protobuf.Any
			e.addDetail(detail[1][strings.LastIndexByte(detail[1], '/')+1:], []byte(detail[2]))
		}
	}, func(n protowire.Number, v uint64) {
		if n == 1 && v > 0 && v <= uint64(CodeUnauthenticated) {
			e.Code, e.FromServer = Code(v), true
		}
	})
}

// retryAfter reads the header of that name.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// codeOfHTTP returns the code for a status that came without one.
func codeOfHTTP(status int) Code {
	switch status {
	case http.StatusBadRequest:
		return CodeInvalidArgument
	case http.StatusRequestEntityTooLarge:
		return CodeResourceExhausted
	case http.StatusUnauthorized:
		return CodeUnauthenticated
	case http.StatusForbidden:
		return CodePermissionDenied
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType:
		return CodeUnimplemented
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return CodeUnavailable
	}
	return CodeUnknown
}
