package service

import (
	"context"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
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
	q, err := spanQuery(req)
	if err != nil {
		return nil, err
	}
	if p.after != nil {
		q.After = &repo.SpanCursor{StartNano: p.after.Key, TraceID: p.after.TraceID, SpanID: p.after.SpanID}
	}
	project := tenant.Project(ctx)
	spans, more, err := readPage(p.size, func(limit int, last **model.Span) ([]*model.Span, error) {
		q.Limit = limit
		if last != nil {
			q.After = new(repo.SpanCursorOf(*last))
		}
		return s.store.Spans(ctx, project, q)
	})
	if err != nil {
		return nil, err
	}
	res := &pb.ListSpansResponse{}
	if req.GetView() == pb.SpanView_SPAN_VIEW_FULL {
		if res.Spans, err = s.complete(ctx, project, spans); err != nil {
			return nil, err
		}
	} else {
		for _, span := range spans {
			res.Spans = append(res.Spans, convert.Span(span))
		}
	}
	if n := len(res.Spans); more || n < len(spans) {
		at := repo.SpanCursorOf(spans[n-1])
		res.NextPageToken = p.tokenAfter(pagetoken.Cursor{Key: at.StartNano, TraceID: at.TraceID, SpanID: at.SpanID})
	}
	return res, nil
}
