package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// errClosed is what every call returns after Close.
var errClosed = fmt.Errorf("%w: the store is closed", repo.ErrUnavailable)

// primaryCode cuts SQLite's extended result codes down to the primary one.
const primaryCode = 0xff

// mapError gives err the meaning that package repo defines. It is the one place
// where SQLite's result codes are read. A context that ended comes first: the
// driver then reports whatever the interruption looked like.
func mapError(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s: %w", doing, cause)
	}
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) {
		return fmt.Errorf("%s: %w: %w", doing, repo.ErrUnavailable, err)
	}
	switch resultCode(err) {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN,
		lib.SQLITE_NOMEM, lib.SQLITE_PROTOCOL, lib.SQLITE_INTERRUPT, lib.SQLITE_READONLY, lib.SQLITE_SCHEMA:
		return fmt.Errorf("%s: %w: %w", doing, repo.ErrUnavailable, err)
	case lib.SQLITE_CONSTRAINT, lib.SQLITE_TOOBIG, lib.SQLITE_MISMATCH, lib.SQLITE_RANGE:
		return fmt.Errorf("%s: %w: %w", doing, repo.ErrRefused, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// resultCode returns SQLite's primary result code, or SQLITE_OK when err did
// not come from SQLite.
func resultCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & primaryCode
	}
	return lib.SQLITE_OK
}

// isBusy reports whether another connection held the lock that was needed.
func isBusy(err error) bool {
	code := resultCode(err)
	return code == lib.SQLITE_BUSY || code == lib.SQLITE_LOCKED
}
