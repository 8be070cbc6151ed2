package postgres

import (
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// fewMatches is how many spans with an id are few enough to look up their
// traces first. With more of them, walking the traces from the newest on and
// looking into each fills a page soon enough.
const fewMatches = 2000

// identityPlan is how the identity of whole traces on some days is found.
type identityPlan struct {
	order repo.TraceOrder
	// traces are the only ones that can match; nil where any can.
	traces []pgtype.UUID
	// terms are what is left to look for in each trace.
	terms []identityTerm
}

// decideIdentity looks for an id that few spans have. The spans of a whole trace
// are on its day, so those of other days do not matter.
func (l *traceLister) decideIdentity(ctx context.Context, days []int64) (identityPlan, error) {
	plan := identityPlan{order: l.q.Order, terms: identityTerms(l.q.Identity)}
	for i, term := range plan.terms {
		traces, err := l.tracesWith(ctx, term, days)
		if err != nil {
			return plan, err
		}
		if len(traces) <= fewMatches {
			slices.SortFunc(traces, func(a, b pgtype.UUID) int { return slices.Compare(a.Bytes[:], b.Bytes[:]) })
			plan.traces = slices.Compact(traces)
			if plan.traces == nil {
				plan.traces = []pgtype.UUID{}
			}
			plan.terms = slices.Delete(plan.terms, i, i+1)
			return plan, nil
		}
	}
	return plan, nil
}

// tracesWith returns the trace of each span with an id, up to one more than are
// few. A partial index has them side by side.
func (l *traceLister) tracesWith(ctx context.Context, term identityTerm, days []int64) ([]pgtype.UUID, error) {
	var c conditions
	c.add(`project = ? AND `+term.column+` = ?`, l.project, term.value)
	c.addBetween(`start_ns`, slices.Min(days), lastOf(slices.Max(days)))
	query := `SELECT trace_id FROM spans WHERE ` + c.take() + ` LIMIT ` + c.arg(fewMatches+1)
	rows, err := l.tx.Query(ctx, query, c.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[pgtype.UUID])
}

// add restricts whole traces. In NewestFirst each trace is looked into when
// its turn comes: OFFSET keeps PostgreSQL from collecting all spans with the id
// before the first trace, and IS TRUE from looking for the trace among the
// spans with the id instead of for the id among the spans of the trace, which
// are few and lie together. LongestFirst needs an answer for all of them.
func (p identityPlan) add(c *conditions, project string, days []int64) {
	if p.traces != nil {
		c.add(`trace_id = ANY(?::uuid[])`, p.traces)
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

const hasIdentitySQL = `SELECT EXISTS (SELECT FROM spans WHERE project = $1 AND trace_id = $2 AND start_ns >= $3 AND start_ns <= $4 AND `

// matchIdentity returns those of spread traces that have a span with each of
// the wanted ids, on whatever day.
func (l *traceLister) matchIdentity(ctx context.Context, found map[model.TraceID]daysOf) (map[model.TraceID]bool, error) {
	matching := make(map[model.TraceID]bool, len(found))
	for id := range found {
		matching[id] = true
	}
	terms := identityTerms(l.q.Identity)
	if len(terms) == 0 {
		return matching, nil
	}
	var queue pgx.Batch
	for id, days := range found {
		for _, term := range terms {
			queue.Queue(hasIdentitySQL+`(`+term.column+` = $5) IS TRUE)`, l.project, uuid(id), days.first, lastOf(days.last), term.value).
				QueryRow(func(row pgx.Row) error {
					var has bool
					if err := row.Scan(&has); err != nil {
						return err
					}
					if !has {
						delete(matching, id)
					}
					return nil
				})
		}
	}
	return matching, l.tx.SendBatch(ctx, &queue).Close()
}
