package ingest

import (
	"errors"
	"fmt"
	"time"
)

// ErrClosed says that the pipeline takes no more spans, because the server is
// stopping. Another server, or this one after its restart, will take them.
var ErrClosed = errors.New("ingest is closed")

// FullError says that the queue has no room for a request. Nothing of the
// request was kept.
type FullError struct {
	// RetryAfter is how long the sender should wait before it tries again.
	RetryAfter time.Duration
}

// Error implements error.
func (e *FullError) Error() string {
	return fmt.Sprintf("ingest queue is full, try again in %v", e.RetryAfter)
}
