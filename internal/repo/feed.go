package repo

import (
	"context"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Feed tells what was written: live tail, settling and forwarding live on it.
type Feed interface {
	// Head returns the cursor behind everything committed so far.
	Head(ctx context.Context) (Cursor, error)

	// Changes returns up to limit changes that were committed after the
	// cursor, and the cursor behind them. No change means nothing new: the
	// call does not wait.
	//
	// Following the cursors from Head on returns every change committed later
	// exactly once: none is missed because its transaction began early and
	// committed late, or because others were rolled back; none that was rolled
	// back is returned. Changes come in an order that each writer agrees with:
	// of two writes of which the second began after the first was
	// acknowledged, the first comes first or both come in one call.
	//
	// The zero cursor stands before everything still in the log. A cursor that
	// no longer can be followed without a gap, since Drop removed entries
	// behind it, is ErrCursorExpired.
	Changes(ctx context.Context, after Cursor, limit int) ([]Change, Cursor, error)

	// LoadCursor returns what SaveCursor last stored under a consumer's name;
	// the zero cursor when nothing was.
	LoadCursor(ctx context.Context, consumer string) (Cursor, error)

	// SaveCursor durably remembers how far a consumer has come.
	SaveCursor(ctx context.Context, consumer string, c Cursor) error
}

// Cursor is a place in the change log. Its text belongs to the store that made
// it: others keep and compare it, and never read it.
type Cursor string

// WriteID names one committed write, in one project and database. It is never 0
// and orders nothing.
type WriteID int64

// Change is one committed write, as far as one project is concerned. A large
// write may appear as several changes.
type Change struct {
	Project string
	// Write names the write: segments with exactly its new spans are found by it
	// (TraceRef.Write), also after they have been put together with others.
	Write    WriteID
	TraceIDs []model.TraceID // distinct traces that got new spans
	Spans    int             // how many spans were new
	// Earliest and Latest are the first and the last start among the new spans.
	Earliest, Latest int64
	// WrittenNano is when the writer committed, by its own clock; it orders
	// nothing.
	WrittenNano int64
}
