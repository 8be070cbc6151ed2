// Command server is agenttrace: it takes OpenTelemetry spans in and answers
// questions about them.
//
// Usage:
//
//	server [serve] [flags]   run the server
//	server migrate [flags]   bring the database's schema up to date, and exit
//	server reprice [flags]   compute stored costs again, with the prices of today
//	server version           print the version, and exit
//
// docs/operations.md describes the flags. The exit code is 0 after a clean end,
// 1 when something failed, 2 for flags that cannot be right, and 128 plus the
// signal's number when a second signal ended the server at once.
//
// This is the one package that knows all others: it makes them, in the order of
// [Server.Start], and ends them in the reverse one.
package main
