package postgres

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Traces returns one page. All its queries see one snapshot, so that a trace
// cannot move past the cursor between them.
func (s *Store) Traces(ctx context.Context, project string, q repo.TraceQuery) ([]*model.Trace, error) {
	l := traceLister{project: project, q: q, after: q.After, page: make([]*model.Trace, 0, q.Limit)}
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.reads, snapshot, func(tx pgx.Tx) error {
		l.tx = tx
		return l.list(ctx)
	})
	if err != nil {
		return nil, s.explain(ctx, "list traces", err)
	}
	return l.page, nil
}

// traceLister answers one TraceQuery.
//
// When few spans have a wanted id, their traces are looked up. Else it asks for
// candidates, the rows that stand for a trace, in order: a row that is a whole
// trace is decided by SQL; of a trace that lies on several days SQL finds the
// first, and the rest of the query is decided when its rows are put together.
type traceLister struct {
	tx      pgx.Tx
	project string
	q       repo.TraceQuery
	days    []int64           // all that have partitions, in order
	after   *repo.TraceCursor // where to go on
	page    []*model.Trace
}

func (l *traceLister) list(ctx context.Context) (err error) {
	if l.days, err = daysBetween(ctx, l.tx, 0, math.MaxInt64); err != nil {
		return err
	}
	if done, err := l.listFew(ctx); done || err != nil {
		return err
	}
	days := l.daysOfStarts()
	spread, err := l.daysOfSpread(ctx)
	if err != nil || len(days) == 0 {
		return err
	}
	if l.q.Order == repo.LongestFirst {
		// Any day may hold the longest.
		return l.fill(ctx, days, spread)
	}
	slices.Reverse(days)
	windows(days, func(days []int64) bool {
		err = l.fill(ctx, days, spread)
		return err == nil && !l.full()
	})
	return err
}

func (l *traceLister) full() bool { return len(l.page) == l.q.Limit }

// daysOfStarts returns the days on which the traces may start that q still
// wants.
func (l *traceLister) daysOfStarts() []int64 {
	first, last := model.Day(l.q.Start.Start), int64(math.MaxInt64)
	if l.q.Start.End != 0 {
		last = l.q.Start.End - 1
	}
	if l.q.After != nil && l.q.Order == repo.NewestFirst {
		last = min(last, l.q.After.Key)
	}
	return between(l.days, first, last)
}

// between returns those of days, which are in order, from first to last.
func between(days []int64, first, last int64) []int64 {
	from, _ := slices.BinarySearch(days, first)
	days = days[from:]
	to, found := slices.BinarySearch(days, last)
	if found {
		to++
	}
	return slices.Clone(days[:to])
}

// daysOfSpreadSQL probes a nearly empty index once for each day.
const daysOfSpreadSQL = `
SELECT day_ns FROM days WHERE EXISTS (
    SELECT FROM trace_days WHERE project = $1 AND first_day_ns = day_ns AND first_day_ns <> last_day_ns)
ORDER BY day_ns`

// daysOfSpread returns the days on which traces of several days start. The rows
// of the others need no second look.
func (l *traceLister) daysOfSpread(ctx context.Context) ([]int64, error) {
	rows, err := l.tx.Query(ctx, daysOfSpreadSQL, l.project)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// fill adds traces that start on some days to the page, until it is full or
// there are no more.
func (l *traceLister) fill(ctx context.Context, days, spread []int64) error {
	identity, err := l.planIdentity(ctx, days)
	if err != nil {
		return err
	}
	for !l.full() {
		limit := l.q.Limit - len(l.page)
		query, args := l.candidatesSQL(days, spread, identity, limit)
		rows, err := l.tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		candidates, err := pgx.CollectRows(rows, scanCandidate)
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

func scanCandidate(row pgx.CollectableRow) (c candidate, err error) {
	err = row.Scan(&c.key, (*[16]byte)(&c.id), &c.day, &c.spread)
	return c, err
}

// take loads the traces of candidates and adds those that match to the page.
func (l *traceLister) take(ctx context.Context, candidates []candidate) error {
	rows := rowsByDay{}
	var spread []model.TraceID
	for _, c := range candidates {
		if c.spread {
			spread = append(spread, c.id)
		} else {
			rows.add(c.day, c.id)
		}
	}
	if err := l.addSpread(ctx, rows, spread); err != nil {
		return err
	}
	traces, err := load(ctx, l.tx, l.project, rows)
	if err != nil {
		return err
	}
	for _, c := range candidates {
		t, ok := traces[c.id]
		switch {
		case !c.spread && !ok:
			return fmt.Errorf("trace %s is not on the day of its row", c.id)
		case !c.spread, ok && l.matches(t):
			l.page = append(l.page, t)
		}
	}
	return nil
}

// addSpread adds the rows of traces that lie on several days, if they have the
// wanted identity.
func (l *traceLister) addSpread(ctx context.Context, rows rowsByDay, ids []model.TraceID) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := findDays(ctx, l.tx, l.project, ids)
	if err != nil {
		return err
	}
	spread := rowsOf(found, l.days)
	for _, term := range identityTerms(l.q.Identity) {
		if spread, err = l.withIdentity(ctx, spread, term); err != nil {
			return err
		}
	}
	for day, ids := range spread {
		rows[day] = append(rows[day], ids...)
	}
	return nil
}

// matches decides for a trace that was put together what wholeSQL decides for
// others, except identity, which is in no single row.
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

// compare orders traces as the list does.
func (l *traceLister) compare(a, b *model.Trace) int {
	return compareCursors(l.q.Order.CursorOf(a), l.q.Order.CursorOf(b))
}

func compareCursors(a, b repo.TraceCursor) int {
	return cmp.Or(cmp.Compare(b.Key, a.Key), slices.Compare(b.TraceID[:], a.TraceID[:]))
}
