package postgres

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Sessions returns one page of sessions.
func (s *Store) Sessions(ctx context.Context, project string, q repo.SessionQuery) ([]*model.Session, error) {
	l := sessionLister{store: s, project: project, q: q, seen: []string{}}
	page, err := l.list(ctx)
	return page, s.explain(ctx, "list sessions", err)
}

// sessionLister answers one SessionQuery. There is no row of a session, which
// writers would have to wait for each other at: it walks down the newest runs
// that q selects until it has met enough sessions, and sums up all runs of these.
type sessionLister struct {
	store   *Store
	project string
	q       repo.SessionQuery
	days    []int64  // all that have partitions, in order
	seen    []string // sessions that were met
	wanted  []string // those of them that are on the page, in its order
}

func (l *sessionLister) list(ctx context.Context) (page []*model.Session, err error) {
	if l.days, err = daysBetween(ctx, l.store.reads, 0, math.MaxInt64); err != nil {
		return nil, err
	}
	last := l.lastStart()
	if l.q.After != nil {
		last = min(last, l.q.After.Last)
	}
	days := between(l.days, model.Day(l.q.Start.Start), last)
	slices.Reverse(days)
	windows(days, l.store.now().UnixNano(), func(days []int64) bool {
		err = l.walk(ctx, days)
		return err == nil && len(l.wanted) < l.q.Limit
	})
	if err != nil {
		return nil, err
	}
	return l.sumUp(ctx)
}

// lastStart returns when the runs that q selects start at the latest.
func (l *sessionLister) lastStart() int64 {
	if l.q.Start.End != 0 {
		return l.q.Start.End - 1
	}
	return math.MaxInt64
}

// firstRuns is how many runs are looked at first, then twice as many each time.
const (
	firstRuns = 128
	mostRuns  = 4096
)

// walk adds the sessions of runs on some days, until there are enough.
func (l *sessionLister) walk(ctx context.Context, days []int64) error {
	after := l.q.After
	for n := firstRuns; len(l.wanted) < l.q.Limit; n = min(2*n, mostRuns) {
		limit := max(n, l.q.Limit-len(l.wanted))
		query, args := l.walkSQL(days, after, limit)
		rows, err := l.store.reads.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		met, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c repo.SessionCursor, err error) {
			err = row.Scan(&c.ID, &c.Last)
			return c, err
		})
		if err != nil || len(met) == 0 {
			return err
		}
		if err := l.meet(ctx, met); err != nil || len(met) < limit {
			return err
		}
		after = &met[len(met)-1]
	}
	return nil
}

// walkSQL asks for runs of sessions that were not met yet. What was met stands in
// the way of the walk no more than it must: one session may have a million runs.
func (l *sessionLister) walkSQL(days []int64, after *repo.SessionCursor, limit int) (string, []any) {
	var c conditions
	l.addRuns(&c, max(slices.Min(days), l.q.Start.Start), min(lastOf(slices.Max(days)), l.lastStart()))
	c.add(`session_id <> ALL(?::text[])`, l.seen)
	if after != nil {
		c.add(`start_ns <= ?`, after.Last)
		c.add(`(start_ns, session_id) < (?, ?)`, after.Last, after.ID)
	}
	return `SELECT session_id, start_ns FROM all_runs WHERE ` + c.take() +
		` ORDER BY start_ns DESC, session_id DESC LIMIT ` + c.arg(limit), c.args
}

// addRuns demands a run of a session that q selects, whatever its page, and that
// starts from first to last.
func (l *sessionLister) addRuns(c *conditions, first, last int64) {
	c.add(`project = ? AND session_id IS NOT NULL`, l.project)
	c.addBetween(`start_ns`, first, last)
	id := l.q.Identity
	id.SessionID = l.q.SessionID
	c.addIdentity(id)
	c.addRunID(l.project, id.RunID, first, last)
}

