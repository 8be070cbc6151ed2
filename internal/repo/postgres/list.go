package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Traces returns one page. All its queries see one snapshot, so that a trace
// cannot move past the cursor between them.
func (s *Store) Traces(ctx context.Context, project string, q repo.TraceQuery) ([]*model.Trace, error) {
	l := traceLister{project: project, q: q, after: q.After}
	err := pgx.BeginTxFunc(ctx, s.reads, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		l.tx = tx
		return l.list(ctx)
	})
	if err != nil {
		return nil, mapError(ctx, "list traces", err)
	}
	return l.page, nil
}

// traceLister answers one TraceQuery. It asks for candidates: the rows that
// stand for a trace, in order. A row that is a whole trace is decided by SQL.
// Of a trace that lies on several days, SQL finds the first, and the rest of
// the query is decided when its rows are put together.
type traceLister struct {
	tx      pgx.Tx
	project string
	q       repo.TraceQuery
	after   *repo.TraceCursor // where to go on
	page    []*model.Trace
}

func (l *traceLister) list(ctx context.Context) error {
	l.page = make([]*model.Trace, 0, l.q.Limit)
	first, last := int64(0), int64(math.MaxInt64)
	if l.q.Start.Start != 0 {
		first = model.Day(l.q.Start.Start)
	}
	if l.q.Start.End != 0 {
		last = l.q.Start.End - 1
	}
	if l.q.After != nil && l.q.Order == repo.NewestFirst {
		last = min(last, l.q.After.Key)
	}
	days, err := daysBetween(ctx, l.tx, first, last)
	if err != nil || len(days) == 0 {
		return err
	}
	if l.q.Order == repo.LongestFirst {
		// Any day may hold the longest.
		return l.fill(ctx, days)
	}
	slices.Reverse(days)
	windows(days, func(days []int64) bool {
		err = l.fill(ctx, days)
		return err == nil && !l.full()
	})
	return err
}

func (l *traceLister) full() bool { return len(l.page) == l.q.Limit }

// fill adds traces that start on some days to the page, until it is full or
// there are no more.
func (l *traceLister) fill(ctx context.Context, days []int64) error {
	identity, err := l.decideIdentity(ctx, days)
	if err != nil {
		return err
	}
	for !l.full() {
		limit := l.q.Limit - len(l.page)
		candidates, err := l.candidates(ctx, days, identity, limit)
		if err != nil || len(candidates) == 0 {
			return err
		}
		if err := l.take(ctx, candidates); err != nil {
			return err
		}
		last := candidates[len(candidates)-1]
		l.after = &repo.TraceCursor{Key: last.key, TraceID: last.id}
		if len(candidates) < limit {
			return nil
		}
	}
	return nil
}

// candidate is a row that stands for a trace.
type candidate struct {
	key    int64 // as in repo.TraceCursor
	id     model.TraceID
	day    int64
	spread bool
}

func (l *traceLister) candidates(ctx context.Context, days []int64, identity identityPlan, limit int) ([]candidate, error) {
	query, args := l.candidatesSQL(days, identity, limit)
	rows, err := l.tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c candidate, err error) {
		err = row.Scan(&c.key, (*[16]byte)(&c.id), &c.day, &c.spread)
		return c, err
	})
}

// candidatesSQL joins two walks: over the whole traces that match, and over the
// few that lie on several days. Each has an index of its own in the order of
// NewestFirst, so both end when they have filled a page. LongestFirst reads all
// rows of the days: an index on a value that changes with every batch would
// cost each of them more than the rare list gains.
func (l *traceLister) candidatesSQL(days []int64, identity identityPlan, limit int) (string, []any) {
	var c conditions
	whole, spread := l.wholeSQL(&c, days, identity), ""
	if l.q.Order == repo.NewestFirst {
		spread = l.spreadNewestSQL(&c, days)
	} else {
		spread = l.spreadLongestSQL(&c)
	}
	order := ` ORDER BY key DESC, trace_id DESC LIMIT ` + c.arg(limit)
	return `(` + whole + order + `) UNION ALL (` + spread + order + `)` + order, c.args
}

func (l *traceLister) wholeSQL(c *conditions, days []int64, identity identityPlan) string {
	key := `start_ns`
	if l.q.Order == repo.LongestFirst {
		key = `end_ns - start_ns`
	}
	c.add(`project = ? AND part = 0`, l.project)
	l.addWindow(c, days)
	q := l.q
	c.addText(`name = ?`, q.Name)
	c.addText(`service = ?`, q.Service)
	c.addText(`environment = ?`, q.Environment)
	if q.Status != nil {
		c.add(`status = ?`, int16(*q.Status))
	}
	if q.Failed != nil {
		c.terms = append(c.terms, map[bool]string{true: `errors > 0`, false: `errors = 0`}[*q.Failed])
	}
	c.addDuration(q.MinDuration, q.MaxDuration)
	l.addCursor(c, key)
	identity.add(c, l.project, days)
	return `SELECT ` + key + ` AS key, trace_id, day_ns, false AS spread FROM traces t WHERE ` + c.take()
}

