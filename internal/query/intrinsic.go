package query

// Intrinsic is a field that every span has a meaning for. The zero value is
// none.
type Intrinsic uint8

// The intrinsics. What their names are, of what kind they are and where their
// values come from is said in one table, [Describe].
const (
	Name Intrinsic = iota + 1
	Status
	StatusMessage
	SpanKind
	SpanDuration
	TraceID
	SpanID
	ParentID
	RootMark // nestedSetParent: -1 for a span without a parent, 1 for others
	Type
	Failed
	Project
	Service
	Environment
	AgentID
	AgentName
	TeamID
	TeamName
	WorkflowID
	WorkflowName
	SessionID
	UserID
	RunID
	ModelName
	ModelProvider
	ToolName
	ToolCallID
	ErrorType
	ErrorMessage
	// Usage is a span's own: it is absent on spans that do not call a model,
	// which may repeat that of the calls below them, and on calls that reported
	// none.
	UsageInput
	UsageOutput
	UsageCacheRead
	UsageCacheWrite
	UsageReasoning
	UsageTotal // the sum of all buckets

	TraceDuration
	TraceRootName
	TraceRootService
	TraceSpanCount
	TraceErrorCount
	ChildCount

	UsageCost // as the sender reported it, else as the price table says, in US dollars
	ToolArguments
	ToolResult
	ContentInput
	ContentOutput
	ContentMessages // every text of the model call's messages: content, reasoning, names and arguments of tool calls
	EventName
	EventTimeSinceStart
	LinkTraceID
	LinkSpanID
	InstrumentationName
	InstrumentationVersion

	numIntrinsics
)

// Source says what must be read to know an intrinsic.
type Source uint8

const (
	// FromRow: the span's narrow fields (model.Span without Body).
	FromRow Source = iota
	// FromTrace: what model.Trace says; equal for all spans of a trace.
	FromTrace
	// FromTree: the narrow fields of all spans of the trace.
	FromTree
	// FromBody: the span's content.
	FromBody
)

// Description is one row of the table of intrinsics.
type Description struct {
	Intrinsic Intrinsic
	// Names are what it may be called: the first is how it is printed.
	Names  []string
	Kind   Kind
	Source Source
	Help   string // one line: what it is
}

// Describe returns the description of an intrinsic.
func Describe(i Intrinsic) Description { return descriptions[i] }

// Intrinsics returns all descriptions, in the order of docs/query.md.
func Intrinsics() []Description { return descriptions[1:] }

