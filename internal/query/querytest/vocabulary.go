package querytest

import (
	"math"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/query"
)

// The words that traces are made of and that queries ask for. Those of the
// intrinsics come first; one list may serve several that are never confused.
var (
	names       = []string{"chat", "Chat", "search", "refund", "100%", "a_b", `back\slash`, "it's", "größe"}
	messages    = []string{"boom", "Boom: timeout", "50% off_by_one", "line\nbreak"}
	services    = []string{"shop", "Shop", "desk"}
	places      = []string{"prod", "test"}
	people      = []string{"ann", "Ann", "bob", "o'neil"}
	teams       = []string{"support", "Support", "sales_2"}
	models      = []string{"gpt-5", "gpt-5-mini", "claude"}
	providers   = []string{"openai", "anthropic"}
	tools       = []string{"search", "refund", "track_parcel"}
	calls       = []string{"call-1", "call-2"}
	errorNames  = []string{"TimeoutError", "ValueError"}
	eventNames  = []string{"exception", "retry", "Retry"}
	libraries   = []string{"openinference.instrumentation.agno", "lib"}
	versions    = []string{"1.0", "2"}
	contents    = []string{"Please refund my order", "please REFUND", "Straße 12", "STRASSE", "273 \u212A", "no", "", "a\tb\"c"}
	traceIDs    = []string{"5b8efff798038103d269b633813fc60c", "f0000000000000000000000000000001", "00000000000000000000000000000002", "0a0b0c0d0e0f00010203040506070809"}
	spanIDs     = []string{"eee19b7ec3c1b174", "0000000000000001", "ff00000000000002", "8000000000000000", "0123456789abcdef", "7fffffffffffffff"}
	projectName = []string{"default", "other"}
)

// patterns and needles are what texts are searched for.
var (
	patterns = []string{".*", "", "(?i)refund.*", ".*refund.*", "gpt-.*", "s.*|S.*", "[a-z]+", ".*\\d.*", "line.break", "support|Support", "gpt-5", "a.b"}
	needles  = []string{"refund", "REFUND", "s", "k", "strasse", "STRAße", "%", "_", "a_b", "", "\u212A", "line", "GPT", "\uFFFD"}
)

// long is more than rows hold of an attribute.
var long = strings.Repeat("long ", 60) + "refund"

// attributeKeys are attributes of senders' own, and some that rows do not tell
// of or have a column for.
var attributeKeys = []string{
	"price", "cache.hit", "customer", "region", "tags", "note", "a b", "mixed", "odd\uFFFD",
	"llm.model_name", "input.value", "service.name", "language", "exception.type",
}

// attributeTexts are values of attributes: of those that are no UTF-8, rows hold
// something else.
var attributeTexts = []string{"eu", "EU", "us", "refund", "100%", "a_b", "12", "true", "", "NaN", "Infinity", "bad\uFFFD", "gpt-5", "Please refund my order", "shop", "TimeoutError", long}

// wholeNumbers and brokenNumbers are values of attributes and literals.
var (
	wholeNumbers  = []int64{0, 1, 2, -1, 12, 200, 404, 1<<53 + 1, 1 << 53, math.MaxInt64, math.MinInt64}
	brokenNumbers = []float64{0, 1, 1.5, -0.25, 12, 1 << 53, 1e300, math.MaxInt64}
	lengths       = []time.Duration{0, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, time.Second, -time.Millisecond, 90 * time.Minute}
	tokenCounts   = []int64{0, 1, 5, 10, 15, 20}
	costs         = []float64{0.25, 0.5, 1e-9, 2}
)

// words returns what the values of a text intrinsic may be.
func words(i query.Intrinsic) []string {
	switch i {
	case query.StatusMessage, query.ErrorMessage:
		return messages
	case query.TraceID, query.LinkTraceID:
		return traceIDs
	case query.SpanID, query.ParentID, query.LinkSpanID:
		return spanIDs
	case query.Project:
		return projectName
	case query.Service, query.TraceRootService:
		return services
	case query.Environment:
		return places
	case query.SessionID, query.UserID, query.RunID:
		return people
	case query.AgentID, query.AgentName, query.TeamID, query.TeamName, query.WorkflowID, query.WorkflowName:
		return teams
	case query.ModelName:
		return models
	case query.ModelProvider:
		return providers
	case query.ToolName:
		return tools
	case query.ToolCallID:
		return calls
	case query.ErrorType:
		return errorNames
	case query.EventName:
		return eventNames
	case query.InstrumentationName:
		return libraries
	case query.InstrumentationVersion:
		return versions
	case query.Name, query.TraceRootName:
		return names
	default:
		return contents
	}
}

// intrinsicsOf returns the intrinsics of a kind.
func intrinsicsOf(kinds ...query.Kind) []query.Intrinsic {
	var all []query.Intrinsic
	for _, d := range query.Intrinsics() {
		for _, kind := range kinds {
			if d.Kind == kind {
				all = append(all, d.Intrinsic)
			}
		}
	}
	return all
}

// pick draws one of some values.
func pick[T any](t *rapid.T, label string, from []T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

// oneIn draws true once in n times; it shrinks to false.
func oneIn(t *rapid.T, label string, n int) bool {
	return rapid.IntRange(0, n-1).Draw(t, label) == n-1
}
