package search

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// loaded is what was read of a trace.
type loaded struct {
	id    model.TraceID
	spans []*model.Span // none where its bytes alone rule the query out
	read  int           // how many spans were looked at
	bytes int64         // of content

	// excess says which limit the trace exceeds; then its spans are missing.
	excess *TooBroad
}

// load yields the traces that refs name, in their order, with content where the
// query needs it. Those of which nothing is stored, or nothing that the query
// looks at, are left out.
func (s *search) load(ctx context.Context, refs []repo.TraceRef) iter.Seq2[loaded, error] {
	if s.plan.Body {
		return s.loadContent(ctx, refs)
	}
	return s.loadNarrow(ctx, refs)
}

func (s *search) loadNarrow(ctx context.Context, refs []repo.TraceRef) iter.Seq2[loaded, error] {
	return func(yield func(loaded, error) bool) {
		for i := range refs {
			refs[i].MaxSpans = s.limits.MaxTraceSpans
			if refs[i].MaxSpans < math.MaxInt64 {
				refs[i].MaxSpans++ // one more says that there are too many
			}
		}
		for spans, err := range s.store.TraceSpans(ctx, s.project, s.narrowed, refs...) {
			if err != nil {
				yield(loaded{}, fmt.Errorf("read spans: %w", err))
				return
			}
			l := loaded{id: spans[0].TraceID, spans: spans, read: len(spans)}
			if int64(len(spans)) > s.limits.MaxTraceSpans {
				l.spans, l.excess = nil, traceTooLarge(l.id, FlagMaxTraceSpans, s.limits.MaxTraceSpans)
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

func (s *search) loadContent(ctx context.Context, refs []repo.TraceRef) iter.Seq2[loaded, error] {
	return func(yield func(loaded, error) bool) {
		g := gathering{search: s, scan: s.plan.NewScan(otlp.Verbatim)}
		for segment, err := range s.store.Segments(ctx, s.project, refs...) {
			if err != nil {
				yield(loaded{}, fmt.Errorf("read content: %w", err))
				return
			}
			if g.spans > 0 && segment.TraceID != g.id && !yield(g.finish()) {
				return
			}
			g.add(segment)
		}
		if g.spans > 0 {
			yield(g.finish())
		}
	}
}

// gathering collects the segments of a trace, until it is known whether they
// are worth decoding.
type gathering struct {
	*search
	scan *plan.Scan

	id     model.TraceID
	spans  int
	bytes  int64
	wanted bool   // a selected span may be in one of them
	raw    []byte // the segments, one after the other
	ends   []int  // of each in raw
	excess *TooBroad
}

// keepBuffer is how large a buffer may be to be used again: one large trace
// should not cost its memory until the end of the search.
const keepBuffer = 4 << 20

// add copies a segment, whose data is valid only now.
func (g *gathering) add(segment repo.Segment) {
	g.id = segment.TraceID
	g.spans += segment.Spans
	g.bytes += int64(len(segment.Data))
	switch {
	case g.excess != nil:
	case g.bytes > g.limits.MaxTraceBytes:
		g.excess = traceTooLarge(g.id, FlagMaxTraceBytes, g.limits.MaxTraceBytes)
	case int64(g.spans) > g.limits.MaxTraceSpans:
		g.excess = traceTooLarge(g.id, FlagMaxTraceSpans, g.limits.MaxTraceSpans)
	default:
		g.wanted = g.scan.Segment(segment.Data) || g.wanted
		g.raw = append(g.raw, segment.Data...)
		g.ends = append(g.ends, len(g.raw))
	}
}

// finish returns the trace and makes room for the next one.
func (g *gathering) finish() (loaded, error) {
	l := loaded{id: g.id, read: g.spans, bytes: g.bytes, excess: g.excess}
	var err error
	if g.excess == nil && g.wanted && g.scan.MayMatch() {
		l.spans, err = g.decode()
	}
	g.scan.Reset()
	g.spans, g.bytes, g.wanted, g.excess = 0, 0, false, nil
	g.raw, g.ends = g.raw[:0], g.ends[:0]
	if cap(g.raw) > keepBuffer {
		g.raw = nil
	}
	return l, err
}

func (g *gathering) decode() ([]*model.Span, error) {
	all := make([]*model.Span, 0, g.spans)
	start := 0
	for _, end := range g.ends {
		spans, err := otlp.DecodeSpans(g.project, g.raw[start:end])
		if err != nil {
			return nil, unreadable(g.id, err)
		}
		if g.prices != nil {
			model.FillCosts(spans, g.prices.Price)
		}
		all = append(all, spans...)
		start = end
	}
	return all, nil
}

// unreadable hides what kind of error reading a stored segment was: damage in
// the store is not the fault of whoever asks.
func unreadable(id model.TraceID, err error) error {
	return fmt.Errorf("segment of trace %s: unreadable: %v", id, err)
}
