package search

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Traces yields the traces that tq selects and in which q selects a span, in the
// order of tq, from tq.After on, up to tq.Limit of them (0 for all). An error is
// the last thing it yields: a [*TooBroad], one of the store, or that of ctx.
// Progress may be nil.
func (e *Engine) Traces(ctx context.Context, project string, q *query.Query, tq repo.TraceQuery, progress func(Progress)) iter.Seq2[TraceMatch, error] {
	return func(yield func(TraceMatch, error) bool) {
		if err := e.checkRange(tq.Start); err != nil {
			yield(TraceMatch{}, err)
			return
		}
		s := e.newSearch(project, q)
		t := traceSearch{search: s, asked: tq, appetite: newAppetite(tq.Limit)}
		t.tally = tally{limits: s.limits, tell: progress}
		if err := t.run(ctx, func(m TraceMatch) bool { return yield(m, nil) }); err != nil {
			yield(TraceMatch{}, err)
		}
	}
}

// traceSearch finds traces.
type traceSearch struct {
	*search
	asked    repo.TraceQuery
	appetite *appetite
	tally    tally
}

func (t *traceSearch) run(ctx context.Context, yield func(TraceMatch) bool) error {
	for decisions := range t.decided(ctx, t.candidates, t.detach) {
		for _, d := range decisions.made {
			if t.asked.Order == repo.NewestFirst {
				t.tally.now.Reached = d.trace.StartNano
			}
			if err := t.tally.add(d); err != nil {
				return err
			}
			if len(d.selected) == 0 {
				t.appetite.reject(1)
				continue
			}
			t.tally.now.Found++
			if !yield(TraceMatch{Trace: d.trace, Spans: d.selected}) {
				return nil
			}
			if t.tally.now.Found == int64(t.asked.Limit) {
				t.tally.finish()
				return nil
			}
		}
		if decisions.err != nil {
			return decisions.err
		}
	}
	t.tally.finish()
	return ctx.Err()
}

// Sizes of pages of candidates, and of the chunks that they are decided in.
const (
	smallestPage = 16
	firstPage    = 64 // where all results are wanted
	largestPage  = 512
	chunkTraces  = 32
	chunkSpans   = 2000
)

// candidates reads pages of traces that may match, larger ones as the search
// goes on.
func (t *traceSearch) candidates(ctx context.Context, yield func(chunk) bool) {
	asked := t.asked
	asked.Where = both(asked.Where, t.plan.Where)
	asked.Having = slices.Concat(asked.Having, t.plan.Having)
	for size := pageFor(t.asked.Limit); t.appetite.wait(ctx); size = min(2*size, largestPage) {
		asked.Limit = size
		page, err := t.store.Traces(ctx, t.project, asked)
		if err != nil {
			yield(chunk{err: fmt.Errorf("list candidates: %w", err)})
			return
		}
		t.appetite.serve(len(page))
		for c := range t.chunks(page) {
			if !yield(c) {
				return
			}
		}
		if len(page) < size {
			return
		}
		asked.After = new(asked.Order.CursorOf(page[len(page)-1]))
	}
}

// pageFor returns how many candidates to ask for first.
func pageFor(results int) int {
	if results <= 0 {
		return firstPage
	}
	return min(max(results, smallestPage), largestPage)
}

// chunks divides a page so that all workers have something of it, and none
// too much. Where few spans of a trace are read, asking costs more than reading.
func (t *traceSearch) chunks(page []*model.Trace) iter.Seq[chunk] {
	most := chunkSize(len(page), t.limits.Workers)
	if t.narrowed != nil {
		most = chunkTraces
	}
	return func(yield func(chunk) bool) {
		var c chunk
		spans := int64(0)
		for _, trace := range page {
			if n := len(c.candidates); n == most || n > 0 && spans+trace.Spans > chunkSpans {
				if !yield(c) {
					return
				}
				c, spans = chunk{}, 0
			}
			c.candidates = append(c.candidates, candidate{trace: trace, ref: repo.RefOf(trace)})
			spans += trace.Spans
		}
		if len(c.candidates) > 0 {
			yield(c)
		}
	}
}

func chunkSize(page, workers int) int {
	return min((page+workers-1)/workers, chunkTraces)
}
