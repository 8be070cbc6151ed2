package tail_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/tail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const project = "default"

// store keeps spans in memory, as far as tails ask for them.
type store struct {
	repo.Feed
	repo.Reader

	mu      sync.Mutex
	entries []repo.Change
	content map[repo.WriteID][]stored
	floor   int // entries below are gone
	headErr error

	heads int // how often Head was asked
	open  int // how many sequences of segments are being read
	asked []repo.TraceRef
}

// stored is a segment and its project.
type stored struct {
	project string
	segment repo.Segment
}

func newStore() *store { return &store{content: map[repo.WriteID][]stored{}} }

// write stores spans as one write, in the order in which they are given.
func (s *store) write(spans ...*model.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := repo.WriteID(len(s.content) + 1)
	s.content[id] = nil
	for len(spans) > 0 {
		first := spans[0]
		change := repo.Change{Project: first.Project, Write: id, Earliest: first.StartNano, Latest: first.StartNano}
		for len(spans) > 0 && spans[0].Project == first.Project {
			trace := spans[0].TraceID
			n := 1
			for n < len(spans) && spans[n].TraceID == trace && spans[n].Project == first.Project {
				n++
			}
			segment := repo.Segment{TraceID: trace, Spans: n, Data: otlp.EncodeSpans(spans[:n])}
			for _, span := range spans[:n] {
				change.Earliest, change.Latest = min(change.Earliest, span.StartNano), max(change.Latest, span.StartNano)
			}
			change.TraceIDs = append(change.TraceIDs, trace)
			change.Spans += n
			s.content[id] = append(s.content[id], stored{first.Project, segment})
			spans = spans[n:]
		}
		s.entries = append(s.entries, change)
	}
}

func (s *store) Head(ctx context.Context) (repo.Cursor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heads++
	if s.headErr != nil {
		return "", s.headErr
	}
	return cursorAt(len(s.entries)), ctx.Err()
}

func cursorAt(n int) repo.Cursor { return repo.Cursor(strconv.Itoa(n)) }

func (s *store) Changes(ctx context.Context, after repo.Cursor, limit int) ([]repo.Change, repo.Cursor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := strconv.Atoi(string(after))
	if err != nil || at < s.floor || at > len(s.entries) {
		return nil, "", repo.ErrCursorExpired
	}
	page := s.entries[at:min(at+limit, len(s.entries))]
	return slices.Clone(page), cursorAt(at + len(page)), ctx.Err()
}

func (s *store) Segments(ctx context.Context, project string, refs ...repo.TraceRef) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		s.count(&s.open, 1)
		defer s.count(&s.open, -1)
		for _, segment := range s.find(project, refs) {
			segment.Data = slices.Clone(segment.Data)
			more := yield(segment, ctx.Err())
			clear(segment.Data) // it was lent
			if !more {
				return
			}
		}
	}
}

func (s *store) count(what *int, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*what += by
}

func (s *store) find(project string, refs []repo.TraceRef) (found []repo.Segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, refs...)
	for _, ref := range refs {
		for id := repo.WriteID(1); int(id) <= len(s.content); id++ {
			for _, c := range s.content[id] {
				if (ref.Write == 0 || ref.Write == id) && c.project == project && c.segment.TraceID == ref.ID {
					found = append(found, c.segment)
				}
			}
		}
	}
	return found
}

// spansOf returns the narrow spans of a trace.
func (s *store) spansOf(project string, id model.TraceID) (spans []*model.Span) {
	for _, segment := range s.find(project, []repo.TraceRef{{ID: id}}) {
		part, err := otlp.DecodeSpans(project, segment.Data)
		if err != nil {
			panic(err)
		}
		spans = append(spans, part...)
	}
	for _, span := range spans {
		span.Body = nil
	}
	return spans
}

func (s *store) Trace(_ context.Context, project string, id model.TraceID) (*model.Trace, error) {
	spans := s.spansOf(project, id)
	if len(spans) == 0 {
		return nil, repo.ErrNotFound
	}
	t := model.TraceOf(spans[0])
	for _, span := range spans[1:] {
		t.Merge(model.TraceOf(span))
	}
	return t, nil
}

func (s *store) Spans(_ context.Context, project string, q repo.SpanQuery) (found []*model.Span, err error) {
	for _, span := range s.spansOf(project, q.TraceID) {
		if q.Matches(span) && len(found) < q.Limit {
			found = append(found, span)
		}
	}
	return found, nil
}

func (s *store) TraceSpans(_ context.Context, project string, _ plan.Condition, refs ...repo.TraceRef) iter.Seq2[[]*model.Span, error] {
	return func(yield func([]*model.Span, error) bool) {
		for _, ref := range refs {
			if !yield(s.spansOf(project, ref.ID), nil) {
				return
			}
		}
	}
}

// start is when the first span began.
const start = int64(1_700_000_000_000_000_000)

// span returns the n-th span of a trace, named as it says.
func span(trace byte, n int, name string) *model.Span {
	id := model.SpanIDFromInt64(int64(n + 1))
	s := &model.Span{
		Project: project, TraceID: model.TraceID{15: trace + 1}, SpanID: id, Name: name,
		StartNano: start + int64(n), EndNano: start + int64(n) + 1000,
	}
	otlp.AddMissingAttributes(s)
	return s
}

// spans returns n spans of a trace from the first-th on.
func spans(trace byte, first, n int) []*model.Span {
	out := make([]*model.Span, n)
	for i := range out {
		out[i] = span(trace, first+i, "work")
	}
	return out
}

// newHub returns a hub that runs until the test ends.
func newHub(t *testing.T, c tail.Config) *tail.Hub {
	t.Helper()
	hub := tail.New(c)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { hub.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return hub
}

// reader takes the events of a tail one by one.
type reader[T any] struct {
	t    *testing.T
	next func() (tail.Event[T], error, bool)
	stop func()
}

func read[T any](t *testing.T, events iter.Seq2[tail.Event[T], error]) *reader[T] {
	t.Helper()
	r := &reader[T]{t: t}
	r.next, r.stop = iter.Pull2(events)
	t.Cleanup(r.stop)
	return r
}

// event returns the next event, which must be one.
func (r *reader[T]) event() tail.Event[T] {
	r.t.Helper()
	e, err, ok := r.next()
	if err != nil || !ok {
		r.t.Fatalf("the tail ended: %v", err)
	}
	return e
}

// items returns the items of the next event that is no heartbeat.
func (r *reader[T]) items() []T {
	r.t.Helper()
	for range 100 {
		if e := r.event(); !e.Heartbeat {
			if len(e.Items) == 0 {
				r.t.Fatalf("an event without items: %+v", e)
			}
			return e.Items
		}
	}
	r.t.Fatal("nothing comes")
	return nil
}

// end returns the error that ends the tail.
func (r *reader[T]) end() error {
	r.t.Helper()
	for {
		_, err, ok := r.next()
		if !ok {
			r.t.Fatal("the tail ended without an error")
		}
		if err != nil {
			if _, _, ok := r.next(); ok {
				r.t.Error("something came behind the error")
			}
			return err
		}
	}
}

func namesOf(spans []*model.Span) (names []string) {
	for _, s := range spans {
		names = append(names, s.Name)
	}
	return names
}

var errAway = errors.New("away")

// within fails the test when f takes longer than d by the bubble's clock.
func within(t *testing.T, d time.Duration, what string, f func()) {
	t.Helper()
	begun := time.Now()
	f()
	if took := time.Since(begun); took > d {
		t.Errorf("%s took %v, want at most %v", what, took, d)
	}
}
