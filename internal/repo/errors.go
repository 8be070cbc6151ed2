package repo

import "errors"

var (
	// ErrNotFound says that what was asked for is not stored.
	ErrNotFound = errors.New("not found")

	// ErrUnavailable says that the database cannot be reached, is starting or
	// stopping, or is out of a resource that will be free again. The same call
	// may succeed later. Nothing is known about a write that ended this way:
	// sending it again is safe.
	ErrUnavailable = errors.New("store unavailable")

	// ErrRefused says that the database will never take these records.
	ErrRefused = errors.New("records refused")

	// ErrTooMany says that an answer would have more parts than were asked for
	// at the most.
	ErrTooMany = errors.New("too many results")

	// ErrLeaseLost says that a lease is not, or no longer, held by the caller.
	ErrLeaseLost = errors.New("lease lost")

	// ErrCursorExpired says that entries behind a change-log cursor are gone.
	ErrCursorExpired = errors.New("change-log cursor expired")
)
