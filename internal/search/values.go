package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// ValuesRequest asks for values of a field.
type ValuesRequest struct {
	Field  *query.Field
	Prefix string // of the value's text
	Range  model.TimeRange
	Limit  int // most values; 0 for 100
}

// ValueCount is a value, and on how many spans it was seen.
type ValueCount struct {
	Value query.Value
	Count int64
}

// AttributeValues returns values that a field has on the spans of a time, the
// most frequent first. Complete says that all spans of the time were looked at;
// else the newest of them were. Long texts are left out.
func (e *Engine) AttributeValues(ctx context.Context, project string, r ValuesRequest) (values []ValueCount, complete bool, err error) {
	if err := e.checkRange(r.Range); err != nil {
		return nil, false, err
	}
	found := newCounts(func(v query.Value) query.Value {
		v.Text = strings.Clone(v.Text)
		return v
	})
	v := valuesSearch{recent: e.recent(project, r.Range), asked: r, found: found}
	switch column, narrow := columnOf(r.Field); {
	case narrow && !manyValued(column):
		complete, err = v.aggregate(ctx, column)
		if errors.Is(err, repo.ErrTooMany) {
			complete, err = v.eachSpan(ctx, v.present(column), v.count)
		}
	case narrow:
		complete, err = v.eachSpan(ctx, v.present(column), v.count)
	case r.Field.Intrinsic != 0 && query.Describe(r.Field.Intrinsic).Source != query.FromBody:
		complete, err = v.eachTrace(ctx, v.count)
	default:
		complete, err = v.eachContent(ctx, v.count)
	}
	if err != nil {
		return nil, false, err
	}
	for value, count := range found.of {
		values = append(values, ValueCount{Value: value, Count: count})
	}
	slices.SortFunc(values, func(a, b ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), compareValues(a.Value, b.Value))
	})
	return values[:min(len(values), limitOr(r.Limit))], complete && !found.full, nil
}

// manyValued reports whether nearly every span has a value of its own, so that
// a store would count them in vain.
func manyValued(i query.Intrinsic) bool {
	return i == query.SpanID || i == query.ParentID || i == query.TraceID || i == query.SpanDuration
}

func compareValues(a, b query.Value) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Int, b.Int), cmp.Compare(a.Float, b.Float))
}

// valuesSearch counts the values of a field.
type valuesSearch struct {
	*recent
	asked ValuesRequest
	found *counts[query.Value]
}

// mostDistinct is how many distinct values a store is to tell apart.
const mostDistinct = 10_000

// aggregate lets the store count the values of a column.
func (v *valuesSearch) aggregate(ctx context.Context, column query.Intrinsic) (complete bool, err error) {
	within := v.within
	if within.Start <= 0 {
		within.Start = 1
	}
	if within.End == 0 {
		within.End = math.MaxInt64
	}
	if within.End <= within.Start {
		return true, nil
	}
	cells, err := v.store.Aggregate(ctx, v.project, repo.Aggregation{
		Spans:    repo.SpanQuery{Start: within, Where: v.present(column)},
		Step:     within.End - within.Start,
		By:       []query.Intrinsic{column},
		MaxCells: mostDistinct,
		MaxText:  mostText,
	})
	if err != nil {
		return false, fmt.Errorf("count values: %w", err)
	}
	for _, c := range cells {
		if v.wanted(c.Labels[0]) {
			v.found.of[c.Labels[0]] += c.Count
		}
	}
	return true, nil
}

// present holds for spans on which a column is present and may begin as asked.
func (v *valuesSearch) present(column query.Intrinsic) plan.Condition {
	if v.asked.Prefix != "" && query.Describe(column).Kind == query.KindString {
		return plan.Term{Intrinsic: column, Op: plan.HasPrefix, Value: query.Text(v.asked.Prefix)}
	}
	return plan.Term{Intrinsic: column, Op: plan.NotEqual}
}

// count counts the values on some spans of one trace, or all.
func (v *valuesSearch) count(spans []*model.Span) {
	t := match.NewTrace(spans)
	for _, span := range spans {
		if !v.within.Contains(span.StartNano) {
			continue
		}
		distinct := make(map[query.Value]struct{})
		for _, value := range t.Values(v.asked.Field, span) {
			if v.wanted(value) {
				distinct[value] = struct{}{}
			}
		}
		v.found.add(distinct)
	}
}

// wanted reports whether a value is worth offering. NaN is equal to nothing, so
// that nobody can ask for it.
func (v *valuesSearch) wanted(value query.Value) bool {
	text := value.Text
	if value.Kind != query.KindString {
		text = value.String()
	}
	return value.Kind != query.KindNil && value.Float == value.Float &&
		len(text) <= longestText && strings.HasPrefix(text, v.asked.Prefix)
}
