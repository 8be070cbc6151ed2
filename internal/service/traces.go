package service

import (
	"context"
	"iter"
	"math"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/pagetoken"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// ListTraces returns one page of traces.
func (s *traceService) ListTraces(ctx context.Context, req *pb.ListTracesRequest) (*pb.ListTracesResponse, error) {
	p, err := openPage(ctx, agenttracev1connect.TraceServiceListTracesProcedure, req)
	if err != nil {
		return nil, err
	}
	q, err := traceQuery(req, req.Failed)
	if err != nil {
		return nil, err
	}
	if p.after != nil {
		q.After = &repo.TraceCursor{Key: p.after.Key, TraceID: p.after.TraceID}
	}
	traces, more, err := readPage(p.size, func(limit int, last **model.Trace) ([]*model.Trace, error) {
		q.Limit = limit
		if last != nil {
			q.After = new(q.Order.CursorOf(*last))
		}
		return s.store.Traces(ctx, tenant.Project(ctx), q)
	})
	if err != nil {
		return nil, err
	}
	res := &pb.ListTracesResponse{}
	for _, t := range traces {
		res.Traces = append(res.Traces, convert.Trace(t))
	}
	if more {
		at := q.Order.CursorOf(traces[len(traces)-1])
		res.NextPageToken = p.tokenAfter(pagetoken.Cursor{Key: at.Key, TraceID: at.TraceID})
	}
	return res, nil
}

// StreamTraces sends all selected traces in batches.
func (s *traceService) StreamTraces(ctx context.Context, req *pb.StreamTracesRequest, stream *connect.ServerStream[pb.StreamTracesResponse]) error {
	q, err := traceQuery(req, req.Failed)
	if err != nil {
		return err
	}
	for traces, err := range s.pages(ctx, q, req.GetLimit()) {
		if err != nil {
			return err
		}
		batch, size := &pb.StreamTracesResponse{}, 0
		for _, t := range traces {
			message := convert.Trace(t)
			if n := proto.Size(message); len(batch.Traces) > 0 && size+n > batchBytes {
				if err := stream.Send(batch); err != nil {
					return err
				}
				batch, size = &pb.StreamTracesResponse{}, 0
			}
			batch.Traces = append(batch.Traces, message)
			size += proto.Size(message)
		}
		if err := stream.Send(batch); err != nil {
			return err
		}
	}
	return nil
}

// pages yields the traces that match q, page by page, up to limit of them (0
// for all). No page is empty. Between pages nothing of the database is held.
func (s *traceService) pages(ctx context.Context, q repo.TraceQuery, limit int64) iter.Seq2[[]*model.Trace, error] {
	if limit == 0 {
		limit = math.MaxInt64
	}
	return func(yield func([]*model.Trace, error) bool) {
		for limit > 0 {
			q.Limit = int(min(limit, batchItems))
			traces, err := s.store.Traces(ctx, tenant.Project(ctx), q)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(traces) == 0 || !yield(traces, nil) {
				return
			}
			limit -= int64(len(traces))
			q.After = new(q.Order.CursorOf(traces[len(traces)-1]))
		}
	}
}
