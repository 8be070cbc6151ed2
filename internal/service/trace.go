package service

import (
	"context"
	"fmt"

	"connectrpc.com/connect"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// traceService implements agenttrace.v1.TraceService. It keeps nothing between
// calls and may be used from any number of goroutines.
type traceService struct {
	store     Store
	content   content
	engines   engines
	maxBytes  int
	maxSpans  int
	pageBytes int
}

var _ agenttracev1connect.TraceServiceHandler = (*traceService)(nil)

func newTraceService(c Config, e engines) *traceService {
	return &traceService{
		store: c.Store, content: content{c.Store, c.Prices}, engines: e,
		maxBytes: c.MaxTraceBytes, maxSpans: c.MaxTraceSpans, pageBytes: c.MaxTraceBytes,
	}
}

// GetTrace returns a trace as a tree.
func (s *traceService) GetTrace(ctx context.Context, req *pb.GetTraceRequest) (*pb.GetTraceResponse, error) {
	project := tenant.Project(ctx)
	id, err := s.namedTrace(ctx, project, req)
	if err != nil {
		return nil, err
	}
	var trace *model.Trace
	var nodes []*node
	size := 0
	begin := func(t *model.Trace) error {
		if trace = t; t.Spans > int64(s.maxSpans) {
			return tooLarge(t, "max_spans", s.maxSpans, "spans")
		}
		return nil
	}
	for segment, err := range s.store.ReadTrace(ctx, project, id, begin) {
		if err != nil {
			return nil, err
		}
		for span, err := range otlp.EachSpan(project, segment.Data, nil) {
			if err != nil {
				return nil, fmt.Errorf("segment of trace %s: %w", trace.TraceID, unreadable(err))
			}
			message := convert.Priced(span, s.content.prices)
			// What counts is the answer: it repeats the resource for each span.
			if size += message.SizeVT(); size > s.maxBytes {
				return nil, tooLarge(trace, "max_bytes", s.maxBytes, "bytes of spans")
			}
			nodes = append(nodes, &node{id: span.SpanID, parent: span.ParentID, start: span.StartNano, message: message})
		}
	}
	return &pb.GetTraceResponse{Trace: convert.Trace(trace), Spans: tree(nodes)}, nil
}

// unreadable hides what kind of error reading a stored segment was: damage in
// the store is not the fault of whoever asks.
func unreadable(err error) error { return fmt.Errorf("unreadable: %v", err) }

func tooLarge(t *model.Trace, limit string, most int, of string) error {
	return fault.WithReason(connect.CodeFailedPrecondition, fault.ReasonTraceTooLarge,
		fmt.Sprintf("trace %s has more than the %d %s that GetTrace returns; call StreamTrace, which has no such limit", t.TraceID, most, of),
		map[string]string{
			limit:        fmt.Sprint(most),
			"span_count": fmt.Sprint(t.Spans),
			"use":        agenttracev1connect.TraceServiceStreamTraceProcedure,
		})
}

// namedTrace returns the id of the trace that a request names by it or by that of
// a run: then the one with the latest run, else with the latest span, of that id.
func (s *traceService) namedTrace(ctx context.Context, project string, req *pb.GetTraceRequest) (model.TraceID, error) {
	if req.GetTraceId() != "" {
		return traceID(req.GetTraceId())
	}
	id := model.Identity{RunID: req.GetRunId()}
	found, err := s.store.Runs(ctx, project, repo.RunQuery{Identity: id, Limit: 1})
	if err != nil {
		return model.TraceID{}, err
	}
	if len(found) > 0 {
		return found[0].TraceID, nil
	}
	spans, err := s.store.Spans(ctx, project, repo.SpanQuery{Identity: id, Limit: 1})
	if err != nil {
		return model.TraceID{}, err
	}
	if len(spans) == 0 {
		return model.TraceID{}, repo.ErrNotFound
	}
	return spans[0].TraceID, nil
}

func traceID(text string) (model.TraceID, error) {
	id, err := model.ParseTraceID(text)
	if err != nil {
		err = fault.InvalidField("trace_id", err.Error())
	}
	return id, err
}

// StreamTrace sends a trace and then its spans in batches. It holds one segment
// and one batch at a time.
func (s *traceService) StreamTrace(ctx context.Context, req *pb.StreamTraceRequest, stream *connect.ServerStream[pb.StreamTraceResponse]) error {
	project := tenant.Project(ctx)
	id, err := traceID(req.GetTraceId())
	if err != nil {
		return err
	}
	trace, err := s.store.Trace(ctx, project, id)
	if err != nil {
		return err
	}
	if err := stream.Send(&pb.StreamTraceResponse{Trace: convert.Trace(trace)}); err != nil {
		return err
	}
	for spans, err := range s.content.parts(ctx, project, repo.RefOf(trace)) {
		if err != nil {
			return err
		}
		batch := &pb.StreamTraceResponse{}
		for _, span := range spans {
			batch.Spans = append(batch.Spans, convert.Priced(span, s.content.prices))
		}
		if err := stream.Send(batch); err != nil {
			return err
		}
	}
	return nil
}

// GetSpan returns one span. Where several have the same id, it is the earliest.
func (s *traceService) GetSpan(ctx context.Context, req *pb.GetSpanRequest) (*pb.GetSpanResponse, error) {
	project := tenant.Project(ctx)
	traceID, err := traceID(req.GetTraceId())
	if err != nil {
		return nil, err
	}
	spanID, err := model.ParseSpanID(req.GetSpanId())
	if err != nil {
		return nil, fault.InvalidField("span_id", err.Error())
	}
	narrow, err := s.findSpan(ctx, project, traceID, spanID)
	if err != nil {
		return nil, err
	}
	full, err := s.content.complete(ctx, project, []*model.Span{narrow}, s.pageBytes)
	if err != nil {
		return nil, err
	}
	return &pb.GetSpanResponse{Span: full[0]}, nil
}

// findSpan returns a span's narrow row, which tells which segment to open.
func (s *traceService) findSpan(ctx context.Context, project string, traceID model.TraceID, spanID model.SpanID) (*model.Span, error) {
	page, err := s.store.Spans(ctx, project, repo.SpanQuery{TraceID: traceID, SpanID: spanID, Order: repo.SpansOldestFirst, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(page) == 0 {
		return nil, repo.ErrNotFound
	}
	return page[0], nil
}
