package postgres

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// fewMatches is how many spans with an id are few enough to look up the traces
// of all of them. With more, walking the traces from the newest on and looking
// into each fills a page soon enough.
const fewMatches = 2000

// identityTerm is one wanted id: a column of spans and what it must be.
type identityTerm struct {
	column string
	value  string
}

// identityTerms returns the wanted ids, those first that usually are the rarest.
func identityTerms(id model.Identity) []identityTerm {
	var terms []identityTerm
	for _, t := range []identityTerm{
		{"run_id", id.RunID}, {"session_id", id.SessionID}, {"user_id", id.UserID},
		{"workflow_id", id.WorkflowID}, {"team_id", id.TeamID}, {"agent_id", id.AgentID},
	} {
		if t.value != "" {
			terms = append(terms, t)
		}
	}
	return terms
}

// listFew fills the page by way of the spans that have one of the wanted ids,
// and reports false when they are too many for that.
//
// It goes back from the newest day. All days of a trace are behind it when its
// first is, so nothing that it finds later comes before what it has found.
func (l *traceLister) listFew(ctx context.Context) (bool, error) {
	days := between(l.days, model.Day(l.q.Start.Start), math.MaxInt64)
	slices.Reverse(days)
	terms := identityTerms(l.q.Identity)
	for i, term := range terms {
		others := slices.Delete(slices.Clone(terms), i, i+1)
		few, err := l.listByID(ctx, days, term, others)
		if err != nil || few {
			slices.SortFunc(l.page, l.compare)
			l.page = l.page[:min(len(l.page), l.q.Limit)]
			return few, err
		}
		l.page = l.page[:0]
	}
	return false, nil
}

func (l *traceLister) listByID(ctx context.Context, days []int64, term identityTerm, others []identityTerm) (few bool, err error) {
	matches := 0
	seen := map[model.TraceID]bool{}
	begun := map[int64]rowsByDay{} // by first day, as long as that is not reached
	windows(days, func(days []int64) bool {
		var ids []model.TraceID
		if ids, err = l.tracesWith(ctx, term, days); err != nil {
			return false
		}
		if matches += len(ids); matches > fewMatches {
			return false
		}
		ids = slices.DeleteFunc(ids, func(id model.TraceID) bool {
			old := seen[id]
			seen[id] = true
			return old
		})
		if err = l.placeByFirstDay(ctx, begun, ids); err != nil {
			return false
		}
		for _, day := range days {
			if err = l.takeFew(ctx, begun[day], day, others); err != nil {
				return false
			}
		}
		return l.q.Order == repo.LongestFirst || len(l.page) < l.q.Limit
	})
	return matches <= fewMatches, err
}

// placeByFirstDay adds the rows of traces to those that begin on the same day.
func (l *traceLister) placeByFirstDay(ctx context.Context, begun map[int64]rowsByDay, ids []model.TraceID) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := findDays(ctx, l.tx, l.project, ids)
	if err != nil {
		return err
	}
	for id, of := range found {
		days := between(l.days, of.first, of.last)
		if len(days) == 0 {
			continue // dropped just now
		}
		if begun[days[0]] == nil {
			begun[days[0]] = rowsByDay{}
		}
		for _, day := range days {
			begun[days[0]].add(day, id)
		}
	}
	return nil
}

// takeFew adds those traces to the page that begin on a day and match.
func (l *traceLister) takeFew(ctx context.Context, rows rowsByDay, day int64, others []identityTerm) (err error) {
	if l.q.Start.End != 0 && day >= l.q.Start.End || l.after != nil && l.q.Order == repo.NewestFirst && day > l.after.Key {
		return nil // all of them begin too late
	}
	for _, other := range others {
		if rows, err = l.withIdentity(ctx, rows, other); err != nil {
			return err
		}
	}
	traces, err := load(ctx, l.tx, l.project, rows)
	for _, t := range traces {
		if l.matches(t) && (l.after == nil || compareCursors(*l.after, l.q.Order.CursorOf(t)) < 0) {
			l.page = append(l.page, t)
		}
	}
	return err
}

// tracesWith returns the trace of each span with an id, up to one more than are
// few. A partial index has them side by side.
func (l *traceLister) tracesWith(ctx context.Context, term identityTerm, days []int64) ([]model.TraceID, error) {
	query, args := tracesWithSQL(l.project, term, days)
	rows, err := l.tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanTraceID)
}

func tracesWithSQL(project string, term identityTerm, days []int64) (string, []any) {
	var c conditions
	c.add(`project = ? AND `+term.column+` = ?`, project, term.value)
	c.addBetween(`start_ns`, slices.Min(days), lastOf(slices.Max(days)))
	return `SELECT trace_id FROM spans WHERE ` + c.take() + ` LIMIT ` + c.arg(fewMatches+1), c.args
}

