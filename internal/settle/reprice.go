package settle

import (
	"context"
	"errors"
	"fmt"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// Repricer settles traces again that have settled, with the prices of now.
type Repricer struct {
	Store  Store
	Prices runs.Pricer
	Limits Limits
}

// Report says what a [Repricer] has done so far.
type Report struct {
	Traces  int64 // that were derived again
	Changed int64 // of these, whose cost is another now
	Skipped int64 // too large or damaged: they are as they were

	Before, After model.Cost // of Traces

	Reached int64 // the start of the last one looked at; they go from new to old
}

// pageTraces is how many traces are read between two reports.
const pageTraces = 100

// Reprice settles the traces of a project that start within a range. It calls
// progress, which may be nil, about every hundred traces. Traces that have not
// settled yet are left to the loop, with the prices that it has. An error ends it
// where Report.Reached says; what was done until then stays.
func (r *Repricer) Reprice(ctx context.Context, project string, within model.TimeRange, progress func(Report)) (Report, error) {
	p := &repricing{
		Repricer: r, project: project,
		reader: reader{store: r.Store, prices: r.Prices, limits: r.Limits.withDefaults(), compact: true},
	}
	q := repo.TraceQuery{Start: within, Order: repo.NewestFirst, Limit: pageTraces}
	for {
		page, err := r.Store.Traces(ctx, project, q)
		if err != nil {
			return p.report, fmt.Errorf("list traces to reprice: %w", err)
		}
		if len(page) == 0 {
			return p.report, nil
		}
		if err := p.page(ctx, page); err != nil {
			return p.report, err
		}
		last := q.Order.CursorOf(page[len(page)-1])
		q.After, p.report.Reached = &last, last.Key
		if progress != nil {
			progress(p.report)
		}
	}
}

// repricing is one run of a Repricer.
type repricing struct {
	*Repricer
	project string
	reader  reader
	report  Report

	settlements []repo.Settlement
	spans       map[model.TraceID]int // of these
	bytes       int
}

// page settles the traces of one page.
func (p *repricing) page(ctx context.Context, traces []*model.Trace) error {
	refs := make([]repo.TraceRef, 0, len(traces))
	before := make(map[model.TraceID]model.Cost, len(traces))
	for _, t := range traces {
		switch {
		case t.Spans > int64(p.reader.limits.Spans):
			p.report.Skipped++
		case t.Settled():
			refs = append(refs, repo.RefOf(t))
			before[t.TraceID] = t.Cost
		}
	}
	derived := func(w whole) {
		if w.err != nil {
			p.report.Skipped++
			return
		}
		cost := costOf(w.derived)
		p.report.Traces++
		p.report.Before = p.report.Before.Plus(before[w.ref.ID])
		p.report.After = p.report.After.Plus(cost)
		if cost != before[w.ref.ID] {
			p.report.Changed++
		}
	}
	return p.settle(ctx, refs, derived)
}

func costOf(d *runs.Derived) (sum model.Cost) {
	for _, part := range d.Parts {
		sum = sum.Plus(part.Cost)
	}
	return sum
}

// settle derives traces and stores what comes of it.
func (p *repricing) settle(ctx context.Context, refs []repo.TraceRef, derived func(whole)) error {
	for len(refs) > 0 {
		p.forget()
		var err error
		refs, err = p.reader.read(ctx, p.project, refs, func(w whole) bool {
			derived(w)
			return p.add(w)
		})
		if err != nil {
			return fmt.Errorf("read traces to reprice: %w", err)
		}
		if err := p.store(ctx); err != nil {
			return err
		}
	}
	return nil
}

// add adds a trace to what is to be stored, and returns whether more may come.
func (p *repricing) add(w whole) bool {
	if w.err == nil {
		p.settlements = append(p.settlements, w.settlement(p.project))
		p.spans[w.ref.ID] = w.spans
		p.bytes += w.bytes
	}
	return p.bytes < batchBytes
}

func (p *repricing) forget() {
	p.settlements, p.spans, p.bytes = nil, map[model.TraceID]int{}, 0
	p.reader.arena.reset()
}

// store stores what was derived, and then once more what is true of the traces
// that a loop has settled with more spans in between: ours came too late for
// them, and the loop of another process may have other prices. (Where such a
// trace has not settled, the loop's settlement is still to come.)
func (p *repricing) store(ctx context.Context) error {
	if len(p.settlements) == 0 {
		return nil
	}
	if err := p.Store.Settle(ctx, nil, p.settlements); err != nil {
		return fmt.Errorf("store repriced traces: %w", err)
	}
	var overtaken []repo.TraceRef
	for id, spans := range p.spans {
		t, err := p.Store.Trace(ctx, p.project, id)
		switch {
		case errors.Is(err, repo.ErrNotFound): // dropped meanwhile
		case err != nil:
			return fmt.Errorf("look at repriced traces: %w", err)
		case t.Settled() && t.Spans != int64(spans):
			overtaken = append(overtaken, repo.RefOf(t))
		}
	}
	return p.settle(ctx, overtaken, func(whole) {})
}
