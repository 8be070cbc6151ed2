// Package sample makes plausible traces of Agno agents, teams and workflows as
// OTLP protobuf, the same ones for the same seed: for the demo, for benchmarks
// and for tests.
//
// The spans have the attributes that the OpenInference instrumentation of Agno
// writes, including what makes them heavy (each model call repeats the whole
// conversation, twice) and what makes them treacherous (a model call that
// failed says OK and carries an exception event). The services named "…-lab"
// write the OTel GenAI attributes as well. All texts are made up.
//
// # Usage
//
//	g := sample.New(sample.Options{Seed: 1})
//	t := g.Trace(time.Now())
//	body := t.Request() // one ExportTraceServiceRequest
//
// A [Generator] is for one goroutine; several with different seeds may run
// side by side.
package sample
