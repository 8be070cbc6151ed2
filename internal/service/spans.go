package service

import (
	"context"
	"iter"

	"connectrpc.com/connect"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/pagetoken"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// ListSpans returns one page of spans.
func (s *traceService) ListSpans(ctx context.Context, req *pb.ListSpansRequest) (*pb.ListSpansResponse, error) {
	p, err := openPage(ctx, agenttracev1connect.TraceServiceListSpansProcedure, req)
	if err != nil {
		return nil, err
	}
	selected, err := selectSpans(req, req.Failed)
	if err != nil {
		return nil, err
	}
	if p.after != nil {
		selected.fields.After = &repo.SpanCursor{StartNano: p.after.Key, TraceID: p.after.TraceID, SpanID: p.after.SpanID}
	}
	spans, more, err := s.spanPage(ctx, selected, p.size)
	if err != nil {
		return nil, err
	}
	res := &pb.ListSpansResponse{}
	if req.GetView() == pb.SpanView_SPAN_VIEW_FULL {
		if res.Spans, err = s.content.complete(ctx, tenant.Project(ctx), narrowOf(spans), s.pageBytes); err != nil {
			return nil, err
		}
	} else {
		res.Spans = s.basic(spans)
	}
	if n := len(res.Spans); more || n < len(spans) {
		at := repo.SpanCursorOf(spans[n-1].Span)
		res.NextPageToken = p.tokenAfter(pagetoken.Cursor{Key: at.StartNano, TraceID: at.TraceID, SpanID: at.SpanID})
	}
	return res, nil
}

// spansSelected is which spans a request is about.
type spansSelected struct {
	fields repo.SpanQuery
	query  *query.Query // nil for none
}

func selectSpans(in interface {
	spanSelection
	queried
}, failed *bool) (s spansSelected, err error) {
	if s.query, err = parseSearch(in.GetQuery()); err != nil {
		return s, err
	}
	s.fields, err = spanQuery(in, failed)
	return s, err
}

// spanPage returns a page of narrow spans, and whether there are more.
func (s *traceService) spanPage(ctx context.Context, selected spansSelected, size int) (found []match.Selected, more bool, err error) {
	project, fields := tenant.Project(ctx), selected.fields
	if selected.query == nil {
		return readPage(size, func(limit int, last *match.Selected) ([]match.Selected, error) {
			fields.Limit = limit
			if last != nil {
				fields.After = new(repo.SpanCursorOf(last.Span))
			}
			return s.listSpans(ctx, project, fields)
		})
	}
	fields.Limit = size + 1
	for m, err := range s.engines.calls.Spans(ctx, project, selected.query, fields, nil) {
		if err != nil {
			return nil, false, err
		}
		if len(found) == size {
			return found, true, nil
		}
		found = append(found, m)
	}
	return found, false, nil
}

func (s *traceService) listSpans(ctx context.Context, project string, fields repo.SpanQuery) ([]match.Selected, error) {
	spans, err := s.store.Spans(ctx, project, fields)
	found := make([]match.Selected, len(spans))
	for i, span := range spans {
		found[i].Span = span
	}
	return found, err
}

// basic returns the messages of narrow spans with the fields that a query
// selects of them: those at the front that fit an answer, but at least one.
func (s *traceService) basic(spans []match.Selected) []*pb.Span {
	out := make([]*pb.Span, len(spans))
	for i, m := range spans {
		out[i] = convert.SpanMatch(m)
	}
	return out[:fitting(out, s.pageBytes)]
}

func narrowOf(spans []match.Selected) []*model.Span {
	out := make([]*model.Span, len(spans))
	for i, m := range spans {
		out[i] = m.Span
	}
	return out
}

// StreamSpans sends all selected spans as they are found.
func (s *traceService) StreamSpans(ctx context.Context, req *pb.StreamSpansRequest, stream *connect.ServerStream[pb.StreamSpansResponse]) error {
	selected, err := selectSpans(req, req.Failed)
	if err != nil {
		return err
	}
	out := batch[*pb.Span]{
		size: (*pb.Span).SizeVT,
		send: func(spans []*pb.Span) error { return stream.Send(&pb.StreamSpansResponse{Spans: spans}) },
	}
	tell := func(p *pb.Progress) error { return stream.Send(&pb.StreamSpansResponse{Progress: p}) }
	return s.engines.bounded(ctx, selected.query, func(ctx context.Context) error {
		if req.GetView() == pb.SpanView_SPAN_VIEW_FULL {
			return s.streamComplete(ctx, selected, req.GetLimit(), &out, tell)
		}
		d := delivery[*pb.Span]{batch: out, tell: tell}
		return d.run(ctx, func(ctx context.Context, note func(search.Progress)) iter.Seq2[*pb.Span, error] {
			return convertEach(s.allSpans(ctx, selected, req.GetLimit(), note), convert.SpanMatch)
		})
	})
}

const (
	// streamBytes is how much of complete spans is read for the messages that one
	// batch of narrow ones becomes.
	streamBytes = 4 << 20
	// streamKeeps is how much content a stream keeps that the next batch may want:
	// a few traces of thousands of spans. Each has few on a page, for it takes long.
	streamKeeps = 32 << 20
)

// streamComplete sends complete spans: it reads the content of those that were
// found together at once.
func (s *traceService) streamComplete(
	ctx context.Context, selected spansSelected, limit int64, out *batch[*pb.Span], tell func(*pb.Progress) error,
) error {
	c := completion{content: s.content, project: tenant.Project(ctx), kept: kept{room: streamKeeps}}
	d := delivery[*model.Span]{tell: tell}
	d.size = func(*model.Span) int { return 0 }
	d.send = func(narrow []*model.Span) error {
		for len(narrow) > 0 {
			full, err := c.next(ctx, narrow, streamBytes)
			if err != nil {
				return err
			}
			for _, message := range full {
				if err := out.add(message); err != nil {
					return err
				}
			}
			narrow = narrow[len(full):]
		}
		return out.flush()
	}
	return d.run(ctx, func(ctx context.Context, note func(search.Progress)) iter.Seq2[*model.Span, error] {
		return convertEach(s.allSpans(ctx, selected, limit, note), func(m match.Selected) *model.Span { return m.Span })
	})
}

// allSpans yields all selected spans, narrow, up to limit of them (0 for all).
func (s *traceService) allSpans(
	ctx context.Context, selected spansSelected, limit int64, note func(search.Progress),
) iter.Seq2[match.Selected, error] {
	project, fields := tenant.Project(ctx), selected.fields
	if selected.query != nil {
		fields.Limit = mostOf(limit)
		return s.engines.streams.Spans(ctx, project, selected.query, fields, note)
	}
	return paged(limit, func(size int, last *match.Selected) ([]match.Selected, error) {
		fields.Limit = size
		if last != nil {
			fields.After = new(repo.SpanCursorOf(last.Span))
		}
		return s.listSpans(ctx, project, fields)
	})
}
