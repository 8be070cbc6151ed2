// Package otelenv reads the variables by which OpenTelemetry lets the one who
// runs a program decide how it is traced. The SDK reads them too, but logs what
// it does not understand and goes on: here it is an error that names the
// variable, since a sampler or a limit that was meant otherwise is noticed late.
package otelenv
