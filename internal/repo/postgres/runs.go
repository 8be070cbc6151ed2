package postgres

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Runs returns one page of runs.
func (s *Store) Runs(ctx context.Context, project string, q repo.RunQuery) ([]*model.Run, error) {
	l := runLister{store: s, project: project, q: q, page: make([]*model.Run, 0, q.Limit)}
	if err := l.list(ctx); err != nil {
		return nil, s.explain(ctx, "list runs", err)
	}
	return l.page, nil
}

// runLister answers one RunQuery, window by window of days. Each window is a
// transaction of its own, with one snapshot, so that a run and what is said of
// its trace are of one moment; one for all would keep the locks of all days.
type runLister struct {
	store   *Store
	project string
	q       repo.RunQuery
	page    []*model.Run
}

func (l *runLister) list(ctx context.Context) error {
	days, err := l.days(ctx)
	if err != nil {
		return err
	}
	if !l.byStart() {
		// Any day may hold the longest.
		for run := range slices.Chunk(days, maxRun) {
			if err := l.window(ctx, run, l.q.Limit); err != nil {
				return err
			}
			slices.SortFunc(l.page, l.compare)
			l.page = l.page[:min(len(l.page), l.q.Limit)]
		}
		return nil
	}
	if l.q.Order != repo.RunsOldestFirst {
		slices.Reverse(days)
	}
	windows(days, l.store.now().UnixNano(), func(days []int64) bool {
		err = l.window(ctx, days, l.q.Limit-len(l.page))
		return err == nil && len(l.page) < l.q.Limit
	})
	return err
}

// byStart reports whether the order is that of the days.
func (l *runLister) byStart() bool {
	return l.q.Order == repo.RunsNewestFirst || l.q.Order == repo.RunsOldestFirst
}

// days returns those that may hold what q still wants, in order.
func (l *runLister) days(ctx context.Context) ([]int64, error) {
	first, last := model.Day(l.q.Start.Start), int64(math.MaxInt64)
	if l.q.Start.End != 0 {
		last = l.q.Start.End - 1
	}
	if after := l.q.After; after != nil {
		switch l.q.Order {
		case repo.RunsNewestFirst:
			last = min(last, after.Key)
		case repo.RunsOldestFirst:
			first = max(first, model.Day(after.Key))
		}
	}
	if !l.q.TraceID.IsZero() {
		found, err := findDays(ctx, l.store.reads, l.project, []model.TraceID{l.q.TraceID})
		if err != nil {
			return nil, err
		}
		of, ok := found[l.q.TraceID]
		if !ok {
			return nil, nil
		}
		first, last = max(first, of.first), min(last, of.last)
	}
	days, err := daysBetween(ctx, l.store.reads, first, last)
	if len(l.q.Of) > 0 {
		wanted := map[int64]bool{}
		for _, ref := range l.q.Of {
			wanted[model.Day(ref.StartNano)] = true
		}
		days = slices.DeleteFunc(days, func(day int64) bool { return !wanted[day] })
	}
	return days, err
}

// window adds the runs of some days that follow each other to the page.
func (l *runLister) window(ctx context.Context, days []int64, limit int) error {
	return l.store.snapshot(ctx, nil, func(tx reading) error {
		query, args := runsSQL(l.project, l.q, days, limit)
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, scanRun)
		if err != nil {
			return err
		}
		l.page = append(l.page, found...)
		return markSettled(ctx, tx, l.project, found)
	})
}

// settledTracesSQL finds those of some traces, which lie between the same days,
// all of whose spans are accounted for.
const settledTracesSQL = `
SELECT trace_id FROM traces
WHERE project = $1 AND trace_id = ANY($2::uuid[]) AND day_ns >= $3 AND day_ns <= $4
GROUP BY trace_id
HAVING bool_and(settled_spans = spans)`

