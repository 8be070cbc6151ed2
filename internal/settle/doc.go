// Package settle derives what needs whole traces: their runs, their usage and
// cost, and one segment in place of many.
//
// # What settles when
//
// A [Loop] follows the change log. A trace settles when it has been quiet for a
// while, or when its first change that has not settled is old enough: then all
// its spans are read and derived from, and the result replaces that of an earlier
// settlement. The result is a function of the spans alone, so it does not matter
// how often, by whom and after which crash a trace settles.
//
// # Several processes
//
// Each process runs a loop; the one with the lease works. Every settlement is
// stored under the lease, so that one that lost it and does not know stores
// nothing. Whoever gets the lease next goes on from the saved cursor, which
// stands behind changes only whose traces have all settled since.
//
// # What does not settle
//
// Traces above [Limits], and those whose content cannot be read, are logged,
// counted and left as they are; they hold up nobody.
//
// # Concurrency
//
// A Loop is run once, by one goroutine; it waits for those that it starts.
// [Derive] and a [Repricer] may be used from any number of goroutines.
//
// # Testing
//
// Tests run in testing/synctest: timers are real ones, and [Config.Now] tells
// only how long ago a change was written.
package settle
