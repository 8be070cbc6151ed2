package search

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// candidate is a trace that may match.
type candidate struct {
	trace *model.Trace // nil where no more than the id is known
	ref   repo.TraceRef
}

// chunk is some candidates that are decided by one worker, and what went wrong
// behind them.
type chunk struct {
	candidates []candidate
	err        error
}

// decision is what became of a candidate.
type decision struct {
	candidate
	selected []match.Selected
	read     int       // spans
	bytes    int64     // of content
	excess   *TooBroad // why it is undecided
}

// decisions is what became of the first candidates of a chunk. The rest was not
// looked at, since what was found is enough to keep in memory for now.
type decisions struct {
	made []decision
	rest chunk
	err  error // behind them
}

// keeper takes what a trace is good for out of it, before it is forgotten.
type keeper func(read subject, selected []match.Selected) ([]match.Selected, error)

// subject is a trace that was read.
type subject struct {
	*match.Trace
	spans []*model.Span // all
}

// decided yields what becomes of the candidates in chunks, in their order.
func (s *search) decided(ctx context.Context, from source[chunk], keep keeper) iter.Seq[decisions] {
	work := func(ctx context.Context, c chunk) decisions {
		if !s.slots.take(ctx) {
			return decisions{err: ctx.Err()}
		}
		defer s.slots.leave()
		return s.refuse(ctx, s.decide(ctx, c, keep))
	}
	return func(yield func(decisions) bool) {
		for d := range inOrder(ctx, s.limits.Workers, from, work) {
			for {
				if !yield(d) {
					return
				}
				if len(d.rest.candidates) == 0 {
					break
				}
				d = work(ctx, d.rest)
			}
		}
	}
}

// enough is how much of the results of one chunk, by their weight, are kept
// while they wait for their turn.
const enough = 4 << 20

// decide reads and decides the candidates of a chunk.
func (s *search) decide(ctx context.Context, c chunk, keep keeper) decisions {
	if len(c.candidates) == 0 {
		return decisions{err: c.err}
	}
	readable, tooLarge := s.readable(c.candidates)
	out := decisions{made: make([]decision, 0, len(readable)), err: c.err}
	if tooLarge != nil {
		out.err = tooLarge
	}
	weight := 0
	for l, err := range s.load(ctx, refsOf(readable)) {
		if err != nil {
			out.err = err
			return out
		}
		// What is gone meanwhile is not among the traces that are read.
		for len(readable) > 0 && readable[0].ref.ID != l.id {
			out.made = append(out.made, decision{candidate: readable[0]})
			readable = readable[1:]
		}
		if len(readable) == 0 {
			break
		}
		d, err := s.decideOne(readable[0], l, keep)
		if err != nil {
			out.err = err
			return out
		}
		out.made = append(out.made, d)
		readable = readable[1:]
		if weight += weightOf(d.selected); weight > enough && len(readable) > 0 {
			out.rest, out.err = chunk{candidates: c.candidates[len(out.made):], err: c.err}, nil
			return out
		}
	}
	for _, gone := range readable {
		out.made = append(out.made, decision{candidate: gone})
	}
	return out
}

func refsOf(candidates []candidate) []repo.TraceRef {
	refs := make([]repo.TraceRef, len(candidates))
	for i := range candidates {
		refs[i] = candidates[i].ref
	}
	return refs
}

// readable returns the candidates before the first one that is known to be too
// large.
func (s *search) readable(candidates []candidate) ([]candidate, error) {
	for i, c := range candidates {
		if c.trace != nil && c.trace.Spans > s.limits.MaxTraceSpans {
			return candidates[:i], traceTooLarge(c.ref.ID, FlagMaxTraceSpans, s.limits.MaxTraceSpans)
		}
	}
	return candidates, nil
}

func (s *search) decideOne(c candidate, l loaded, keep keeper) (decision, error) {
	d := decision{candidate: c, read: l.read, bytes: l.bytes, excess: l.excess}
	if len(l.spans) == 0 {
		return d, nil
	}
	read := subject{match.NewTrace(l.spans), l.spans}
	selected := match.Select(s.query, read.Trace)
	var err error
	if len(selected) > 0 {
		d.selected, err = keep(read, selected)
	}
	return d, err
}

// refuse ends decisions before the first trace that is too large and that nothing
// rules out. It asks the store when all of them are read: in the middle, every
// worker would hold a connection and could wait for another one.
func (s *search) refuse(ctx context.Context, ds decisions) decisions {
	for i, d := range ds.made {
		if d.excess == nil {
			continue
		}
		excluded, err := s.excluded(ctx, d.candidate)
		if err == nil && !excluded {
			err = d.excess
		}
		if err != nil {
			return decisions{made: ds.made[:i], err: err}
		}
	}
	return ds
}

// excluded reports whether what is known of a whole trace rules it out. A
// candidate from a list of traces has passed that already; one that was found
// by its spans is asked only when it is too large to be decided.
func (s *search) excluded(ctx context.Context, c candidate) (bool, error) {
	if c.trace != nil || s.plan.Where == nil {
		return false, nil
	}
	t, err := s.store.Trace(ctx, s.project, c.ref.ID)
	if errors.Is(err, repo.ErrNotFound) {
		return true, nil
	}
	return err == nil && !plan.HoldsTrace(s.plan.Where, t), err
}

// detach is the keeper of searches: it makes results independent of the trace's
// content, which can then be forgotten.
func (s *search) detach(_ subject, selected []match.Selected) ([]match.Selected, error) {
	if !s.plan.Body {
		return selected, nil
	}
	for i := range selected {
		narrow := *selected[i].Span
		narrow.Body = nil
		selected[i].Span = &narrow
		for j := range selected[i].Fields {
			value := &selected[i].Fields[j].Value
			value.Text = strings.Clone(value.Text)
		}
	}
	return selected, nil
}

// weightOf estimates how many bytes results take.
func weightOf(selected []match.Selected) int {
	const span = 600 // of a narrow one
	weight := 0
	for _, s := range selected {
		weight += span + fieldsWeight(s.Fields)
	}
	return weight
}

func fieldsWeight(fields []match.Named) int {
	weight := 0
	for _, f := range fields {
		weight += 64 + len(f.Value.Text)
	}
	return weight
}

// alone reports whether each span is selected, and has its fields, whatever the
// other spans of its trace are and without content.
func (s *search) alone() bool { return s.plan.Exact && s.readsRows() }

// readsRows reports whether all that the query reads of a span is in its row.
func (s *search) readsRows() bool {
	if s.plan.Body {
		return false
	}
	for f := range s.query.EachField {
		if _, ok := columnOf(f); !ok {
			return false
		}
	}
	return true
}

// columnOf returns the intrinsic that a field is, if it is one of a span's own
// narrow fields.
func columnOf(f *query.Field) (query.Intrinsic, bool) {
	switch {
	case f.Intrinsic == 0 && f.Scope == query.ScopeResource && f.Name == "service.name":
		return query.Service, true
	case f.Intrinsic == 0:
		return 0, false
	default:
		return f.Intrinsic, query.Describe(f.Intrinsic).Source == query.FromRow
	}
}
