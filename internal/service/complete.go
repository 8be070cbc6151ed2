package service

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"google.golang.org/protobuf/proto"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/convert"
)

// spanKey identifies a span within a project.
type spanKey struct {
	trace model.TraceID
	span  model.SpanID
	start int64
}

func keyOf(s *model.Span) spanKey { return spanKey{s.TraceID, s.SpanID, s.StartNano} }

// content reads complete spans.
type content struct {
	store  repo.Reader
	prices Prices // of model calls; nil for none
}

// complete returns the complete messages of narrow spans, in their order. When
// they have more than maxBytes, it returns those at the front that fit, but at
// least one. A span whose content is gone, because its day was dropped
// meanwhile, stays narrow.
func (c content) complete(ctx context.Context, project string, narrow []*model.Span, maxBytes int) ([]*pb.Span, error) {
	full, err := c.read(ctx, project, narrow, maxBytes)
	if err != nil {
		return nil, err
	}
	out := make([]*pb.Span, 0, len(narrow))
	for _, span := range narrow {
		message := full.spans[keyOf(span)]
		if message == nil && full.cut {
			break
		}
		if message == nil {
			message = convert.Span(span)
		}
		out = append(out, message)
	}
	if len(out) == 0 && len(narrow) > 1 {
		// The first trace alone was too much, and the first span was not yet
		// among what was read of it.
		return c.complete(ctx, project, narrow[:1], maxBytes)
	}
	return out, nil
}

// completed is what was read of some spans' content.
type completed struct {
	spans map[spanKey]*pb.Span
	cut   bool // there is more
}

// read reads the content of narrow spans, trace by trace in the order in which
// they appear, until all is read or they have more than maxBytes.
func (c content) read(ctx context.Context, project string, narrow []*model.Span, maxBytes int) (completed, error) {
	wanted := make(map[spanKey]bool, len(narrow))
	for _, span := range narrow {
		wanted[keyOf(span)] = true
	}
	out := completed{spans: make(map[spanKey]*pb.Span, len(narrow))}
	size := 0
	for segment, err := range c.store.Segments(ctx, project, refsOf(narrow)...) {
		if err != nil {
			return completed{}, err
		}
		if size > maxBytes {
			out.cut = true
			return out, nil
		}
		for span, err := range otlp.EachSpan(project, segment.Data, func(s *model.Span) bool { return wanted[keyOf(s)] }) {
			if err != nil {
				return completed{}, fmt.Errorf("segment of trace %s: %w", segment.TraceID, unreadable(err))
			}
			message := convert.Priced(span, c.prices)
			out.spans[keyOf(span)] = message
			size += proto.Size(message)
		}
	}
	return out, nil
}

// parts yields all complete spans of a trace, as many at once as fit a message of a
// stream: those of a segment by start.
func (c content) parts(ctx context.Context, project string, ref repo.TraceRef) iter.Seq2[[]*model.Span, error] {
	return func(yield func([]*model.Span, error) bool) {
		for segment, err := range c.store.Segments(ctx, project, ref) {
			if err != nil {
				yield(nil, err)
				return
			}
			for part, err := range pieces(segment, batchItems, true) {
				spans, err := decode(project, part, err)
				if err != nil {
					err = fmt.Errorf("segment of trace %s: %w", ref.ID, unreadable(err))
				}
				if !yield(spans, err) || err != nil {
					return
				}
			}
		}
	}
}

// decode returns the spans of a piece that could be cut, by start.
func decode(project string, part piece, err error) ([]*model.Span, error) {
	if err != nil {
		return nil, err
	}
	spans, err := otlp.DecodeSpans(project, part.data)
	slices.SortStableFunc(spans, func(a, b *model.Span) int { return cmp.Compare(a.StartNano, b.StartNano) })
	return spans, err
}

// refsOf returns the traces of spans, in the order of their first span, each
// with the range of the starts that are wanted of it.
func refsOf(spans []*model.Span) []repo.TraceRef {
	var refs []repo.TraceRef
	at := make(map[model.TraceID]int)
	for _, span := range spans {
		i, ok := at[span.TraceID]
		if !ok {
			i = len(refs)
			at[span.TraceID] = i
			refs = append(refs, repo.TraceRef{ID: span.TraceID, Range: model.Including(span.StartNano, span.StartNano)})
			continue
		}
		r := &refs[i].Range
		r.Start = min(r.Start, span.StartNano)
		if end := model.Including(span.StartNano, span.StartNano).End; end == 0 || (r.End != 0 && end > r.End) {
			r.End = end
		}
	}
	return refs
}