func scanTraceID(row pgx.CollectableRow) (id model.TraceID, err error) {
	err = row.Scan((*[16]byte)(&id))
	return id, err
}

const withIdentitySQL = `
SELECT DISTINCT trace_id FROM spans
WHERE project = $1 AND trace_id = ANY($2::uuid[]) AND start_ns >= $3 AND start_ns <= $4 AND `

// withIdentity returns the rows of those traces that have a span with an id, on
// whichever of their days. IS TRUE keeps PostgreSQL from looking for the traces
// among the spans with the id, of which there may be many.
func (l *traceLister) withIdentity(ctx context.Context, rows rowsByDay, term identityTerm) (rowsByDay, error) {
	if len(rows) == 0 {
		return rows, nil
	}
	var queue pgx.Batch
	for day, ids := range rows {
		queue.Queue(withIdentitySQL+`(`+term.column+` = $5) IS TRUE`, l.project, uuids(ids), day, lastOf(day), term.value)
	}
	having := map[model.TraceID]bool{}
	results := l.tx.SendBatch(ctx, &queue)
	var err error
	for range queue.Len() {
		var some pgx.Rows
		if some, err = results.Query(); err != nil {
			break
		}
		var id pgtype.UUID
		_, err = pgx.ForEachRow(some, []any{&id}, func() error {
			having[id.Bytes] = true
			return nil
		})
		if err != nil {
			break
		}
	}
	if err := errors.Join(err, results.Close()); err != nil {
		return nil, err
	}
	kept := rowsByDay{}
	for day, ids := range rows {
		for _, id := range ids {
			if having[id] {
				kept.add(day, id)
			}
		}
	}
	return kept, nil
}

// identityPlan is how whole traces on some days are found by their identity.
type identityPlan struct {
	order repo.TraceOrder
	// traces are the only ones that can match, when few is true.
	few    bool
	traces []model.TraceID
	// terms are what is left to look for in each trace.
	terms []identityTerm
}

// planIdentity looks for an id that few spans of these days have. The spans of
// a whole trace are on its day, so those of other days do not matter.
func (l *traceLister) planIdentity(ctx context.Context, days []int64) (identityPlan, error) {
	plan := identityPlan{order: l.q.Order, terms: identityTerms(l.q.Identity)}
	if plan.order == repo.LongestFirst {
		return plan, nil
	}
	for i, term := range plan.terms {
		traces, err := l.tracesWith(ctx, term, days)
		if err != nil {
			return plan, err
		}
		if len(traces) <= fewMatches {
			plan.few, plan.traces = true, traces
			plan.terms = slices.Delete(plan.terms, i, i+1)
			break
		}
	}
	return plan, nil
}

// add restricts whole traces. In NewestFirst each trace is looked into when
// its turn comes: OFFSET keeps PostgreSQL from collecting all spans with the id
// before the first trace, and IS TRUE from looking for the trace among the
// spans with the id instead of for the id among the spans of the trace, which
// are few and lie together. LongestFirst needs an answer for all of them.
func (p identityPlan) add(c *conditions, project string, days []int64) {
	if p.few {
		c.add(`trace_id = ANY(?::uuid[])`, uuids(p.traces))
	}
	first, last := slices.Min(days), lastOf(slices.Max(days))
	for _, term := range p.terms {
		if p.order == repo.LongestFirst {
			c.add(`trace_id IN (SELECT trace_id FROM spans WHERE project = ? AND `+term.column+` = ? AND start_ns >= ? AND start_ns <= ?)`,
				project, term.value, first, last)
			continue
		}
		sameDay := `s.start_ns >= t.day_ns`
		if last < math.MaxInt64 {
			// On the last of all days, the sum would be no bigint.
			sameDay += ` AND s.start_ns < t.day_ns + ` + strconv.FormatInt(model.NanosPerDay, 10)
		}
		c.add(`EXISTS (
        SELECT FROM spans s WHERE s.project = ? AND s.trace_id = t.trace_id AND (s.`+term.column+` = ?) IS TRUE
            AND `+sameDay+` AND s.start_ns >= ? AND s.start_ns <= ?
        OFFSET 0)`, project, term.value, first, last)
	}
}

// rowsByDay are rows of traces: their ids, by the day of the row.
type rowsByDay map[int64][]model.TraceID

func (rows rowsByDay) add(day int64, id model.TraceID) { rows[day] = append(rows[day], id) }

// rowsOf returns the rows that traces may have on the days that there are.
func rowsOf(found map[model.TraceID]daysOf, days []int64) rowsByDay {
	rows := rowsByDay{}
	for id, of := range found {
		for _, day := range between(days, of.first, of.last) {
			rows.add(day, id)
		}
	}
	return rows
}
