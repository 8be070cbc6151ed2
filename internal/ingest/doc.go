// Package ingest takes spans from the doors to the store: it checks their
// times, puts the spans of many callers into shared batches, commits those and
// then answers.
//
// # Batches
//
// Each trace belongs to one shard, and what is taken from a shard is in one
// transaction at a time, so two transactions of a process never write the same
// trace at once. Each shard has a worker. A worker that
// is free commits whatever waits for it: a span that arrives alone is committed
// at once, and the batches grow by themselves as the load does. While one narrow
// batch is being committed, others wait and grow, and each takes along what other
// shards have: many small transactions beside each other cost more than few.
//
// # Bounds
//
// The queue counts spans and bytes, those waiting and those being written. What
// does not fit is refused at once with [FullError]; nothing ever waits to be
// let in.
//
// # Concurrency
//
// A [Pipeline] may be used from any number of goroutines. [Pipeline.Close]
// waits for the goroutines that [New] started.
package ingest
