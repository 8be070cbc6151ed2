package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Spans returns one page of narrow spans.
func (s *Store) Spans(ctx context.Context, project string, q repo.SpanQuery) ([]*model.Span, error) {
	query, args := spanPage(project, q)
	spans := make([]*model.Span, 0, q.Limit)
	err := s.read(ctx, "list spans", func(db *sql.DB) error {
		return readRows(ctx, db, query, args, func(r *row) error {
			span, err := r.span()
			spans = append(spans, span)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return spans, nil
}

// spanPage returns the query for one page. As in tracePage, the ids are found
// first, in one step that can be interrupted.
func spanPage(project string, q repo.SpanQuery) (query string, args []any) {
	index, c := spanConditions(project, q)
	order := ` ORDER BY ` + strings.Join(orderIn(index), ` DESC, `) + ` DESC`
	if q.Order == repo.SpansOldestFirst {
		order = ` ORDER BY ` + strings.Join(orderIn(index), `, `)
	}
	query = `WITH page AS MATERIALIZED (SELECT id FROM ` + spansIn(index) + ` WHERE ` + c.String() + order + ` LIMIT ?)
SELECT ` + spanColumns + ` FROM page CROSS JOIN spans USING (id)` + order
	return query, append(c.args, q.Limit)
}

// spanConditions returns what spans must fulfil, and the index that yields the
// fewest of them, in order where the trace is not known. SQLite cannot choose:
// it sees parameters, not values.
func spanConditions(project string, q repo.SpanQuery) (index string, c conditions) {
	index, c, rest := spanLookup(project, q)
	if q.After != nil {
		c.addRange(behind(q.After.StartNano, q.Order == repo.SpansNewestFirst, q.Start))
		c.addPlace(project, index, *q.After, q.Order)
	} else {
		c.addRange(q.Start)
	}
	for _, part := range rest {
		c.addCondition(part)
	}
	return index, c
}

// spanLookup returns the index, what comes before the start in it, and what else
// spans must fulfil beside their time.
func spanLookup(project string, q repo.SpanQuery) (index string, equal conditions, rest []plan.Condition) {
	index, rest = `spans_start`, conjuncts(plan.All{plainFields(q), q.Where})
	equal.add(`project = ?`, project)
	if found := lookups(rest); len(found) > 0 {
		index = found[0].index
		equal.addCondition(found[0].term)
		rest = slices.Delete(rest, found[0].part, found[0].part+1)
	}
	if index == traceIndex {
		equal.add(inRange)
	}
	return index, equal, rest
}

// orderIn returns what spans are listed by that are found by an index. Spans of one
// start are in the order in which the index has them.
func orderIn(index string) []string {
	if index == `spans_start` || index == traceIndex {
		return []string{`start_ns`, `trace_id`, `span_id`}
	}
	return []string{`start_ns`, `id`}
}

// plainFields returns the condition that the fields of a query stand for.
func plainFields(q repo.SpanQuery) (all plan.All) {
	equal := func(i query.Intrinsic, v query.Value) {
		all = append(all, plan.Term{Intrinsic: i, Value: v})
	}
	text := func(i query.Intrinsic, wanted string) {
		if wanted != "" {
			equal(i, query.Text(wanted))
		}
	}
	if !q.TraceID.IsZero() {
		equal(query.TraceID, query.Text(q.TraceID.String()))
	}
	if !q.SpanID.IsZero() {
		equal(query.SpanID, query.Text(q.SpanID.String()))
	}
	all = append(all, identityTerms(q.Identity)...)
	if len(q.Types) > 0 {
		all = append(all, anyType(q.Types))
	}
	text(query.Name, q.Name)
	text(query.Service, q.Service)
	text(query.Environment, q.Environment)
	text(query.ModelName, q.Model)
	text(query.ToolName, q.ToolName)
	if q.Status != nil {
		equal(query.Status, query.Value{Kind: query.KindStatus, Int: int64(*q.Status)})
	}
	if q.Failed != nil {
		equal(query.Failed, query.Boolean(*q.Failed))
	}
	if q.MinDuration != 0 {
		all = append(all, plan.Term{Intrinsic: query.SpanDuration, Op: plan.GreaterEqual, Value: query.Duration(q.MinDuration)})
	}
	if q.MaxDuration != 0 {
		all = append(all, plan.Term{Intrinsic: query.SpanDuration, Op: plan.LessEqual, Value: query.Duration(q.MaxDuration)})
	}
	return all
}

func anyType(types []model.SpanType) (either plan.Any) {
	for _, t := range types {
		either = append(either, plan.Term{Intrinsic: query.Type, Value: query.Value{Kind: query.KindType, Int: int64(t)}})
	}
	return either
}

// addPlace restricts spans to those behind a in the order of an index. Where the
// order is by id and that span is gone, so are all spans of its start, and any id
// will do.
func (c *conditions) addPlace(project, index string, a repo.SpanCursor, o repo.SpanOrder) {
	compare := `<`
	if o == repo.SpansOldestFirst {
		compare = `>`
	}
	if order := orderIn(index); len(order) == 3 {
		c.add(`(`+strings.Join(order, `, `)+`) `+compare+` (?, ?, ?)`, a.StartNano, a.TraceID[:], a.SpanID.Int64())
		return
	}
	c.add(`(start_ns, id) `+compare+` (?, coalesce((
		SELECT id FROM spans WHERE project = ? AND trace_id = ? AND span_id = ? AND start_ns = ?), 0))`,
		a.StartNano, project, a.TraceID[:], a.SpanID.Int64(), a.StartNano)
}
