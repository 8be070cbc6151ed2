package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// conditionsOf returns what must hold for some span of a wanted trace, each for
// itself, those first that an index leads to.
func conditionsOf(q repo.TraceQuery) []plan.Condition {
	all := append(identityConditions(q.Identity), q.Having...)
	slices.SortStableFunc(all, func(a, b plan.Condition) int { return rarity(a) - rarity(b) })
	return all
}

func identityConditions(id model.Identity) []plan.Condition {
	var all []plan.Condition
	for _, field := range []struct {
		column query.Intrinsic
		wanted string
	}{
		{query.RunID, id.RunID}, {query.SessionID, id.SessionID}, {query.UserID, id.UserID},
		{query.WorkflowID, id.WorkflowID}, {query.TeamID, id.TeamID}, {query.AgentID, id.AgentID},
	} {
		if field.wanted != "" {
			all = append(all, plan.Term{Intrinsic: field.column, Value: query.Text(field.wanted)})
		}
	}
	return all
}

// indexedColumns are those that have an index, in the order of how few spans
// usually have one value.
func indexedColumns() []query.Intrinsic {
	return []query.Intrinsic{
		query.TraceID, query.RunID, query.SessionID, query.UserID, query.WorkflowID, query.TeamID, query.AgentID, query.Failed,
	}
}

// rarity is the place in indexedColumns of a column that leads to all spans for
// which a condition holds; the length of the list for none.
func rarity(cond plan.Condition) int {
	columns := indexedColumns()
	switch cond := cond.(type) {
	case plan.All:
		least := len(columns)
		for _, part := range cond {
			least = min(least, rarity(part))
		}
		return least
	case plan.Any:
		most := 0
		for _, part := range cond {
			most = max(most, rarity(part))
		}
		return most
	case plan.Term:
		column := slices.Index(columns, cond.Intrinsic)
		if column < 0 || cond.Op != plan.Equal || cond.Not || cond.Value.Kind == query.KindNil || cond.Value == query.Boolean(false) {
			break
		}
		return column
	}
	return len(columns)
}

func isIndexed(cond plan.Condition) bool { return rarity(cond) < len(indexedColumns()) }

// wantedTrace returns the trace of all spans for which a condition holds, if it
// names one; zero otherwise.
func wantedTrace(cond plan.Condition) (id model.TraceID) {
	switch cond := cond.(type) {
	case plan.All:
		for _, part := range cond {
			if id = wantedTrace(part); !id.IsZero() {
				break
			}
		}
	case plan.Term:
		if cond.Intrinsic == query.TraceID && cond.Op == plan.Equal && !cond.Not {
			id, _ = model.ParseTraceID(cond.Value.Text) // zero for what is no id
		}
	}
	return id
}

// having returns those traces that have, for each of some conditions, a span for
// which it holds.
func (l *traceLister) having(ctx context.Context, conditions []plan.Condition, among ...*tracesWithin) (traceSet, error) {
	wanted := traceSet{}
	for _, of := range among {
		for _, id := range of.ids {
			wanted[id] = true
		}
	}
	var err error
	for _, cond := range conditions {
		if wanted, err = l.havingOne(ctx, cond, among, wanted); err != nil {
			return nil, err
		}
	}
	return wanted, nil
}

// havingOne is having for one condition and those traces that are still wanted.
func (l *traceLister) havingOne(ctx context.Context, cond plan.Condition, among []*tracesWithin, wanted traceSet) (traceSet, error) {
	var queue pgx.Batch
	for _, of := range among {
		still := *of
		still.ids = slices.DeleteFunc(slices.Clone(of.ids), func(id model.TraceID) bool { return !wanted[id] })
		if len(still.ids) == 0 {
			continue
		}
		if len(still.ids) == len(of.ids) && of.areClose() && l.areAll() {
			still.ids = nil
		}
		query, args := havingSQL(l.project, cond, still)
		queue.Queue(query, args...)
	}
	found := traceSet{}
	if queue.Len() == 0 {
		return found, nil
	}
	results := l.tx.SendBatch(ctx, &queue)
	var err error
	for range queue.Len() {
		var rows pgx.Rows
		if rows, err = results.Query(); err != nil {
			break
		}
		var id pgtype.UUID
		_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
			if wanted[id.Bytes] {
				found[id.Bytes] = true
			}
			return nil
		})
		if err != nil {
			break
		}
	}
	return found, errors.Join(err, results.Close())
}

// havingSQL leaves it to PostgreSQL whether to look at the spans of each trace,
// at all that start in the time, or at those that an index of the condition
// leads to. Without ids, it asks for all traces of the time: given all of their
// ids, PostgreSQL would look for each, which takes twice as long.
func havingSQL(project string, cond plan.Condition, among tracesWithin) (string, []any) {
	var c conditions
	c.add(`project = ?`, project)
	c.addBetween(`start_ns`, among.first, among.last)
	if len(among.ids) > 0 {
		c.add(`trace_id = ANY(?::uuid[])`, uuids(among.ids))
	}
	c.addCondition(cond)
	return `SELECT DISTINCT trace_id FROM spans WHERE ` + c.take(), c.args
}
