package runs_test

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// definition says what is true of a trace by looking at all of its spans again
// and again, as the rules are written.
type definition struct{ spans []*model.Span }

func before(a, b *model.Span) int {
	return cmp.Or(cmp.Compare(a.StartNano, b.StartNano), bytes.Compare(a.SpanID[:], b.SpanID[:]))
}

// named returns the span that a parent id means.
func (d definition) named(s *model.Span) *model.Span {
	var parent *model.Span
	for _, other := range d.spans {
		if !s.IsRoot() && other.SpanID == s.ParentID && (parent == nil || before(other, parent) < 0) {
			parent = other
		}
	}
	if parent == s {
		return nil
	}
	return parent
}

// parent returns the span above, which the earliest of a circle does not have.
func (d definition) parent(s *model.Span) *model.Span {
	circle, at := []*model.Span{s}, d.named(s)
	for ; at != nil && at != s && len(circle) <= len(d.spans); at = d.named(at) {
		circle = append(circle, at)
	}
	if at == s && slices.MinFunc(circle, before) == s {
		return nil
	}
	return d.named(s)
}

// runAbove returns the nearest run above, even of a detached one.
func (d definition) runAbove(s *model.Span) *model.Span {
	for at := d.parent(s); at != nil; at = d.parent(at) {
		if at.Type.IsRun() {
			return at
		}
	}
	return nil
}

func (d definition) detached(s *model.Span) bool {
	above := d.runAbove(s)
	return s.Type.IsRun() && above != nil && above.Type == model.TypeTeam && above.EndNano > above.StartNano && s.StartNano >= above.EndNano
}

// above returns all spans above, from the nearest on, up to a detached run.
func (d definition) above(s *model.Span) (all []*model.Span) {
	for at := s; !d.detached(at); {
		if at = d.parent(at); at == nil {
			break
		}
		all = append(all, at)
	}
	return all
}

// upwards returns the span and all above it.
func (d definition) upwards(s *model.Span) []*model.Span {
	return append([]*model.Span{s}, d.above(s)...)
}

// below returns all spans that a span is above of.
func (d definition) below(s *model.Span) (all []*model.Span) {
	for _, other := range d.spans {
		if slices.Contains(d.above(other), s) {
			all = append(all, other)
		}
	}
	return all
}

func (d definition) owner(s *model.Span) *model.Span {
	for _, at := range d.upwards(s) {
		if at.Type.IsRun() {
			return at
		}
	}
	return nil
}

func (d definition) parentRun(run *model.Span) *model.Span {
	if d.detached(run) {
		return nil
	}
	return d.runAbove(run)
}

func (d definition) identity(s *model.Span) model.Identity {
	first := func(is func(model.Identity) bool) model.Identity {
		for _, at := range d.upwards(s) {
			if is(at.Identity) {
				return at.Identity
			}
		}
		return model.Identity{}
	}
	agent := first(func(w model.Identity) bool { return w.AgentID+w.AgentName != "" })
	team := first(func(w model.Identity) bool { return w.TeamID+w.TeamName != "" })
	workflow := first(func(w model.Identity) bool { return w.WorkflowID+w.WorkflowName != "" })
	id := model.Identity{
		AgentID: agent.AgentID, AgentName: agent.AgentName, TeamID: team.TeamID, TeamName: team.TeamName,
		WorkflowID: workflow.WorkflowID, WorkflowName: workflow.WorkflowName,
		SessionID: first(func(w model.Identity) bool { return w.SessionID != "" }).SessionID,
		UserID:    first(func(w model.Identity) bool { return w.UserID != "" }).UserID,
	}
	if owner := d.owner(s); owner != nil {
		id.RunID = owner.RunID
	} else {
		id.RunID = first(func(w model.Identity) bool { return w.RunID != "" }).RunID
	}
	return id
}

func (d definition) isModelCall(s *model.Span) bool {
	return s.Type.CallsModel() && !slices.ContainsFunc(d.below(s), func(other *model.Span) bool {
		return other.Type.CallsModel() && d.owner(other) == d.owner(s)
	})
}

func hasUsage(s *model.Span) bool { return s.Usage != (model.Usage{}) }

func hasCost(s *model.Span) bool { return s.Billing.Reported > 0 }

