// Package retention keeps a store's days in order: it makes room ahead of the
// spans that will come, and drops the days that are older than they shall be
// kept.
//
// A [Loop] may run in several processes on one database at once: what one has
// done, the others find done. Its Run is for one goroutine, which the caller
// waits for.
package retention
