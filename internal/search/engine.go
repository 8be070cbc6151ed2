package search

import (
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Engine answers queries from a store.
type Engine struct {
	Store  repo.Reader
	Limits Limits
	Slots  Slots            // what this engine shares with others; nil for no bound
	Prices Prices           // of model calls whose cost was not reported; nil for none
	Now    func() time.Time // where a time range without an end ends; nil for time.Now
}

// Prices says what a model call costs, in billionths of a US dollar; false where
// nobody knows.
type Prices interface {
	Price(call *model.Span) (nano int64, ok bool)
}

// TraceMatch is a trace in which a query selects spans.
type TraceMatch struct {
	Trace *model.Trace
	Spans []match.Selected // at least one; narrow spans, by start
}

// Progress says how far a search has come. Functions that take it are called
// from the goroutine that ranges over the results, between two of them.
type Progress struct {
	// Reached is the start of the trace or span that was looked at last: in
	// the order newest first, everything that starts later is done. It is 0 in
	// an order that is not by start.
	Reached int64
	Traces  int64 // whose spans were looked at
	Bytes   int64 // of content, decompressed
	Found   int64 // results
}

// search is one run of a query.
type search struct {
	store   repo.Reader
	project string
	query   *query.Query
	plan    plan.Plan
	limits  Limits
	slots   Slots
	prices  Prices

	// narrowed holds for all spans that the query looks at; nil where it may look
	// at any.
	narrowed plan.Condition
}

func (e *Engine) newSearch(project string, q *query.Query) *search {
	s := &search{
		store:   e.Store,
		project: project,
		query:   q,
		plan:    plan.Of(q, otlp.Searchable),
		limits:  e.Limits.WithDefaults(),
		slots:   e.Slots,
		prices:  e.Prices,
	}
	if filter := shownOnly(q.Source); filter != nil {
		p := plan.Of(&query.Query{Source: filter}, otlp.Searchable)
		s.plan.Spans, s.plan.Exact = p.Spans, p.Exact
	}
	if filter := firstFilter(q.Source); filter != nil && s.readsRows() {
		s.narrowed = plan.Of(&query.Query{Source: filter}, otlp.Searchable).Spans
	}
	return s
}

// firstFilter returns the filter that all spans pass which a source goes on with;
// nil where there is none.
func firstFilter(source query.Spansets) *query.Filter {
	for {
		switch s := source.(type) {
		case *query.Filter:
			return s
		case *query.Pipeline:
			source = s.Source
		default:
			return nil
		}
	}
}

// shownOnly returns the filter of a source that selects what the filter does,
// and shows some fields of it; nil for any other source.
func shownOnly(source query.Spansets) *query.Filter {
	p, ok := source.(*query.Pipeline)
	if !ok {
		return nil
	}
	for _, stage := range p.Stages {
		if _, ok := stage.(*query.Select); !ok {
			return nil
		}
	}
	filter, _ := p.Source.(*query.Filter)
	return filter
}

// checkRange fails for a time range that is longer than allowed.
func (e *Engine) checkRange(r model.TimeRange) error {
	longest := e.Limits.MaxRange
	if longest <= 0 {
		return nil
	}
	end := r.End
	if end == 0 {
		now := e.Now
		if now == nil {
			now = time.Now
		}
		end = now().UnixNano()
	}
	if r.Start > 0 && end-r.Start <= int64(longest) {
		return nil
	}
	return &TooBroad{Limit: FlagMaxRange, Most: int64(longest), Advice: "ask for a time range of at most " + longest.String()}
}

// both returns a condition that holds where two others do, each of which may be
// nil.
func both(a, b plan.Condition) plan.Condition {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	default:
		return plan.All{a, b}
	}
}
