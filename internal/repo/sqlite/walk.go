package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
)

// saturatingAdd returns a+b for a b that is not negative.
func saturatingAdd(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// walk lists the traces that have a span which fulfils f (and, of any of their
// spans, the other conditions), newest first. It walks the spans in f's index,
// newest first, in stretches. A trace starts no later than its spans do, so the
// traces that were not met yet start no later than the last span of the
// stretch: those met that start after it are in their final order. So neither a
// rare id makes it read all traces, nor a common one all spans of the id.
func (l *traceLister) walk(ctx context.Context, f finder) ([]*model.Trace, error) {
	newestStart, err := l.newestStart(ctx)
	if err != nil {
		return nil, err
	}
	s := newStretches(l.tx, f.index, f.indexed(l.project), l.q.Start.Start, newestStart)
	best := make([]*model.Trace, 0, l.q.Limit)
	for n := max(firstStretch, 4*l.q.Limit); ; n = min(2*n, maxStretch) {
		if err := s.next(ctx, n); err != nil {
			return nil, err
		}
		found, err := l.page(ctx, `traces_trace`, l.metIn(f, s.conditions()))
		if err != nil {
			return nil, err
		}
		best = newest(best, found, l.q.Limit)
		if s.last == nil || len(best) == l.q.Limit && best[len(best)-1].StartNano > s.last.start {
			return best, nil
		}
	}
}

// newestStart returns when the last span starts of the traces that may come on
// this page: no span starts after its trace ends.
func (l *traceLister) newestStart(ctx context.Context) (int64, error) {
	newest := l.q.Start.End
	if l.q.After != nil && (newest == 0 || l.q.After.Key < newest) {
		newest = l.q.After.Key
	}
	if newest == 0 {
		return math.MaxInt64, nil
	}
	longest := l.q.MaxDuration
	if longest == 0 {
		const query = `SELECT coalesce(max(duration_ns), 0) FROM traces INDEXED BY traces_duration WHERE project = ?`
		if err := l.tx.QueryRowContext(ctx, query, l.project).Scan(&longest); err != nil {
			return 0, err
		}
	}
	return saturatingAdd(newest, longest), nil
}

// metIn returns the conditions for the traces that are met among the spans which
// fulfil those given, and f.
func (l *traceLister) metIn(f finder, spans conditions) conditions {
	for _, part := range f.rest {
		spans.addCondition(part)
	}
	met := l.conditions(f.others)
	met.add(`trace_id IN (SELECT trace_id FROM spans INDEXED BY `+f.index+` WHERE `+spans.String()+`)`, spans.args...)
	return met
}

// newest returns the newest traces of both lists, up to limit. A trace may be
// in both, as its spans may be in several stretches.
func newest(a, b []*model.Trace, limit int) []*model.Trace {
	all := append(a, b...)
	slices.SortFunc(all, func(x, y *model.Trace) int {
		return cmp.Or(cmp.Compare(y.StartNano, x.StartNano), bytes.Compare(y.TraceID[:], x.TraceID[:]))
	})
	all = slices.CompactFunc(all, func(x, y *model.Trace) bool { return x.TraceID == y.TraceID })
	return all[:min(len(all), limit)]
}
