package search

import (
	"context"
	"fmt"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// How much is looked at to make suggestions, which must be quick.
const (
	recentTraces = 300
	recentBytes  = 32 << 20
	recentSpans  = 20_000
)

// recent looks at the newest spans of a time.
type recent struct {
	store   repo.Reader
	project string
	within  model.TimeRange
}

func (e *Engine) recent(project string, within model.TimeRange) *recent {
	return &recent{store: e.Store, project: project, within: within}
}

// eachPage looks at narrow spans for which a condition holds, page by page, as
// long as look wants more, and returns whether it saw all of them.
func (r *recent) eachPage(ctx context.Context, where plan.Condition, look func([]*model.Span) (more bool)) (complete bool, err error) {
	q := repo.SpanQuery{Start: r.within, Where: where, Limit: repo.MaxPage}
	for range recentSpans / repo.MaxPage {
		page, err := r.store.Spans(ctx, r.project, q)
		if err != nil {
			return false, fmt.Errorf("list spans: %w", err)
		}
		if !look(page) {
			return false, nil
		}
		if len(page) < q.Limit {
			return true, nil
		}
		q.After = new(repo.SpanCursorOf(page[len(page)-1]))
	}
	return false, nil
}

// eachSpan looks at narrow spans, one at a time.
func (r *recent) eachSpan(ctx context.Context, where plan.Condition, look func([]*model.Span)) (complete bool, err error) {
	return r.eachPage(ctx, where, func(page []*model.Span) bool {
		for i := range page {
			look(page[i : i+1])
		}
		return true
	})
}

// refs returns the traces that the newest spans belong to, and whether these are
// all.
func (r *recent) refs(ctx context.Context, within model.TimeRange) (refs []repo.TraceRef, complete bool, err error) {
	seen := make(map[model.TraceID]struct{})
	complete, err = r.eachPage(ctx, nil, func(page []*model.Span) bool {
		for _, span := range page {
			if _, ok := seen[span.TraceID]; ok {
				continue
			}
			if len(refs) == recentTraces {
				return false
			}
			seen[span.TraceID] = struct{}{}
			refs = append(refs, repo.TraceRef{ID: span.TraceID, Range: within})
		}
		return true
	})
	return refs, complete, err
}

// eachTrace looks at whole narrow traces.
func (r *recent) eachTrace(ctx context.Context, look func([]*model.Span)) (complete bool, err error) {
	refs, complete, err := r.refs(ctx, model.TimeRange{})
	if err != nil {
		return false, err
	}
	for i := range refs {
		refs[i].MaxSpans = recentSpans + 1
	}
	seen := 0
	for spans, err := range r.store.TraceSpans(ctx, r.project, nil, refs...) {
		if err != nil {
			return false, fmt.Errorf("read spans: %w", err)
		}
		if seen > recentSpans {
			return false, nil
		}
		if len(spans) > recentSpans {
			complete = false // it is not there as a whole
			continue
		}
		look(spans)
		seen += len(spans)
	}
	return complete, nil
}

// eachContent looks at complete spans, some of a trace at a time.
func (r *recent) eachContent(ctx context.Context, look func([]*model.Span)) (complete bool, err error) {
	refs, complete, err := r.refs(ctx, r.within)
	if err != nil {
		return false, err
	}
	bytes := 0
	for segment, err := range r.store.Segments(ctx, r.project, refs...) {
		if err != nil {
			return false, fmt.Errorf("read content: %w", err)
		}
		if bytes += len(segment.Data); bytes > recentBytes {
			return false, nil
		}
		spans, err := otlp.DecodeSpans(r.project, segment.Data)
		if err != nil {
			return false, unreadable(segment.TraceID, err)
		}
		look(slices.DeleteFunc(spans, func(s *model.Span) bool { return !r.within.Contains(s.StartNano) }))
	}
	return complete, nil
}

// counts counts spans by what they have.
type counts[T comparable] struct {
	of   map[T]int64
	full bool // something was left out, since there was no room for it

	// detach makes what is kept independent of the content it was found in.
	detach func(T) T
}

// mostCounted bounds the memory of counts.
const mostCounted = 20_000

func newCounts[T comparable](detach func(T) T) *counts[T] {
	return &counts[T]{of: make(map[T]int64), detach: detach}
}

// add counts what one span has.
func (c *counts[T]) add(has map[T]struct{}) {
	for key := range has {
		if _, known := c.of[key]; known {
			c.of[key]++
		} else if len(c.of) < mostCounted {
			c.of[c.detach(key)] = 1
		} else {
			c.full = true
		}
	}
}
