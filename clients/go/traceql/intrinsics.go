package traceql

import "time"

// The intrinsics that are texts.
const (
	Name                   Text = "name"
	StatusMessage          Text = "statusMessage"
	TraceID                Text = "trace:id"
	SpanID                 Text = "span:id"
	ParentID               Text = "span:parentID" // absent on a root
	Project                Text = "project"
	Service                Text = "service"
	Environment            Text = "environment"
	AgentID                Text = "agent:id"
	AgentName              Text = "agent:name"
	TeamID                 Text = "team:id"
	TeamName               Text = "team:name"
	WorkflowID             Text = "workflow:id"
	WorkflowName           Text = "workflow:name"
	SessionID              Text = "session:id"
	UserID                 Text = "user:id"
	RunID                  Text = "run:id"
	ModelName              Text = "model:name"
	ModelProvider          Text = "model:provider"
	ToolName               Text = "tool:name"
	ToolCallID             Text = "tool:callId"
	ToolArguments          Text = "tool:arguments"
	ToolResult             Text = "tool:result"
	ErrorType              Text = "error:type"
	ErrorMessage           Text = "error:message"
	TraceRootName          Text = "trace:rootName" // absent until the root has arrived
	TraceRootService       Text = "trace:rootService"
	ContentInput           Text = "content:input"
	ContentOutput          Text = "content:output"
	ContentMessages        Text = "content:messages" // each text of the messages of a model call
	EventName              Text = "event:name"
	LinkTraceID            Text = "link:traceID"
	LinkSpanID             Text = "link:spanID"
	InstrumentationName    Text = "instrumentation:name"
	InstrumentationVersion Text = "instrumentation:version"
)

// The intrinsics that are durations.
const (
	Duration            Number[time.Duration] = "duration"
	TraceDuration       Number[time.Duration] = "trace:duration"
	EventTimeSinceStart Number[time.Duration] = "event:timeSinceStart"
)

// The intrinsics that are whole numbers. Those of usage are tokens of calls of
// models; agents that repeat the sum of the calls below them do not count.
const (
	UsageInput      Number[int64] = "usage:input"
	UsageOutput     Number[int64] = "usage:output"
	UsageCacheRead  Number[int64] = "usage:cacheRead"
	UsageCacheWrite Number[int64] = "usage:cacheWrite"
	UsageReasoning  Number[int64] = "usage:reasoning"
	UsageTotal      Number[int64] = "usage:total"
	TraceSpanCount  Number[int64] = "trace:spanCount"
	TraceErrorCount Number[int64] = "trace:errorCount"
	ChildCount      Number[int64] = "span:childCount"
	// NestedSetParent is -1 on a span without a parent and 1 on others; see [Root].
	NestedSetParent Number[int64] = "nestedSetParent"
)

// UsageCost is the cost of a model call in US dollars.
const UsageCost Number[float64] = "usage:cost"

// Failed holds on spans with the status error, and on those that recorded an
// exception.
const Failed Flag = "failed"

// Status is the status code of a span.
const Status Word[StatusValue] = "status"

// StatusValue is a value of [Status].
type StatusValue string

// The values of [Status].
const (
	StatusUnset StatusValue = "unset"
	StatusOK    StatusValue = "ok"
	StatusError StatusValue = "error"
)

// Kind is the role of a span in a remote call.
const Kind Word[KindValue] = "kind"

// KindValue is a value of [Kind].
type KindValue string

// The values of [Kind].
const (
	KindUnspecified KindValue = "unspecified"
	KindInternal    KindValue = "internal"
	KindServer      KindValue = "server"
	KindClient      KindValue = "client"
	KindProducer    KindValue = "producer"
	KindConsumer    KindValue = "consumer"
)

// Type is what a span did.
const Type Word[TypeValue] = "type"

// TypeValue is a value of [Type].
type TypeValue string

// The values of [Type].
const (
	TypeUnknown   TypeValue = "unknown"
	TypeAgent     TypeValue = "agent"
	TypeTeam      TypeValue = "team"
	TypeWorkflow  TypeValue = "workflow"
	TypeStep      TypeValue = "step"
	TypeLLM       TypeValue = "llm"
	TypeTool      TypeValue = "tool"
	TypeRetriever TypeValue = "retriever"
	TypeEmbedding TypeValue = "embedding"
	TypeReranker  TypeValue = "reranker"
	TypeGuardrail TypeValue = "guardrail"
	TypeEvaluator TypeValue = "evaluator"
	TypePrompt    TypeValue = "prompt"
	TypeChain     TypeValue = "chain"
)

// Root holds on spans without a parent.
func Root() Condition { return NestedSetParent.Less(0) }
