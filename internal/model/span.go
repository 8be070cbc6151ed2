package model

// Span is one operation of a trace.
//
// Its direct fields are narrow: what lists show and queries search, bounded in
// size, and valid UTF-8 without NUL, so that every database can hold them. The
// complete span, as OTLP defines it, is in Body, which is nil where only the
// narrow fields were asked for.
//
// A span is identified by (Project, TraceID, SpanID, StartNano).
type Span struct {
	Project  string // the tenant; never what a span says of itself
	TraceID  TraceID
	SpanID   SpanID
	ParentID SpanID // zero for a root

	// StartNano and EndNano are nanoseconds since the Unix epoch.
	StartNano int64
	EndNano   int64

	Name          string
	Kind          SpanKind
	Status        StatusCode
	StatusMessage string

	Type SpanType

	// Failed is true where Status is StatusError or an exception event was
	// recorded: Agno marks failed model calls OK.
	Failed       bool
	ErrorType    string
	ErrorMessage string

	Service     string // resource attribute service.name
	Environment string // resource attribute deployment.environment.name
	Identity
	Model    string
	Provider string
	Usage    Usage
	Billing  Billing // of model calls; not among what stores keep in rows

	// FirstTokenNano is the time from the span's start to the first token, in
	// nanoseconds; 0 where it was not reported.
	FirstTokenNano int64

	ToolName   string
	ToolCallID string

	// ShortAttributes is a JSON object of the span's attributes that no field
	// above holds, for search; nil for none. Short scalars are there with their
	// value; what is long or no scalar is there as null, which says: look into
	// the content. Content is not there at all. Where attributes are missing
	// since there were too many, the key [ShortIncomplete] is there too.
	ShortAttributes []byte

	// InputPreview and OutputPreview are the beginnings of what went in and
	// came out, for lists. Stores keep them per trace, not per span.
	InputPreview  string
	OutputPreview string

	Body *Body
}

// Identity says on whose behalf, and as part of what, a span ran. Agno sets it
// on agents, teams and workflows only: model and tool calls belong to the
// nearest run above them.
type Identity struct {
	AgentID      string
	AgentName    string
	TeamID       string
	TeamName     string
	WorkflowID   string
	WorkflowName string
	SessionID    string
	UserID       string
	RunID        string
}

// ShortIncomplete is a key in [Span.ShortAttributes]; see there.
const ShortIncomplete = "…"

// Body is what a span carries beside its narrow fields. Strings are as received
// and may be large.
type Body struct {
	TraceState        string
	Flags             uint32
	Attributes        []KeyValue
	DroppedAttributes uint32
	Events            []Event
	DroppedEvents     uint32
	Links             []Link
	DroppedLinks      uint32
	Resource          Resource
	Scope             Scope

	// FullName and FullStatusMessage are Name and StatusMessage without the
	// bounds and repairs of the narrow fields.
	FullName          string
	FullStatusMessage string

	Input  Content
	Output Content

	// What follows is derived from Attributes for model calls and tools.
	FinishReasons        []string
	InvocationParameters string // JSON, as the sender wrote it
	InputMessages        []Message
	OutputMessages       []Message
	ToolDescription      string
	ToolArguments        string // JSON, as the sender wrote it
	ToolResult           string
	Stacktrace           string // of the exception that ErrorType names

	// Cost is what the model call cost, in billionths of a US dollar: what the
	// sender said, else what whoever read the span has computed; 0 for neither.
	Cost int64
}

// Content is a text and its MIME type ("" where the sender named none).
type Content struct {
	Value    string
	MIMEType string
}

// Event is something that happened at one moment of a span.
type Event struct {
	TimeNano          int64
	Name              string
	Attributes        []KeyValue
	DroppedAttributes uint32
}

// Link points from a span to a span of this or another trace. Ids are as
// received and may be of any length.
type Link struct {
	TraceID           []byte
	SpanID            []byte
	TraceState        string
	Attributes        []KeyValue
	DroppedAttributes uint32
	Flags             uint32
}

// Resource is what produced a span: a process, a service.
type Resource struct {
	Attributes        []KeyValue
	DroppedAttributes uint32
	SchemaURL         string
}

// Scope is the instrumentation library that made a span.
type Scope struct {
	Name              string
	Version           string
	Attributes        []KeyValue
	DroppedAttributes uint32
	SchemaURL         string
}

// Message is one turn of a conversation with a model.
type Message struct {
	Role       string // system, user, assistant, tool
	Content    string // the texts of all parts, in order, a line break between them
	Reasoning  string
	ToolCalls  []ToolCall
	ToolCallID string // of the call that a tool message answers
}

// ToolCall is a model's request to run a tool.
type ToolCall struct {
	ID        string
	Name      string
	Arguments string // JSON, as the model wrote it
}

// IsRoot reports whether the span has no parent.
func (s *Span) IsRoot() bool { return s.ParentID.IsZero() }

// Record is a span on its way into a store: the narrow span and its OTLP bytes
// as they were received. The byte slices may alias the request that brought
// them; a store reads them until its Write returns and keeps none.
type Record struct {
	Span *Span // Body is nil

	// Raw is the OTLP Span message, without tag and length.
	Raw []byte
	// Resource is the ResourceSpans message without its scope_spans fields,
	// Scope the ScopeSpans message without its spans: concatenated with the
	// left-out fields they are complete again.
	Resource []byte
	Scope    []byte
}
