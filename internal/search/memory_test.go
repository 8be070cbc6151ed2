package search

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const project = "default"

// memory is a store that answers by looking at everything, and notes what it was
// asked.
type memory struct {
	repo.Reader // nil: no search calls what memory has not

	spans    []*model.Span // narrow
	whole    map[model.TraceID][]*model.Span
	sums     map[model.TraceID]*model.Trace
	segments map[model.TraceID][]repo.Segment

	// before is called at the beginning of each call and before each item of a
	// sequence, with the name of the method; its error is the answer.
	before func(method string) error

	mu    sync.Mutex
	calls map[string]int
	asked map[model.TraceID]int // how often a trace's spans or content were read
	// widest is how many spans TraceSpans has read of one trace at most.
	widest int

	contents int // sequences of segments that have not ended
	most     int // of them at once

	open atomic.Int64 // calls and sequences that have not ended
}

var _ repo.Reader = (*memory)(nil)

// newMemory stores spans, those of each trace in segments of a few.
func newMemory(t interface{ Fatal(...any) }, perSegment int, spans ...*model.Span) *memory {
	m := &memory{
		whole: map[model.TraceID][]*model.Span{}, sums: map[model.TraceID]*model.Trace{},
		segments: map[model.TraceID][]repo.Segment{},
		calls:    map[string]int{}, asked: map[model.TraceID]int{},
	}
	encoded, err := otlp.DecodeSpans(project, otlp.EncodeSpans(spans))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range encoded {
		m.whole[s.TraceID] = append(m.whole[s.TraceID], s)
		narrow := *s
		narrow.Body = nil
		m.spans = append(m.spans, &narrow)
	}
	for id, spans := range m.whole {
		for part := range slices.Chunk(spans, perSegment) {
			m.addSegment(id, len(part), otlp.EncodeSpans(part))
		}
		for _, s := range spans {
			if m.sums[id] == nil {
				m.sums[id] = model.TraceOf(s)
			} else {
				m.sums[id].Merge(model.TraceOf(s))
			}
		}
	}
	return m
}

func (m *memory) addSegment(id model.TraceID, spans int, data []byte) {
	m.segments[id] = append(m.segments[id], repo.Segment{TraceID: id, Spans: spans, Data: data, Earliest: 1, Latest: math.MaxInt64})
}

func (m *memory) enter(ctx context.Context, method string) error {
	m.mu.Lock()
	m.calls[method]++
	m.mu.Unlock()
	return m.step(ctx, method)
}

func (m *memory) step(ctx context.Context, method string) error {
	if m.before != nil {
		if err := m.before(method); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (m *memory) count(method string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls[method]
}

// reads returns how often the traces were read, all together.
func (m *memory) reads() (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, times := range m.asked {
		n += times
	}
	return n
}

func (m *memory) read(id model.TraceID) {
	m.mu.Lock()
	m.asked[id]++
	m.mu.Unlock()
}

// opened notes that a sequence of segments begins or ends.
func (m *memory) opened(n int) {
	m.mu.Lock()
	m.contents += n
	m.most = max(m.most, m.contents)
	m.mu.Unlock()
}

func (m *memory) Trace(ctx context.Context, _ string, id model.TraceID) (*model.Trace, error) {
	m.open.Add(1)
	defer m.open.Add(-1)
	if err := m.enter(ctx, "Trace"); err != nil {
		return nil, err
	}
	if m.sums[id] == nil {
		return nil, repo.ErrNotFound
	}
	return m.sums[id], nil
}

func (m *memory) Traces(ctx context.Context, _ string, q repo.TraceQuery) ([]*model.Trace, error) {
	m.open.Add(1)
	defer m.open.Add(-1)
	if err := m.enter(ctx, "Traces"); err != nil {
		return nil, err
	}
	page := m.tracesOf(q)
	return page[:min(len(page), q.Limit)], nil
}

// tracesOf returns all traces that q selects behind its cursor.
func (m *memory) tracesOf(q repo.TraceQuery) []*model.Trace {
	found := []*model.Trace{}
	for id, t := range m.sums {
		missing := slices.ContainsFunc(q.SpanQueries(), func(sq repo.SpanQuery) bool {
			return !slices.ContainsFunc(m.whole[id], sq.Matches)
		})
		if !missing && q.MatchesTrace(t) && (q.After == nil || compareTraces(q.Order.CursorOf(t), *q.After) > 0) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *model.Trace) int { return compareTraces(q.Order.CursorOf(a), q.Order.CursorOf(b)) })
	return found
}

func compareTraces(a, b repo.TraceCursor) int {
	return cmp.Or(cmp.Compare(b.Key, a.Key), bytes.Compare(b.TraceID[:], a.TraceID[:]))
}

func (m *memory) Spans(ctx context.Context, _ string, q repo.SpanQuery) ([]*model.Span, error) {
	m.open.Add(1)
	defer m.open.Add(-1)
	if err := m.enter(ctx, "Spans"); err != nil {
		return nil, err
	}
	page := m.spansOf(q)
	return page[:min(len(page), q.Limit)], nil
}

// spansOf returns all spans that q selects behind its cursor.
func (m *memory) spansOf(q repo.SpanQuery) []*model.Span {
	found := []*model.Span{}
	for _, s := range m.spans {
		if q.Matches(s) && (q.After == nil || compareSpans(q.Order, repo.SpanCursorOf(s), *q.After) > 0) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b *model.Span) int { return compareSpans(q.Order, repo.SpanCursorOf(a), repo.SpanCursorOf(b)) })
	return found
}

