// Package otlp sends encoded requests of spans to an OTLP backend, over
// HTTP/protobuf or gRPC, and says what an answer means for the spans.
//
// It is set up by the standard variables, OTEL_EXPORTER_OTLP_… and
// OTEL_EXPORTER_OTLP_TRACES_…, see [FromEnvironment]. Without any it sends to an
// agenttrace on this machine, http://localhost:4318. Unlike OpenTelemetry's
// exporters for Go it does not expect TLS of an endpoint on this machine that was
// given without a scheme.
//
// gRPC is spoken over the HTTP/2 of the standard library: one unary call does not
// take a library of its own in every agent that is traced.
//
// Nothing is tried again here; that is for the processor of package export, which
// knows what else waits.
package otlp
