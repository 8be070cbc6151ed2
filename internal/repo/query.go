package repo

import (
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

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

	// Where must hold for the whole trace, with columns FromTrace; each of
	// Having for some span of the trace, with columns FromRow, each for itself.
	Where  plan.Condition
	Having []plan.Condition

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

	// Where must hold for the span, with columns FromRow.
	Where plan.Condition

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

// Aggregation asks for counts and sums of spans by time and by the values of
// columns.
type Aggregation struct {
	// Spans selects; its order, cursor and limit are not used. Its Start must
	// be closed on both sides.
	Spans SpanQuery

	// Step is the length of a step of time in nanoseconds, at least 1. The
	// first one begins at Spans.Start.Start.
	Step int64

	// By are the columns, FromRow, whose values tell cells apart.
	By []query.Intrinsic

	// Value is the numeric column, FromRow, that is summed up; zero for none.
	// Spans on which it is absent do not count.
	Value query.Intrinsic

	// Bounds, where there are any, tell cells apart by the value too: cell n
	// holds the values v with Bounds[n-1] <= v < Bounds[n]; cell 0 those below
	// the first, the last cell those from the last one on. They ascend.
	Bounds []float64

	// MaxCells fails the call with ErrTooMany instead of returning more.
	MaxCells int

	// MaxText, where it is not 0, is how many bytes the texts of the labels of
	// all cells may have; more fail the call with ErrTooMany, too. A column may
	// hold texts of any length.
	MaxText int
}

// Cell is one number of the answer to an [Aggregation]: it stands for at least
// one span.
type Cell struct {
	Step   int64         // counted from 0
	Labels []query.Value // one for each of By, nil values for absent
	Bucket int           // of Bounds
	Count  int64         // spans
	Sum    float64       // of Value: the exact sum, rounded once
	Min    int64         // of Value
	Max    int64         // of Value
	First  int64         // start of the earliest span, nanoseconds
}

// Text returns how many bytes the texts of the cell's labels have.
func (c *Cell) Text() (bytes int) {
	for _, v := range c.Labels {
		bytes += len(v.Text)
	}
	return bytes
}
