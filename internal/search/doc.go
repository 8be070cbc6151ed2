// Package search runs queries over a store.
//
// An [Engine] asks the store for what it can decide by itself (package plan),
// reads the spans of the traces that may match, decides them (package match),
// and yields what was found in the order of the store. It never holds a whole
// answer: pages of candidates are read ahead, a few traces at a time are
// decided side by side, and a result that nobody takes stops all of it.
//
// # Memory
//
// Each worker holds the spans of one trace, complete where the query asks for
// content. Results wait in a queue that is bounded by their number and their
// size. Traces that are too large for a worker fail the query.
//
// # Concurrency
//
// An Engine may be used from any number of goroutines. A sequence that it
// returns is for one of them; whatever runs for it has ended when the loop over
// it has.
package search
