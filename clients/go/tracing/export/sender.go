package export

import (
	"context"
	"fmt"
	"time"
)

// Sender delivers encoded requests to one backend.
type Sender interface {
	// Send delivers one ExportTraceServiceRequest of OTLP, encoded in protobuf, and
	// returns nil when the backend has taken all of it. An error is a [*Fault],
	// which says what becomes of the spans; any other error counts as [Away].
	// Send must return soon after ctx ends. It must not keep or change request.
	// Calls do not overlap.
	Send(ctx context.Context, request []byte) error

	// Destination identifies the backend and whatever else decides where the spans
	// end up there. Requests that wait on disk are only ever given to a Sender of
	// the same destination. It must not hold secrets, should not change when
	// credentials are renewed, and is not empty.
	Destination() string

	// Timeout is how long one request may take; 0 for no wish.
	Timeout() time.Duration

	// Close frees connections. Send is not called afterwards.
	Close() error
}

// Kind says what a backend's answer means for the spans of a request.
type Kind uint8

const (
	// Away: the backend cannot be reached, is overloaded or is starting. The spans
	// are kept and tried again.
	Away Kind = iota
	// Misconfigured: it is this sender that is wrong (its credentials, its address),
	// not the request. The spans are kept and tried again, since a token may yet be
	// accepted and a route appear; a person is told once what to do.
	Misconfigured
	// Doubtful: the backend failed in a way that may be due to this very request.
	// It is tried again, five times in all, and rejected then.
	Doubtful
	// Refused: the backend will never take this request. Its spans are rejected.
	Refused
	// TooLarge: the request is more than the backend takes. It is halved; a request
	// of one span is rejected.
	TooLarge
	// Partial: the backend has taken the request but for Rejected spans.
	Partial
)

// String returns the kind in lower case, for logs.
func (k Kind) String() string {
	switch k {
	case Away:
		return "away"
	case Misconfigured:
		return "misconfigured"
	case Doubtful:
		return "doubtful"
	case Refused:
		return "refused"
	case TooLarge:
		return "too large"
	case Partial:
		return "partial"
	default:
		return fmt.Sprintf("kind %d", uint8(k))
	}
}

// Fault is why a backend did not take a request, or not all of it.
type Fault struct {
	Kind Kind
	// Rejected is how many spans of the request were refused; only for Partial.
	Rejected int64
	// RetryAfter is how long the backend asked to be left alone; 0 when it did not.
	RetryAfter time.Duration
	// Message says what happened, with the backend's words where it had any.
	Message string
	// Advice says what a person can do about it; empty when nobody has to.
	Advice string
	// Err is the cause, if there is one beneath.
	Err error
}

// Error returns the message and the advice.
func (f *Fault) Error() string {
	if f.Advice == "" {
		return f.Message
	}
	return f.Message + ": " + f.Advice
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }
