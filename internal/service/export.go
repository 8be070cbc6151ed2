package service

import (
	"context"
	"iter"
	"math"
	"sync"

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
	d.send = func(pieces []piece) error {
		all := pieces[0]
		for _, p := range pieces[1:] {
			all.data, all.spans = append(all.data, p.data...), all.spans+p.spans
			reuse(p)
		}
		defer reuse(all)
		return stream.Send(&pb.ExportTracesResponse{TracesData: all.data, SpanCount: int32(all.spans)})
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

// exported yields the spans of traces: those of a group together, as far as one
// message holds them, each time in memory of its own.
func (s *traceService) exported(ctx context.Context, groups iter.Seq2[[]repo.TraceRef, error]) iter.Seq2[piece, error] {
	return func(yield func(piece, error) bool) {
		p := packer{yield: yield}
		for refs, err := range groups {
			if err == nil {
				err = s.pack(ctx, refs, &p)
			}
			if !p.flush() {
				return
			}
			if err != nil {
				yield(piece{}, err)
				return
			}
		}
	}
}

// pack hands the segments of traces to p, until it wants no more.
func (s *traceService) pack(ctx context.Context, refs []repo.TraceRef, p *packer) error {
	for segment, err := range s.store.Segments(ctx, tenant.Project(ctx), refs...) {
		if err != nil {
			return err
		}
		for part, err := range pieces(segment, math.MaxInt, false) {
			if err != nil {
				return unreadable(err)
			}
			if !p.add(part) {
				return nil
			}
		}
	}
	return nil
}

// portions keeps the memory of what was sent for what is sent next.
var portions = sync.Pool{New: func() any { return new([]byte) }}

// reuse gives back the memory of a piece, unless one large span made it large.
func reuse(p piece) {
	if cap(p.data) <= 2*batchBytes {
		portions.Put(&p.data)
	}
}

// packer joins pieces to such as fill a message.
type packer struct {
	yield  func(piece, error) bool
	joined piece
	ended  bool
}

// add copies a piece, and returns whether more are wanted.
func (p *packer) add(part piece) bool {
	if p.joined.spans > 0 && len(p.joined.data)+len(part.data) > batchBytes && !p.flush() {
		return false
	}
	if p.joined.data == nil {
		p.joined.data = (*portions.Get().(*[]byte))[:0]
	}
	p.joined.data = append(p.joined.data, part.data...)
	p.joined.spans += part.spans
	return true
}

// flush yields what there is, and returns whether more is wanted.
func (p *packer) flush() bool {
	if p.joined.spans > 0 && !p.ended {
		joined := p.joined
		p.joined = piece{}
		p.ended = !p.yield(joined, nil)
	}
	return !p.ended
}
