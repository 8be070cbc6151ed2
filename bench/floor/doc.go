// Package floor measures what storing would cost at the least: the rows that the
// server stored, through nothing but the statements that store them.
//
// A [Recorder] stands between the server and PostgreSQL and keeps what the
// server says. [Replay] says the same again to an emptied database: the same
// statements with the same arguments in the same transactions, whatever the store
// makes them. [Copy] puts the same rows there by COPY, which is the fastest way
// into PostgreSQL that there is. [SQLite] inserts the rows of one file into another,
// by prepared statements, a transaction for each batch.
//
// Nothing here knows tables or columns: a change of the schema changes the floor.
package floor