// meet puts those sessions on the page that are met for the first time, unless
// they stand before the cursor.
func (l *sessionLister) meet(ctx context.Context, met []repo.SessionCursor) error {
	var fresh []string
	for _, m := range met {
		if !slices.Contains(fresh, m.ID) {
			fresh = append(fresh, m.ID)
		}
	}
	l.seen = append(l.seen, fresh...)
	listed, err := l.listed(ctx, fresh)
	if err != nil {
		return err
	}
	for _, id := range fresh {
		if !listed[id] && len(l.wanted) < l.q.Limit {
			l.wanted = append(l.wanted, id)
		}
	}
	return nil
}

// listed returns those of some sessions that have a run before the cursor, or at
// it: a page before had them.
func (l *sessionLister) listed(ctx context.Context, ids []string) (map[string]bool, error) {
	listed := map[string]bool{}
	if l.q.After == nil {
		return listed, nil
	}
	days := between(l.days, model.Day(l.q.After.Last), l.lastStart())
	for run := range slices.Chunk(days, maxRun) {
		query, args := l.listedSQL(ids, run)
		rows, err := l.store.reads.Query(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		var id string
		if _, err := pgx.ForEachRow(rows, []any{&id}, func() error {
			listed[id] = true
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return listed, nil
}

func (l *sessionLister) listedSQL(ids []string, days []int64) (string, []any) {
	var c conditions
	after := l.q.After
	l.addRuns(&c, max(slices.Min(days), l.q.Start.Start, after.Last), min(lastOf(slices.Max(days)), l.lastStart()))
	c.add(`session_id = ANY(?::text[])`, ids)
	c.add(`(start_ns, session_id) >= (?, ?)`, after.Last, after.ID)
	return `SELECT DISTINCT session_id FROM all_runs WHERE ` + c.take(), c.args
}

// sumUp returns the sessions of the page with all their runs, which may be on
// any day.
func (l *sessionLister) sumUp(ctx context.Context) ([]*model.Session, error) {
	page := make([]*model.Session, 0, len(l.wanted))
	if len(l.wanted) == 0 {
		return page, nil
	}
	sums := map[string]*sessionSum{}
	for run := range slices.Chunk(l.days, maxRun) {
		rows, err := l.store.reads.Query(ctx, sumSessionsSQL(), l.project, l.wanted, slices.Min(run), lastOf(slices.Max(run)))
		if err != nil {
			return nil, err
		}
		parts, err := pgx.CollectRows(rows, scanSession)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			part.Project = l.project
			if sum := sums[part.ID]; sum != nil {
				sum.merge(part)
			} else {
				sums[part.ID] = part
			}
		}
	}
	for _, id := range l.wanted {
		if sum := sums[id]; sum != nil { // its days may have been dropped by now
			page = append(page, &sum.Session)
		}
	}
	return page, nil
}

// sumSessionsSQL sums up the runs of sessions on some days. The traces that lie
// on several days come by name: other days may count them too.
func sumSessionsSQL() string {
	names := func(column string) string {
		return `(array_agg(DISTINCT ` + column + `) FILTER (WHERE ` + column + ` IS NOT NULL))[:` + strconv.Itoa(model.MaxSessionNames) + `]`
	}
	columns := []string{
		`session_id`, `min(start_ns)`, `max(end_ns)`, `max(start_ns)`, `count(*)`, `count(*) FILTER (WHERE failed)`,
		`bool_and(settled)`, `count(DISTINCT trace_id)`,
		`array_agg(DISTINCT trace_id) FILTER (WHERE trace_id IN (SELECT trace_id FROM trace_days WHERE project = $1 AND first_day_ns <> last_day_ns))`,
		names(`user_id`), names(`agent_id`), names(`team_id`), names(`workflow_id`),
	}
	for _, sum := range tallyColumns() {
		columns = append(columns, sumSQL(sum))
	}
	return `SELECT ` + strings.Join(columns, `, `) + `
FROM all_runs
WHERE project = $1 AND session_id = ANY($2::text[]) AND start_ns >= $3 AND start_ns <= $4
GROUP BY session_id`
}
