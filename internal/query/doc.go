// Package query is the language in which questions are asked: TraceQL, the
// language of Grafana Tempo, with intrinsics for agents. docs/query.md describes
// it.
//
// [Parse] reads text, checks it, and returns a [Query]: a tree whose nodes are
// documented where they are declared, and whose String method prints text that
// parses to the same tree. What a query means is decided by package match, what
// of it a database may decide by package plan.
//
// Nothing here does input or output. A [Query] is never changed after Parse and
// may be used from any number of goroutines.
package query
