// Package pgtest gives tests a real PostgreSQL, because a store that was only
// tested against something like it was not tested.
//
// # Usage
//
//	dsn := pgtest.Database(t) // a fresh, empty database, gone when t is done
//
// The first call of a test process starts a private cluster in a temporary
// directory, in memory where there is room, and all later calls share it.
// TEST_DATABASE_URL names an existing server to use instead; its user must be
// allowed to create databases.
//
// Where most tests begin with the same tables, a [Template] makes them once and
// gives each test a copy, which costs a tenth.
//
// A test that has to kill the server takes one for itself with [Start].
//
// # Lifetime
//
// A cluster is the child of a small shell that reads commands from a pipe. The
// kernel closes that pipe when the test process ends, however it ends, and the
// shell then stops PostgreSQL and removes the directory. So neither a panic
// nor kill -9 leaves anything behind.
//
// # Concurrency
//
// Database and Template may be used by any test in parallel. A Cluster belongs to one
// goroutine at a time.
package pgtest
