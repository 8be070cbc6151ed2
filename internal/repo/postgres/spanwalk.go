package postgres

import (
	"context"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// fewSpans is how many spans are few enough to look up the traces of all of
// them. When more have not filled the page, walking the traces will soon.
const fewSpans = 2000

// firstSpans is how many spans are looked at first, then four times as many.
const firstSpans = 64

// spanWalk finds traces by the spans for which an indexed condition holds, from
// the newest span on. No trace starts after any of its spans: when all spans
// since a time were looked at, so were all traces that start since, on however
// many days they lie.
type spanWalk struct {
	*traceLister
	cond    plan.Condition
	others  []plan.Condition // which must hold for other spans of the traces
	spans   int              // looked at
	seen    traceSet
	pending []spanPlace // the newest span of each that was seen, and is neither on the page nor excluded
}

// listBySpans fills the page by way of spans, and reports false when they are
// too many for that.
func (l *traceLister) listBySpans(ctx context.Context) (done bool, err error) {
	for i, cond := range l.conditions {
		if !isIndexed(cond) {
			break
		}
		w := spanWalk{traceLister: l, cond: cond, others: slices.Delete(slices.Clone(l.conditions), i, i+1), seen: traceSet{}}
		if id := wantedTrace(cond); !id.IsZero() {
			done, err = true, w.add(ctx, []model.TraceID{id}, l.conditions)
		} else {
			done, err = w.walk(ctx)
		}
		if done || err != nil {
			break
		}
		l.page = l.page[:0]
	}
	slices.SortFunc(l.page, l.compare)
	l.page = l.page[:min(len(l.page), l.q.Limit)]
	return done, err
}

// walk reports whether the page has what it should.
func (w *spanWalk) walk(ctx context.Context) (done bool, err error) {
	days := between(w.days, model.Day(w.q.Start.Start), math.MaxInt64)
	slices.Reverse(days)
	full := false
	windows(days, w.now, func(days []int64) bool {
		full, err = w.window(ctx, max(slices.Min(days), w.q.Start.Start), lastOf(slices.Max(days)))
		return err == nil && !full && w.spans <= fewSpans
	})
	if err != nil || full || w.spans > fewSpans {
		return full, err
	}
	return true, w.add(ctx, tracesOf(w.pending), w.others)
}

// window walks over the spans that start from first to last, and reports
// whether the page is full.
func (w *spanWalk) window(ctx context.Context, first, last int64) (full bool, err error) {
	for limit := firstSpans; ; limit *= 4 {
		limit = min(limit, fewSpans+1-w.spans)
		spans, err := w.next(ctx, first, last, limit)
		if err != nil {
			return false, err
		}
		if w.spans += len(spans); w.spans > fewSpans {
			return false, nil
		}
		w.see(spans)
		if len(spans) < limit {
			return w.settle(ctx, first)
		}
		last = spans[limit-1].start
		// There may be more that start at the same time.
		if full, err := w.settleSome(ctx, last+1); err != nil || full {
			return full, err
		}
	}
}

func (w *spanWalk) see(spans []spanPlace) {
	for _, s := range spans {
		if !w.seen[s.trace] {
			w.seen[s.trace] = true
			w.pending = append(w.pending, s)
		}
	}
}

// settles reports whether traces that start since a time can be next on the
// page.
func (w *spanWalk) settles(since int64) bool {
	return w.q.Order == repo.NewestFirst && since <= w.latestStart()
}

// settle decides on all pending traces, and reports whether the page is full of
// traces that start since a time.
func (w *spanWalk) settle(ctx context.Context, since int64) (full bool, err error) {
	if !w.settles(since) {
		return false, nil
	}
	places := w.pending
	w.pending = nil
	return w.addInTurn(ctx, places, w.others, since)
}

// settleSome is settle, but for traces that do not fulfil the other conditions
// by spans since that time: they start earlier, or never will, and stay pending.
// To look up their days would cost more than all the rest.
func (w *spanWalk) settleSome(ctx context.Context, since int64) (full bool, err error) {
	if !w.settles(since) {
		return false, nil
	}
	some, err := w.having(ctx, w.others, &tracesWithin{ids: tracesOf(w.pending), first: since, last: math.MaxInt64})
	if err != nil {
		return false, err
	}
	var places, others []spanPlace
	for _, p := range w.pending {
		if some[p.trace] {
			places = append(places, p)
		} else {
			others = append(others, p)
		}
	}
	w.pending = others
	return w.addInTurn(ctx, places, nil, since)
}

// addInTurn adds traces, those with the newest spans first, and stops when the page
// is full: what is left starts no later than its newest span.
func (w *spanWalk) addInTurn(ctx context.Context, places []spanPlace, conditions []plan.Condition, since int64) (full bool, err error) {
	for len(places) > 0 {
		// Half as many again as a page has: some fall to the conditions.
		n := min(len(places), 1+w.q.Limit*3/2)
		if err := w.add(ctx, tracesOf(places[:n]), conditions); err != nil {
			return false, err
		}
		if places = places[n:]; len(places) > 0 && w.fullSince(places[0].start+1) {
			return true, nil
		}
	}
	return w.fullSince(since), nil
}

// fullSince reports whether a page can be made of the traces found that start
// at a time or later.
func (w *spanWalk) fullSince(start int64) bool {
	n := 0
	for _, t := range w.page {
		if t.StartNano >= start {
			n++
		}
	}
	return w.q.Order == repo.NewestFirst && n >= w.q.Limit
}

// spanPlace is where a span is.
type spanPlace struct {
	trace model.TraceID
	start int64
}

func tracesOf(places []spanPlace) []model.TraceID {
	return column(places, func(p spanPlace) model.TraceID { return p.trace })
}

// next returns the newest of the spans that start from first to last.
func (w *spanWalk) next(ctx context.Context, first, last int64, limit int) ([]spanPlace, error) {
	query, args := spanWalkSQL(w.project, w.cond, first, last, limit)
	rows, err := w.tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p spanPlace, err error) {
		err = row.Scan((*[16]byte)(&p.trace), &p.start)
		return p, err
	})
}

func spanWalkSQL(project string, cond plan.Condition, first, last int64, limit int) (string, []any) {
	var c conditions
	c.add(`project = ?`, project)
	c.addBetween(`start_ns`, first, last)
	c.addCondition(cond)
	return `SELECT trace_id, start_ns FROM spans WHERE ` + c.take() + ` ORDER BY start_ns DESC LIMIT ` + c.arg(limit), c.args
}

// add adds those traces to the page that match and have spans that fulfil some
// conditions.
func (w *spanWalk) add(ctx context.Context, ids []model.TraceID, conditions []plan.Condition) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := findDays(ctx, w.tx, w.project, ids)
	if err != nil {
		return err
	}
	rows := rowsByDay{}
	rows.addDays(found, w.days)
	wanted, err := w.having(ctx, conditions, rows.days()...)
	if err != nil {
		return err
	}
	traces, err := load(ctx, w.tx, w.project, rows.only(wanted), w.latestStart())
	for _, t := range traces {
		if w.q.MatchesTrace(t) && (w.after == nil || compareCursors(*w.after, w.q.Order.CursorOf(t)) < 0) {
			w.page = append(w.page, t)
		}
	}
	return err
}
