// Package match decides what a query means: which spans of a trace it selects.
//
// [Select] is the one definition of the language. Whatever a store decides by
// itself must agree with it.
//
// # Usage
//
//	t := match.NewTrace(spans) // all spans of one trace, with Body where the query needs it
//	for _, s := range match.Select(q, t) {
//
// An expression is evaluated on the tree that the parser made, span by span. A
// set of spans is a sorted list of positions in the trace, and each structural
// operator is a sweep over the tree of spans, so that it costs as much as the
// trace is long, whatever is asked and however the spans hang together: parents
// that are missing, and parents in a circle, are as good as any others.
//
// # Concurrency
//
// A [Trace] keeps what it has computed and is for one goroutine at a time.
package match
