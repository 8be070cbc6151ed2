package fault

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"connectrpc.com/connect"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/search"
)

// storeRetry is when to try again after the store was away: about as long as a
// database takes to come back, and no longer than senders keep what they have.
const storeRetry = 2 * time.Second

// Mapper maps errors, and logs those that a client cannot be told.
type Mapper struct {
	Log *slog.Logger
}

// Map returns the error to send for err, which happened in the named procedure.
// An error that was written for clients is returned as it is.
func (m *Mapper) Map(ctx context.Context, procedure string, err error) *connect.Error {
	if authored, ok := errors.AsType[*connect.Error](err); ok {
		return authored
	}
	if full, ok := errors.AsType[*ingest.FullError](err); ok {
		return Retry(connect.CodeResourceExhausted, "the server has more spans to store than it can take; try again later", full.RetryAfter)
	}
	if tooMany, ok := errors.AsType[*otlp.TooManySpansError](err); ok {
		return WithReason(connect.CodeResourceExhausted, ReasonMessageTooLarge, tooMany.Error(),
			map[string]string{"max_spans": fmt.Sprint(tooMany.Max)})
	}
	if broad, ok := errors.AsType[*search.TooBroad](err); ok {
		return WithReason(connect.CodeFailedPrecondition, ReasonQueryTooBroad, broad.Error(),
			map[string]string{"limit": broad.Limit, "most": fmt.Sprint(broad.Most)})
	}
	switch {
	case errors.Is(err, repo.ErrCursorExpired):
		return WithReason(connect.CodeOutOfRange, ReasonCursorExpired,
			"what was stored behind this cursor is not known any more, or the cursor is of another database; begin again without since", nil)
	case errors.Is(err, repo.ErrNotFound):
		return New(connect.CodeNotFound, "not found")
	case errors.Is(err, otlp.ErrMalformed):
		return Invalid(err.Error())
	case errors.Is(err, ingest.ErrClosed):
		return Retry(connect.CodeUnavailable, "the server is stopping; try again", storeRetry)
	// The context comes before the store: drivers put their own names on a
	// query that was given up, and some of them look like a lost connection.
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return New(connect.CodeDeadlineExceeded, "the time for this call is over")
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, context.Canceled):
		return New(connect.CodeCanceled, "the call was cancelled")
	case errors.Is(err, repo.ErrUnavailable):
		m.Log.WarnContext(ctx, "store unavailable", "procedure", procedure, "error", err)
		return Retry(connect.CodeUnavailable, "the database is not available; try again", storeRetry)
	}
	return m.internal(ctx, procedure, slog.Any("error", err))
}

// Panicked returns the error to send when a handler panicked with value.
func (m *Mapper) Panicked(ctx context.Context, procedure string, value any) *connect.Error {
	return m.internal(ctx, procedure, slog.Any("panic", value), slog.String("stack", string(debug.Stack())))
}

// internal logs what happened and returns an error that tells nothing of it but
// the id under which it was logged.
func (m *Mapper) internal(ctx context.Context, procedure string, what ...slog.Attr) *connect.Error {
	id := rand.Text()[:12]
	attrs := append([]slog.Attr{slog.String("request_id", id), slog.String("procedure", procedure)}, what...)
	m.Log.LogAttrs(ctx, slog.LevelError, "request failed", attrs...)
	return New(connect.CodeInternal, fmt.Sprintf("internal error; the server's log has it under request id %s", id))
}
