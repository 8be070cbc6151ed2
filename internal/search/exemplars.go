package search

import (
	"context"
	"fmt"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/query/series"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// mostLookups bounds how many exemplars of one answer are looked up, at a seek
// each.
const mostLookups = 100

// fillExemplars looks up the spans of which the store told no more than when
// they started: one for each series before the second for any. Those that are
// not found in time are left out.
func (m *metricsSearch) fillExemplars(ctx context.Context, found []series.Series) error {
	left := mostLookups
	for place := range max(0, m.collector.Exemplars) {
		for i := range found {
			if place >= len(found[i].Exemplars) || left == 0 {
				continue
			}
			exemplar := &found[i].Exemplars[place]
			if !exemplar.TraceID.IsZero() {
				continue
			}
			left--
			if err := m.lookUp(ctx, found[i].Labels, exemplar); err != nil {
				return err
			}
		}
	}
	for i := range found {
		found[i].Exemplars = slices.DeleteFunc(found[i].Exemplars, func(e series.Exemplar) bool { return e.TraceID.IsZero() })
	}
	return nil
}

// lookUp completes an exemplar of a series: a span that starts then.
func (m *metricsSearch) lookUp(ctx context.Context, labels []series.Label, e *series.Exemplar) error {
	page, err := m.store.Spans(ctx, m.project, repo.SpanQuery{
		Start: model.Including(e.Time, e.Time),
		Where: m.counted(labels),
		Limit: 1,
	})
	if err != nil {
		return fmt.Errorf("look up an exemplar: %w", err)
	}
	for _, span := range page {
		e.TraceID, e.SpanID, e.Value = span.TraceID, span.SpanID, m.valueOn(span)
	}
	return nil
}

// counted holds for the spans that count in the series with some labels.
func (m *metricsSearch) counted(labels []series.Label) plan.Condition {
	var all plan.All
	if m.plan.Spans != nil {
		all = append(all, m.plan.Spans)
	}
	for _, by := range m.query.Metrics.By {
		term := plan.Term{Intrinsic: intrinsicOf(by), Op: plan.Equal} // absent
		for _, label := range labels {
			if label.Name == by.String() {
				term.Value = label.Value
			}
		}
		all = append(all, term)
	}
	if field := m.query.Metrics.Field; field != nil {
		all = append(all, plan.Term{Intrinsic: intrinsicOf(field), Op: plan.NotEqual}) // present
	}
	return all
}

// valueOn returns what a span adds to its series, in the unit of the answer.
func (m *metricsSearch) valueOn(span *model.Span) float64 {
	field := m.query.Metrics.Field
	if field == nil {
		return 1
	}
	value := match.NewTrace([]*model.Span{span}).First(field, span)
	number, _ := value.Number()
	if value.Kind == query.KindDuration {
		number /= 1e9
	}
	return number
}
