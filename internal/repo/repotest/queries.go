package repotest

import (
	"fmt"
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
	"github.com/agenttrace/agenttrace/internal/search"
)

// queryLaws hold that a search over a store finds what the language says, by
// random queries over random traces.
func queryLaws() []law {
	return []law{
		{name: "TracesOfAQueryAreThoseThatMatch", test: tracesOfAQuery},
		{name: "SpansOfAQueryAreThoseThatMatch", test: spansOfAQuery},
		{name: "MetricsByColumnsEqualMetricsBySpans", test: metricsByColumns},
	}
}

// world is some traces, as the store gives them back when it is asked for
// everything.
type world struct {
	traces map[model.TraceID][]*model.Span
	spans  *reference
}

// drawWorld writes random traces to a project of their own, the spans of each
// in several batches.
func drawWorld(t *rapid.T, s *subject) world {
	w := world{traces: map[model.TraceID][]*model.Span{}, spans: &reference{}}
	var batch []model.Record
	for range rapid.IntRange(1, 6).Draw(t, "traces") {
		spans := querytest.Traces().Draw(t, "trace")
		request, err := otlp.Parse(s.project, otlp.EncodeSpans(spans), otlp.Limits{})
		if err != nil || len(request.Rejected) > 0 {
			t.Fatalf("a generated trace cannot be read: %v, %v", err, request.Rejected)
		}
		batch = append(batch, request.Records...)
	}
	var fresh []model.Record
	for _, r := range batch {
		if keep := !slices.ContainsFunc(fresh, func(f model.Record) bool { return keyOf(f.Span) == keyOf(r.Span) }); keep {
			fresh = append(fresh, r)
		}
	}
	for part := range slices.Chunk(fresh, 1+len(fresh)/rapid.IntRange(1, 3).Draw(t, "batches")) {
		s.writeRecords(t, part)
	}
	for _, r := range fresh {
		w.spans.spans = append(w.spans.spans, r.Span)
		w.traces[r.Span.TraceID] = append(w.traces[r.Span.TraceID], decoded(t, r))
	}
	return w
}

// decoded returns a record's span with its content.
func decoded(t tb, r model.Record) *model.Span {
	t.Helper()
	spans, err := otlp.DecodeSpans(r.Span.Project, otlp.AppendTracesData(nil, []model.Record{r}))
	if err != nil || len(spans) != 1 {
		t.Fatalf("a written record is read as %d spans, %v", len(spans), err)
	}
	return spans[0]
}

// eachWorld checks a property of many worlds, each in a project of its own.
func eachWorld(t *testing.T, s *subject, check func(t *rapid.T, s *subject, w world)) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		s := s.in(fmt.Sprintf("%.40s-%d", s.project, n))
		check(t, s, drawWorld(t, s))
	})
}

func tracesOfAQuery(t *testing.T, s *subject) {
	eachWorld(t, s, func(t *rapid.T, s *subject, w world) {
		for range 8 {
			q := querytest.Queries().Draw(t, "query")
			tq := repo.TraceQuery{Order: repo.TraceOrder(rapid.IntRange(0, 1).Draw(t, "order"))}
			if rapid.IntRange(0, 3).Draw(t, "plain") == 0 {
				tq.Failed = new(rapid.Bool().Draw(t, "failed"))
			}
			want := map[model.TraceID][]match.Selected{}
			var order []model.TraceID
			for _, trace := range w.spans.tracesOf(s.project, tq) {
				if selected := match.Select(q, match.NewTrace(w.traces[trace.TraceID])); len(selected) > 0 {
					want[trace.TraceID] = selected
					order = append(order, trace.TraceID)
				}
			}
			var got []model.TraceID
			for found, err := range s.engine().Traces(t.Context(), s.project, q, tq, func(search.Progress) {}) {
				if err != nil {
					t.Fatalf("%s: %v", q, err)
				}
				got = append(got, found.Trace.TraceID)
				sameSelection(t, q, want[found.Trace.TraceID], found.Spans)
			}
			if diff := gocmp.Diff(order, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s: traces differ (-want +got):\n%s", q, diff)
			}
			if t.Failed() {
				return
			}
		}
	})
}

