package postgres

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Traces returns one page. All its queries see one snapshot, so that a trace
// cannot move past the cursor between them.
func (s *Store) Traces(ctx context.Context, project string, q repo.TraceQuery) ([]*model.Trace, error) {
	l := traceLister{now: s.now().UnixNano(), project: project, q: q, conditions: conditionsOf(q), after: q.After, page: make([]*model.Trace, 0, q.Limit)}
	err := s.snapshot(ctx, l.askFirst, func(tx reading) error {
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
// When few spans fulfil an indexed condition, their traces are looked up. Else
// it asks for candidates, the rows that stand for a trace, in order, and which
// of them have the wanted spans. A row that is a whole trace is decided by SQL;
// of a trace that lies on several days SQL finds the first, and the rest of the
// query is decided when its rows are put together.
type traceLister struct {
	tx         reading
	now        int64
	project    string
	q          repo.TraceQuery
	conditions []plan.Condition  // on spans, those first that an index leads to
	days       []int64           // all that have partitions, in order
	spread     []int64           // those on which traces of several days start
	after      *repo.TraceCursor // where to go on
	page       []*model.Trace
}

func (l *traceLister) list(ctx context.Context) (err error) {
	if l.goesBySpans() {
		if done, err := l.listBySpans(ctx); done || err != nil {
			return err
		}
		var queue pgx.Batch
		l.askSpread(&queue)
		if err := l.tx.SendBatch(ctx, &queue).Close(); err != nil {
			return err
		}
	}
	days := l.daysOfStarts()
	if len(days) == 0 {
		return nil
	}
	if l.q.Order == repo.LongestFirst {
		// Any day may hold the longest.
		return l.fill(ctx, days)
	}
	slices.Reverse(days)
	windows(days, l.now, func(days []int64) bool {
		err = l.fill(ctx, days)
		return err == nil && !l.full()
	})
	return err
}

// goesBySpans reports whether an index leads to spans for which a condition holds.
func (l *traceLister) goesBySpans() bool { return len(l.conditions) > 0 && isIndexed(l.conditions[0]) }

func (l *traceLister) full() bool { return len(l.page) == l.q.Limit }

// daysOfStarts returns the days on which the traces may start that q still
// wants.
func (l *traceLister) daysOfStarts() []int64 {
	return between(l.days, model.Day(l.q.Start.Start), l.latestStart())
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

// askFirst asks for what every list of these conditions needs.
func (l *traceLister) askFirst(queue *pgx.Batch) {
	queue.Queue(daysBetweenSQL, int64(0), int64(math.MaxInt64)).Query(into(&l.days))
	if !l.goesBySpans() {
		l.askSpread(queue)
	}
}

// askSpread asks for the days on which traces of several days start. The rows of the
// others need no second look.
func (l *traceLister) askSpread(queue *pgx.Batch) {
	queue.Queue(daysOfSpreadSQL, l.project).Query(into(&l.spread))
}

func into(days *[]int64) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*days, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	}
}

// Candidates are looked at in growing numbers where conditions on spans may
// leave few of them.
const (
	firstCandidates = 64
	mostCandidates  = 4096
)

// fill adds traces that start on some days to the page, until it is full or
// there are no more.
func (l *traceLister) fill(ctx context.Context, days []int64) error {
	for n := firstCandidates; !l.full(); n = min(2*n, mostCandidates) {
		limit := l.q.Limit - len(l.page)
		if l.q.Order == repo.NewestFirst && len(l.conditions) > 0 {
			limit = max(limit, n)
		}
		query, args := l.candidatesSQL(days, l.spread, limit)
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
	key        int64 // as in repo.TraceCursor
	id         model.TraceID
	day        int64
	start, end int64 // of the row
	spread     bool
}

func scanCandidate(row pgx.CollectableRow) (c candidate, err error) {
	err = row.Scan(&c.key, (*[16]byte)(&c.id), &c.day, &c.start, &c.end, &c.spread)
	return c, err
}

// take adds those candidates to the page that match, as long as it is not full.
func (l *traceLister) take(ctx context.Context, candidates []candidate) error {
	rows, err := l.rowsOf(ctx, candidates)
	if err != nil {
		return err
	}
	// Of whole traces, the SQL of LongestFirst has decided this; to ask again
	// costs little, for they are few.
	wanted, err := l.having(ctx, l.conditions, rows.days()...)
	if err != nil {
		return err
	}
	candidates = slices.DeleteFunc(slices.Clone(candidates), func(c candidate) bool { return !wanted[c.id] })
	for len(candidates) > 0 && !l.full() {
		// As many as there is room for, though of those that lie on several
		// days not all may match.
		n := min(len(candidates), l.q.Limit-len(l.page))
		some := traceSet{}
		for _, c := range candidates[:n] {
			some[c.id] = true
		}
		traces, err := load(ctx, l.tx, l.project, rows.only(some), math.MaxInt64)
		if err != nil {
			return err
		}
		for _, c := range candidates[:n] {
			t, ok := traces[c.id]
			switch {
			case !c.spread && !ok:
				return fmt.Errorf("trace %s is not on the day of its row", c.id)
			case !c.spread, ok && l.q.MatchesTrace(t):
				l.page = append(l.page, t)
			}
		}
		candidates = candidates[n:]
	}
	return nil
}

// rowsOf returns the rows of candidates.
func (l *traceLister) rowsOf(ctx context.Context, candidates []candidate) (rowsByDay, error) {
	rows := rowsByDay{}
	var spread []model.TraceID
	for _, c := range candidates {
		if c.spread {
			spread = append(spread, c.id)
		} else {
			rows.add(c.day, c.id, c.start, c.end)
		}
	}
	if len(spread) == 0 {
		return rows, nil
	}
	found, err := findDays(ctx, l.tx, l.project, spread)
	rows.addDays(found, l.days)
	return rows, err
}

// compare orders traces as the list does.
func (l *traceLister) compare(a, b *model.Trace) int {
	return compareCursors(l.q.Order.CursorOf(a), l.q.Order.CursorOf(b))
}

func compareCursors(a, b repo.TraceCursor) int {
	return cmp.Or(cmp.Compare(b.Key, a.Key), slices.Compare(b.TraceID[:], a.TraceID[:]))
}
