package repotest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// head returns the cursor behind everything committed so far.
func (s *subject) head(t tb) repo.Cursor {
	t.Helper()
	head, err := s.Head(t.Context())
	if err != nil {
		t.Fatalf("Head: %v", err)
	}
	return head
}

// follow returns all changes behind a cursor, at most limit a call, and the
// cursor behind them.
func (s *subject) follow(t tb, after repo.Cursor, limit int) ([]repo.Change, repo.Cursor) {
	t.Helper()
	all, after, err := follow(t.Context(), s, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return all, after
}

func follow(ctx context.Context, feed repo.Feed, after repo.Cursor, limit int) ([]repo.Change, repo.Cursor, error) {
	var all []repo.Change
	for {
		page, next, err := feed.Changes(ctx, after, limit)
		if err != nil {
			return nil, after, err
		}
		if len(page) > limit {
			return nil, after, errors.New("a page of changes is longer than its limit")
		}
		after = next
		if len(page) == 0 {
			return all, after, nil
		}
		all = append(all, page...)
	}
}

// feedHolds checks that the change log of a database of its own speaks of
// exactly these spans.
func (s *subject) feedHolds(t tb, spans ...*model.Span) {
	t.Helper()
	changes, _ := s.follow(t, "", 3)
	changesHold(t, changes, spans)
}

// changesHold compares changes with the spans that they are about. How many
// spans of which trace a change brought is not in it: sums must do.
func changesHold(t tb, changes []repo.Change, spans []*model.Span) {
	t.Helper()
	type summary struct {
		Spans            int
		Earliest, Latest int64
		Traces           map[model.TraceID]bool
	}
	add := func(to map[string]*summary, project string, n int, earliest, latest int64, traces ...model.TraceID) {
		all := to[project]
		if all == nil {
			all = &summary{Earliest: earliest, Latest: latest, Traces: map[model.TraceID]bool{}}
			to[project] = all
		}
		all.Spans, all.Earliest, all.Latest = all.Spans+n, min(all.Earliest, earliest), max(all.Latest, latest)
		for _, id := range traces {
			all.Traces[id] = true
		}
	}
	want, got := map[string]*summary{}, map[string]*summary{}
	for _, s := range spans {
		add(want, s.Project, 1, s.StartNano, s.StartNano, s.TraceID)
	}
	for _, c := range changes {
		checkChange(t, c)
		add(got, c.Project, c.Spans, c.Earliest, c.Latest, c.TraceIDs...)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Fatalf("%d changes do not sum up to what was stored (-want +got):\n%s", len(changes), diff)
	}
}

// checkChange holds what is true of every change.
func checkChange(t tb, c repo.Change) {
	t.Helper()
	distinct := map[model.TraceID]bool{}
	for _, id := range c.TraceIDs {
		distinct[id] = true
	}
	if len(c.TraceIDs) == 0 || len(distinct) != len(c.TraceIDs) || c.Spans < len(c.TraceIDs) || c.Earliest > c.Latest || c.WrittenNano == 0 {
		t.Fatalf("a change of %d spans, %d traces (%d distinct), from %d to %d, written %d",
			c.Spans, len(c.TraceIDs), len(distinct), c.Earliest, c.Latest, c.WrittenNano)
	}
}

// changesUnderConcurrentWriters follows the log with small pages while several
// writers of two stores commit, repeat themselves, and are cut off.
func changesUnderConcurrentWriters(t *testing.T, s *subject) {
	start, cursor := s.head(t), s.head(t)
	stores := []repo.Store{s, s.again(t)}
	var writing errgroup.Group
	var done atomic.Bool
	var all []*model.Span
	for w := range 4 {
		var runs [][]*model.Span
		for i := range 12 {
			runs = append(runs, agentRun(s.project, 100*w+i, at(i%2, noon)))
			if i == 5 && w == 0 { // one slow transaction among the quick ones
				for n := range 2000 {
					runs[i] = append(runs[i], plain(s.project, 5, 100_000+n, at(0, noon)))
				}
			}
			all = append(all, runs[i]...)
		}
		writing.Go(func() error { return writeWithFaults(t.Context(), stores[w%2], runs) })
	}
	var following errgroup.Group
	var seen []repo.Change
	following.Go(func() error {
		for last := false; ; last = done.Load() {
			changes, next, err := follow(t.Context(), stores[1], cursor, 1+len(seen)%4)
			if err != nil {
				return err
			}
			seen, cursor = append(seen, changes...), next
			if last {
				return nil
			}
		}
	})
	err := writing.Wait()
	done.Store(true)
	if err := errors.Join(err, following.Wait()); err != nil {
		t.Fatal(err)
	}
	changesHold(t, seen, all)
	again, _ := s.follow(t, start, 100)
	changesHold(t, again, all)
	s.holds(t, all...)
}

// writeWithFaults writes each run until it is acknowledged: cut off by an ended
// context, cut off in the middle, and at last twice.
func writeWithFaults(ctx context.Context, store repo.Writer, runs [][]*model.Span) error {
	for i, run := range runs {
		batch := records(run)
		for _, limit := range []time.Duration{0, time.Duration(i) * time.Millisecond, time.Minute, time.Minute} {
			limited, cancel := context.WithTimeout(ctx, limit)
			_, err := store.Write(limited, batch)
			cancel()
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
		}
	}
	return nil
}

// whatAChangeSpeaksOf reads each trace as soon as the log tells of it: spans,
// segments, trace rows and entries are committed together, so all must be there.
func whatAChangeSpeaksOf(t *testing.T, s *subject) {
	runs := map[model.TraceID][]*model.Span{}
	writing, ctx := errgroup.WithContext(t.Context())
	for w := range 2 {
		var mine [][]*model.Span
		for i := range 10 {
			run := acrossMidnight(s.project, 100*w+i)
			mine = append(mine, run)
			runs[run[0].TraceID] = run
		}
		writing.Go(func() error {
			for _, run := range mine {
				if _, err := s.Write(ctx, records(run)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	cursor, told := repo.Cursor(""), 0
	for told < len(runs) && ctx.Err() == nil {
		var changes []repo.Change
		changes, cursor = s.follow(t, cursor, 5)
		told += len(changes)
		for _, c := range changes {
			run := runs[c.TraceIDs[0]]
			s.hasTrace(t, sum(run))
			s.segmentsHold(t, records(run), refsOf(run))
			sameSpans(t, run, s.spans(t, repo.SpanQuery{TraceID: run[0].TraceID}))
		}
	}
	if err := writing.Wait(); err != nil {
		t.Fatal(err)
	}
}
