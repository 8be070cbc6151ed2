package tail

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Spans follows the new spans of a project that sq selects by its plain fields
// and q by its condition: those stored behind since, or from now on where that
// is "". The query may be nil; else it must be one that each span decides alone
// (query.Query.Local). Spans have their Body where full is set.
//
// The sequence ends with an error only: that of ctx, ErrStopped,
// repo.ErrCursorExpired, or what the store says. Nothing of the store is held
// while an event is being consumed.
func (h *Hub) Spans(
	ctx context.Context, project string, since repo.Cursor, sq repo.SpanQuery, q *query.Query, full bool,
) iter.Seq2[Event[*model.Span], error] {
	p := &spanPicker{config: &h.config, project: project, query: sq, full: full}
	if q != nil {
		if filter, ok := q.Source.(*query.Filter); ok {
			p.condition = filter.Condition
		}
		p.scan = plan.Of(q, otlp.Searchable).NewScan(otlp.Verbatim)
	}
	return follow(ctx, h, project, since, p.pick)
}

// spanPicker finds the wanted ones among the new spans of changes.
type spanPicker struct {
	config    *Config
	project   string
	query     repo.SpanQuery
	condition query.Expr // nil for none
	scan      *plan.Scan // nil where there is no condition
	full      bool

	batch []*model.Span
	bytes int // of the segments that the batch is from
}

func (p *spanPicker) pick(ctx context.Context, changes []repo.Change) iter.Seq2[[]*model.Span, error] {
	return func(yield func([]*model.Span, error) bool) {
		p.batch, p.bytes = nil, 0
		for i := range changes {
			for refs := p.refsOf(&changes[i]); len(refs) > 0; {
				var err error
				if refs, err = p.gather(ctx, refs); err != nil {
					yield(nil, err)
					return
				}
				if !p.enough() {
					continue
				}
				if !yield(p.batch, nil) {
					return
				}
				p.batch, p.bytes = nil, 0
			}
		}
		if len(p.batch) > 0 {
			yield(p.batch, nil)
		}
	}
}

func (p *spanPicker) enough() bool { return len(p.batch) >= batchItems || p.bytes >= batchBytes }

// refsOf returns what to ask the new spans of a change by; nothing where its
// traces and times tell that none is wanted.
func (p *spanPicker) refsOf(c *repo.Change) []repo.TraceRef {
	if r := p.query.Start; r.Start > c.Latest || r.End != 0 && r.End <= c.Earliest {
		return nil
	}
	refs := make([]repo.TraceRef, 0, len(c.TraceIDs))
	for _, id := range c.TraceIDs {
		if p.query.TraceID.IsZero() || p.query.TraceID == id {
			refs = append(refs, repo.TraceRef{ID: id, Range: model.Including(c.Earliest, c.Latest), Write: c.Write})
		}
	}
	return refs
}

// gather adds the wanted spans of some traces to the batch, and returns the
// traces that are left when it is enough.
func (p *spanPicker) gather(ctx context.Context, refs []repo.TraceRef) ([]repo.TraceRef, error) {
	var current model.TraceID
	for segment, err := range p.config.Store.Segments(ctx, p.project, refs...) {
		if err != nil {
			return nil, err
		}
		if segment.TraceID != current && p.enough() {
			at := slices.IndexFunc(refs, func(r repo.TraceRef) bool { return r.ID == segment.TraceID })
			return refs[max(at, 0):], nil
		}
		current = segment.TraceID
		if err := p.add(segment); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// add adds the wanted spans of a segment to the batch.
func (p *spanPicker) add(segment repo.Segment) error {
	if p.scan != nil {
		p.scan.Reset()
		if !p.scan.Segment(segment.Data) {
			return nil
		}
	}
	spans, err := p.config.decode(p.project, segment)
	if err != nil {
		return err
	}
	before := len(p.batch)
	for _, s := range spans {
		if !p.query.Matches(s) || p.condition != nil && !match.Holds(p.condition, s) {
			continue
		}
		if !p.full {
			s.Body = nil
		}
		p.batch = append(p.batch, s)
	}
	if len(p.batch) > before {
		p.bytes += len(segment.Data)
	}
	return nil
}

// decode reads a stored segment, and adds what model calls cost. What is wrong with
// it is not the fault of whoever asks, so the error does not say what kind it is.
func (c *Config) decode(project string, segment repo.Segment) ([]*model.Span, error) {
	spans, err := otlp.DecodeSpans(project, segment.Data)
	if err != nil {
		return nil, fmt.Errorf("segment of trace %s: unreadable: %v", segment.TraceID, err)
	}
	if c.Price != nil {
		model.FillCosts(spans, c.Price)
	}
	return spans, nil
}
