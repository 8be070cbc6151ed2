package repo

import "github.com/agenttrace/agenttrace/internal/model"

// MaxPage is the greatest Limit of a query; a store may rely on it.
const MaxPage = 1000

// TraceQuery selects traces by plain fields. Zero fields do not restrict; all
// others must hold together.
type TraceQuery struct {
	// Identity must be found on some span of the trace, each field for itself:
	// they match any run of the trace, not only the topmost. Ids compare
	// exactly; the names in Identity are not used.
	Identity model.Identity

	// What follows is compared with the fields of the whole trace.
	Name        string
	Service     string
	Environment string
	Status      *model.StatusCode
	Failed      *bool
	Start       model.TimeRange // of Trace.StartNano
	MinDuration int64           // nanoseconds, inclusive
	MaxDuration int64           // nanoseconds, inclusive; 0 for none

	Order TraceOrder
	After *TraceCursor // the last trace of the page before; nil for the first page
	Limit int          // 1 to MaxPage
}

// TraceOrder is the order of a list of traces. Equal traces are ordered by
// trace id, descending, so that the order is total.
type TraceOrder int

const (
	NewestFirst  TraceOrder = iota // by StartNano, descending
	LongestFirst                   // by Duration, descending
)

// TraceCursor is a place in a list of traces.
type TraceCursor struct {
	Key     int64 // StartNano or Duration of the trace, as the order says
	TraceID model.TraceID
}

// CursorOf returns the place of t in a list ordered by o.
func (o TraceOrder) CursorOf(t *model.Trace) TraceCursor {
	if o == LongestFirst {
		return TraceCursor{Key: t.Duration(), TraceID: t.TraceID}
	}
	return TraceCursor{Key: t.StartNano, TraceID: t.TraceID}
}

// SpanQuery selects spans by plain fields of their own. Zero fields do not
// restrict; all others must hold together.
type SpanQuery struct {
	TraceID     model.TraceID
	SpanID      model.SpanID   // found at once where TraceID is given too
	Identity    model.Identity // ids only, of the span itself
	Types       []model.SpanType
	Name        string
	Service     string
	Environment string
	Model       string
	ToolName    string
	Status      *model.StatusCode
	Failed      *bool
	Start       model.TimeRange // of Span.StartNano
	MinDuration int64           // nanoseconds, inclusive
	MaxDuration int64           // nanoseconds, inclusive; 0 for none

	Order SpanOrder
	After *SpanCursor
	Limit int // 1 to MaxPage
}

// SpanOrder is the order of a list of spans: by start. Spans of one start are
// in an order of the store's own, which is total and never changes.
type SpanOrder int

const (
	SpansNewestFirst SpanOrder = iota
	SpansOldestFirst
)

// SpanCursor is a place in a list of spans.
type SpanCursor struct {
	StartNano int64
	TraceID   model.TraceID
	SpanID    model.SpanID
}

// SpanCursorOf returns the place of s.
func SpanCursorOf(s *model.Span) SpanCursor {
	return SpanCursor{StartNano: s.StartNano, TraceID: s.TraceID, SpanID: s.SpanID}
}
