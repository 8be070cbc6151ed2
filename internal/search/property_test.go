package search

import (
	"math"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/query/querytest"
	"github.com/agenttrace/agenttrace/internal/query/series"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// drawMemory draws a store with a few traces in it.
func drawMemory(t *rapid.T) *memory {
	type key struct {
		trace model.TraceID
		span  spanKey
	}
	stored := map[key]bool{}
	var spans []*model.Span
	for range rapid.IntRange(1, 8).Draw(t, "traces") {
		for _, s := range querytest.Traces().Draw(t, "trace") {
			if k := (key{s.TraceID, keyOf(s)}); !stored[k] {
				stored[k] = true
				spans = append(spans, s)
			}
		}
	}
	return newMemory(t, rapid.IntRange(1, 4).Draw(t, "spans per segment"), spans...)
}

func drawEngine(t *rapid.T, m *memory) *Engine {
	return &Engine{Store: m, Limits: Limits{Workers: rapid.IntRange(1, 4).Draw(t, "workers")}}
}

// selections is what a query selects of everything that is stored.
func selections(m *memory, q *query.Query) map[model.TraceID][]match.Selected {
	all := map[model.TraceID][]match.Selected{}
	for id, spans := range m.whole {
		if selected := match.Select(q, match.NewTrace(spans)); len(selected) > 0 {
			all[id] = selected
		}
	}
	return all
}

// shown is what is compared of a result.
type shown struct {
	Trace  model.TraceID
	Span   spanKey
	Fields []match.Named
}

func show(s match.Selected) shown { return shown{s.Span.TraceID, keyOf(s.Span), s.Fields} }

func sameShown(t *rapid.T, q *query.Query, want, got []shown) {
	t.Helper()
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(spanKey{}), cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
		t.Fatalf("%s: (-want +got)\n%s", q, diff)
	}
}

func TestTracesAreThoseThatMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMemory(t)
		e := drawEngine(t, m)
		for range 5 {
			q := querytest.Queries().Draw(t, "query")
			tq := repo.TraceQuery{Order: repo.TraceOrder(rapid.IntRange(0, 1).Draw(t, "order"))}
			if rapid.Bool().Draw(t, "plain") {
				tq.Failed = new(rapid.Bool().Draw(t, "failed"))
			}
			selected := selections(m, q)
			var want, got []shown
			for _, trace := range m.tracesOf(tq) {
				for _, s := range selected[trace.TraceID] {
					want = append(want, show(s))
				}
			}
			tq.Limit = rapid.IntRange(0, 3).Draw(t, "page size")
			for {
				page, err := collect(e.Traces(t.Context(), project, q, tq, nil))
				if err != nil {
					t.Fatalf("%s: %v", q, err)
				}
				for _, found := range page {
					for _, s := range found.Spans {
						got = append(got, show(s))
					}
				}
				if tq.Limit == 0 || len(page) < tq.Limit {
					break
				}
				tq.After = new(tq.Order.CursorOf(page[len(page)-1].Trace))
			}
			sameShown(t, q, want, got)
		}
	})
}

func TestSpansAreThoseThatMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMemory(t)
		e := drawEngine(t, m)
		room := rapid.SampledFrom([]int{0, 1000, verdictsBytes}).Draw(t, "room for verdicts")
		for range 5 {
			q := querytest.Queries().Draw(t, "query")
			sq := repo.SpanQuery{Order: repo.SpanOrder(rapid.IntRange(0, 1).Draw(t, "order"))}
			if rapid.Bool().Draw(t, "plain") {
				sq.Failed = new(rapid.Bool().Draw(t, "failed"))
			}
			selected := map[repo.SpanCursor]match.Selected{}
			for _, spans := range selections(m, q) {
				for _, s := range spans {
					selected[repo.SpanCursorOf(s.Span)] = s
				}
			}
			var want, got []shown
			for _, span := range m.spansOf(sq) {
				if s, ok := selected[repo.SpanCursorOf(span)]; ok {
					want = append(want, show(s))
				}
			}
			sq.Limit = rapid.IntRange(0, 4).Draw(t, "page size")
			for {
				page, err := collect(e.spans(t.Context(), project, q, sq, nil, room))
				if err != nil {
					t.Fatalf("%s: %v", q, err)
				}
				for _, s := range page {
					got = append(got, show(s))
				}
				if sq.Limit == 0 || len(page) < sq.Limit {
					break
				}
				sq.After = new(repo.SpanCursorOf(page[len(page)-1].Span))
			}
			sameShown(t, q, want, got)
		}
	})
}

func TestMetricsAreThoseOfTheSpansThatMatch(t *testing.T) {
	columns := 0
	rapid.Check(t, func(t *rapid.T) {
		m := drawMemory(t)
		e := drawEngine(t, m)
		for range 5 {
			q := querytest.MetricsQueries().Draw(t, "query")
			g := drawGrid(t, m)
			collector := series.New(q.Metrics, g, math.MaxInt)
			for id, selected := range selections(m, q) {
				for _, s := range selected {
					if err := collector.AddSpan(s.Span, match.NewTrace(m.whole[id])); err != nil {
						t.Fatal(err)
					}
				}
			}
			want := collector.Series()
			if plan.Columns(q.Metrics, plan.Of(q, otlp.Searchable)) {
				columns++
			}
			for _, streamed := range []bool{false, true} {
				got, err := e.metrics(t.Context(), project, q, g, 3, streamed)
				if err != nil {
					t.Fatalf("%s: %v", q, err)
				}
				ignore := cmpopts.IgnoreFields(series.Series{}, "Exemplars")
				if diff := gocmp.Diff(want, got, ignore, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
					t.Fatalf("%s, streamed %v: (-want +got)\n%s", q, streamed, diff)
				}
			}
		}
	})
	if columns == 0 {
		t.Error("no query was answered by columns")
	}
}

// drawGrid draws a grid over some of the spans, or all.
func drawGrid(t *rapid.T, m *memory) series.Grid {
	starts := make([]int64, len(m.spans))
	for i, s := range m.spans {
		starts[i] = s.StartNano
	}
	slices.Sort(starts)
	g := series.Grid{Start: starts[0], End: starts[len(starts)-1] + 1}
	if rapid.Bool().Draw(t, "a part of the time") {
		g.Start = rapid.SampledFrom(starts).Draw(t, "start")
		g.End = max(g.Start+1, rapid.SampledFrom(starts).Draw(t, "end"))
	}
	g.Step = max(1, (g.End-g.Start)/int64(rapid.IntRange(1, 5).Draw(t, "steps")))
	return g
}
