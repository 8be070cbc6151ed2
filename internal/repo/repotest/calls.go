package repotest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func callLaws() []law {
	return []law{
		{name: "OpenStoreAnswersPing", test: openStoreAnswersPing},
		{name: "EndedContextEndsEachCall", test: endedContextEndsEachCall, alone: true},
		{name: "CancellingEndsEachRunningCall", test: cancellingEndsEachRunningCall, alone: true},
		{name: "EachCallMayRunBesideAllOthers", test: eachCallBesideAllOthers, alone: true, together: true},
		{name: "ClosedStoreIsUnavailable", test: closedStoreIsUnavailable, alone: true},
		{name: "CloseWaitsForRunningWrites", test: closeWaitsForRunningWrites, alone: true},
	}
}

// call is one method of a store, called in a way that succeeds.
type call struct {
	name string
	do   func(ctx context.Context, s repo.Store) error
}

// everyCall returns each method. The run is one that is stored already: Write
// repeats it, and the reads find it. Settle writes to another project, so that
// what is said of the run stays what it is.
func (s *subject) everyCall(t tb, run []*model.Span) []call {
	t.Helper()
	project, id := s.project, run[0].TraceID
	other := s.in(s.project + "-settled")
	other.writeRecords(t, onWire(t, agentRun(other.project, 1, at(0, noon))...))
	settlement := other.settlement(t, traceID(1), nanosPerToken(3))
	return slices.Concat(everyReadAndWrite(project, run), []call{
		{"Unsettled", func(ctx context.Context, s repo.Store) error {
			return errorOf(s.Unsettled(ctx, project, []model.TraceID{id}))
		}},
		{"Settle", func(ctx context.Context, s repo.Store) error {
			return s.Settle(ctx, nil, []repo.Settlement{settlement})
		}},
		{"TakeLease", func(ctx context.Context, s repo.Store) error {
			_, _, err := s.TakeLease(ctx, "lease", "holder", time.Minute)
			return err
		}},
		{"ReleaseLease", func(ctx context.Context, s repo.Store) error {
			return s.ReleaseLease(ctx, repo.Lease{Name: "lease", Holder: "nobody", Term: 1})
		}},
		{"Runs", func(ctx context.Context, s repo.Store) error {
			return errorOf(s.Runs(ctx, project, repo.RunQuery{Limit: 10}))
		}},
		{"Runs by cost", func(ctx context.Context, s repo.Store) error {
			return errorOf(s.Runs(ctx, project, repo.RunQuery{Limit: 10, Order: repo.RunsCostliestFirst}))
		}},
		{"Sessions", func(ctx context.Context, s repo.Store) error {
			return errorOf(s.Sessions(ctx, project, repo.SessionQuery{Limit: 10}))
		}},
		{"Bills", func(ctx context.Context, s repo.Store) error {
			return errorOf(s.Bills(ctx, project, repo.BillQuery{By: []repo.BillField{repo.ByModel}, MaxSums: 10}))
		}},
	})
}

