package repotest

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func narrowLaws() []law {
	return []law{
		{name: "SpansOfTracesComeWholeAndInTheOrderOfRefs", test: spansOfTracesComeWhole},
		{name: "SpansOfTracesComeUpToTheNumberThatIsWanted", test: spansOfTracesUpToANumber},
		{name: "SpansOfTracesAreThoseForWhichAConditionHolds", test: spansOfTracesWhere},
		{name: "SpansOfUnknownTracesAreNothing", test: spansOfUnknownTraces},
		{name: "BreakingOffSpansOfTracesFreesTheirConnection", test: breakingOffSpansOfTraces},
		{name: "TheStoreCanBeUsedInTheMiddleOfSpansOfTraces", test: storeInTheMiddleOfSpans},
		{name: "CancellingEndsSpansOfTracesInTheMiddle", test: cancellingEndsSpansOfTraces},
	}
}

// traceSpans collects what TraceSpans yields.
func (s *subject) traceSpans(t tb, refs ...repo.TraceRef) [][]*model.Span {
	t.Helper()
	var all [][]*model.Span
	for spans, err := range s.TraceSpans(t.Context(), s.project, nil, refs...) {
		if err != nil {
			t.Fatalf("TraceSpans: %v", err)
		}
		all = append(all, spans)
	}
	return all
}

// spansOfTracesComeWhole asks for more traces than a store would read at once.
func spansOfTracesComeWhole(t *testing.T, s *subject) {
	spans := newRandom(60).traces(s.project, 700)
	for trace := range 5 {
		spans = append(spans, acrossMidnight(s.project, 1000+trace)...)
	}
	for n := range 1500 {
		spans = append(spans, plain(s.project, 2000, 10_000+n, at(n%3, noon)+int64(n)))
	}
	for batch := range slices.Chunk(spans, 300) {
		s.write(t, batch...)
	}
	parts := map[model.TraceID][]*model.Span{}
	for _, span := range spans {
		parts[span.TraceID] = append(parts[span.TraceID], span)
	}
	var refs []repo.TraceRef
	for id, part := range parts {
		ref := repo.TraceRef{ID: id}
		if len(refs)%2 == 0 { // a hint where the trace is, as trace rows give it
			whole := sum(part)
			ref.Range = model.TimeRange{Start: whole.StartNano, End: whole.EndNano + 1}
		}
		refs = append(refs, ref)
	}
	got := s.traceSpans(t, refs...)
	if len(got) != len(refs) {
		t.Fatalf("%d traces came, want %d", len(got), len(refs))
	}
	for i, part := range got {
		if part[0].TraceID != refs[i].ID {
			t.Fatalf("trace %s came where %s was asked for", part[0].TraceID, refs[i].ID)
		}
		sameSpans(t, parts[refs[i].ID], part)
		if !slices.IsSortedFunc(part, func(a, b *model.Span) int { return compareStarts(repo.SpansOldestFirst, a, b) }) {
			t.Fatalf("the spans of trace %s are not ordered by start", refs[i].ID)
		}
	}
}

// spansOfTracesUpToANumber cuts off a trace that lies on three days.
func spansOfTracesUpToANumber(t *testing.T, s *subject) {
	var large []*model.Span
	for n := range 90 {
		large = append(large, plain(s.project, 1, n, at(n%3, noon)+int64(n)))
	}
	small := agentRun(s.project, 2, at(0, noon))
	s.write(t, append(slices.Clone(large), small...)...)
	for _, tt := range []struct {
		most int64
		want int
	}{{1, 1}, {31, 31}, {89, 89}, {90, 90}, {91, 90}, {math.MaxInt64, 90}, {0, 90}} {
		got := s.traceSpans(t, repo.TraceRef{ID: traceID(1), MaxSpans: tt.most}, repo.TraceRef{ID: traceID(2)}, repo.TraceRef{ID: traceID(1)})
		if len(got) != 3 {
			t.Fatalf("at most %d: %d traces came, want 3", tt.most, len(got))
		}
		sameSpans(t, small, got[1])
		sameSpans(t, large, got[2])
		part := got[0]
		if !slices.IsSortedFunc(part, func(a, b *model.Span) int { return compareStarts(repo.SpansOldestFirst, a, b) }) {
			t.Errorf("at most %d: the spans are not ordered by start", tt.most)
		}
		distinct := map[spanKey]bool{}
		for _, span := range part {
			distinct[keyOf(span)] = span.TraceID == traceID(1)
		}
		if len(part) != tt.want || len(distinct) != tt.want || slices.Contains(slices.Collect(maps.Values(distinct)), false) {
			t.Errorf("at most %d: %d spans came, %d of them different, want %d of the trace", tt.most, len(part), len(distinct), tt.want)
		}
	}
}

