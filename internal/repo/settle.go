package repo

import (
	"context"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Settler keeps what is derived from whole traces: runs, bills, compacted
// segments, final trace rows.
type Settler interface {
	// Unsettled returns, of these traces, the ones that are stored and have
	// spans which no settlement has counted, in no order. Range of each says
	// where its spans are, MaxSpans how many it has.
	Unsettled(ctx context.Context, project string, ids []model.TraceID) ([]TraceRef, error)

	// Settle stores what was derived of some traces, each of which stands there
	// once, in one transaction that is durable when it returns nil. Of each
	// trace, it replaces what an earlier settlement stored. Readers see all of
	// what was there before or all of what is there now, and every span of the
	// trace in both.
	//
	// A settlement that counts fewer spans of some day than one that is stored
	// already comes too late: it is left out whole.
	//
	// A span that was stored since the settlement's spans were read stays what
	// it is: in a segment of its own, not counted, so that its trace is not
	// settled. Parts, runs, bills and segments on days that were dropped since
	// are left out. Settlements of one trace by several callers at once wait for
	// each other; of those that count the same spans the last one stays.
	//
	// Settle reads the settlements until it returns and keeps none of their
	// memory. With a fence, it stores nothing and fails with ErrLeaseLost unless
	// the lease is still held, and nobody else gets the lease before it is done.
	// Other errors are as those of Write.
	Settle(ctx context.Context, fence *Lease, settlements []Settlement) error

	// TakeLease gives a name to a holder for some time from now, or prolongs the
	// time when the holder has it already. It returns false when somebody else
	// has it: then the time is theirs to the end, unless they release it. The
	// clock is the database's where it has one.
	TakeLease(ctx context.Context, name, holder string, d time.Duration) (Lease, bool, error)

	// ReleaseLease gives the lease up, if it is still held.
	ReleaseLease(ctx context.Context, l Lease) error

	// Runs returns one page of the runs that q selects, in q's order, with the
	// same promise as Reader.Traces.
	Runs(ctx context.Context, project string, q RunQuery) ([]*model.Run, error)

	// Sessions returns one page of sessions, the one with the latest run first,
	// with the same promise.
	Sessions(ctx context.Context, project string, q SessionQuery) ([]*model.Session, error)

	// Bills sums up the bills that q selects, one sum for each combination of
	// values of q.By, in no order. More than q.MaxSums are ErrTooMany. Traces
	// that have not settled yet have no bills.
	Bills(ctx context.Context, project string, q BillQuery) ([]BillSum, error)
}

// Lease is a name that one holder has at a time. Term counts how often it went
// to somebody who did not have it, so that a holder who lost it and does not
// know is told from the next.
type Lease struct {
	Name   string
	Holder string
	Term   int64
}

// Settlement is what was derived from all spans of a trace that were stored at
// one moment. It is a function of the spans alone.
type Settlement struct {
	Project string
	TraceID model.TraceID

	Parts    []model.TracePart // one for each UTC day with spans
	Runs     []*model.Run      // every run of the trace (one left out may stay or go); Settled is not read
	Bills    []model.Bill      // every bill of the trace
	Segments []SettledSpans    // of those days whose segments are to become one, or smaller
}

// SettledSpans are the spans of one or more segments of one trace and one day, to
// be stored as one segment in their place.
type SettledSpans struct {
	Replaces []Place
	// Records are the spans, ordered by start, then by the bytes of their ids;
	// Writes says for each which write stored it.
	Records []model.Record
	Writes  []WriteID
}