func everyReadAndWrite(project string, run []*model.Span) []call {
	id := run[0].TraceID
	slow := plan.Term{Intrinsic: query.SpanDuration, Op: plan.Greater, Value: query.Duration(1)}
	return []call{
		{"Write", func(ctx context.Context, s repo.Store) error { return errorOf(s.Write(ctx, records(run))) }},
		{"Trace", func(ctx context.Context, s repo.Store) error { return errorOf(s.Trace(ctx, project, id)) }},
		{"Traces", func(ctx context.Context, s repo.Store) error {
			return errorOf(s.Traces(ctx, project, repo.TraceQuery{Limit: 10}))
		}},
		{"Traces by duration", func(ctx context.Context, s repo.Store) error {
			return errorOf(s.Traces(ctx, project, repo.TraceQuery{Limit: 10, Order: repo.LongestFirst}))
		}},
		{"Spans", func(ctx context.Context, s repo.Store) error {
			return errorOf(s.Spans(ctx, project, repo.SpanQuery{Limit: 10}))
		}},
		{"Spans with a condition", func(ctx context.Context, s repo.Store) error {
			return errorOf(s.Spans(ctx, project, repo.SpanQuery{Limit: 10, Where: slow}))
		}},
		{"Traces with conditions", func(ctx context.Context, s repo.Store) error {
			return errorOf(s.Traces(ctx, project, repo.TraceQuery{Limit: 10, Having: []plan.Condition{slow}}))
		}},
		{"Aggregate", func(ctx context.Context, s repo.Store) error {
			day := model.TimeRange{Start: at(0, 0), End: at(1, 0)}
			return errorOf(s.Aggregate(ctx, project, repo.Aggregation{Spans: repo.SpanQuery{Start: day}, Step: 1e9, MaxCells: 100}))
		}},
		{"TraceSpans", func(ctx context.Context, s repo.Store) error {
			for _, err := range s.TraceSpans(ctx, project, nil, repo.TraceRef{ID: id}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"Segments", func(ctx context.Context, s repo.Store) error {
			for _, err := range s.Segments(ctx, project, repo.TraceRef{ID: id}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"Head", func(ctx context.Context, s repo.Store) error { return errorOf(s.Head(ctx)) }},
		{"Changes", func(ctx context.Context, s repo.Store) error {
			_, _, err := s.Changes(ctx, "", 10)
			return err
		}},
		{"LoadCursor", func(ctx context.Context, s repo.Store) error { return errorOf(s.LoadCursor(ctx, "consumer")) }},
		{"SaveCursor", func(ctx context.Context, s repo.Store) error { return s.SaveCursor(ctx, "consumer", "cursor") }},
		{"Prepare", func(ctx context.Context, s repo.Store) error {
			return s.Prepare(ctx, model.TimeRange{Start: at(5, 0), End: at(7, 0)})
		}},
		{"Drop", func(ctx context.Context, s repo.Store) error { return errorOf(s.Drop(ctx, at(-10, 0))) }},
		{"Ping", func(ctx context.Context, s repo.Store) error { return s.Ping(ctx) }},
		{"Inspect", func(ctx context.Context, s repo.Store) error { return errorOf(s.Inspect(ctx)) }},
	}
}

// errorOf keeps of a call only how it ended.
func errorOf[T any](_ T, err error) error { return err }

func openStoreAnswersPing(t *testing.T, s *subject) {
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func endedContextEndsEachCall(t *testing.T, s *subject) {
	run := agentRun(s.project, 1, at(0, noon))
	s.write(t, run...)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range s.everyCall(t, run) {
		t.Run(c.name, func(t *testing.T) {
			if err := c.do(ended, s); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
			if err := c.do(t.Context(), s); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
	s.holds(t, run...)
}

// cancellingEndsEachRunningCall cancels while the call is repeated, so that it
// is cut off anywhere, again and again: a connection that a call took and did
// not give back would be missed soon.
func cancellingEndsEachRunningCall(t *testing.T, s *subject) {
	run := agentRun(s.project, 1, at(0, noon))
	s.write(t, run...)
	for _, c := range s.everyCall(t, run) {
		t.Run(c.name, func(t *testing.T) {
			for range 4 {
				ctx, cancel := context.WithCancel(t.Context())
				group := errgroup.Group{}
				for range 4 {
					group.Go(func() error {
						for {
							if err := c.do(ctx, s); err != nil {
								return err
							}
						}
					})
				}
				group.Go(func() error { cancel(); return nil })
				if err := group.Wait(); !errors.Is(err, context.Canceled) {
					t.Fatalf("got %v, want context.Canceled", err)
				}
			}
			if err := c.do(t.Context(), s); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
	s.holds(t, run...)
}

func eachCallBesideAllOthers(t *testing.T, s *subject) {
	run := agentRun(s.project, 1, at(0, noon))
	s.write(t, run...)
	var group errgroup.Group
	for _, c := range s.everyCall(t, run) {
		for range 3 {
			group.Go(func() error {
				for range 3 {
					if err := c.do(t.Context(), s); err != nil {
						return errors.Join(errors.New(c.name), err)
					}
				}
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	s.holds(t, run...)
}

func closedStoreIsUnavailable(t *testing.T, s *subject) {
	run := agentRun(s.project, 1, at(0, noon))
	closed := s.open(t)
	if _, err := closed.Write(t.Context(), records(run)); err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.everyCall(t, run) {
		t.Run(c.name, func(t *testing.T) {
			if err := c.do(t.Context(), closed); !errors.Is(err, repo.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
		})
	}
	s.holds(t, run...) // other stores on the same database live on
}

// closeWaitsForRunningWrites closes a store under its writers: what was
// acknowledged is there for the next store, and nothing else fails.
func closeWaitsForRunningWrites(t *testing.T, s *subject) {
	closing := s.open(t)
	acknowledged := make([][]*model.Span, 4)
	started := make(chan struct{}, 2*len(acknowledged))
	var group errgroup.Group
	for w := range acknowledged {
		group.Go(func() error {
			defer func() { started <- struct{}{} }()
			for i := 0; ; i++ {
				run := agentRun(s.project, 1000*w+i, at(i%2, noon))
				_, err := closing.Write(t.Context(), records(run))
				if errors.Is(err, repo.ErrUnavailable) {
					return nil
				}
				if err != nil {
					return err
				}
				acknowledged[w] = append(acknowledged[w], run...)
				if i == 3 {
					started <- struct{}{}
				}
			}
		})
	}
	for range acknowledged {
		<-started
	}
	if err := closing.Close(); err != nil {
		t.Error(err)
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, runs := range acknowledged {
		for i := 0; i < len(runs); i += 4 {
			s.hasTrace(t, sum(runs[i:i+4]))
		}
	}
}
