package service

import (
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/fault"
)

// fieldSelection is what requests that select by plain fields have in common,
// beside a name.
type fieldSelection interface {
	GetAgentId() string
	GetTeamId() string
	GetWorkflowId() string
	GetSessionId() string
	GetUserId() string
	GetRunId() string
	GetService() string
	GetEnvironment() string
	GetStatus() pb.StatusCode
	timeSelection
	GetMinDuration() *durationpb.Duration
	GetMaxDuration() *durationpb.Duration
}

// namedSelection is what requests for traces and spans have in common.
type namedSelection interface {
	fieldSelection
	GetName() string
}

// queried is what requests have in common that select by a query, too.
type queried interface {
	namedSelection
	GetQuery() string
}

// spanSelection is what requests for spans have in common.
type spanSelection interface {
	namedSelection
	GetTraceId() string
	GetTypes() []pb.SpanType
	GetModel() string
	GetToolName() string
}

// traceQuery returns the query that a request for traces stands for. The field
// failed is given beside it, since a getter does not tell false from absent.
func traceQuery(in namedSelection, failed *bool) (repo.TraceQuery, error) {
	q := repo.TraceQuery{
		Identity:    identityOf(in),
		Name:        in.GetName(),
		Service:     in.GetService(),
		Environment: in.GetEnvironment(),
		Status:      statusOf(in),
		Failed:      failed,
		MinDuration: int64(in.GetMinDuration().AsDuration()),
		MaxDuration: int64(in.GetMaxDuration().AsDuration()),
	}
	if ordered, ok := in.(interface{ GetOrderBy() pb.TraceOrder }); ok && ordered.GetOrderBy() == pb.TraceOrder_TRACE_ORDER_DURATION {
		q.Order = repo.LongestFirst
	}
	var err error
	q.Start, err = rangeOf(in)
	return q, err
}

// spanQuery returns the query that a request for spans stands for.
func spanQuery(in spanSelection, failed *bool) (repo.SpanQuery, error) {
	q := repo.SpanQuery{
		Identity:    identityOf(in),
		Name:        in.GetName(),
		Service:     in.GetService(),
		Environment: in.GetEnvironment(),
		Model:       in.GetModel(),
		ToolName:    in.GetToolName(),
		Status:      statusOf(in),
		Failed:      failed,
		MinDuration: int64(in.GetMinDuration().AsDuration()),
		MaxDuration: int64(in.GetMaxDuration().AsDuration()),
	}
	if ordered, ok := in.(interface{ GetOrderBy() pb.SpanOrder }); ok && ordered.GetOrderBy() == pb.SpanOrder_SPAN_ORDER_OLDEST_FIRST {
		q.Order = repo.SpansOldestFirst
	}
	var err error
	if q.Types, q.TraceID, err = placeOf(in); err != nil {
		return q, err
	}
	q.Start, err = rangeOf(in)
	return q, err
}

// placeOf returns of which types and in which trace spans or runs are wanted.
func placeOf(in interface {
	GetTypes() []pb.SpanType
	GetTraceId() string
}) (types []model.SpanType, trace model.TraceID, err error) {
	for _, t := range in.GetTypes() {
		types = append(types, model.SpanType(t))
	}
	if id := in.GetTraceId(); id != "" {
		if trace, err = model.ParseTraceID(id); err != nil {
			return nil, trace, fault.InvalidField("trace_id", err.Error())
		}
	}
	return types, trace, nil
}

func identityOf(in fieldSelection) model.Identity {
	return model.Identity{
		AgentID:    in.GetAgentId(),
		TeamID:     in.GetTeamId(),
		WorkflowID: in.GetWorkflowId(),
		SessionID:  in.GetSessionId(),
		UserID:     in.GetUserId(),
		RunID:      in.GetRunId(),
	}
}

// statusOf returns the wanted status; unset stands for any.
func statusOf(in fieldSelection) *model.StatusCode {
	if in.GetStatus() == pb.StatusCode_STATUS_CODE_UNSPECIFIED {
		return nil
	}
	return new(model.StatusCode(in.GetStatus()))
}

// rangeOf returns the wanted range of starts.
func rangeOf(in fieldSelection) (model.TimeRange, error) {
	if longest := in.GetMaxDuration().AsDuration(); longest > 0 && longest < in.GetMinDuration().AsDuration() {
		return model.TimeRange{}, fault.InvalidField("max_duration", "must not be less than min_duration")
	}
	return timeRange(in)
}

// timeSelection is what requests with a range of time have in common.
type timeSelection interface {
	GetStartTime() *timestamppb.Timestamp
	GetEndTime() *timestamppb.Timestamp
}

// timeRange returns the range that a request names. Bounds that no stored span
// can lie beyond are moved to where int64 and "open" mean the same.
func timeRange(in timeSelection) (model.TimeRange, error) {
	var r model.TimeRange
	if t := in.GetStartTime(); t != nil {
		if t.CheckValid() != nil {
			return r, fault.InvalidField("start_time", "must be a valid timestamp")
		}
		r.Start = max(0, nanos(t))
	}
	if t := in.GetEndTime(); t != nil {
		if t.CheckValid() != nil {
			return r, fault.InvalidField("end_time", "must be a valid timestamp")
		}
		r.End = max(1, nanos(t)) // 0 would be open; no span starts before 1
		if r.End <= r.Start {
			return r, fault.InvalidField("end_time", "must be after start_time")
		}
	}
	return r, nil
}

// closedRange returns the range that a request names. Its end is now where it
// names none, its start so long before the end.
func closedRange(in timeSelection, length time.Duration, now time.Time) (model.TimeRange, error) {
	r, err := timeRange(in)
	if err != nil {
		return r, err
	}
	if r.End == 0 {
		r.End = now.UnixNano()
	}
	if in.GetStartTime() == nil {
		r.Start = r.End - int64(length)
	}
	r.Start = max(1, r.Start) // 0 would be open; no span starts before 1
	if r.End <= r.Start {
		if in.GetEndTime() == nil {
			return r, fault.InvalidField("start_time", "must be in the past where there is no end_time")
		}
		r.End = r.Start + 1 // a range before 1970, in which nothing is
	}
	return r, nil
}

// nanos returns t in nanoseconds, or the nearest that int64 can say.
func nanos(t *timestamppb.Timestamp) int64 {
	switch s := t.GetSeconds(); {
	case s >= math.MaxInt64/1_000_000_000:
		return math.MaxInt64
	case s <= math.MinInt64/1_000_000_000:
		return math.MinInt64
	}
	return t.AsTime().UnixNano()
}