// spreadNewestSQL relies on it that a trace starts where its first day does.
func (l *traceLister) spreadNewestSQL(c *conditions, days []int64) string {
	c.add(`project = ? AND part <> 0 AND part = 1`, l.project)
	l.addWindow(c, days)
	l.addCursor(c, `start_ns`)
	return `SELECT start_ns AS key, trace_id, day_ns, true FROM traces WHERE ` + c.take()
}

// spreadLongestSQL looks at all days: a trace is as long as its rows together.
func (l *traceLister) spreadLongestSQL(c *conditions) string {
	inner := c.arg(l.project)
	l.addCursor(c, `key`)
	where := ``
	if len(c.terms) > 0 {
		where = ` WHERE ` + c.take()
	}
	return `SELECT * FROM (
    SELECT max(end_ns) - min(start_ns) AS key, trace_id, min(day_ns) AS day_ns, true AS spread
    FROM traces WHERE project = ` + inner + ` AND part <> 0 GROUP BY trace_id
) AS together` + where
}

// addWindow demands a start on these days and within the range of the query.
// The day is what chooses partitions, the start what the index is about.
func (l *traceLister) addWindow(c *conditions, days []int64) {
	oldest, newest := slices.Min(days), slices.Max(days)
	c.addBetween(`day_ns`, oldest, newest)
	first, last := oldest, lastOf(newest)
	first = max(first, l.q.Start.Start)
	if l.q.Start.End != 0 {
		last = min(last, l.q.Start.End-1)
	}
	if l.after != nil && l.q.Order == repo.NewestFirst {
		last = min(last, l.after.Key)
	}
	c.addBetween(`start_ns`, first, last)
}

func (l *traceLister) addCursor(c *conditions, key string) {
	if l.after != nil {
		c.add(`(`+key+`, trace_id) < (?, ?)`, l.after.Key, uuid(l.after.TraceID))
	}
}

// take loads the traces of candidates and adds those that match to the page.
func (l *traceLister) take(ctx context.Context, candidates []candidate) error {
	wanted := map[int64][]pgtype.UUID{}
	var spread []pgtype.UUID
	for _, c := range candidates {
		if c.spread {
			spread = append(spread, uuid(c.id))
		} else {
			wanted[c.day] = append(wanted[c.day], uuid(c.id))
		}
	}
	matching, err := l.wantSpread(ctx, spread, wanted)
	if err != nil {
		return err
	}
	traces, err := load(ctx, l.tx, l.project, wanted)
	if err != nil {
		return err
	}
	for _, c := range candidates {
		t, ok := traces[c.id]
		if !ok {
			if c.spread {
				continue // its identity does not match: it was not loaded
			}
			return fmt.Errorf("trace %s is not on the day of its row", c.id)
		}
		if !c.spread || matching[c.id] && l.matches(t) {
			l.page = append(l.page, t)
		}
	}
	return nil
}

// wantSpread adds the rows of spread traces to those that are wanted, if the
// identity matches, and returns which traces these are.
func (l *traceLister) wantSpread(ctx context.Context, ids []pgtype.UUID, wanted map[int64][]pgtype.UUID) (map[model.TraceID]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := findDays(ctx, l.tx, l.project, ids)
	if err != nil {
		return nil, err
	}
	matching, err := l.matchIdentity(ctx, found)
	if err != nil {
		return nil, err
	}
	first, last := int64(math.MaxInt64), int64(0)
	for id := range matching {
		first, last = min(first, found[id].first), max(last, found[id].last)
	}
	days, err := daysBetween(ctx, l.tx, first, last)
	if err != nil {
		return nil, err
	}
	for id := range matching {
		for _, day := range days {
			if day >= found[id].first && day <= found[id].last {
				wanted[day] = append(wanted[day], uuid(id))
			}
		}
	}
	return matching, nil
}

// matches decides for a trace that was put together what SQL decides for
// others. It repeats wholeSQL, but for identity, which is in no single row.
func (l *traceLister) matches(t *model.Trace) bool {
	q := l.q
	text := func(want, is string) bool { return want == "" || want == is }
	return text(q.Name, t.Name) && text(q.Service, t.Service) && text(q.Environment, t.Environment) &&
		(q.Status == nil || *q.Status == t.Status) &&
		(q.Failed == nil || *q.Failed == t.Failed()) &&
		q.Start.Contains(t.StartNano) &&
		t.Duration() >= q.MinDuration &&
		(q.MaxDuration == 0 || t.Duration() <= q.MaxDuration)
}
