package model

// Bill sums up calls of one run that are alike: the same hour, the same names,
// the same kind. Bills are what questions about usage and money are answered
// from; each call of a trace is in exactly one of them.
type Bill struct {
	Project string
	TraceID TraceID

	// StartNano is the start of the first of the calls, all of which start in
	// the same UTC hour: it says which times the bill counts to.
	StartNano int64

	// On whose behalf the calls were made: what the call's span says itself, else
	// what the nearest span above it does. An agent, team or workflow without an
	// id stands here by its name.
	Agent    string
	Team     string
	Workflow string
	Session  string
	User     string
	Run      string // the run id; "" where the run has none

	Kind        CallKind
	Model       string // of model calls
	Provider    string
	Tool        string // the tool that was called, or that a model call is below of
	Service     string
	Environment string

	Calls    int64
	Failures int64 // of Calls
	Nanos    int64 // how long all calls took together

	// Latencies holds how long each call took, as [AppendLatency] writes it, in
	// ascending order.
	Latencies string

	Usage Usage
	Cost  Cost
}

// CallKind is what a [Bill] counts. The numbers are stored: never renumber.
type CallKind uint8

const (
	// CallsOfModel: calls of models. Where a run reports usage, but no span below it
	// does, its bill has that usage and no calls.
	CallsOfModel CallKind = 1
	CallsOfTool  CallKind = 2
)
