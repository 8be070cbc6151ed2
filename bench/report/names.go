package report

// The questions that something is demanded of.
const (
	TraceByID       = "trace by id"
	BySession       = "20 by session"
	ByAgent         = "20 by agent"
	ByUser          = "20 by user"
	ByRun           = "20 by run"
	FailedTools     = "20 failed tools, 24 h"
	FailedToolQuery = "20 with a failed tool, 24 h"
	FirstOfAll      = "first of all spans, streamed"
	FirstFound      = "first of all traces, by structure"
)

// The flows that something is demanded of.
const (
	Exported = "export as OTLP"
	Typed    = "typed spans, to the Go client"
)
