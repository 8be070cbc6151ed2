package search

import (
	"context"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// EachTrace calls visit with each trace of which q selects a span that starts
// within a range: with all spans of the trace, complete, and with those that are
// selected, wherever they start. It does so once for each trace, from several
// goroutines; visit keeps nothing of what it is given. Errors are as those of
// [Engine.Traces], or what visit returned.
func (e *Engine) EachTrace(
	ctx context.Context, project string, q *query.Query, within model.TimeRange, visit func(spans []*model.Span, selected []match.Selected) error,
) error {
	if err := e.checkRange(within); err != nil {
		return err
	}
	s := e.newSearch(project, q)
	s.plan.Body = true
	return s.newWalk(repo.SpanQuery{Start: within}, nil).eachTrace(ctx,
		func(read subject, selected []match.Selected) ([]match.Selected, error) {
			return nil, visit(read.spans, selected)
		})
}

// eachTrace decides the traces of the spans of the walk, each when the walk
// meets the first of its spans.
func (w *walk) eachTrace(ctx context.Context, keep keeper) error {
	met := make(map[model.TraceID]struct{}) // at most MaxTraces
	for page := range readAhead(ctx, w.pages) {
		if err := w.decideAll(ctx, unmet(page.spans, met), keep); err != nil {
			return err
		}
		if page.err != nil {
			return page.err
		}
	}
	return ctx.Err()
}

// unmet returns the traces that are met for the first time.
func unmet(spans []*model.Span, met map[model.TraceID]struct{}) []candidate {
	var fresh []candidate
	for _, span := range spans {
		if _, ok := met[span.TraceID]; !ok {
			met[span.TraceID] = struct{}{}
			fresh = append(fresh, candidate{ref: repo.TraceRef{ID: span.TraceID}})
		}
	}
	return fresh
}

func (w *walk) decideAll(ctx context.Context, candidates []candidate, keep keeper) error {
	for decisions := range w.decided(ctx, chunksOf(candidates, w.limits.Workers), keep) {
		for _, d := range decisions.made {
			if err := w.tally.add(d); err != nil {
				return err
			}
		}
		if decisions.err != nil {
			return decisions.err
		}
	}
	return nil
}
