package service

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

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

// complete returns the complete messages of narrow spans as [completion.next] does.
func (c content) complete(ctx context.Context, project string, narrow []*model.Span, maxBytes int) ([]*pb.Span, error) {
	return (&completion{content: c, project: project}).next(ctx, narrow, maxBytes)
}

// completion completes narrow spans, one portion after the other. Portions of a
// stream cross traces: what else was in a segment may be wanted by the next.
type completion struct {
	content
	project string
	bodies  otlp.Completer
	kept    kept
}

// next returns the complete messages of narrow spans, in their order. When they
// have more than maxBytes, it returns those at the front that fit, but at least
// one. A span whose content is gone, because its day was dropped meanwhile, stays
// narrow.
func (c *completion) next(ctx context.Context, narrow []*model.Span, maxBytes int) ([]*pb.Span, error) {
	full, err := c.read(ctx, narrow, maxBytes)
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
		c.kept.drop(keyOf(span))
		out = append(out, message)
	}
	if len(out) == 0 && len(narrow) > 1 {
		// The first trace alone was too much, and the first span was not yet
		// among what was read of it.
		return c.next(ctx, narrow[:1], maxBytes)
	}
	return out, nil
}

// completed is what was read of some spans' content.
type completed struct {
	spans map[spanKey]*pb.Span
	bytes int
	cut   bool // there is more
}

// read reads the content of narrow spans: of those that are kept, and then trace
// by trace in the order in which they appear, until all is read or they have more
// than maxBytes.
func (c *completion) read(ctx context.Context, narrow []*model.Span, maxBytes int) (out completed, err error) {
	out.spans = make(map[spanKey]*pb.Span, len(narrow))
	wanted := make(map[spanKey]bool, len(narrow))
	var missing []*model.Span
	for _, span := range narrow {
		if out.bytes > maxBytes {
			out.cut = true
			return out, nil
		}
		record := c.kept.find(keyOf(span))
		if record == nil {
			wanted[keyOf(span)] = true
			missing = append(missing, span)
		} else if err := c.add(&out, record); err != nil {
			return out, err
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	for segment, err := range c.store.Segments(ctx, c.project, refsOf(missing)...) {
		if err != nil {
			return out, err
		}
		if out.bytes > maxBytes {
			out.cut = true
			return out, nil
		}
		// The spans' texts share one copy of the segment.
		records, err := otlp.ParseStored(c.project, bytes.Clone(segment.Data))
		if err != nil {
			return out, fmt.Errorf("segment of trace %s: %w", segment.TraceID, unreadable(err))
		}
		for i := range records {
			if wanted[keyOf(records[i].Span)] {
				if err := c.add(&out, &records[i]); err != nil {
					return out, err
				}
			}
		}
		c.kept.add(records, len(segment.Data))
	}
	return out, nil
}

// add completes the span of a record.
func (c *completion) add(out *completed, record *model.Record) error {
	if err := c.bodies.Complete(record); err != nil {
		return fmt.Errorf("trace %s: %w", record.Span.TraceID, unreadable(err))
	}
	message := convert.Priced(record.Span, c.prices)
	out.spans[keyOf(record.Span)] = message
	out.bytes += message.SizeVT()
	return nil
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