// markSettled leaves those runs settled whose traces are.
func markSettled(ctx context.Context, tx reading, project string, runs []*model.Run) error {
	var ids []model.TraceID
	for _, r := range runs {
		if r.Settled {
			ids = append(ids, r.TraceID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := findDays(ctx, tx, project, ids)
	if err != nil {
		return err
	}
	settled := traceSet{}
	var queue pgx.Batch
	for days, some := range byDays(found) {
		queue.Queue(settledTracesSQL, project, uuids(some), days.first, days.last).Query(func(rows pgx.Rows) error {
			var id [16]byte
			_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
				settled[id] = true
				return nil
			})
			return err
		})
	}
	err = tx.SendBatch(ctx, &queue).Close()
	for _, r := range runs {
		r.Settled = r.Settled && settled[r.TraceID]
	}
	return err
}

// keyOfRuns returns what a list is ordered by before the rest of the key.
func keyOfRuns(order repo.RunOrder) string {
	switch order {
	case repo.RunsLongestFirst:
		return `end_ns - start_ns`
	case repo.RunsCostliestFirst:
		return `coalesce(total_cost_nano, 0)`
	}
	return `start_ns`
}

// runsSQL asks for what q wants on some days that follow each other.
func runsSQL(project string, q repo.RunQuery, days []int64, limit int) (string, []any) {
	var c conditions
	c.addRuns(project, q, slices.Min(days), lastOf(slices.Max(days)))
	key, direction, before := keyOfRuns(q.Order), ` DESC`, `<`
	if q.Order == repo.RunsOldestFirst {
		direction, before = ` ASC`, `>`
	}
	if a := q.After; a != nil {
		c.add(key+` `+before+`= ?`, a.Key)
		c.add(`(`+key+`, trace_id, span_id, start_ns) `+before+` (?, ?, ?, ?)`, a.Key, uuid(a.TraceID), a.SpanID.Int64(), a.StartNano)
	}
	return `SELECT ` + runColumns + ` FROM all_runs WHERE ` + c.take() +
		` ORDER BY ` + key + direction + `, trace_id` + direction + `, span_id` + direction + `, start_ns` + direction +
		` LIMIT ` + c.arg(limit), c.args
}

// addRuns demands a run that q selects, whatever its page, and that starts from
// first to last.
func (c *conditions) addRuns(project string, q repo.RunQuery, first, last int64) {
	c.add(`project = ?`, project)
	c.addBetween(`start_ns`, first, last)
	c.addRange(`start_ns`, q.Start)
	if !q.TraceID.IsZero() {
		c.add(`trace_id = ?`, uuid(q.TraceID))
	}
	if len(q.Of) > 0 {
		ids := column(q.Of, func(r repo.RunRef) pgtype.UUID { return uuid(r.TraceID) })
		// The first of these is for the index.
		c.add(`trace_id = ANY(?::uuid[]) AND (trace_id, span_id, start_ns) IN (SELECT * FROM unnest(?::uuid[], ?::bigint[], ?::bigint[]))`,
			ids, ids,
			column(q.Of, func(r repo.RunRef) int64 { return r.SpanID.Int64() }),
			column(q.Of, func(r repo.RunRef) int64 { return r.StartNano }))
	}
	c.addIdentity(q.Identity)
	c.addRunID(project, q.Identity.RunID, first, last)
	if len(q.Types) > 0 {
		c.add(`type = ANY(?::smallint[])`, column(q.Types, func(t model.SpanType) int16 { return int16(t) }))
	}
	c.addText(`name = ?`, q.Name)
	c.addText(`service = ?`, q.Service)
	c.addText(`environment = ?`, q.Environment)
	if q.Status != nil {
		c.add(`status = ?`, int16(*q.Status))
	}
	if q.Failed != nil {
		c.terms = append(c.terms, map[bool]string{true: `failed`, false: `NOT failed`}[*q.Failed])
	}
	c.addDuration(q.MinDuration, q.MaxDuration)
}

// addIdentity compares all ids but that of the run.
func (c *conditions) addIdentity(id model.Identity) {
	c.addText(`agent_id = ?`, id.AgentID)
	c.addText(`team_id = ?`, id.TeamID)
	c.addText(`workflow_id = ?`, id.WorkflowID)
	c.addText(`session_id = ?`, id.SessionID)
	c.addText(`user_id = ?`, id.UserID)
}

// addRunID has the index of spans find runs by their id, which is that of their
// span. One of their own would cost each of them 4 µs as it is written.
func (c *conditions) addRunID(project, id string, first, last int64) {
	if id == "" {
		return
	}
	c.add(`run_id = ? AND trace_id = ANY(ARRAY(
        SELECT DISTINCT trace_id FROM spans WHERE project = ? AND run_id = ? AND start_ns >= ? AND start_ns <= ?))`,
		id, project, id, first, last)
}

// compare orders runs as the list does.
func (l *runLister) compare(a, b *model.Run) int {
	x, y := l.q.Order.CursorOf(a), l.q.Order.CursorOf(b)
	return cmp.Or(cmp.Compare(y.Key, x.Key), slices.Compare(y.TraceID[:], x.TraceID[:]),
		cmp.Compare(y.SpanID.Int64(), x.SpanID.Int64()), cmp.Compare(y.StartNano, x.StartNano))
}