// spansOfTracesWhere has traces of which nothing is wanted between the others.
func spansOfTracesWhere(t *testing.T, s *subject) {
	spans := newRandom(61).traces(s.project, 400)
	spans = append(spans, acrossMidnight(s.project, 1000)...)
	s.write(t, spans...)
	var refs []repo.TraceRef
	for _, span := range spans {
		if ref := (repo.TraceRef{ID: span.TraceID}); !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	for _, where := range []plan.Condition{
		plan.Term{Intrinsic: query.Type, Value: query.Value{Kind: query.KindType, Int: int64(model.TypeTool)}},
		plan.All{plan.Term{Intrinsic: query.Failed, Value: query.Boolean(true)}, plan.Term{Intrinsic: query.SpanDuration, Op: plan.Greater, Value: query.Duration(1)}},
		plan.Any{plan.Term{Intrinsic: query.AgentID, Op: plan.NotEqual}, plan.Term{Intrinsic: query.Name, Value: query.Text("none")}},
	} {
		var want [][]*model.Span
		for _, ref := range refs {
			part := slices.DeleteFunc(slices.Clone(spans), func(span *model.Span) bool {
				return span.TraceID != ref.ID || !plan.HoldsSpan(where, span)
			})
			if len(part) > 0 {
				want = append(want, part)
			}
		}
		var got [][]*model.Span
		for part, err := range s.TraceSpans(t.Context(), s.project, where, refs...) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, part)
		}
		if len(want) == 0 || len(got) != len(want) {
			t.Fatalf("%v: %d traces came, want %d", where, len(got), len(want))
		}
		for i := range got {
			sameSpans(t, want[i], got[i])
		}
	}
}

func spansOfUnknownTraces(t *testing.T, s *subject) {
	run := agentRun(s.project, 1, at(0, noon))
	s.write(t, run...)
	s.in(s.project+"-other").write(t, agentRun(s.project+"-other", 2, at(0, noon))...)
	if got := s.traceSpans(t); len(got) != 0 {
		t.Errorf("no refs yield %d traces", len(got))
	}
	got := s.traceSpans(t, repo.TraceRef{ID: traceID(2)}, repo.TraceRef{ID: traceID(1)}, repo.TraceRef{ID: traceID(9)})
	if len(got) != 1 {
		t.Fatalf("one known trace among unknown ones yields %d", len(got))
	}
	sameSpans(t, run, got[0])
}

// someTraces writes traces and returns their refs.
func someTraces(t tb, s *subject, n int) []repo.TraceRef {
	t.Helper()
	var refs []repo.TraceRef
	var spans []*model.Span
	for trace := range n {
		run := agentRun(s.project, trace, at(0, noon)+int64(trace))
		spans = append(spans, run...)
		refs = append(refs, repo.TraceRef{ID: run[0].TraceID})
	}
	s.write(t, spans...)
	return refs
}

func breakingOffSpansOfTraces(t *testing.T, s *subject) {
	refs := someTraces(t, s, 5)
	for range moreThanAnyPool {
		for _, err := range s.TraceSpans(t.Context(), s.project, nil, refs...) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if got := s.traceSpans(t, refs...); len(got) != len(refs) {
		t.Errorf("afterwards %d traces come, want %d", len(got), len(refs))
	}
}

func storeInTheMiddleOfSpans(t *testing.T, s *subject) {
	refs := someTraces(t, s, 300)
	seen := 0
	for spans, err := range s.TraceSpans(t.Context(), s.project, nil, refs...) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen%100 == 1 {
			sameSpans(t, spans, s.spans(t, repo.SpanQuery{TraceID: spans[0].TraceID}))
			s.write(t, plain(s.project, 5000+seen, 1, at(0, noon)))
			for _, err := range s.TraceSpans(t.Context(), s.project, nil, refs...) {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
		}
	}
	if seen != len(refs) {
		t.Errorf("%d traces came, want %d", seen, len(refs))
	}
}

func cancellingEndsSpansOfTraces(t *testing.T, s *subject) {
	refs := someTraces(t, s, 1500)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	seen := 0
	for _, err := range s.TraceSpans(ctx, s.project, nil, refs...) {
		if last != nil {
			t.Fatal("after an error something more is yielded")
		}
		last = err
		seen++
		cancel()
	}
	if !errors.Is(last, context.Canceled) || seen == len(refs) {
		t.Errorf("%d of %d traces came, the last with %v, want context.Canceled", seen, len(refs), last)
	}
}
