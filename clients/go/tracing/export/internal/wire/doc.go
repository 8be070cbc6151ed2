// Package wire turns spans of the OpenTelemetry SDK into encoded OTLP requests,
// and one request into two.
//
// It writes the wire format itself, with neither the generated messages of OTLP
// nor gRPC behind them: an agent that is traced does not link them, a span is
// encoded without an object for each of its attributes, and a text that is not
// UTF-8, which tools do return, is mended instead of failing the whole request.
package wire
