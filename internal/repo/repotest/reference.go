package repotest

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// reference answers what a store must answer, in the most obvious way.
type reference struct {
	spans []*model.Span // each once
}

type spanKey struct {
	project string
	trace   model.TraceID
	span    model.SpanID
	start   int64
}

func keyOf(s *model.Span) spanKey { return spanKey{s.Project, s.TraceID, s.SpanID, s.StartNano} }

// referenceOf keeps the first of several spans with one key.
func referenceOf(spans []*model.Span) *reference {
	r := &reference{}
	seen := map[spanKey]bool{}
	for _, s := range spans {
		if !seen[keyOf(s)] {
			seen[keyOf(s)] = true
			r.spans = append(r.spans, s)
		}
	}
	return r
}

// sum returns the trace that the spans make, nil without any.
func sum(spans []*model.Span) *model.Trace {
	var t *model.Trace
	for _, s := range spans {
		if t == nil {
			t = model.TraceOf(s)
			continue
		}
		t.Merge(model.TraceOf(s))
	}
	return t
}

// tracesOf returns all traces that match q, in its order, whatever its page.
func (r *reference) tracesOf(project string, q repo.TraceQuery) []*model.Trace {
	parts := map[model.TraceID][]*model.Span{}
	for _, s := range r.spans {
		if s.Project == project {
			parts[s.TraceID] = append(parts[s.TraceID], s)
		}
	}
	var out []*model.Trace
	for _, spans := range parts {
		if t := sum(spans); traceMatches(q, t, spans) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *model.Trace) int { return compareTraces(q.Order, a, b) })
	return out
}

func compareTraces(o repo.TraceOrder, a, b *model.Trace) int {
	return cmp.Or(
		cmp.Compare(o.CursorOf(b).Key, o.CursorOf(a).Key),
		bytes.Compare(b.TraceID[:], a.TraceID[:]),
	)
}

func traceMatches(q repo.TraceQuery, t *model.Trace, spans []*model.Span) bool {
	onSome := func(want string, field func(*model.Span) string) bool {
		return want == "" || slices.ContainsFunc(spans, func(s *model.Span) bool { return field(s) == want })
	}
	return onSome(q.Identity.AgentID, func(s *model.Span) string { return s.AgentID }) &&
		onSome(q.Identity.TeamID, func(s *model.Span) string { return s.TeamID }) &&
		onSome(q.Identity.WorkflowID, func(s *model.Span) string { return s.WorkflowID }) &&
		onSome(q.Identity.SessionID, func(s *model.Span) string { return s.SessionID }) &&
		onSome(q.Identity.UserID, func(s *model.Span) string { return s.UserID }) &&
		onSome(q.Identity.RunID, func(s *model.Span) string { return s.RunID }) &&
		same(q.Name, t.Name) && same(q.Service, t.Service) && same(q.Environment, t.Environment) &&
		(q.Status == nil || *q.Status == t.Status) &&
		(q.Failed == nil || *q.Failed == t.Failed()) &&
		q.Start.Contains(t.StartNano) &&
		lasted(t.Duration(), q.MinDuration, q.MaxDuration) &&
		(q.Where == nil || plan.HoldsTrace(q.Where, t)) &&
		!slices.ContainsFunc(q.Having, func(c plan.Condition) bool {
			return !slices.ContainsFunc(spans, func(s *model.Span) bool { return plan.HoldsSpan(c, s) })
		})
}

// spansOf returns all narrow spans that match q, in its order, whatever its
// page. Spans of one start may stand in another order in a store.
func (r *reference) spansOf(project string, q repo.SpanQuery) []*model.Span {
	var out []*model.Span
	for _, s := range r.spans {
		if s.Project == project && spanMatches(q, s) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *model.Span) int { return compareStarts(q.Order, a, b) })
	return out
}

func compareStarts(o repo.SpanOrder, a, b *model.Span) int {
	if o == repo.SpansOldestFirst {
		return cmp.Compare(a.StartNano, b.StartNano)
	}
	return cmp.Compare(b.StartNano, a.StartNano)
}

func spanMatches(q repo.SpanQuery, s *model.Span) bool {
	return (q.TraceID.IsZero() || q.TraceID == s.TraceID) &&
		(q.SpanID.IsZero() || q.SpanID == s.SpanID) &&
		same(q.Identity.AgentID, s.AgentID) && same(q.Identity.TeamID, s.TeamID) &&
		same(q.Identity.WorkflowID, s.WorkflowID) && same(q.Identity.SessionID, s.SessionID) &&
		same(q.Identity.UserID, s.UserID) && same(q.Identity.RunID, s.RunID) &&
		(len(q.Types) == 0 || slices.Contains(q.Types, s.Type)) &&
		same(q.Name, s.Name) && same(q.Service, s.Service) && same(q.Environment, s.Environment) &&
		same(q.Model, s.Model) && same(q.ToolName, s.ToolName) &&
		(q.Status == nil || *q.Status == s.Status) &&
		(q.Failed == nil || *q.Failed == s.Failed) &&
		q.Start.Contains(s.StartNano) &&
		lasted(s.EndNano-s.StartNano, q.MinDuration, q.MaxDuration) &&
		(q.Where == nil || plan.HoldsSpan(q.Where, s))
}

func same(want, got string) bool { return want == "" || want == got }

func lasted(d, atLeast, atMost int64) bool { return d >= atLeast && (atMost == 0 || d <= atMost) }
