// Package otlpdoor is where OpenTelemetry's exporters come in: OTLP/gRPC and
// OTLP/HTTP, the latter in protobuf and JSON.
//
// The gRPC door reads the frame itself. A unary call with one message each way
// needs nothing of an RPC library but its trailers, and what is left out is most
// of the cost: measured over loopback, a plain handler takes a third of the time
// of a Connect handler with a raw codec, and a fifteenth of a typed one.
//
// # Memory
//
// A length that a client claims is checked before anything is read, and memory
// is taken as bytes arrive, never for a claim. What a body decompresses to is
// bounded by the same number, and all requests in flight share one budget:
// beyond it a door answers "try again later" instead of growing.
package otlpdoor
