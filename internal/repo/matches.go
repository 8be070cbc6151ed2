package repo

import (
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

// Matches reports whether q selects s, whatever its order and page: for spans
// that are at hand and need not be looked for.
func (q SpanQuery) Matches(s *model.Span) bool {
	return (q.TraceID.IsZero() || q.TraceID == s.TraceID) &&
		(q.SpanID.IsZero() || q.SpanID == s.SpanID) &&
		wanted(q.Identity.AgentID, s.AgentID) && wanted(q.Identity.TeamID, s.TeamID) &&
		wanted(q.Identity.WorkflowID, s.WorkflowID) && wanted(q.Identity.SessionID, s.SessionID) &&
		wanted(q.Identity.UserID, s.UserID) && wanted(q.Identity.RunID, s.RunID) &&
		(len(q.Types) == 0 || slices.Contains(q.Types, s.Type)) &&
		wanted(q.Name, s.Name) && wanted(q.Service, s.Service) && wanted(q.Environment, s.Environment) &&
		wanted(q.Model, s.Model) && wanted(q.ToolName, s.ToolName) &&
		(q.Status == nil || *q.Status == s.Status) &&
		(q.Failed == nil || *q.Failed == s.Failed) &&
		q.Start.Contains(s.StartNano) &&
		lasted(s.EndNano-s.StartNano, q.MinDuration, q.MaxDuration) &&
		(q.Where == nil || plan.HoldsSpan(q.Where, s))
}

// MatchesTrace reports whether q selects t as far as t alone tells: all of q but
// Identity and Having, which ask the trace's spans; see [TraceQuery.SpanQueries].
func (q TraceQuery) MatchesTrace(t *model.Trace) bool {
	return wanted(q.Name, t.Name) && wanted(q.Service, t.Service) && wanted(q.Environment, t.Environment) &&
		(q.Status == nil || *q.Status == t.Status) &&
		(q.Failed == nil || *q.Failed == t.Failed()) &&
		q.Start.Contains(t.StartNano) &&
		lasted(t.Duration(), q.MinDuration, q.MaxDuration) &&
		(q.Where == nil || plan.HoldsTrace(q.Where, t))
}

// SpanQueries returns what q asks of a trace's spans: each must select one of
// them at least.
func (q TraceQuery) SpanQueries() []SpanQuery {
	var out []SpanQuery
	for _, id := range []model.Identity{
		{AgentID: q.Identity.AgentID}, {TeamID: q.Identity.TeamID}, {WorkflowID: q.Identity.WorkflowID},
		{SessionID: q.Identity.SessionID}, {UserID: q.Identity.UserID}, {RunID: q.Identity.RunID},
	} {
		if id != (model.Identity{}) {
			out = append(out, SpanQuery{Identity: id})
		}
	}
	for _, condition := range q.Having {
		out = append(out, SpanQuery{Where: condition})
	}
	return out
}

// wanted compares a field with what a query says of it.
func wanted(want, got string) bool { return want == "" || want == got }

func lasted(d, atLeast, atMost int64) bool { return d >= atLeast && (atMost == 0 || d <= atMost) }
