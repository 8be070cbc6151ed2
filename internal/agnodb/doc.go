// Package agnodb reads the traces that Agno keeps in a database of its own, and
// makes OTLP spans of them, as Agno's exporter would have sent them.
//
// Agno writes two tables, agno_traces and agno_spans by default. What it drops
// when it writes them cannot come back: events (the exceptions with them), links,
// the resource, the scope, and nanoseconds.
//
// Reading changes nothing and holds no transaction for longer than one page, so
// that Agno can go on writing. A [Source] may be used by several goroutines at
// once.
package agnodb
