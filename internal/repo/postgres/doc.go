// Package postgres keeps spans in PostgreSQL 15 or newer, in partitions of one
// UTC day: the store for a team and for several servers at once.
//
// Usage:
//
//	store, err := postgres.Open(ctx, "postgres://agenttrace@db/agenttrace", postgres.Options{})
//
// The tables are described beside their columns in migrations, the views that
// people may rely on in docs/schema.md.
//
// # Concurrency
//
// Servers share nothing but the database. Each store has three pools, so that
// readers never take the last connection from a writer, nor either of them
// from the maintenance that both wait for.
//
// # Connection poolers
//
// Behind a pooler that hands out connections by transaction, such as PgBouncer,
// add default_query_exec_mode=exec to the URL, and migrate on a direct
// connection: migrations hold a lock of their session. The store then sends no
// settings when it connects, since such poolers refuse them; give the role a
// statement_timeout instead. A call that is broken off then gives up its
// connection with its query. Locks and settings of all other calls end with
// their transaction.
//
// # Scale
//
// Every key of a table that grows with spans has the project and the trace id
// in it, no foreign key and no sequence stands between rows, and the hot path
// holds no statement that Citus refuses.
package postgres
