package sqlite

import (
	"context"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

// lookup is an index that holds the spans which fulfil a term.
type lookup struct {
	index string
	term  plan.Term
	part  int // the place of the term among those it was found in
	rank  int // the usually rarer spans first
}

// lookups returns the indexes that find the spans which fulfil all parts, the
// usually best one first.
func lookups(parts []plan.Condition) []lookup {
	var found []lookup
	for i, part := range parts {
		t, ok := part.(plan.Term)
		if !ok {
			continue
		}
		if index, rank := indexFor(t); index != "" {
			found = append(found, lookup{index, t, i, rank})
		}
	}
	slices.SortStableFunc(found, func(a, b lookup) int { return a.rank - b.rank })
	return found
}

// traceIndex stands for span_ranges, by which the spans of one trace are found. It
// does not yield them by start.
const traceIndex = `span_ranges`

// ofTrace joins the ranges of traces with their spans, whose project and trace_id
// are those of the range: inRange has to be among the conditions.
const (
	ofTrace = `span_ranges CROSS JOIN spans NOT INDEXED USING (project, trace_id)`
	inRange = `id BETWEEN first_id AND last_id`
)

// spansIn returns where to select the spans from that are found by an index.
func spansIn(index string) string {
	if index == traceIndex {
		return ofTrace
	}
	return `spans INDEXED BY ` + index
}

// indexFor returns the index that finds the spans which fulfil a term, "" for
// none.
func indexFor(t plan.Term) (index string, rank int) {
	indexes := [...]struct {
		column query.Intrinsic
		index  string
	}{
		{query.TraceID, traceIndex},
		{query.RunID, `spans_run`},
		{query.SessionID, `spans_session`},
		{query.UserID, `spans_user`},
		{query.WorkflowID, `spans_workflow`},
		{query.TeamID, `spans_team`},
		{query.AgentID, `spans_agent`},
		{query.Failed, `spans_failed`},
	}
	if t.Not || t.Op != plan.Equal || t.Value.Kind == query.KindNil || t.Value == query.Boolean(false) {
		return "", 0
	}
	for i, x := range indexes {
		if x.column == t.Intrinsic && t.Value.Kind == query.Describe(x.column).Kind {
			return x.index, i
		}
	}
	return "", 0
}

// identityTerms returns what an identity stands for: its names are not used.
func identityTerms(id model.Identity) (terms []plan.Condition) {
	for _, f := range [...]struct {
		column query.Intrinsic
		value  string
	}{
		{query.RunID, id.RunID},
		{query.SessionID, id.SessionID},
		{query.UserID, id.UserID},
		{query.WorkflowID, id.WorkflowID},
		{query.TeamID, id.TeamID},
		{query.AgentID, id.AgentID},
	} {
		if f.value != "" {
			terms = append(terms, plan.Term{Intrinsic: f.column, Value: query.Text(f.value)})
		}
	}
	return terms
}

// finder finds the spans that fulfil one of several conditions of which each
// must hold for some span of a trace.
type finder struct {
	lookup
	rest   []plan.Condition // what the spans must fulfil beside the term of the index
	others []plan.Condition // what some other span may fulfil
}

// indexed returns the conditions for the spans in the index.
func (f *finder) indexed(project string) (c conditions) {
	c.add(`project = ?`, project)
	c.addCondition(f.term)
	return c
}

// finders returns all there are, the usually rarer spans first.
func finders(having []plan.Condition) (all []finder) {
	for i, h := range having {
		parts := conjuncts(h)
		others := slices.Concat(having[:i], having[i+1:])
		for _, x := range lookups(parts) {
			all = append(all, finder{lookup: x, rest: slices.Delete(slices.Clone(parts), x.part, x.part+1), others: others})
		}
	}
	slices.SortStableFunc(all, func(a, b finder) int { return a.rank - b.rank })
	return all
}

// rarest returns the finder with the fewest spans in its index, and whether
// there is an index for any of the conditions.
func (l *traceLister) rarest(ctx context.Context, having []plan.Condition) (best finder, found bool, err error) {
	all := finders(having)
	if len(all) == 0 {
		return finder{}, false, nil
	}
	best = all[0]
	if len(all) == 1 || best.index == traceIndex {
		return best, true, nil
	}
	const enough = 4_000 // what more spans have is not rare
	least := enough
	for _, f := range all {
		n, err := l.countUpTo(ctx, least, spansIn(f.index), f.indexed(l.project))
		if err != nil {
			return finder{}, false, err
		}
		if n < least {
			best, least = f, n
		}
	}
	return best, true, nil
}
