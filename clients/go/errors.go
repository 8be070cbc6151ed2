package agenttrace

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"
)

// Code says what kind of error it is; codes are gRPC's.
type Code = connect.Code

// The codes of errors.
const (
	CodeCanceled           = connect.CodeCanceled
	CodeUnknown            = connect.CodeUnknown
	CodeInvalidArgument    = connect.CodeInvalidArgument
	CodeDeadlineExceeded   = connect.CodeDeadlineExceeded
	CodeNotFound           = connect.CodeNotFound
	CodeAlreadyExists      = connect.CodeAlreadyExists
	CodePermissionDenied   = connect.CodePermissionDenied
	CodeResourceExhausted  = connect.CodeResourceExhausted
	CodeFailedPrecondition = connect.CodeFailedPrecondition
	CodeAborted            = connect.CodeAborted
	CodeOutOfRange         = connect.CodeOutOfRange
	CodeUnimplemented      = connect.CodeUnimplemented
	CodeInternal           = connect.CodeInternal
	CodeUnavailable        = connect.CodeUnavailable
	CodeDataLoss           = connect.CodeDataLoss
	CodeUnauthenticated    = connect.CodeUnauthenticated
)

// Reasons that a [CallError] may have.
const (
	ReasonTraceTooLarge     = "TRACE_TOO_LARGE"
	ReasonPageTokenInvalid  = "PAGE_TOKEN_INVALID"
	ReasonPageTokenMismatch = "PAGE_TOKEN_MISMATCH"
	ReasonMessageTooLarge   = "MESSAGE_TOO_LARGE"
	ReasonQueryInvalid      = "QUERY_INVALID"
	ReasonQueryTooBroad     = "QUERY_TOO_BROAD"
	ReasonCursorExpired     = "CURSOR_EXPIRED"
)

// CallError is a call that failed: because the server said so, or because it was not
// reached. All errors of calls are, or wrap, one. The error of a context that
// ended is found in it with [errors.Is].
type CallError struct {
	// Call is the name of the call, such as "GetTrace".
	Call string
	// Code is the kind of error.
	Code Code
	// Message says in words what happened. The server's are written to be shown.
	Message string
	// Reason is for programs; empty where nothing but the code is to be known.
	Reason string
	// Metadata belongs to the reason.
	Metadata map[string]string
	// RetryAfter is when the server wants to be asked again; 0 where it does not
	// say.
	RetryAfter time.Duration
	// Violations are the fields of the request that are not as they should be.
	Violations []Violation
	// FromServer says whether the server itself answered so. It did not where it
	// was not reached, where something between answered, or where the client gave
	// up.
	FromServer bool

	cause error
}

// Violation is a field of a request that is not as it should be.
type Violation struct {
	// Field is its path, such as "query"; empty where it is the whole request.
	Field string
	// Description says what would be right.
	Description string
}

// Error implements error.
func (e *CallError) Error() string {
	return fmt.Sprintf("agenttrace: %s: %s (%s)", e.Call, e.Message, e.Code)
}

// Unwrap returns what the error was made of.
func (e *CallError) Unwrap() error { return e.cause }

// CodeOf returns the code of an error: CodeUnknown where it is none of a call.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*CallError](err); ok {
		return e.Code
	}
	return connect.CodeOf(err)
}

// Reason returns the reason of an error, "" where it has none.
func Reason(err error) string {
	if e, ok := errors.AsType[*CallError](err); ok {
		return e.Reason
	}
	return ""
}

func is(err error, code Code) bool { return err != nil && CodeOf(err) == code }

// IsNotFound reports whether there is no such trace, span, run or session in the
// project.
func IsNotFound(err error) bool { return is(err, CodeNotFound) }

// IsInvalid reports whether the request is not as it should be; see
// [CallError].Violations and [QueryError].
func IsInvalid(err error) bool { return is(err, CodeInvalidArgument) }

// IsUnavailable reports whether the server, or its database, was not there, or the
// connection broke.
func IsUnavailable(err error) bool { return is(err, CodeUnavailable) }

// IsUnauthenticated reports whether a token is missing or wrong.
func IsUnauthenticated(err error) bool { return is(err, CodeUnauthenticated) }

// IsPermissionDenied reports whether the token does not allow the call.
func IsPermissionDenied(err error) bool { return is(err, CodePermissionDenied) }

// IsResourceExhausted reports whether the server has more to do than it can take,
// or the request or the answer is too large; see [MessageTooLargeError].
func IsResourceExhausted(err error) bool { return is(err, CodeResourceExhausted) }

// IsDeadlineExceeded reports whether the call's time was over.
func IsDeadlineExceeded(err error) bool {
	return is(err, CodeDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// IsCanceled reports whether the call was broken off, as by its context.
func IsCanceled(err error) bool { return is(err, CodeCanceled) || errors.Is(err, context.Canceled) }

// IsUnimplemented reports whether what answers does not know the call: a server
// that is older than this client, or none of ours.
func IsUnimplemented(err error) bool { return is(err, CodeUnimplemented) }

// callError returns the error of a call. A deadline is known on both sides, and
// whichever notices first says so: that of the context is in the error anyway.
func callError(ctx context.Context, call string, err error) error {
	if _, ok := errors.AsType[*CallError](err); ok {
		return err
	}
	e := &CallError{Call: call, Code: connect.CodeOf(err), Message: err.Error(), cause: err}
	if c, ok := errors.AsType[*connect.Error](err); ok {
		e.Message, e.FromServer = c.Message(), connect.IsWireError(err)
		for _, d := range c.Details() {
			e.addDetail(d.Type(), d.Bytes())
		}
	}
	// A connection that was reset is Canceled to Connect, as if it were we who left.
	left := errors.Is(err, context.Canceled) || ctx.Err() != nil
	if !e.FromServer && (e.Code == CodeInternal || e.Code == CodeUnknown || e.Code == CodeCanceled && !left) && isBroken(err) {
		e.Code = CodeUnavailable
	}
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		e.cause = errors.Join(err, ended)
	}
	return e.typed()
}