func compareSpans(o repo.SpanOrder, a, b repo.SpanCursor) int {
	c := cmp.Or(cmp.Compare(b.StartNano, a.StartNano), bytes.Compare(b.TraceID[:], a.TraceID[:]), bytes.Compare(b.SpanID[:], a.SpanID[:]))
	if o == repo.SpansOldestFirst {
		return -c
	}
	return c
}

func (m *memory) TraceSpans(ctx context.Context, _ string, where plan.Condition, refs ...repo.TraceRef) iter.Seq2[[]*model.Span, error] {
	return func(yield func([]*model.Span, error) bool) {
		m.open.Add(1)
		defer m.open.Add(-1)
		if err := m.enter(ctx, "TraceSpans"); err != nil {
			yield(nil, err)
			return
		}
		for _, ref := range refs {
			var spans []*model.Span
			for _, s := range m.spans {
				if s.TraceID == ref.ID && plan.HoldsSpan(where, s) {
					spans = append(spans, s)
				}
			}
			if ref.MaxSpans > 0 {
				spans = spans[:min(int64(len(spans)), ref.MaxSpans)]
			}
			m.mu.Lock()
			m.widest = max(m.widest, len(spans))
			m.mu.Unlock()
			m.read(ref.ID)
			slices.SortStableFunc(spans, func(a, b *model.Span) int { return cmp.Compare(a.StartNano, b.StartNano) })
			if err := m.step(ctx, "TraceSpans"); err != nil {
				yield(nil, err)
				return
			}
			if len(spans) > 0 && !yield(spans, nil) {
				return
			}
		}
	}
}

func (m *memory) Segments(ctx context.Context, _ string, refs ...repo.TraceRef) iter.Seq2[repo.Segment, error] {
	return func(yield func(repo.Segment, error) bool) {
		m.open.Add(1)
		defer m.open.Add(-1)
		m.opened(1)
		defer m.opened(-1)
		if err := m.enter(ctx, "Segments"); err != nil {
			yield(repo.Segment{}, err)
			return
		}
		var buffer []byte // which the next segment overwrites, as a store's does
		for _, ref := range refs {
			m.read(ref.ID)
			for _, segment := range m.segments[ref.ID] {
				if err := m.step(ctx, "Segments"); err != nil {
					yield(repo.Segment{}, err)
					return
				}
				clear(buffer)
				buffer = append(buffer[:0], segment.Data...)
				segment.Data = buffer
				if !yield(segment, nil) {
					return
				}
			}
		}
	}
}

func (m *memory) Aggregate(ctx context.Context, _ string, a repo.Aggregation) ([]repo.Cell, error) {
	m.open.Add(1)
	defer m.open.Add(-1)
	if err := m.enter(ctx, "Aggregate"); err != nil {
		return nil, err
	}
	if a.Spans.Start.Start == 0 || a.Spans.Start.End == 0 {
		return nil, fmt.Errorf("aggregation over an open range: %+v", a.Spans.Start)
	}
	cells := map[string]*repo.Cell{}
	sums := map[string]float64{}
	for _, s := range m.spans {
		value := match.Column(a.Value, s)
		if !a.Spans.Matches(s) || a.Value != 0 && value.Kind == query.KindNil {
			continue
		}
		c := &repo.Cell{Step: (s.StartNano - a.Spans.Start.Start) / a.Step, Min: math.MaxInt64, Max: math.MinInt64, First: math.MaxInt64}
		if len(a.Bounds) > 0 {
			c.Bucket = sort.Search(len(a.Bounds), func(i int) bool { return a.Bounds[i] > float64(value.Int) })
		}
		for _, by := range a.By {
			c.Labels = append(c.Labels, match.Column(by, s))
		}
		key := fmt.Sprint(c.Step, c.Bucket, c.Labels)
		if cells[key] == nil {
			cells[key] = c
		}
		c = cells[key]
		c.Count++
		sums[key] += float64(value.Int)
		c.Sum, c.Min, c.Max = sums[key], min(c.Min, value.Int), max(c.Max, value.Int)
		c.First = min(c.First, s.StartNano)
	}
	if len(cells) > a.MaxCells {
		return nil, repo.ErrTooMany
	}
	var all []repo.Cell
	for _, c := range cells {
		all = append(all, *c)
	}
	return all, nil
}
