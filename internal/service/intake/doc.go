// Package intake takes OTLP bytes from a door to the ingest pipeline and says
// what became of each span. All doors share it, so that a span has one fate
// whichever door it came through.
package intake
