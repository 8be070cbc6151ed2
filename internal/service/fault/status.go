package fault

import (
	"errors"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/types/known/anypb"
)

// HTTPStatus returns what a code is in plain HTTP. OTLP senders try 429, 502,
// 503 and 504 again and drop what got another error.
func HTTPStatus(code connect.Code) int {
	switch code {
	case connect.CodeInvalidArgument, connect.CodeFailedPrecondition, connect.CodeOutOfRange:
		return http.StatusBadRequest
	case connect.CodeUnauthenticated:
		return http.StatusUnauthorized
	case connect.CodePermissionDenied:
		return http.StatusForbidden
	case connect.CodeNotFound:
		return http.StatusNotFound
	case connect.CodeResourceExhausted:
		return http.StatusTooManyRequests
	case connect.CodeUnimplemented:
		return http.StatusUnsupportedMediaType
	case connect.CodeUnavailable:
		return http.StatusServiceUnavailable
	case connect.CodeDeadlineExceeded:
		return http.StatusGatewayTimeout
	case connect.CodeCanceled:
		return 499 // nobody reads it; proxies' logs know the number
	default:
		return http.StatusInternalServerError
	}
}

// Status returns the error as the message that OTLP and gRPC send.
func Status(e *connect.Error) *status.Status {
	s := &status.Status{Code: int32(e.Code()), Message: e.Message()}
	for _, d := range e.Details() {
		s.Details = append(s.Details, &anypb.Any{
			TypeUrl: "type.googleapis.com/" + d.Type(),
			Value:   d.Bytes(),
		})
	}
	return s
}

// RetryAfter returns how long the client should wait before it tries again, and
// whether it should try at all.
func RetryAfter(e *connect.Error) (time.Duration, bool) {
	for _, d := range e.Details() {
		if value, err := d.Value(); err == nil {
			if info, ok := value.(*errdetails.RetryInfo); ok {
				return info.GetRetryDelay().AsDuration(), true
			}
		}
	}
	return 0, false
}

// Reason returns the reason in the error's ErrorInfo, "" without one.
func Reason(err error) string {
	e, ok := errors.AsType[*connect.Error](err)
	if !ok {
		return ""
	}
	for _, d := range e.Details() {
		if value, err := d.Value(); err == nil {
			if info, ok := value.(*errdetails.ErrorInfo); ok {
				return info.GetReason()
			}
		}
	}
	return ""
}
