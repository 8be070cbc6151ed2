package settle_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/sample"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// BenchmarkLoop measures what settling costs but for the store: its store has
// everything in memory, decompressed, and keeps nothing. Traces are in three
// segments each, which become one.
func BenchmarkLoop(b *testing.B) {
	s := newStill(b, 2000)
	b.ReportAllocs()
	spans := 0
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		s.left, s.next, s.settled = len(s.ids), 0, cancel
		settle.New(settle.Config{Store: s, Prices: perToken(1), Poll: time.Millisecond}).Run(ctx)
		spans += s.spans
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(spans), "µs/span")
}

// still is a store of traces that settle at once.
type still struct {
	settle.Store // what is not needed is not there
	ids          []model.TraceID
	segments     map[model.TraceID][]repo.Segment
	spans        int

	next    int // change
	left    int // traces
	settled context.CancelFunc
}

func newStill(b *testing.B, traces int) *still {
	b.Helper()
	s := &still{segments: map[model.TraceID][]repo.Segment{}}
	g := sample.New(sample.Options{Seed: 3})
	for range traces {
		t := g.Trace(time.Unix(1_750_000_000, 0))
		request, err := otlp.Parse(project, t.Request(), otlp.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		s.ids = append(s.ids, t.ID)
		s.spans += len(request.Records)
		for i := range 3 {
			part := request.Records[i*len(request.Records)/3 : (i+1)*len(request.Records)/3]
			s.segments[t.ID] = append(s.segments[t.ID], repo.Segment{
				TraceID: t.ID, Place: repo.Place{ID: int64(i)}, Spans: len(part), Write: repo.WriteID(i + 1),
				Earliest: part[0].Span.StartNano, Data: otlp.AppendTracesData(nil, part),
			})
		}
	}
	return s
}

func (s *still) TakeLease(_ context.Context, name, holder string, _ time.Duration) (repo.Lease, bool, error) {
	return repo.Lease{Name: name, Holder: holder, Term: 1}, true, nil
}

func (s *still) ReleaseLease(context.Context, repo.Lease) error { return nil }

func (s *still) LoadCursor(context.Context, string) (repo.Cursor, error) { return "", nil }

func (s *still) SaveCursor(context.Context, string, repo.Cursor) error { return nil }

func (s *still) Changes(_ context.Context, _ repo.Cursor, limit int) (page []repo.Change, _ repo.Cursor, err error) {
	for ; s.next < len(s.ids) && len(page) < limit; s.next++ {
		page = append(page, repo.Change{Project: project, TraceIDs: s.ids[s.next : s.next+1]})
	}
	return page, cursorAt(s.next), nil
}

func (s *still) Unsettled(_ context.Context, _ string, ids []model.TraceID) (refs []repo.TraceRef, err error) {
	for _, id := range ids {
		refs = append(refs, repo.TraceRef{ID: id})
	}
	return refs, nil
}

func (s *still) Segments(_ context.Context, _ string, refs ...repo.TraceRef) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		for _, ref := range refs {
			for _, segment := range s.segments[ref.ID] {
				if !yield(segment, nil) {
					return
				}
			}
		}
	}
}

func (s *still) Settle(_ context.Context, _ *repo.Lease, settlements []repo.Settlement) error {
	if s.left -= len(settlements); s.left == 0 {
		s.settled()
	}
	return nil
}
