package postgres

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// TraceSpans yields narrow spans of the wanted traces.
func (s *Store) TraceSpans(ctx context.Context, project string, where plan.Condition, refs ...repo.TraceRef) iter.Seq2[[]*model.Span, error] {
	return func(yield func([]*model.Span, error) bool) {
		for chunk := range slices.Chunk(refs, maxRefs) {
			goOn, err := s.traceSpans(ctx, project, where, chunk, yield)
			if err != nil {
				yield(nil, s.explain(ctx, "read spans of traces", err))
				return
			}
			if !goOn {
				return
			}
		}
	}
}

// traceSpans yields a trace whenever the first span of the next one comes.
func (s *Store) traceSpans(ctx context.Context, project string, where plan.Condition, refs []repo.TraceRef, yield func([]*model.Span, error) bool) (goOn bool, err error) {
	places, err := s.placesOf(ctx, project, refs)
	if err != nil || len(places) == 0 {
		return true, err
	}
	settings, partitioned := planEachTime, ofOneDayEach(places)
	if partitioned {
		settings = planOnce
	}
	var trace []*model.Span
	var place, last int64
	take := func(_ int, rows pgx.Rows) (bool, error) {
		span, err := scanSpan(rowBehind{rows, &place})
		if err != nil {
			return false, err
		}
		if place != last && trace != nil {
			if !yield(trace, nil) {
				return false, nil
			}
			trace = nil
		}
		last = place
		trace = append(trace, span)
		return true, nil
	}
	goOn, err = s.stream(ctx, settings, traceSpansQueries(project, where, places, 0, partitioned), take)
	if partitioned && stateOf(err) == undefinedTable {
		// A day is being dropped. What came was whole traces.
		goOn, err = s.stream(ctx, planEachTime, traceSpansQueries(project, where, places, int(last), false), take)
	}
	if err != nil || !goOn || trace == nil {
		return goOn, err
	}
	return yield(trace, nil), nil
}

// ofOneDayEach reports whether each trace is on one day. Partitions are asked
// themselves then, since the plans of that are kept: to plan takes longer than to look.
func ofOneDayEach(places []placeOf) bool {
	return !slices.ContainsFunc(places, func(p placeOf) bool { return p.first != p.last })
}

// rowBehind is a row behind a number.
type rowBehind struct {
	pgx.CollectableRow
	number *int64
}

func (r rowBehind) Scan(dest ...any) error {
	return r.CollectableRow.Scan(append([]any{r.number}, dest...)...)
}

// placeOf is where a trace that is stored may be, and how many of its spans are
// wanted at most.
type placeOf struct {
	id model.TraceID
	daysOf
	most int64
}

// placesOf returns where the wanted traces are, in the order of refs. Those
// whose range is open are looked up; of the others, it tells the days.
func (s *Store) placesOf(ctx context.Context, project string, refs []repo.TraceRef) ([]placeOf, error) {
	isOpen := func(r repo.TraceRef) bool { return r.Range.Start == 0 || r.Range.End == 0 }
	var open []model.TraceID
	for _, r := range refs {
		if isOpen(r) {
			open = append(open, r.ID)
		}
	}
	var found map[model.TraceID]daysOf
	if len(open) > 0 {
		var err error
		if found, err = findDays(ctx, s.reads, project, open); err != nil {
			return nil, err
		}
	}
	var places []placeOf
	for _, r := range refs {
		days, ok := daysOf{model.Day(r.Range.Start), model.Day(r.Range.End - 1)}, true
		if isOpen(r) {
			days, ok = found[r.ID]
		}
		if ok {
			places = append(places, placeOf{r.ID, days, cmp.Or(r.MaxSpans, math.MaxInt64)})
		}
	}
	return places, nil
}

// traceSpansSQL goes through the traces one after the other, as a join could but
// need not: OFFSET keeps the lateral query apart. It reads all spans of a trace and
// then asks what holds for them: with an index of what is asked, PostgreSQL would
// read that of the whole day for each trace. With each row comes the place of its
// trace, for one may be wanted twice.
func traceSpansSQL(project string, where plan.Condition, ids []pgtype.UUID, first int, days daysOf, most int64, partitioned bool) statement {
	var c conditions
	table := `spans`
	wanted := `SELECT ` + c.arg(first) + `::bigint + wanted.place, s.*
FROM unnest(` + c.arg(ids) + `::uuid[]) WITH ORDINALITY AS wanted (trace_id, place),`
	c.add(`project = ?`, project)
	c.add(`spans.trace_id = wanted.trace_id`)
	if partitioned {
		table += `_` + suffix(days.first)
	} else {
		c.addBetween(`start_ns`, days.first, lastOf(days.last))
	}
	trace := `(SELECT * FROM ` + table + ` AS spans WHERE ` + c.take() + ` OFFSET 0) AS spans`
	c.terms = []string{`true`} // where may be nil
	c.addCondition(where)
	return statement{wanted + `
LATERAL (
    SELECT ` + spanColumns + `
    FROM ` + trace + `
    WHERE ` + c.take() + `
    LIMIT ` + c.arg(most) + `
) AS s
ORDER BY wanted.place, s.start_ns, s.span_id`, c.args}
}

// traceSpansQueries makes a query of each run of traces that are on the same
// days, and of which as many spans are wanted, from the trace with a number on: all in
// one would be planned over all days between the first and the last of them.
func traceSpansQueries(project string, where plan.Condition, places []placeOf, first int, partitioned bool) []statement {
	var queries []statement
	for first < len(places) {
		days, most := places[first].daysOf, places[first].most
		var ids []pgtype.UUID
		for _, p := range places[first:] {
			if p.daysOf != days || p.most != most {
				break
			}
			ids = append(ids, uuid(p.id))
		}
		queries = append(queries, traceSpansSQL(project, where, ids, first, days, most, partitioned))
		first += len(ids)
	}
	return queries
}
