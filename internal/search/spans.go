package search

import (
	"context"
	"fmt"
	"iter"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Spans yields the spans that sq selects and q too, as narrow spans, in the
// order of sq, from sq.After on, up to sq.Limit of them (0 for all). Errors and
// progress are as those of [Engine.Traces].
func (e *Engine) Spans(ctx context.Context, project string, q *query.Query, sq repo.SpanQuery, progress func(Progress)) iter.Seq2[match.Selected, error] {
	return e.spans(ctx, project, q, sq, progress, verdictsBytes)
}

// spans is Spans with so much memory for verdicts.
func (e *Engine) spans(ctx context.Context, project string, q *query.Query, sq repo.SpanQuery, progress func(Progress), room int) iter.Seq2[match.Selected, error] {
	return func(yield func(match.Selected, error) bool) {
		if sq.TraceID.IsZero() {
			if err := e.checkRange(sq.Start); err != nil {
				yield(match.Selected{}, err)
				return
			}
		}
		s := e.newSearch(project, q)
		w := spanSearch{walk: s.newWalk(sq, progress), known: newVerdicts(room)}
		w.yield = func(m match.Selected) bool { return yield(m, nil) }
		find := w.find
		if s.alone() {
			find = w.list
		}
		if err := find(ctx); err != nil {
			yield(match.Selected{}, err)
		}
	}
}

// spanSearch finds spans.
type spanSearch struct {
	*walk
	known *verdicts
	yield func(match.Selected) bool
}

// list yields the spans of the walk: each of them is selected.
func (w *spanSearch) list(ctx context.Context) error {
	for page := range readAhead(ctx, w.pages) {
		for _, span := range page.spans {
			found := match.Selected{Span: span}
			if w.named() {
				found.Fields = w.fieldsOf(span)
			}
			if !w.found(found) {
				return nil
			}
			w.tally.walk(span.StartNano)
		}
		if page.err != nil {
			return page.err
		}
	}
	w.tally.finish()
	return ctx.Err()
}

// named reports whether the query asks for fields of the spans that it selects.
func (w *spanSearch) named() bool {
	_, ok := w.query.Source.(*query.Filter)
	return !ok
}

// fieldsOf returns the fields of a span that is selected whatever else there is
// in its trace.
func (w *spanSearch) fieldsOf(span *model.Span) []match.Named {
	for _, selected := range match.Select(w.query, match.NewTrace([]*model.Span{span})) {
		return selected.Fields
	}
	return nil
}

// found hands out a result, and returns whether another one is wanted.
func (w *spanSearch) found(s match.Selected) bool {
	w.tally.now.Found++
	if !w.yield(s) {
		return false
	}
	if w.tally.now.Found == int64(w.asked.Limit) {
		w.tally.finish()
		return false
	}
	return true
}

// find decides the traces of the spans of the walk, and yields those spans that
// are selected.
func (w *spanSearch) find(ctx context.Context) error {
	for page := range readAhead(ctx, w.pages) {
		more, err := w.findOn(ctx, page.spans)
		if err == nil {
			err = page.err
		}
		if err != nil || !more {
			return err
		}
	}
	w.tally.finish()
	return ctx.Err()
}

// findOn yields the selected spans of one page of the walk, and returns whether
// more are wanted.
func (w *spanSearch) findOn(ctx context.Context, spans []*model.Span) (more bool, err error) {
	p := newSpanPage(spans)
	unknown := p.decideKnown(w.known)
	for decisions := range w.decided(ctx, chunksOf(unknown, w.limits.Workers), w.detach) {
		for _, d := range decisions.made {
			if err := w.tally.add(d); err != nil {
				return false, err
			}
			v := verdictOf(d)
			p.decide(v)
			w.known.add(v)
		}
		if !w.emit(p) {
			return false, nil
		}
		if decisions.err != nil {
			return false, decisions.err
		}
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return w.emit(p), nil
}

// emit yields what is decided of a page, up to the first span that is not.
func (w *spanSearch) emit(p *spanPage) bool {
	for ; p.next < len(p.spans) && p.fates[p.next] != undecided; p.next++ {
		w.tally.walk(p.spans[p.next].StartNano)
		if p.fates[p.next] == rejected {
			w.appetite.reject(1)
			continue
		}
		found := match.Selected{Span: p.spans[p.next], Fields: p.fields[p.next]}
		p.fields[p.next] = nil
		if !w.found(found) {
			return false
		}
	}
	return true
}

// spanPage is a page of the walk while it is decided.
type spanPage struct {
	spans   []*model.Span
	fates   []fate
	fields  [][]match.Named
	byTrace map[model.TraceID][]int // places in spans
	order   []model.TraceID         // as they appear
	next    int                     // the first span that was not handed out
}

// fate is what becomes of a span.
type fate uint8

const (
	undecided fate = iota
	rejected
	accepted
)

func newSpanPage(spans []*model.Span) *spanPage {
	p := &spanPage{
		spans:   spans,
		fates:   make([]fate, len(spans)),
		fields:  make([][]match.Named, len(spans)),
		byTrace: make(map[model.TraceID][]int),
	}
	for i, span := range spans {
		if p.byTrace[span.TraceID] == nil {
			p.order = append(p.order, span.TraceID)
		}
		p.byTrace[span.TraceID] = append(p.byTrace[span.TraceID], i)
	}
	return p
}

// decideKnown decides the spans of known traces, and returns the other traces.
func (p *spanPage) decideKnown(known *verdicts) []candidate {
	var unknown []candidate
	for _, id := range p.order {
		if v := known.find(id); v != nil {
			p.decide(v)
		} else {
			unknown = append(unknown, candidate{ref: repo.TraceRef{ID: id}})
		}
	}
	return unknown
}

// decide decides the spans of one trace.
func (p *spanPage) decide(v *verdict) {
	for _, i := range p.byTrace[v.trace] {
		p.fates[i] = rejected
		if fields, ok := v.selected[keyOf(p.spans[i])]; ok {
			p.fates[i], p.fields[i] = accepted, fields
		}
	}
}

// walk reads the spans that may be selected, in the order of a list.
type walk struct {
	*search
	asked    repo.SpanQuery
	appetite *appetite
	tally    tally
}

func (s *search) newWalk(asked repo.SpanQuery, progress func(Progress)) *walk {
	return &walk{search: s, asked: asked, appetite: newAppetite(asked.Limit), tally: tally{limits: s.limits, tell: progress}}
}

// walkedPage is a page of the walk, and what went wrong behind it.
type walkedPage struct {
	spans []*model.Span
	err   error
}

func (w *walk) pages(ctx context.Context, yield func(walkedPage) bool) {
	asked := w.asked
	asked.Where = both(asked.Where, w.plan.Spans)
	for size := pageFor(w.asked.Limit); w.appetite.wait(ctx); size = min(2*size, largestPage) {
		asked.Limit = size
		page, err := w.store.Spans(ctx, w.project, asked)
		if err != nil {
			yield(walkedPage{err: fmt.Errorf("list candidates: %w", err)})
			return
		}
		w.appetite.serve(len(page))
		if !yield(walkedPage{spans: page}) || len(page) < size {
			return
		}
		asked.After = new(repo.SpanCursorOf(page[len(page)-1]))
	}
}

// chunksOf divides candidates of which no size is known.
func chunksOf(candidates []candidate, workers int) source[chunk] {
	most := max(1, chunkSize(len(candidates), workers))
	return func(_ context.Context, yield func(chunk) bool) {
		for len(candidates) > 0 {
			n := min(most, len(candidates))
			if !yield(chunk{candidates: candidates[:n]}) {
				return
			}
			candidates = candidates[n:]
		}
	}
}
