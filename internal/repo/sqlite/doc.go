// Package sqlite keeps spans in one SQLite file: the store that needs nothing
// but a path.
//
// Usage:
//
//	store, err := sqlite.Open(ctx, "/var/lib/agenttrace/agenttrace.db", sqlite.Options{})
//
// # Concurrency
//
// SQLite has one writer at a time. Writes of this process queue for the one
// connection that writes; other processes may have the same file open, and
// whoever finds it locked waits and tries again. Readers have connections of
// their own, see the state of the last commit when their query began, and
// neither wait for the writer nor hold it up (write-ahead log). One more connection
// moves pages from the log into the file, see checkpoint.go.
//
// # Durability
//
// A commit is on the disk before Write returns (synchronous=FULL): it survives
// the death of the process and, as far as the disk is honest about flushing,
// of the machine.
//
// # Plans
//
// Each list names its index (INDEXED BY): SQLite sees parameters, not values,
// so it cannot know which is selective, and statistics are not kept. Where that
// hangs on the data, it is counted first, up to a bound. Conditions on spans of
// any shape are decided by SQL, row by row; what is looked up in an index is
// found among the terms that must hold together. Tests hold the plans, and
// testdata/queries.sql and testdata/conditions.sql show all there is.
//
// The spans that one write stores of a trace have ids one after the other: they are
// found by span_ranges, and read as they lie. So is what belongs to them: a segment
// has the id of a span of its trace and day, and a run is its span, to which settling
// adds a row of runs with the same id (see runsources.go).
//
// # Settling
//
// Settle encodes and compresses before it takes the write lock, which ingest
// waits for meanwhile. Segments reads what is stored of a trace with one query,
// up to 8 MiB, so that it never sees a part of what is being put together; a
// larger trace is never put together. What is derived of runs is written in the
// order of their ids, so that pages are full when the next one begins. Bills are
// summed up here, and so are sessions: SQLite's own sums fail where they overflow,
// and it would sort all rows to group them. testdata/settled.sql shows what is asked.
//
// # Meaning
//
// The tables are described beside their columns in migrations. There is one
// row per trace, merged in Go by [model.Trace.Merge] while the write lock is
// held, so both stores share one meaning of a trace.
package sqlite
