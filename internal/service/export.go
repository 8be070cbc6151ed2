package service

import (
	"bytes"
	"context"
	"iter"
	"math"

	"connectrpc.com/connect"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// ExportTraces sends the spans of all selected traces as they were received.
// TracesData messages that stand one after the other are one.
func (s *traceService) ExportTraces(ctx context.Context, req *pb.ExportTracesRequest, stream *connect.ServerStream[pb.ExportTracesResponse]) error {
	selected, err := selectTraces(req, req.Failed)
	if err != nil {
		return err
	}
	d := delivery[piece]{}
	d.size = func(p piece) int { return len(p.data) }
	message := &pb.ExportTracesResponse{} // it can be used again when Send returns
	d.send = func(pieces []piece) error {
		message.TracesData, message.SpanCount = message.TracesData[:0], 0
		for _, p := range pieces {
			message.TracesData = append(message.TracesData, p.data...)
			message.SpanCount += int32(p.spans)
		}
		return stream.Send(message)
	}
	// What a search finds is sent at once; what is merely listed is read together.
	together := 1
	if selected.query == nil {
		together = batchItems
	}
	return s.engines.bounded(ctx, selected.query, func(ctx context.Context) error {
		return d.run(ctx, func(ctx context.Context, note func(search.Progress)) iter.Seq2[piece, error] {
			return s.exported(ctx, refsTo(s.allTraces(ctx, selected, req.GetLimit(), note), together))
		})
	})
}

// refsTo yields what to ask the segments of traces by, at most most at once, and
// fewer at first.
func refsTo(traces iter.Seq2[search.TraceMatch, error], most int) iter.Seq2[[]repo.TraceRef, error] {
	return func(yield func([]repo.TraceRef, error) bool) {
		var refs []repo.TraceRef
		n := 1
		for t, err := range traces {
			if err != nil {
				yield(nil, err)
				return
			}
			if refs = append(refs, repo.RefOf(t.Trace)); len(refs) == n {
				if !yield(refs, nil) {
					return
				}
				refs, n = nil, min(4*n, most)
			}
		}
		if len(refs) > 0 {
			yield(refs, nil)
		}
	}
}

// exported yields the spans of traces, in pieces that are small enough to send.
func (s *traceService) exported(ctx context.Context, groups iter.Seq2[[]repo.TraceRef, error]) iter.Seq2[piece, error] {
	return func(yield func(piece, error) bool) {
		for refs, err := range groups {
			if err != nil {
				yield(piece{}, err)
				return
			}
			for segment, err := range s.store.Segments(ctx, tenant.Project(ctx), refs...) {
				if err != nil {
					yield(piece{}, err)
					return
				}
				if !copies(segment, yield) {
					return
				}
			}
		}
	}
}

// copies yields the pieces of a segment, each with memory of its own: it waits
// for the one before it to be sent. It returns whether more are wanted.
func copies(segment repo.Segment, yield func(piece, error) bool) bool {
	for part, err := range pieces(segment, math.MaxInt, false) {
		if err != nil {
			yield(piece{}, unreadable(err))
			return false
		}
		part.data = bytes.Clone(part.data)
		if !yield(part, nil) {
			return false
		}
	}
	return true
}
