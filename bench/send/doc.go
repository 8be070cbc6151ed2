// Package send sends requests with spans to any OTLP server, over gRPC or HTTP,
// at little cost: what the benchmark measures shares the machine with it.
//
// The requests are there already, see package load. A connection writes the bytes
// of one as they lie in memory and waits for the answer, as the exporters of
// OpenTelemetry do; concurrency comes from many connections.
package send
