// Package tracing makes the spans of agents that are written in Go, on the
// OpenTelemetry SDK: runs of agents, teams and workflows, their steps, calls of
// models and tools, with the attributes of OpenInference and, where asked for,
// OpenTelemetry's GenAI conventions. Any OTLP backend understands them.
package tracing
