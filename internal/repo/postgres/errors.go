package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// SQLSTATE codes that are acted upon one by one, and classes of them.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	uniqueViolation      = "23505"
	checkViolation       = "23514" // also "no partition of relation found for row"
	lockNotAvailable     = "55P03"
	protocolViolation    = "08P01"
	objectNotReady       = "55000" // also "already pending detach"
	queryCanceled        = "57014"
	undefinedTable       = "42P01"
	readOnlyTransaction  = "25006" // a standby, or a primary that became one

	classConnection   = "08"
	classData         = "22"
	classConstraint   = "23"
	classResources    = "53"
	classProgramLimit = "54"
	classIntervention = "57"
	classSystem       = "58"
	shutdown          = "57P" // of the server, or of one connection by an operator
)

// mapError gives err the meaning that package repo defines. It is the one place
// where PostgreSQL's codes are turned into that. A context that ended comes
// first: the driver then reports whatever the interruption looked like.
func mapError(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s: %w", doing, cause)
	}
	kind := kindOf(err)
	if kind == nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w: %w", doing, kind, err)
}

// explain is mapError for what a store has done. When the server has gone, so
// have all connections to it: each would be found out by a call that fails.
func (s *Store) explain(ctx context.Context, doing string, err error) error {
	mapped := mapError(ctx, doing, err)
	if ctx.Err() == nil && (isConnectionError(err) || strings.HasPrefix(stateOf(err), shutdown)) {
		for _, pool := range s.pools() {
			pool.Reset()
		}
	}
	return mapped
}

// kindOf returns the sentinel that err stands for, nil for none.
func kindOf(err error) error {
	for _, known := range []error{repo.ErrNotFound, repo.ErrCursorExpired, repo.ErrRefused, repo.ErrUnavailable} {
		if errors.Is(err, known) {
			return nil // it says so itself
		}
	}
	code := stateOf(err)
	if len(code) != 5 {
		if isConnectionError(err) {
			return repo.ErrUnavailable
		}
		return nil
	}
	switch {
	case code == queryCanceled:
		// Nobody gave up waiting: it was the statement timeout, or somebody at
		// the database who had enough of it.
		return errors.Join(repo.ErrUnavailable, context.DeadlineExceeded)
	case code == readOnlyTransaction, code == lockNotAvailable:
		return repo.ErrUnavailable
	}
	switch code[:2] {
	case classConnection, classResources, classIntervention, classSystem:
		return repo.ErrUnavailable
	case classData, classConstraint, classProgramLimit:
		return repo.ErrRefused
	}
	return nil
}

// stateOf returns the SQLSTATE in err, "" when the server sent none. One that
// came while connecting says why there is no connection, which is no fault of
// what was going to be asked.
func stateOf(err error) string {
	if _, connecting := errors.AsType[*pgconn.ConnectError](err); connecting {
		return ""
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// isConnectionError reports whether there is no connection, or no longer, or
// the store is closed.
func isConnectionError(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, puddle.ErrClosedPool) || pgconn.SafeToRetry(err)
}

// isConflict reports whether the same transaction may succeed when it is run
// again, since another stood in its way.
func isConflict(err error) bool {
	code := stateOf(err)
	return code == deadlockDetected || code == serializationFailure
}
