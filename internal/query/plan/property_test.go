package plan_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/query/querytest"
)

// eachPair draws some queries and some traces and calls test with each of the
// one and each of the other.
func eachPair(t *rapid.T, test func(*query.Query, []*model.Span)) {
	queries := rapid.SliceOfN(querytest.Queries(), 4, 4).Draw(t, "queries")
	traces := rapid.SliceOfN(querytest.Traces(), 4, 4).Draw(t, "traces")
	for _, q := range queries {
		for _, spans := range traces {
			test(q, spans)
		}
	}
}

// selectedBy returns the spans that a query really selects.
func selectedBy(q *query.Query, spans []*model.Span) []*model.Span {
	var selected []*model.Span
	for _, s := range match.Select(q, match.NewTrace(spans)) {
		selected = append(selected, s.Span)
	}
	return selected
}

// summary returns the row of a trace.
func summary(spans []*model.Span) *model.Trace {
	sum := model.TraceOf(spans[0])
	for _, s := range spans[1:] {
		sum.Merge(model.TraceOf(s))
	}
	return sum
}

func TestAPlanExcludesNothingThatMatches(t *testing.T) {
	matched := map[bool]int{} // by whether the plan restricts anything
	rapid.Check(t, func(t *rapid.T) {
		eachPair(t, func(q *query.Query, spans []*model.Span) {
			selected := selectedBy(q, spans)
			if len(selected) == 0 {
				return
			}
			p := plan.Of(q, otlp.Searchable)
			matched[p.Where != nil || len(p.Having) > 0]++
			if !plan.HoldsTrace(p.Where, summary(spans)) {
				t.Fatalf("%s: the trace is excluded by %v", q, p.Where)
			}
			for _, having := range p.Having {
				if !slices.ContainsFunc(spans, func(s *model.Span) bool { return plan.HoldsSpan(having, s) }) {
					t.Fatalf("%s: the trace is excluded by %v", q, having)
				}
			}
			for _, s := range selected {
				if !plan.HoldsSpan(p.Spans, s) {
					t.Fatalf("%s: %v excludes %s %+v", q, p.Spans, s.ShortAttributes, s)
				}
			}
		})
	})
	if matched[true] < 50 {
		t.Errorf("%d of %d queries that matched were restricted: the test says nothing", matched[true], matched[true]+matched[false])
	}
}

func TestAnExactPlanSelectsWhatMatches(t *testing.T) {
	some := 0 // queries that select some of a trace's spans
	rapid.Check(t, func(t *rapid.T) {
		eachPair(t, func(q *query.Query, spans []*model.Span) {
			p := plan.Of(q, otlp.Searchable)
			if !p.Exact {
				return
			}
			selected := selectedBy(q, spans)
			if len(selected) > 0 && len(selected) < len(spans) {
				some++
			}
			for _, s := range spans {
				if plan.HoldsSpan(p.Spans, s) != slices.Contains(selected, s) {
					t.Fatalf("%s: exactly %v decides otherwise about %+v", q, p.Spans, s)
				}
			}
		})
	})
	if some < 20 {
		t.Errorf("%d queries selected some spans: the test says nothing", some)
	}
}

func TestAScanExcludesNothingThatMatches(t *testing.T) {
	excluded, left := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 8).Draw(t, "spans in a segment")
		eachPair(t, func(q *query.Query, spans []*model.Span) {
			selected := selectedBy(q, spans)
			scan := plan.Of(q, otlp.Searchable).NewScan(otlp.Verbatim)
			for part := range slices.Chunk(spans, size) {
				wanted := slices.ContainsFunc(part, func(s *model.Span) bool { return slices.Contains(selected, s) })
				if !scan.Segment(otlp.EncodeSpans(part)) && wanted {
					t.Fatalf("%s: a segment is excluded", q)
				}
			}
			switch {
			case scan.MayMatch():
				left++
			case len(selected) > 0:
				t.Fatalf("%s: the trace is excluded", q)
			default:
				excluded++
			}
		})
	})
	if excluded < 50 || left < 50 {
		t.Errorf("%d traces were excluded, %d were left: the test says nothing", excluded, left)
	}
}
