package settle

import (
	"context"
	"errors"
	"fmt"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// Limits bound one trace that is derived from. Zero fields stand for the
// defaults.
type Limits struct {
	Spans int
	Bytes int // of content, decompressed
}

func (l Limits) withDefaults() Limits {
	l.Spans = orDefault(l.Spans, DefaultMaxTraceSpans)
	l.Bytes = orDefault(l.Bytes, DefaultMaxTraceBytes)
	return l
}

// ErrTooLarge says that a trace is above a limit. It comes as a [TooLargeError].
var ErrTooLarge = errors.New("trace too large")

// TooLargeError says which limit a trace is above: the one that is not 0.
type TooLargeError struct{ Limits }

// Error implements error.
func (e *TooLargeError) Error() string {
	if e.Spans > 0 {
		return fmt.Sprintf("%v: more than %d spans", ErrTooLarge, e.Spans)
	}
	return fmt.Sprintf("%v: more than %d bytes", ErrTooLarge, e.Bytes)
}

// Is makes it an [ErrTooLarge].
func (e *TooLargeError) Is(target error) bool { return target == ErrTooLarge }

// errDamaged says that what is stored of a trace cannot be derived from.
var errDamaged = errors.New("trace is damaged")

// Derive reads a trace and derives from it what settling would. It fails with
// repo.ErrNotFound where nothing is stored of it and with a [TooLargeError] where
// it is above a limit. The prices may be nil.
func Derive(
	ctx context.Context, store repo.Reader, project string, ref repo.TraceRef, p runs.Pricer, limits Limits,
) (*runs.Derived, error) {
	r := &reader{store: store, prices: p, limits: limits.withDefaults()}
	var derived *runs.Derived
	found := error(repo.ErrNotFound)
	_, err := r.read(ctx, project, []repo.TraceRef{ref}, func(w whole) bool {
		derived, found = w.derived, w.err
		return true
	})
	if err != nil {
		return nil, err
	}
	return derived, found
}

// derive is runs.Of; a panic in it is an error of this trace.
func derive(spans []*model.Span, p runs.Pricer) (d *runs.Derived, err error) {
	defer recovered(&err)
	return runs.Of(spans, p), nil
}

// recovered turns a panic into an error. Whatever a trace holds, it must not end
// the process.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: panic: %v", errDamaged, r)
	}
}
