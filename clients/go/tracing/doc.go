// Package tracing makes the spans of agents that are written in Go, on the
// OpenTelemetry SDK: runs of agents, teams and workflows, their steps, calls of
// models and tools, with the attributes of OpenInference and, where asked for,
// OpenTelemetry's GenAI conventions. Any OTLP backend understands them.
//
// # Usage
//
// [Setup] is called once, by the program. It reads OpenTelemetry's variables, and
// sends to an agenttrace on this machine where none says otherwise:
//
//	shutdown, err := tracing.Setup(ctx, tracing.ServiceName("weather"))
//	if err != nil {
//		return err
//	}
//	defer shutdown(ctx)
//
// Then a span is two lines, and what is called with its context is below it:
//
//	ctx, run := tracing.Agent(ctx, "Weather Agent", tracing.Input(question))
//	defer run.End()
//
// or one, around a function, whose input, output, error and panic it records:
//
//	weather, err := tracing.Run(ctx, tracing.Tool, "get_weather", city, lookUp)
//
// [Model] takes what is known of a call of a model as plain values, and
// [ModelSpan.SetResult] what came of it; package modelhttp does both by itself, for
// clients that speak HTTP. [WithSession], [WithUser], [WithTags] and others put
// into a context what all spans below it are to say.
//
// # What is sent
//
// Content: prompts, answers, arguments and results of tools. The OPENINFERENCE_HIDE_
// variables and the options of the same names ([HideInputs] and others) keep it
// back, in both vocabularies. Keys and passwords among the parameters of a call
// are never sent. The text of an error is hidden where anything is that it may
// quote; see [HideExceptions].
//
// # Concurrency
//
// Everything may be used from any goroutine. Nothing blocks but [Setup]'s shutdown.
// Spans are taken to their receiver by package export, which holds a bounded number
// of them and counts what it has to drop.
//
// # Testing
//
// A [Tracer] on a provider with OpenTelemetry's tracetest recorder shows what a
// program would send. Without [Setup] and without a provider, nothing is recorded,
// and all of this costs a microsecond a span.
package tracing
