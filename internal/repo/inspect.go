package repo

import (
	"context"
	"time"
)

// Inspector says how a database is, for those who operate it.
type Inspector interface {
	// Inspect looks at the database as a whole, by a few questions whose cost does
	// not depend on how much is stored. It needs a schema that this program
	// knows: one that is older may be answered by an error.
	//
	// Errors are ErrUnavailable when the same call may succeed later.
	Inspect(ctx context.Context) (Inspection, error)
}

// Inspection is how a database is at one moment.
type Inspection struct {
	// Version of the database software, such as "17.5".
	Version string
	// Schema is the number of the last migration that was applied, KnownSchema
	// of the last that this program knows.
	Schema, KnownSchema int64
	// Clock compares the database's clock with that of this process; nil where it
	// has none of its own.
	Clock *ClockReading
	// Partitioned says whether days have to be made before they can take spans.
	// Days are then those that can, by their beginnings, ascending.
	Partitioned bool
	Days        []int64
	// Leases are those that somebody holds now, by name.
	Leases []HeldLease
	// Bytes is what the database takes on its disk, FreeBytes what is left there
	// of TotalBytes; 0 where it cannot be told.
	Bytes, FreeBytes, TotalBytes int64
}

// ClockReading is how far another clock is ahead of ours; behind it where that is
// negative. It is true to Within, half of the time that asking took.
type ClockReading struct {
	Ahead, Within time.Duration
}

// HeldLease is a lease and until when it is held, by the clock of the database
// where it has one.
type HeldLease struct {
	Lease
	Until time.Time
}
