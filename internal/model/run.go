package model

// Run is one execution of an agent, a team or a workflow: one span of such a
// type, and the spans that belong to it, which are those whose nearest run above
// it is. It is identified as its span is.
//
// A run is known from the moment its span is stored, by what that span says of
// itself. What needs the whole trace is derived when the trace has settled.
type Run struct {
	Project   string
	TraceID   TraceID
	SpanID    SpanID
	StartNano int64
	EndNano   int64

	Type        SpanType
	Name        string // of the span, such as "Weather_Agent.run"
	Status      StatusCode
	Service     string
	Environment string

	// Identity is the run's own; what it does not say itself, it has from the
	// nearest run above that does, but for RunID. Until it has settled, only its
	// own.
	Identity Identity

	// Settled reports whether everything stored of the trace is accounted for
	// here. Without, what stands below may be missing or of the past.
	Settled bool

	// Failed is true where the run's span or any span below it failed. (Until it
	// has settled, where its span did.) Agno swallows errors of models, so that
	// Status says little.
	Failed bool

	Own Tally // of the spans that belong to the run

	Detail RunDetail
}

// Duration returns the nanoseconds from start to end.
func (r *Run) Duration() int64 { return r.EndNano - r.StartNano }

// Tally sums up spans.
type Tally struct {
	Spans         int64 `json:"spans,omitempty"`
	ModelCalls    int64 `json:"model_calls,omitempty"`
	ModelFailures int64 `json:"model_failures,omitempty"` // of ModelCalls
	ToolCalls     int64 `json:"tool_calls,omitempty"`
	ToolFailures  int64 `json:"tool_failures,omitempty"` // of ToolCalls
	// Retries are the calls that follow a failed one of the same model or tool
	// under the same parent.
	Retries int64 `json:"retries,omitempty"`
	Usage   Usage `json:"usage,omitzero"`
	Cost    Cost  `json:"cost,omitzero"`
}

// Plus returns the sum of t and u.
func (t Tally) Plus(u Tally) Tally {
	return Tally{
		Spans:         t.Spans + u.Spans,
		ModelCalls:    t.ModelCalls + u.ModelCalls,
		ModelFailures: t.ModelFailures + u.ModelFailures,
		ToolCalls:     t.ToolCalls + u.ToolCalls,
		ToolFailures:  t.ToolFailures + u.ToolFailures,
		Retries:       t.Retries + u.Retries,
		Usage:         t.Usage.Plus(u.Usage),
		Cost:          t.Cost.Plus(u.Cost),
	}
}

// RunDetail is what nobody searches runs by. Stores keep it as JSON; see
// [Run.EncodeDetail]. Before the run has settled, it is empty.
type RunDetail struct {
	// ParentSpanID is the span of the run that this one is part of, zero for
	// none; RootSpanID that of the topmost run above it, its own where there is
	// none. The run ids are those that these runs carry, "" where they carry
	// none.
	ParentSpanID SpanID `json:"parent_span_id,omitzero"`
	RootSpanID   SpanID `json:"root_span_id,omitzero"`
	ParentRunID  string `json:"parent_run_id,omitempty"`
	RootRunID    string `json:"root_run_id,omitempty"`

	// Detached is true where the run's span has a team above it that had ended
	// before the run began: Agno leaves a team's context behind, so that what
	// runs next looks like a part of it. Such a run is a root.
	Detached bool `json:"detached,omitempty"`

	Children int64 `json:"children,omitempty"` // runs of which this is the parent

	InputPreview  string `json:"input_preview,omitempty"`
	OutputPreview string `json:"output_preview,omitempty"`

	Error *RunError `json:"error,omitempty"` // nil where nothing failed

	// Total is Own of this run and all runs below it.
	Total Tally `json:"total,omitzero"`

	Models []NameCount `json:"models,omitempty"` // own calls, by name
	Tools  []NameCount `json:"tools,omitempty"`

	Time  TimeSplit `json:"time,omitzero"`
	Steps []RunStep `json:"steps,omitempty"` // of a workflow, by start
}

// RunError is the deepest span that failed, at the run's own span or below it;
// of several, the one that ended first.
type RunError struct {
	SpanID   SpanID `json:"span_id"`
	SpanName string `json:"span_name,omitempty"`
	Type     string `json:"type,omitempty"`
	Message  string `json:"message,omitempty"`
	// Path are the names of the spans from the run's own down to the one that
	// failed, both included. Of a path longer than MaxPath, the middle is left
	// out.
	Path []string `json:"path,omitempty"`
}

// MaxPath is how many names a path in a [RunError] has at the most.
const MaxPath = 32

// NameCount counts calls by name.
type NameCount struct {
	Name  string `json:"name"`
	Calls int64  `json:"calls"`
}

// TimeSplit says where a run's time went, in nanoseconds. The parts are disjoint
// and sum up to the run's duration: what happened at the same time counts once,
// as the first of these that it is.
type TimeSplit struct {
	Child int64 `json:"child,omitempty"` // in runs directly below
	Model int64 `json:"model,omitempty"` // in own model calls
	Tool  int64 `json:"tool,omitempty"`  // in own tool calls
	Own   int64 `json:"own,omitempty"`   // in nothing of that
}

// RunStep is one step of a workflow.
type RunStep struct {
	SpanID    SpanID   `json:"span_id"`
	Name      string   `json:"name,omitempty"`
	Type      SpanType `json:"type,omitempty"` // STEP, or that of the run which stands in its place
	StartNano int64    `json:"start_ns"`
	EndNano   int64    `json:"end_ns"`
	Failed    bool     `json:"failed,omitempty"` // it or a span below it
}

// Session sums up the runs of one session id.
type Session struct {
	Project string
	ID      string

	StartNano int64 // start of its first run
	EndNano   int64 // latest end of a run
	LastNano  int64 // start of its latest run

	Runs       int64
	FailedRuns int64
	Traces     int64 // distinct traces that these are in

	// Distinct, sorted, at most MaxSessionNames of each.
	Users     []string
	Agents    []string // ids
	Teams     []string
	Workflows []string

	Total   Tally // Own of all its runs
	Settled bool  // whether each of its runs has settled, at least once
}

// MaxSessionNames bounds the lists of a [Session].
const MaxSessionNames = 100

// RunOf returns what is known of a run from its span alone: what is stored of it
// until its trace settles.
func RunOf(s *Span) *Run {
	return &Run{
		Project: s.Project, TraceID: s.TraceID, SpanID: s.SpanID, StartNano: s.StartNano, EndNano: s.EndNano,
		Type: s.Type, Name: s.Name, Status: s.Status, Service: s.Service, Environment: s.Environment,
		Identity: s.Identity, Failed: s.Failed,
	}
}
