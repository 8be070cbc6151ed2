package search

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/query/series"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// errNoMetrics says that a query selects spans and makes no numbers of them.
var errNoMetrics = errors.New("not a metrics query")

// Metrics computes the series of a metrics query from the spans that start
// within g, with up to so many exemplars in each. Errors are as those of
// [Engine.Traces].
func (e *Engine) Metrics(ctx context.Context, project string, q *query.Query, g series.Grid, exemplars int) ([]series.Series, error) {
	return e.metrics(ctx, project, q, g, exemplars, false)
}

// metrics is Metrics; with streamed, spans are read also where the store could
// count them by itself.
func (e *Engine) metrics(ctx context.Context, project string, q *query.Query, g series.Grid, exemplars int, streamed bool) ([]series.Series, error) {
	if q.Metrics == nil {
		return nil, errNoMetrics
	}
	within := model.TimeRange{Start: g.Start, End: g.End}
	if err := e.checkRange(within); err != nil {
		return nil, err
	}
	s := e.newSearch(project, q)
	switch steps := g.Steps(); {
	case steps == 0:
		return nil, nil
	case steps > s.limits.MaxPoints:
		return nil, s.limits.tooManyPoints()
	}
	m := &metricsSearch{walk: s.newWalk(repo.SpanQuery{Start: within}, nil), grid: g}
	m.collector = series.New(q.Metrics, g, s.limits.MaxSeries)
	m.collector.Exemplars = exemplars
	m.collector.MaxPoints = m.maxCells()
	collect := m.stream
	// The store takes times from 1 on only.
	if !streamed && g.Start > 0 && plan.Columns(q.Metrics, s.plan) {
		collect = m.aggregate
	}
	if err := collect(ctx); err != nil {
		return nil, m.explain(err)
	}
	found := m.collector.Series()
	return found, m.fillExemplars(ctx, found)
}

// metricsSearch computes series.
type metricsSearch struct {
	*walk
	grid series.Grid

	mu        sync.Mutex
	collector *series.Collector
}

// explain says which limit an error of the collector or the store means.
func (m *metricsSearch) explain(err error) error {
	switch {
	case errors.Is(err, series.ErrTooManySeries):
		return m.limits.tooManySeries()
	case errors.Is(err, series.ErrTooManyPoints), errors.Is(err, repo.ErrTooMany):
		return m.limits.tooManyPoints()
	default:
		return err
	}
}

// cellsPerPoint is how many cells there may be for each point of the answer
// where values are told apart: the buckets of a quantile hold few values each.
const cellsPerPoint = 4

// mostText is how many bytes of labels a store is to return.
const mostText = 32 << 20

func (m *metricsSearch) maxCells() int {
	if len(m.collector.Bounds()) > 0 {
		return int(m.limits.MaxPoints) * cellsPerPoint
	}
	return int(m.limits.MaxPoints)
}

// aggregate lets the store count.
func (m *metricsSearch) aggregate(ctx context.Context) error {
	a := repo.Aggregation{
		Spans:    repo.SpanQuery{Where: m.plan.Spans, Start: m.asked.Start},
		Step:     m.grid.Step,
		Bounds:   m.collector.Bounds(),
		MaxCells: m.maxCells(),
		MaxText:  mostText,
	}
	for _, by := range m.query.Metrics.By {
		a.By = append(a.By, intrinsicOf(by))
	}
	if field := m.query.Metrics.Field; field != nil {
		a.Value = intrinsicOf(field)
	}
	cells, err := m.store.Aggregate(ctx, m.project, a)
	if err != nil {
		return fmt.Errorf("aggregate spans: %w", err)
	}
	for _, c := range cells {
		if err := m.collector.AddCell(c.Labels, c.Step, c.Bucket, c.Count, c.Sum, c.Min, c.Max, c.First); err != nil {
			return err
		}
	}
	return nil
}

// intrinsicOf returns the column that an expression is, where [plan.Columns]
// says that it is one.
func intrinsicOf(e query.Expr) query.Intrinsic {
	f, _ := e.(*query.Field)
	if f == nil {
		return 0
	}
	i, _ := columnOf(f)
	return i
}

// stream reads the spans. A trace gives all of them that lie in the grid at
// once.
func (m *metricsSearch) stream(ctx context.Context) error {
	if !m.alone() {
		return m.eachTrace(ctx, m.collect)
	}
	for page := range readAhead(ctx, m.pages) {
		if err := m.addSpans(page.spans); err != nil {
			return err
		}
		if page.err != nil {
			return page.err
		}
	}
	return ctx.Err()
}

// addSpans adds spans that are selected whatever else there is in their traces.
func (m *metricsSearch) addSpans(spans []*model.Span) error {
	for _, span := range spans {
		if err := m.collector.AddSpan(span, match.NewTrace([]*model.Span{span})); err != nil {
			return err
		}
	}
	return nil
}

// collect is the keeper of metrics: it keeps numbers only.
func (m *metricsSearch) collect(read subject, selected []match.Selected) ([]match.Selected, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range selected {
		if err := m.collector.AddSpan(s.Span, read.Trace); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
