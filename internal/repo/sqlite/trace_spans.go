package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"iter"
	"math"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// TraceSpans yields spans of the wanted traces. Some traces are read before
// the first of them is handed over, so that a slow consumer holds neither a
// connection nor a snapshot; see Segments.
func (s *Store) TraceSpans(ctx context.Context, project string, where plan.Condition, refs ...repo.TraceRef) iter.Seq2[[]*model.Span, error] {
	return func(yield func([]*model.Span, error) bool) {
		for len(refs) > 0 {
			traces, err := s.readTraces(ctx, project, where, refs)
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
	selectSpansOfTrace = selectTraceSpans + orderSpansOfTrace
	orderSpansOfTrace  = ` ORDER BY start_ns, span_id LIMIT ?`

	// spansAhead is how many spans are read before they are handed over, unless
	// a single trace has more.
	spansAhead = 512
)

// readTraces reads those spans of the first traces of refs for which where holds.
func (s *Store) readTraces(ctx context.Context, project string, where plan.Condition, refs []repo.TraceRef) (traces [][]*model.Span, err error) {
	some := conditions{terms: []string{selectTraceSpans}}
	some.addCondition(where)
	err = s.read(ctx, "read spans of traces", func(db *sql.DB) error {
		for read := 0; read < spansAhead && len(traces) < len(refs); {
			var spans []*model.Span
			ref := &refs[len(traces)]
			add := func(r *row) error {
				span, err := r.span()
				spans = append(spans, span)
				return err
			}
			args := slices.Concat([]any{project, ref.ID[:]}, some.args, []any{cmp.Or(ref.MaxSpans, math.MaxInt64)})
			var err error
			if where == nil {
				err = s.readPrepared(ctx, selectSpansOfTrace, args, add)
			} else {
				err = readRows(ctx, db, some.String()+orderSpansOfTrace, args, add)
			}
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
