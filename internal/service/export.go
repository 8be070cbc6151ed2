package service

import (
	"context"
	"math"

	"connectrpc.com/connect"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// ExportTraces sends the spans of all selected traces as they were received.
func (s *traceService) ExportTraces(ctx context.Context, req *pb.ExportTracesRequest, stream *connect.ServerStream[pb.ExportTracesResponse]) error {
	q, err := traceQuery(req, req.Failed)
	if err != nil {
		return err
	}
	batch := &exportBatch{stream: stream}
	for traces, err := range s.pages(ctx, q, req.GetLimit()) {
		if err != nil {
			return err
		}
		refs := make([]repo.TraceRef, len(traces))
		for i, t := range traces {
			refs[i] = traceRef(t)
		}
		for segment, err := range s.store.Segments(ctx, tenant.Project(ctx), refs...) {
			if err != nil {
				return err
			}
			for part, err := range pieces(segment, math.MaxInt, false) {
				if err != nil {
					return unreadable(err)
				}
				if err := batch.add(part); err != nil {
					return err
				}
			}
		}
	}
	return batch.flush()
}

// exportBatch gathers pieces until they are enough for a message. TracesData
// messages that stand one after the other are one.
type exportBatch struct {
	stream *connect.ServerStream[pb.ExportTracesResponse]
	data   []byte
	spans  int
}

func (b *exportBatch) add(p piece) error {
	if len(b.data)+len(p.data) > batchBytes {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.data = append(b.data, p.data...)
	b.spans += p.spans
	return nil
}

func (b *exportBatch) flush() error {
	if b.spans == 0 {
		return nil
	}
	err := b.stream.Send(&pb.ExportTracesResponse{TracesData: b.data, SpanCount: int32(b.spans)})
	b.data, b.spans = b.data[:0], 0
	return err
}
