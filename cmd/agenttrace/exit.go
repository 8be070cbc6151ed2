package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// The exit codes, which scripts rely on; docs/cli.md and --help list them.
const (
	exitOK          = 0   // done, also when there was nothing to find
	exitFailed      = 1   // something failed that has no code of its own
	exitUsage       = 2   // flags, arguments or a query that cannot be right
	exitNotFound    = 3   // the trace, run or session that was named is not there
	exitUnreachable = 4   // no server, or none that answered in time
	exitRefused     = 5   // the server does not let this caller do this
	exitInterrupted = 130 // ended by a signal
)

// exitError is an error that has an exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usageErrorf says that what was typed cannot be right, and what would be.
func usageErrorf(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// notFoundErrorf says that what was named is not there.
func notFoundErrorf(format string, args ...any) error {
	return &exitError{code: exitNotFound, err: fmt.Errorf(format, args...)}
}

// exitCode returns the code for what a command returned. A reader that has gone,
// such as head, has got what it wanted.
func exitCode(ctx context.Context, err error) int {
	var coded *exitError
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE):
		return exitOK
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &coded):
		return coded.code
	}
	return exitFailed
}
