package tail

import (
	"bytes"
	"context"
	"errors"
	"iter"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Traces follows the traces of a project that get new spans: each as it is
// then, if tq selects it by its plain fields and q, where it is not nil, selects
// a span of it. The sequence is as that of [Hub.Spans]. A trace that was written
// to several times in a row may come once.
//
// A trace beyond Config.MaxTraceSpans or MaxTraceBytes is not put to a query any
// more, and left out; the log says so. It is looked at again with each write, so
// that one which grows for ever would cost more and more.
func (h *Hub) Traces(
	ctx context.Context, project string, since repo.Cursor, tq repo.TraceQuery, q *query.Query,
) iter.Seq2[Event[*model.Trace], error] {
	p := &tracePicker{config: &h.config, project: project, query: q, fields: tq}
	p.onSpans = tq.SpanQueries()
	if q != nil {
		p.plan = plan.Of(q, otlp.Searchable)
		p.scan = p.plan.NewScan(otlp.Verbatim)
		p.onSpans = append(p.onSpans, repo.TraceQuery{Having: p.plan.Having}.SpanQueries()...)
	}
	return follow(ctx, h, project, since, p.pick)
}

// tracePicker finds the wanted ones among the traces of changes.
type tracePicker struct {
	config  *Config
	project string
	fields  repo.TraceQuery
	onSpans []repo.SpanQuery // each must select a span of the trace
	query   *query.Query     // nil for none
	plan    plan.Plan        // of the query
	scan    *plan.Scan
}

func (p *tracePicker) pick(ctx context.Context, changes []repo.Change) iter.Seq2[[]*model.Trace, error] {
	return func(yield func([]*model.Trace, error) bool) {
		var batch []*model.Trace
		seen := make(map[model.TraceID]bool)
		for _, c := range changes {
			for _, id := range c.TraceIDs {
				if seen[id] {
					continue
				}
				seen[id] = true
				t, err := p.trace(ctx, id)
				if err != nil {
					yield(nil, err)
					return
				}
				if t != nil {
					batch = append(batch, t)
				}
				if len(batch) == batchItems {
					if !yield(batch, nil) {
						return
					}
					batch = nil
				}
			}
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}

// trace returns a trace if it is wanted, nil if not, or if it has been removed.
func (p *tracePicker) trace(ctx context.Context, id model.TraceID) (*model.Trace, error) {
	t, err := p.config.Store.Trace(ctx, p.project, id)
	switch {
	case errors.Is(err, repo.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case !p.fields.MatchesTrace(t), p.plan.Where != nil && !plan.HoldsTrace(p.plan.Where, t):
		return nil, nil
	}
	for _, q := range p.onSpans {
		q.TraceID, q.Limit = id, 1
		found, err := p.config.Store.Spans(ctx, p.project, q)
		if err != nil || len(found) == 0 {
			return nil, err
		}
	}
	if p.query == nil {
		return t, nil
	}
	selected, err := p.selects(ctx, t)
	if err != nil || !selected {
		return nil, err
	}
	return t, nil
}

// selects reports whether the query selects a span of t.
func (p *tracePicker) selects(ctx context.Context, t *model.Trace) (bool, error) {
	if t.Spans > p.config.MaxTraceSpans {
		p.leaveOut(ctx, t)
		return false, nil
	}
	read := p.narrow
	if p.plan.Body {
		read = p.complete
	}
	spans, err := read(ctx, t)
	if err != nil || len(spans) == 0 {
		return false, err
	}
	return len(match.Select(p.query, match.NewTrace(spans))) > 0, nil
}

// narrow returns the spans of t without content.
func (p *tracePicker) narrow(ctx context.Context, t *model.Trace) ([]*model.Span, error) {
	for spans, err := range p.config.Store.TraceSpans(ctx, p.project, nil, repo.RefOf(t)) {
		return spans, err
	}
	return nil, nil
}

// complete returns the spans of t with their content, none where the content as
// it lies there tells that the query selects none.
func (p *tracePicker) complete(ctx context.Context, t *model.Trace) ([]*model.Span, error) {
	p.scan.Reset()
	var segments []repo.Segment
	size := 0
	for segment, err := range p.config.Store.Segments(ctx, p.project, repo.RefOf(t)) {
		if err != nil {
			return nil, err
		}
		if size += len(segment.Data); size > p.config.MaxTraceBytes {
			p.leaveOut(ctx, t)
			return nil, nil
		}
		p.scan.Segment(segment.Data)
		segment.Data = bytes.Clone(segment.Data)
		segments = append(segments, segment)
	}
	if !p.scan.MayMatch() {
		return nil, nil
	}
	var spans []*model.Span
	for _, segment := range segments {
		part, err := p.config.decode(p.project, segment)
		if err != nil {
			return nil, err
		}
		spans = append(spans, part...)
	}
	return spans, nil
}

func (p *tracePicker) leaveOut(ctx context.Context, t *model.Trace) {
	p.config.Log.WarnContext(ctx, "trace too large for a tail with a query, left out", "project", p.project, "trace", t.TraceID, "spans", t.Spans)
}
