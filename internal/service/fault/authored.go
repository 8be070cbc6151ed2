package fault

import (
	"errors"
	"strconv"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/agenttrace/agenttrace/internal/query"
)

// Domain is the domain of every ErrorInfo.
const Domain = "agenttrace"

// Reasons of ErrorInfo, for programs; docs/api.md lists them.
const (
	ReasonTraceTooLarge     = "TRACE_TOO_LARGE"
	ReasonPageTokenInvalid  = "PAGE_TOKEN_INVALID"
	ReasonPageTokenMismatch = "PAGE_TOKEN_MISMATCH"
	ReasonMessageTooLarge   = "MESSAGE_TOO_LARGE"
	ReasonQueryInvalid      = "QUERY_INVALID"
	ReasonQueryTooBroad     = "QUERY_TOO_BROAD"
	ReasonCursorExpired     = "CURSOR_EXPIRED"
)

// New returns an error with a text that was written for clients.
func New(code connect.Code, text string) *connect.Error {
	return connect.NewError(code, errors.New(text))
}

// WithReason returns an error on which a program can act.
func WithReason(code connect.Code, reason, text string, metadata map[string]string) *connect.Error {
	return with(New(code, text), &errdetails.ErrorInfo{Reason: reason, Domain: Domain, Metadata: metadata})
}

// Invalid returns an INVALID_ARGUMENT about the request as a whole.
func Invalid(text string) *connect.Error {
	return with(New(connect.CodeInvalidArgument, text), &errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Description: text}},
	})
}

// InvalidField returns an INVALID_ARGUMENT about one field.
func InvalidField(field, text string) *connect.Error {
	return with(New(connect.CodeInvalidArgument, field+": "+text), &errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: text}},
	})
}

// InvalidQuery returns an INVALID_ARGUMENT about the field that holds a query, or
// a part of one.
func InvalidQuery(field string, e *query.Error) *connect.Error {
	metadata := map[string]string{
		"line":   strconv.Itoa(e.Line),
		"column": strconv.Itoa(e.Column),
		"offset": strconv.Itoa(e.Offset),
	}
	if e.Suggestion != "" {
		metadata["suggestion"] = e.Suggestion
	}
	return with(InvalidField(field, e.Error()), &errdetails.ErrorInfo{Reason: ReasonQueryInvalid, Domain: Domain, Metadata: metadata})
}

// Retry returns an error that tells the client to try again later. Senders of
// OTLP try RESOURCE_EXHAUSTED again only when it says so.
func Retry(code connect.Code, text string, after time.Duration) *connect.Error {
	return with(New(code, text), &errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
}

// with adds a detail. The messages are our own, so that encoding them does not
// fail; if it did, the error is still right without them.
func with(e *connect.Error, detail proto.Message) *connect.Error {
	if d, err := connect.NewErrorDetail(detail); err == nil {
		e.AddDetail(d)
	}
	return e
}
