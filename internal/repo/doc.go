// Package repo says what a store must do. The comments of its interfaces are
// the law; package repotest holds a test for each sentence of it, and a store
// is whatever passes that suite.
//
// A store keeps these things (docs/schema.md):
//
//   - spans: one narrow row per span, for search;
//   - segments: the spans of one trace, day and batch as OTLP TracesData bytes,
//     compressed together;
//   - traces: what [model.Trace] says about the spans of one trace;
//   - the change log: one entry per committed write;
//   - runs: one row per span of an agent, a team or a workflow;
//   - bills: what calls of models and tools used and cost, summed up by run.
//
// # Concurrency
//
// Every method may be called from any number of goroutines. A cancelled context
// ends the work in the database, not only the wait for it.
package repo
