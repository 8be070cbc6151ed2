package service

import (
	"context"
	"iter"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/search"
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
	selected, err := selectTraces(req, req.Failed)
	if err != nil {
		return nil, err
	}
	if p.after != nil {
		selected.fields.After = &repo.TraceCursor{Key: p.after.Key, TraceID: p.after.TraceID}
	}
	traces, more, err := s.tracePage(ctx, selected, p.size)
	if err != nil {
		return nil, err
	}
	res := &pb.ListTracesResponse{}
	for _, t := range traces {
		res.Traces = append(res.Traces, t.message)
	}
	if more {
		at := selected.fields.Order.CursorOf(traces[len(traces)-1].trace)
		res.NextPageToken = p.tokenAfter(pagetoken.Cursor{Key: at.Key, TraceID: at.TraceID})
	}
	return res, nil
}

// tracesSelected is which traces a request is about.
type tracesSelected struct {
	fields repo.TraceQuery
	query  *query.Query // nil for none
}

func selectTraces(in queried, failed *bool) (s tracesSelected, err error) {
	if s.query, err = parseSearch(in.GetQuery()); err != nil {
		return s, err
	}
	s.fields, err = traceQuery(in, failed)
	return s, err
}

// foundTrace is a trace and its message.
type foundTrace struct {
	trace   *model.Trace
	message *pb.Trace
}

// tracePage returns a page of traces, and whether there are more. With a query
// the page may be shorter, where what the query wants of its spans is large.
func (s *traceService) tracePage(ctx context.Context, selected tracesSelected, size int) ([]foundTrace, bool, error) {
	project, fields := tenant.Project(ctx), selected.fields
	if selected.query == nil {
		traces, more, err := readPage(size, func(limit int, last **model.Trace) ([]*model.Trace, error) {
			fields.Limit = limit
			if last != nil {
				fields.After = new(fields.Order.CursorOf(*last))
			}
			return s.store.Traces(ctx, project, fields)
		})
		found := make([]foundTrace, len(traces))
		for i, t := range traces {
			found[i] = foundTrace{t, convert.Trace(t)}
		}
		return found, more, err
	}
	var found []foundTrace
	bytes := 0
	fields.Limit = size + 1
	for m, err := range s.engines.calls.Traces(ctx, project, selected.query, fields, nil) {
		if err != nil {
			return nil, false, err
		}
		if len(found) == size || bytes > s.pageBytes {
			return found, true, nil
		}
		message := convert.TraceMatch(m.Trace, m.Spans)
		found = append(found, foundTrace{m.Trace, message})
		bytes += proto.Size(message)
	}
	return found, false, nil
}

// allTraces yields all selected traces, up to limit of them (0 for all).
func (s *traceService) allTraces(
	ctx context.Context, selected tracesSelected, limit int64, note func(search.Progress),
) iter.Seq2[search.TraceMatch, error] {
	project, fields := tenant.Project(ctx), selected.fields
	if selected.query != nil {
		fields.Limit = mostOf(limit)
		return s.engines.streams.Traces(ctx, project, selected.query, fields, note)
	}
	return paged(limit, func(size int, last *search.TraceMatch) ([]search.TraceMatch, error) {
		fields.Limit = size
		if last != nil {
			fields.After = new(fields.Order.CursorOf(last.Trace))
		}
		traces, err := s.store.Traces(ctx, project, fields)
		found := make([]search.TraceMatch, len(traces))
		for i, t := range traces {
			found[i].Trace = t
		}
		return found, err
	})
}

// StreamTraces sends all selected traces as they are found.
func (s *traceService) StreamTraces(ctx context.Context, req *pb.StreamTracesRequest, stream *connect.ServerStream[pb.StreamTracesResponse]) error {
	selected, err := selectTraces(req, req.Failed)
	if err != nil {
		return err
	}
	d := delivery[*pb.Trace]{
		batch: batch[*pb.Trace]{
			size: func(t *pb.Trace) int { return proto.Size(t) },
			send: func(traces []*pb.Trace) error { return stream.Send(&pb.StreamTracesResponse{Traces: traces}) },
		},
		tell: func(p *pb.Progress) error { return stream.Send(&pb.StreamTracesResponse{Progress: p}) },
	}
	return s.engines.bounded(ctx, selected.query, func(ctx context.Context) error {
		return d.run(ctx, func(ctx context.Context, note func(search.Progress)) iter.Seq2[*pb.Trace, error] {
			return convertEach(s.allTraces(ctx, selected, req.GetLimit(), note), func(m search.TraceMatch) *pb.Trace {
				return convert.TraceMatch(m.Trace, m.Spans)
			})
		})
	})
}

// convertEach yields what f makes of each item.
func convertEach[T, U any](items iter.Seq2[T, error], f func(T) U) iter.Seq2[U, error] {
	return func(yield func(U, error) bool) {
		for item, err := range items {
			var converted U
			if err == nil {
				converted = f(item)
			}
			if !yield(converted, err) {
				return
			}
		}
	}
}