// descriptions is indexed by Intrinsic.
var descriptions = [numIntrinsics]Description{
	Name:                   {Name, []string{"name", "span:name"}, KindString, FromRow, "name of the span"},
	Status:                 {Status, []string{"status", "span:status"}, KindStatus, FromRow, "status code: ok, error or unset"},
	StatusMessage:          {StatusMessage, []string{"statusMessage", "span:statusMessage"}, KindString, FromRow, "text beside the status, its first 1,000 characters"},
	SpanKind:               {SpanKind, []string{"kind", "span:kind"}, KindSpanKind, FromRow, "role in a remote call: internal, server, client, producer, consumer or unspecified"},
	SpanDuration:           {SpanDuration, []string{"duration", "span:duration"}, KindDuration, FromRow, "end minus start of the span"},
	TraceID:                {TraceID, []string{"trace:id"}, KindString, FromRow, "id of the trace, 32 hex digits"},
	SpanID:                 {SpanID, []string{"span:id"}, KindString, FromRow, "id of the span, 16 hex digits"},
	ParentID:               {ParentID, []string{"span:parentID"}, KindString, FromRow, "id of the parent, 16 hex digits; absent for a root"},
	RootMark:               {RootMark, []string{"nestedSetParent"}, KindInt, FromRow, "-1 for a span without a parent, 1 for others: nestedSetParent < 0 is \"is a root\""},
	Type:                   {Type, []string{"type", "span:type"}, KindType, FromRow, "what the span did: agent, team, workflow, step, llm, tool, retriever, embedding, reranker, guardrail, evaluator, prompt, chain or unknown"},
	Failed:                 {Failed, []string{"failed", "span:failed"}, KindBool, FromRow, "status error, or an exception was recorded"},
	Project:                {Project, []string{"project"}, KindString, FromRow, "the project that is asked"},
	Service:                {Service, []string{"service"}, KindString, FromRow, "name of the service; resource.service.name is the same"},
	Environment:            {Environment, []string{"environment"}, KindString, FromRow, "where the service runs"},
	AgentID:                {AgentID, []string{"agent:id"}, KindString, FromRow, "id of the agent, on the agent's own spans"},
	AgentName:              {AgentName, []string{"agent:name"}, KindString, FromRow, "name of the agent"},
	TeamID:                 {TeamID, []string{"team:id"}, KindString, FromRow, "id of the team"},
	TeamName:               {TeamName, []string{"team:name"}, KindString, FromRow, "name of the team"},
	WorkflowID:             {WorkflowID, []string{"workflow:id"}, KindString, FromRow, "id of the workflow"},
	WorkflowName:           {WorkflowName, []string{"workflow:name"}, KindString, FromRow, "name of the workflow"},
	SessionID:              {SessionID, []string{"session:id"}, KindString, FromRow, "id of the session"},
	UserID:                 {UserID, []string{"user:id"}, KindString, FromRow, "id of the user"},
	RunID:                  {RunID, []string{"run:id"}, KindString, FromRow, "id of the run"},
	ModelName:              {ModelName, []string{"model:name"}, KindString, FromRow, "name of the model that was called"},
	ModelProvider:          {ModelProvider, []string{"model:provider"}, KindString, FromRow, "who serves the model"},
	ToolName:               {ToolName, []string{"tool:name"}, KindString, FromRow, "name of the tool that was called"},
	ToolCallID:             {ToolCallID, []string{"tool:callId"}, KindString, FromRow, "id of the model's request that the tool call answers"},
	ErrorType:              {ErrorType, []string{"error:type"}, KindString, FromRow, "class of the error"},
	ErrorMessage:           {ErrorMessage, []string{"error:message"}, KindString, FromRow, "the error in words, its first 1,000 characters"},
	UsageInput:             {UsageInput, []string{"usage:input"}, KindInt, FromRow, "prompt tokens that were neither cached nor audio"},
	UsageOutput:            {UsageOutput, []string{"usage:output"}, KindInt, FromRow, "completion tokens without reasoning and audio"},
	UsageCacheRead:         {UsageCacheRead, []string{"usage:cacheRead"}, KindInt, FromRow, "prompt tokens read from the provider's cache"},
	UsageCacheWrite:        {UsageCacheWrite, []string{"usage:cacheWrite"}, KindInt, FromRow, "prompt tokens written to the provider's cache"},
	UsageReasoning:         {UsageReasoning, []string{"usage:reasoning"}, KindInt, FromRow, "completion tokens spent on reasoning"},
	UsageTotal:             {UsageTotal, []string{"usage:total"}, KindInt, FromRow, "all tokens of the call"},
	TraceDuration:          {TraceDuration, []string{"trace:duration", "traceDuration"}, KindDuration, FromTrace, "latest end minus earliest start of the trace's spans"},
	TraceRootName:          {TraceRootName, []string{"trace:rootName", "rootName"}, KindString, FromTrace, "name of the root span; absent until it has arrived"},
	TraceRootService:       {TraceRootService, []string{"trace:rootService", "rootServiceName"}, KindString, FromTree, "service of the root span"},
	TraceSpanCount:         {TraceSpanCount, []string{"trace:spanCount"}, KindInt, FromTrace, "how many spans the trace has"},
	TraceErrorCount:        {TraceErrorCount, []string{"trace:errorCount"}, KindInt, FromTrace, "how many of them failed"},
	ChildCount:             {ChildCount, []string{"span:childCount", "childCount"}, KindInt, FromTree, "how many spans are directly below"},
	UsageCost:              {UsageCost, []string{"usage:cost"}, KindFloat, FromBody, "cost of the model call in US dollars: as the sender reported it, else computed from its tokens; absent where nobody knows the price"},
	ToolArguments:          {ToolArguments, []string{"tool:arguments"}, KindString, FromBody, "arguments of the tool call, as they were sent"},
	ToolResult:             {ToolResult, []string{"tool:result"}, KindString, FromBody, "what the tool returned"},
	ContentInput:           {ContentInput, []string{"content:input"}, KindString, FromBody, "what went in, whole"},
	ContentOutput:          {ContentOutput, []string{"content:output"}, KindString, FromBody, "what came out, whole"},
	ContentMessages:        {ContentMessages, []string{"content:messages"}, KindString, FromBody, "each text of the messages of a model call"},
	EventName:              {EventName, []string{"event:name"}, KindString, FromBody, "name of an event"},
	EventTimeSinceStart:    {EventTimeSinceStart, []string{"event:timeSinceStart"}, KindDuration, FromBody, "time of an event minus start of its span"},
	LinkTraceID:            {LinkTraceID, []string{"link:traceID"}, KindString, FromBody, "id of a linked trace, in hex"},
	LinkSpanID:             {LinkSpanID, []string{"link:spanID"}, KindString, FromBody, "id of a linked span, in hex"},
	InstrumentationName:    {InstrumentationName, []string{"instrumentation:name"}, KindString, FromBody, "name of the instrumentation library"},
	InstrumentationVersion: {InstrumentationVersion, []string{"instrumentation:version"}, KindString, FromBody, "version of the instrumentation library"},
}