// engine returns a search that decides trace by trace as a server does.
func (s *subject) engine() *search.Engine { return &search.Engine{Store: s.Store} }

// sameSelection compares which spans were selected, and what select() and by()
// show of them.
func sameSelection(t tb, q *query.Query, want, got []match.Selected) {
	t.Helper()
	type shown struct {
		Span   model.SpanID
		Start  int64
		Fields []match.Named
	}
	show := func(selected []match.Selected) []shown {
		var all []shown
		for _, s := range selected {
			all = append(all, shown{s.Span.SpanID, s.Span.StartNano, s.Fields})
		}
		return all
	}
	if diff := gocmp.Diff(show(want), show(got), cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
		t.Fatalf("%s: selected spans differ (-want +got):\n%s", q, diff)
	}
}

func spansOfAQuery(t *testing.T, s *subject) {
	eachWorld(t, s, func(t *rapid.T, s *subject, w world) {
		for range 8 {
			q := querytest.Queries().Draw(t, "query")
			sq := repo.SpanQuery{Order: repo.SpanOrder(rapid.IntRange(0, 1).Draw(t, "order"))}
			selected := map[spanKey]bool{}
			for _, spans := range w.traces {
				for _, one := range match.Select(q, match.NewTrace(spans)) {
					selected[keyOf(one.Span)] = true
				}
			}
			want := slices.DeleteFunc(w.spans.spansOf(s.project, sq), func(s *model.Span) bool { return !selected[keyOf(s)] })
			var got []*model.Span
			for found, err := range s.engine().Spans(t.Context(), s.project, q, sq, func(search.Progress) {}) {
				if err != nil {
					t.Fatalf("%s: %v", q, err)
				}
				got = append(got, found.Span)
			}
			if !slices.IsSortedFunc(got, func(a, b *model.Span) int { return compareStarts(sq.Order, a, b) }) {
				t.Fatalf("%s: spans are not in order %d", q, sq.Order)
			}
			if !sameKeys(want, got) {
				t.Fatalf("%s: %d spans are found, %d match", q, len(got), len(want))
			}
		}
	})
}

// metricsByColumns compares what a store adds up with what is added up span by
// span, for every metrics query that columns can answer.
func metricsByColumns(t *testing.T, s *subject) {
	byColumns := 0
	eachWorld(t, s, func(t *rapid.T, s *subject, w world) {
		all := w.spans.spansOf(s.project, repo.SpanQuery{Order: repo.SpansOldestFirst})
		first, last := all[0].StartNano, all[len(all)-1].StartNano
		grid := series.Grid{Start: first, End: last + 1, Step: max(1, (last-first)/int64(rapid.IntRange(1, 5).Draw(t, "steps")))}
		for range 8 {
			q := querytest.MetricsQueries().Draw(t, "query")
			got, err := s.engine().Metrics(t.Context(), s.project, q, grid, 0)
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			if len(got) > 0 && plan.Columns(q.Metrics, plan.Of(q, otlp.Searchable)) {
				byColumns++
			}
			collector := series.New(q.Metrics, grid, 10_000)
			for _, spans := range w.traces {
				trace := match.NewTrace(spans)
				for _, one := range match.Select(q, trace) {
					if one.Span.StartNano < grid.Start || one.Span.StartNano >= grid.End {
						continue
					}
					if err := collector.AddSpan(one.Span, trace); err != nil {
						t.Fatal(err)
					}
				}
			}
			ignore := cmpopts.IgnoreFields(series.Series{}, "Exemplars")
			if diff := gocmp.Diff(collector.Series(), got, ignore, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
				t.Fatalf("%s: series differ (-span by span +store):\n%s", q, diff)
			}
		}
	})
	if byColumns == 0 {
		t.Error("no query that finds something was answered by columns")
	}
}
