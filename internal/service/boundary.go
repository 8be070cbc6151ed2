package service

import (
	"context"
	"errors"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/agenttrace/agenttrace/internal/service/fault"
)

// boundary is what every call of our services passes on its way in and out: it
// bounds the time of unary calls, turns panics into errors, and errors into
// what clients may see.
type boundary struct {
	faults  *fault.Mapper
	timeout time.Duration
}

var _ connect.Interceptor = (*boundary)(nil)

// WrapUnary implements connect.Interceptor.
func (b *boundary) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (res connect.AnyResponse, err error) {
		ctx, cancel := context.WithTimeout(ctx, b.timeout)
		defer cancel()
		defer b.recover(ctx, req.Spec().Procedure, &err)
		res, err = next(ctx, req)
		if err != nil {
			return nil, b.faults.Map(ctx, req.Spec().Procedure, err)
		}
		return res, nil
	}
}

// WrapStreamingClient implements connect.Interceptor; there are no clients here.
func (b *boundary) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor. A stream may take as
// long as its client reads.
func (b *boundary) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) (err error) {
		defer b.recover(ctx, conn.Spec().Procedure, &err)
		if err := next(ctx, conn); err != nil {
			if errors.Is(context.Cause(ctx), errDraining) {
				return stopping()
			}
			return b.faults.Map(ctx, conn.Spec().Procedure, err)
		}
		return nil
	}
}

// stopping is what a stream ends with when the server does.
func stopping() error {
	return fault.Retry(connect.CodeUnavailable, "the server is stopping; begin again", time.Second)
}

// recover is deferred.
func (b *boundary) recover(ctx context.Context, procedure string, err *error) {
	switch value := recover(); value {
	case nil:
	case http.ErrAbortHandler: // net/http's own way to end a connection
		panic(value)
	default:
		*err = b.faults.Panicked(ctx, procedure, value)
	}
}
