package stats

import (
	"cmp"
	"maps"
	"slices"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/service/convert"
)

// Traces counts traces by what they are about.
type Traces struct {
	group pb.TraceStatsGroup
	rows  map[string]*traceRow
}

type traceRow struct {
	key       string
	failed    int64
	durations []int64
	sessions  map[string]struct{}
	first     int64
	last      int64
}

// NewTraces returns an empty one.
func NewTraces(group pb.TraceStatsGroup) *Traces {
	return &Traces{group: group, rows: make(map[string]*traceRow)}
}

// Add counts a trace, if it is about what is counted by.
func (s *Traces) Add(t *model.Trace) {
	key := s.keyOf(t)
	if key == "" {
		return
	}
	row := s.rows[key]
	if row == nil {
		row = &traceRow{key: key, sessions: make(map[string]struct{}), first: t.StartNano, last: t.StartNano}
		s.rows[key] = row
	}
	row.durations = append(row.durations, max(0, t.Duration()))
	if t.Failed() {
		row.failed++
	}
	if id := t.Identity.SessionID; id != "" {
		row.sessions[id] = struct{}{}
	}
	row.first, row.last = min(row.first, t.StartNano), max(row.last, t.StartNano)
}

// keyOf returns what a trace is counted by: an agent without an id by its name, as
// in usage.
func (s *Traces) keyOf(t *model.Trace) string {
	switch s.group {
	case pb.TraceStatsGroup_TRACE_STATS_GROUP_TEAM:
		return cmp.Or(t.Identity.TeamID, t.Identity.TeamName)
	case pb.TraceStatsGroup_TRACE_STATS_GROUP_WORKFLOW:
		return cmp.Or(t.Identity.WorkflowID, t.Identity.WorkflowName)
	case pb.TraceStatsGroup_TRACE_STATS_GROUP_SESSION:
		return t.Identity.SessionID
	case pb.TraceStatsGroup_TRACE_STATS_GROUP_ENDPOINT:
		id := &t.Identity
		if cmp.Or(id.AgentID, id.AgentName, id.TeamID, id.TeamName, id.WorkflowID, id.WorkflowName) != "" {
			return ""
		}
		return t.Name
	default:
		return cmp.Or(t.Identity.AgentID, t.Identity.AgentName)
	}
}

// Rows returns the rows with most traces, at most so many.
func (s *Traces) Rows(limit int) (out []*pb.TraceStats) {
	rows := slices.SortedFunc(maps.Values(s.rows), func(a, b *traceRow) int {
		return cmp.Or(cmp.Compare(len(b.durations), len(a.durations)), cmp.Compare(a.key, b.key))
	})
	for _, row := range rows[:min(limit, len(rows))] {
		out = append(out, row.message())
	}
	return out
}

func (r *traceRow) message() *pb.TraceStats {
	n := int64(len(r.durations))
	slices.Sort(r.durations)
	sum := 0.0 // of durations that may be any number
	for _, d := range r.durations {
		sum += float64(d)
	}
	return &pb.TraceStats{
		Key:             convert.Text(r.key),
		TraceCount:      n,
		FailedCount:     r.failed,
		SessionCount:    int64(len(r.sessions)),
		AverageDuration: convert.Duration(int64(sum / float64(n))),
		P95Duration:     convert.Duration(r.durations[nearestRank(n, 95)-1]),
		MaxDuration:     convert.Duration(r.durations[n-1]),
		FirstTime:       convert.Timestamp(r.first),
		LastTime:        convert.Timestamp(r.last),
	}
}