func (d definition) usageCounts(s *model.Span) bool {
	return hasUsage(s) && !slices.ContainsFunc(d.below(s), hasUsage)
}

// cost returns what a span costs.
func (d definition) cost(s *model.Span) model.Cost {
	switch {
	case d.usageCounts(s):
		computed, priced := prices{}.Price(s)
		priced = priced && s.Usage.Sum() > 0
		switch {
		case hasCost(s) && priced:
			return model.Cost{Nano: s.Billing.Reported, Reported: s.Billing.Reported, Computed: computed, ReportedCalls: 1}
		case hasCost(s):
			return model.Cost{Nano: s.Billing.Reported, Reported: s.Billing.Reported, ReportedCalls: 1}
		case priced:
			return model.Cost{Nano: computed, Computed: computed, ComputedCalls: 1}
		default:
			return model.Cost{UnpricedCalls: 1}
		}
	case !hasUsage(s) && hasCost(s) && !slices.ContainsFunc(d.below(s), func(b *model.Span) bool { return hasUsage(b) || hasCost(b) }) &&
		!slices.ContainsFunc(d.above(s), d.usageCounts):
		return model.Cost{Nano: s.Billing.Reported, Reported: s.Billing.Reported, ReportedCalls: 1}
	}
	return model.Cost{}
}

// isRetry reports whether the call before this one failed.
func (d definition) isRetry(s *model.Span) bool {
	var last *model.Span
	for _, other := range d.spans {
		alike := d.isCall(other) && other.Type.CallsModel() == s.Type.CallsModel() && other.Model == s.Model && other.ToolName == s.ToolName
		if alike && d.parent(other) == d.parent(s) && before(other, s) < 0 && (last == nil || before(last, other) < 0) {
			last = other
		}
	}
	return d.isCall(s) && last != nil && last.Failed
}

func (d definition) isCall(s *model.Span) bool { return d.isModelCall(s) || s.Type == model.TypeTool }

// own returns what the spans of a run, or without one, did.
func (d definition) own(run *model.Span) (t model.Tally) {
	for _, s := range d.spans {
		if d.owner(s) != run {
			continue
		}
		one := model.Tally{Spans: 1, Cost: d.cost(s)}
		switch {
		case d.isModelCall(s):
			one.ModelCalls, one.ModelFailures = 1, count(s.Failed)
		case s.Type == model.TypeTool:
			one.ToolCalls, one.ToolFailures = 1, count(s.Failed)
		}
		if d.usageCounts(s) {
			one.Usage = s.Usage
		}
		if run != nil {
			one.Retries = count(d.isRetry(s))
		}
		t = t.Plus(one)
	}
	return t
}

func count(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// total returns own of a run and of all runs below it.
func (d definition) total(run *model.Span) model.Tally {
	t := d.own(run)
	for _, s := range d.below(run) {
		if s.Type.IsRun() {
			t = t.Plus(d.own(s))
		}
	}
	return t
}

// worst returns the span that a run's error is about.
func (d definition) worst(run *model.Span) (worst *model.Span) {
	for _, s := range append(d.below(run), run) {
		if s.Failed && (worst == nil || cmp.Or(len(d.above(worst))-len(d.above(s)), bytes.Compare(model.ErrorKey(s), model.ErrorKey(worst))) < 0) {
			worst = s
		}
	}
	return worst
}

// split looks at each of the milliseconds that a run took, of which times are
// whole numbers.
func (d definition) split(run *model.Span) (t model.TimeSplit) {
	const step = int64(1e6)
	for at := run.StartNano; at < run.EndNano; at += step {
		during := func(is func(*model.Span) bool) bool {
			return slices.ContainsFunc(d.spans, func(s *model.Span) bool { return s.StartNano <= at && at < s.EndNano && is(s) })
		}
		switch {
		case during(func(s *model.Span) bool { return s.Type.IsRun() && d.parentRun(s) == run }):
			t.Child += step
		case during(func(s *model.Span) bool { return d.isModelCall(s) && d.owner(s) == run }):
			t.Model += step
		case during(func(s *model.Span) bool { return s.Type == model.TypeTool && d.owner(s) == run }):
			t.Tool += step
		default:
			t.Own += step
		}
	}
	return t
}
