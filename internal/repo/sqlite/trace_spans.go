package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"iter"
	"math"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// TraceSpans yields the spans of the wanted traces. Some traces are read before
// the first of them is handed over, so that a slow consumer holds neither a
// connection nor a snapshot; see Segments.
func (s *Store) TraceSpans(ctx context.Context, project string, refs ...repo.TraceRef) iter.Seq2[[]*model.Span, error] {
	return func(yield func([]*model.Span, error) bool) {
		for len(refs) > 0 {
			traces, err := s.readTraces(ctx, project, refs)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, spans := range traces {
				if len(spans) > 0 && !yield(spans, nil) {
					return
				}
			}
			refs = refs[len(traces):]
		}
	}
}

const (
	selectSpansOfTrace = selectTraceSpans + ` ORDER BY start_ns, span_id LIMIT ?`

	// spansAhead is how many spans are read before they are handed over, unless
	// a single trace has more.
	spansAhead = 512
)

// readTraces reads the spans of the first traces of refs.
func (s *Store) readTraces(ctx context.Context, project string, refs []repo.TraceRef) (traces [][]*model.Span, err error) {
	err = s.read(ctx, "read spans of traces", func(*sql.DB) error {
		for read := 0; read < spansAhead && len(traces) < len(refs); {
			var spans []*model.Span
			ref := &refs[len(traces)]
			args := []any{project, ref.ID[:], cmp.Or(ref.MaxSpans, math.MaxInt64)}
			err := s.readPrepared(ctx, selectSpansOfTrace, args, func(r *row) error {
				span, err := r.span()
				spans = append(spans, span)
				return err
			})
			if err != nil {
				return err
			}
			traces = append(traces, spans)
			read += len(spans)
		}
		return nil
	})
	return traces, err
}
