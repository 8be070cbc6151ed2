package agenttrace

import (
	"strconv"
)

// QueryError says where a query is wrong.
type QueryError struct {
	*CallError
	// Line and Column are where, from 1; Column counts characters.
	Line, Column int
	// Offset is where in bytes, from 0.
	Offset int
	// Suggestion is what was probably meant; may be empty.
	Suggestion string
}

// Unwrap returns the error itself.
func (e *QueryError) Unwrap() error { return e.CallError }

// TooBroadError says that a query would cost more than the server allows. Its
// text says how to narrow it; streams have fewer limits.
type TooBroadError struct {
	*CallError
	// Limit is the server's flag that limits it, such as "max-query-traces".
	Limit string
	// Most is what that allows, as the server puts it.
	Most string
}

// Unwrap returns the error itself.
func (e *TooBroadError) Unwrap() error { return e.CallError }

// TraceTooLargeError says that a trace does not fit into one answer:
// [Client.StreamTrace] reads it.
type TraceTooLargeError struct {
	*CallError
	// SpanCount is how many spans the trace has; 0 where the server does not say.
	SpanCount int64
}

// Unwrap returns the error itself.
func (e *TraceTooLargeError) Unwrap() error { return e.CallError }

// CursorExpiredError says that what lies behind a cursor is not known any more:
// tail again without since. What was stored meanwhile is found by the lists.
type CursorExpiredError struct{ *CallError }

// Unwrap returns the error itself.
func (e *CursorExpiredError) Unwrap() error { return e.CallError }

// MessageTooLargeError says that a request is larger than the server takes (send
// fewer spans at once), or an answer larger than the client does (see
// [WithMaxMessageBytes]; FromServer is false then).
type MessageTooLargeError struct {
	*CallError
	// MaxBytes is the limit in bytes, MaxSpans in spans; 0 where it is the other,
	// or not known.
	MaxBytes, MaxSpans int64
}

// Unwrap returns the error itself.
func (e *MessageTooLargeError) Unwrap() error { return e.CallError }

// typed returns the error that says more of the reason, else the error itself.
func (e *CallError) typed() error {
	switch e.Reason {
	case ReasonQueryInvalid:
		return &QueryError{
			CallError: e, Line: int(e.number("line")), Column: int(e.number("column")), Offset: int(e.number("offset")),
			Suggestion: e.Metadata["suggestion"],
		}
	case ReasonQueryTooBroad:
		return &TooBroadError{CallError: e, Limit: e.Metadata["limit"], Most: e.Metadata["most"]}
	case ReasonTraceTooLarge:
		return &TraceTooLargeError{CallError: e, SpanCount: e.number("span_count")}
	case ReasonCursorExpired:
		return &CursorExpiredError{e}
	case ReasonMessageTooLarge:
		return &MessageTooLargeError{CallError: e, MaxBytes: e.number("max_message_bytes"), MaxSpans: e.number("max_spans")}
	}
	return e
}

// number returns a number of the metadata, 0 where there is none.
func (e *CallError) number(key string) int64 {
	n, err := strconv.ParseInt(e.Metadata[key], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
