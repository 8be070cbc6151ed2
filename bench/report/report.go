// Package report is what the benchmark found out, and how it is printed: tables in
// Markdown, JSON, and what is demanded beside what was measured.
package report

import (
	"encoding/json"
	"io"
	"slices"
	"time"
)

// Report is everything that one run measured.
type Report struct {
	Machine  Machine
	Load     Load
	Columns  []Column  // ways to store the load
	Settled  []Settled // one for each store
	Answered []Answered
	Growth   []Stage
}

// Machine is where it was measured.
type Machine struct {
	Cores      int
	Go         string
	PostgreSQL string
	HugePages  bool // PostgreSQL's shared memory is in those
}

// Load is what was sent.
type Load struct {
	Spans, Traces, Requests            int
	BytesPerSpan                       float64
	SpansPerRequest                    float64
	TracesPerRequest, RequestsPerTrace float64
	Senders                            int
	Seed                               uint64
}

// The ways to store the load.
const (
	Floor = "floor" // the same statements, without a server
	Copy  = "COPY"  // the same rows, by COPY
	GRPC  = "OTLP/gRPC"
	HTTP  = "OTLP/HTTP"
)

// The stores.
const (
	PostgreSQL = "PostgreSQL"
	SQLite     = "SQLite"
)

// Column is one way to store the load. What was not measured is 0.
type Column struct {
	Store          string // or the address of a peer
	Way            string // empty for a peer
	SpansPerSecond float64
	SenderCPU      float64 // seconds for a million spans
	ServerCPU      float64 // the same, of the server, or of what sends the bare statements
	DatabaseCPU    float64 // the same; 0 where the server is the database
	SpansPerCommit float64
	WAL            float64 // bytes a span
	Disk           float64 // bytes a span, indexes included, before anything has settled
	PeakMemory     int64   // bytes, of the server
	Request        Latency
	Ones           *Ones
}

// Stored is what storing took, without sending: CPU seconds for a million spans.
func (c Column) Stored() float64 { return c.ServerCPU + c.DatabaseCPU }

func (c Column) name() string {
	if c.Way == "" {
		return c.Store
	}
	return c.Store + ", " + c.Way
}

// Ones is what was measured with one span in each request.
type Ones struct {
	Senders           int
	RequestsPerSecond float64
	CPU               float64 // seconds for a million spans: sender, server and database
	Request           Latency
}

// Latency is the middle and the tail of many durations, in milliseconds.
type Latency struct{ P50, P95, P99 float64 }

// LatencyOf sums up durations.
func LatencyOf(d []time.Duration) Latency {
	if len(d) == 0 {
		return Latency{}
	}
	d = slices.Clone(d)
	slices.Sort(d)
	// The smallest that is no shorter than so many of all.
	at := func(percent int) float64 { return Milliseconds(d[(len(d)*percent+99)/100-1]) }
	return Latency{P50: at(50), P95: at(95), P99: at(99)}
}

// Milliseconds converts a duration.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// PerMillion returns seconds for a million spans.
func PerMillion(cpu time.Duration, spans int) float64 { return cpu.Seconds() * 1e6 / float64(spans) }

// Settled is how traces settle on a store.
type Settled struct {
	Store string

	// Behind the load: everything was stored before the first trace settled.
	SpansPerSecond float64
	ServerCPU      float64 // seconds for a million spans
	DatabaseCPU    float64
	PeakMemory     int64   // bytes, of the server
	Disk           float64 // bytes a span, indexes included
	Tables         []Table

	// Beside the load, which comes at a steady pace.
	Pace      float64 // spans/s that were sent
	Paced     float64 // spans/s that were acknowledged
	PacedCPU  float64 // seconds for a million spans: sender, server and database, to store and to settle
	PacedWait Latency // of a request
	Behind    float64 // seconds from the last acknowledgement, and the rest that a trace has to have, until all had settled
}

// Table is where the bytes of a table are, all its partitions together.
type Table struct {
	Name    string
	Rows    int64   // as the database estimates
	Heap    float64 // bytes a span, with what is stored beside it
	Indexes float64 // bytes a span
}

// Answered is how questions were answered by a store, when all had settled.
type Answered struct {
	Store      string
	Spans      int // stored
	Questions  []Question
	Flows      []Flow
	PeakMemory int64 // bytes, of the server meanwhile
}

// Find returns a question by name, and whether it was asked.
func (a Answered) Find(name string) (Question, bool) {
	i := slices.IndexFunc(a.Questions, func(q Question) bool { return q.Name == name })
	if i < 0 {
		return Question{}, false
	}
	return a.Questions[i], true
}

// Question is how long one kind of question took.
type Question struct {
	Name    string
	Query   string // in TraceQL; empty for a request with plain fields
	Latency Latency
	Content float64 // bytes of content a second that were searched; 0 for none
	Found   int     // by the last one
}

// Flow is an answer that has everything.
type Flow struct {
	Name           string
	Spans          int
	SpansPerSecond float64
	BytesPerSecond float64
	ServerCPU      float64 // seconds for a million spans
	DatabaseCPU    float64
	ClientCPU      float64
}

// Stage is what was measured when a store had so much.
type Stage struct {
	Days     int
	Load     Column // of what was added
	Settled  Settled
	Answered Answered
}

// Sort puts columns in their order: the floor of a store before what is compared
// with it, peers behind all.
func (r *Report) Sort() {
	ways := []string{Floor, Copy, GRPC, HTTP, ""}
	stores := []string{PostgreSQL, SQLite}
	place := func(c Column) int {
		if c.Way == "" {
			return len(stores) * len(ways)
		}
		return slices.Index(stores, c.Store)*len(ways) + slices.Index(ways, c.Way)
	}
	slices.SortStableFunc(r.Columns, func(a, b Column) int { return place(a) - place(b) })
}

// WriteJSON writes everything.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
