package service

import (
	"context"
	"errors"
	"iter"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
	"github.com/agenttrace/agenttrace/internal/tail"
)

// Tailer follows what is being stored; *tail.Hub is one.
type Tailer interface {
	Spans(ctx context.Context, project string, since repo.Cursor, sq repo.SpanQuery, q *query.Query, full bool) iter.Seq2[tail.Event[*model.Span], error]
	Traces(ctx context.Context, project string, since repo.Cursor, tq repo.TraceQuery, q *query.Query) iter.Seq2[tail.Event[*model.Trace], error]
}

var _ Tailer = (*tail.Hub)(nil)

// tailService implements agenttrace.v1.TailService.
type tailService struct {
	tails  Tailer
	prices Prices
	now    func() time.Time
}

var _ agenttracev1connect.TailServiceHandler = (*tailService)(nil)

// TailSpans sends spans as they are stored.
func (s *tailService) TailSpans(ctx context.Context, req *pb.TailSpansRequest, stream *connect.ServerStream[pb.TailSpansResponse]) error {
	q, err := parseLocal(req.GetQuery())
	if err != nil {
		return err
	}
	fields, err := spanQuery(req, req.Failed)
	if err != nil {
		return err
	}
	full, message := req.GetView() == pb.SpanView_SPAN_VIEW_FULL, convert.Span
	if full {
		message = func(span *model.Span) *pb.Span { return convert.Priced(span, s.prices) }
	}
	send := func(spans []*pb.Span, cursor string) error {
		return stream.Send(&pb.TailSpansResponse{Event: &pb.TailSpansResponse_Batch{Batch: &pb.SpanBatch{Spans: spans}}, Cursor: cursor})
	}
	for e, err := range s.tails.Spans(ctx, tenant.Project(ctx), repo.Cursor(req.GetSince()), fields, q, full) {
		switch {
		case err != nil:
			return tailEnd(err)
		case e.Dropped != nil:
			err = stream.Send(&pb.TailSpansResponse{Event: &pb.TailSpansResponse_Dropped{Dropped: droppedMessage(e.Dropped)}, Cursor: string(e.Cursor)})
		case e.Heartbeat:
			err = stream.Send(&pb.TailSpansResponse{Event: &pb.TailSpansResponse_Heartbeat{Heartbeat: s.heartbeat()}, Cursor: string(e.Cursor)})
		default:
			err = sendItems(e, message, send)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// TailTraces sends traces as spans of them are stored.
func (s *tailService) TailTraces(ctx context.Context, req *pb.TailTracesRequest, stream *connect.ServerStream[pb.TailTracesResponse]) error {
	selected, err := selectTraces(req, req.Failed)
	if err != nil {
		return err
	}
	send := func(traces []*pb.Trace, cursor string) error {
		return stream.Send(&pb.TailTracesResponse{Event: &pb.TailTracesResponse_Batch{Batch: &pb.TraceBatch{Traces: traces}}, Cursor: cursor})
	}
	for e, err := range s.tails.Traces(ctx, tenant.Project(ctx), repo.Cursor(req.GetSince()), selected.fields, selected.query) {
		switch {
		case err != nil:
			return tailEnd(err)
		case e.Dropped != nil:
			err = stream.Send(&pb.TailTracesResponse{Event: &pb.TailTracesResponse_Dropped{Dropped: droppedMessage(e.Dropped)}, Cursor: string(e.Cursor)})
		case e.Heartbeat:
			err = stream.Send(&pb.TailTracesResponse{Event: &pb.TailTracesResponse_Heartbeat{Heartbeat: s.heartbeat()}, Cursor: string(e.Cursor)})
		default:
			err = sendItems(e, convert.Trace, send)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *tailService) heartbeat() *pb.Heartbeat {
	return &pb.Heartbeat{Time: timestamppb.New(s.now())}
}

func droppedMessage(d *tail.Dropped) *pb.Dropped {
	return &pb.Dropped{Spans: d.Spans, Writes: d.Writes}
}

// tailEnd returns what to say of the end of a tail.
func tailEnd(err error) error {
	if errors.Is(err, tail.ErrStopped) {
		return stopping()
	}
	return err
}

// sendItems sends the items of one event in messages that are not too large. The
// last of them has the cursor.
func sendItems[T any, M proto.Message](e tail.Event[T], message func(T) M, send func(items []M, cursor string) error) error {
	var held []M
	bytes := 0
	for _, item := range e.Items {
		m := message(item)
		n := proto.Size(m)
		if len(held) == batchItems || len(held) > 0 && bytes+n > batchBytes {
			if err := send(held, ""); err != nil {
				return err
			}
			held, bytes = nil, 0
		}
		held = append(held, m)
		bytes += n
	}
	return send(held, string(e.Cursor))
}
