package repotest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func tracesLaws() []law {
	return []law{
		{name: "EachFieldOfATraceQueryRestricts", test: eachTraceFieldRestricts},
		{name: "FieldsOfATraceQueryHoldTogether", test: traceFieldsHoldTogether},
		{name: "IdentityMatchesAnySpanEachFieldForItself", test: identityMatchesAnySpan},
		{name: "IdentityOfManySpansListsEachTraceOnce", test: identityOfManySpans},
		{name: "TracesComeByTheirStartWhenTheSpanThatIsWantedIsLater", test: wantedSpanIsLater},
		{name: "TracesComeInATotalOrder", test: tracesComeInATotalOrder},
		{name: "PageOfTracesHoldsUpToMaxPage", test: pageOfTracesHoldsUpToMaxPage},
		{name: "PagesListUnchangedTracesExactlyOnceWhileOthersAreWritten", test: pagesListTracesOnce},
		{name: "PagesAgreeWithWritersRunningBeside", test: pagesBesideWriters, alone: true, together: true},
		{name: "PlaceInAListNeedsNoTraceThere", test: placeNeedsNoTrace},
	}
}

// traceCorpus writes what filters choose from.
func traceCorpus(t *testing.T, s *subject) *reference {
	t.Helper()
	spans := newRandom(30).traces(s.project, 60)
	for trace := range 6 {
		spans = append(spans, agentRun(s.project, 100+trace, at(0, time.Duration(trace)*time.Hour))...)
		spans = append(spans, acrossMidnight(s.project, 200+trace)...)
	}
	for batch := range slices.Chunk(spans, 50) {
		s.write(t, batch...)
	}
	return referenceOf(spans)
}

func eachTraceFieldRestricts(t *testing.T, s *subject) {
	corpus := traceCorpus(t, s)
	all := len(corpus.tracesOf(s.project, repo.TraceQuery{}))
	middle := corpus.tracesOf(s.project, repo.TraceQuery{})[all/2]
	for name, q := range map[string]repo.TraceQuery{
		"AgentID":              {Identity: model.Identity{AgentID: "agent-1"}},
		"TeamID":               {Identity: model.Identity{TeamID: "team-2"}},
		"WorkflowID":           {Identity: model.Identity{WorkflowID: "workflow-1"}},
		"SessionID":            {Identity: model.Identity{SessionID: "session-2"}},
		"UserID":               {Identity: model.Identity{UserID: "user-1"}},
		"RunID":                {Identity: model.Identity{RunID: "run-1"}},
		"Name":                 {Name: "Run"},
		"Service":              {Service: "desk"},
		"Environment":          {Environment: "staging"},
		"Status unset":         {Status: new(model.StatusUnset)},
		"Status OK":            {Status: new(model.StatusOK)},
		"Status error":         {Status: new(model.StatusError)},
		"Failed":               {Failed: new(true)},
		"not Failed":           {Failed: new(false)},
		"Start from":           {Start: model.TimeRange{Start: middle.StartNano}},
		"Start behind":         {Start: model.TimeRange{Start: middle.StartNano + 1}},
		"Start before":         {Start: model.TimeRange{End: middle.StartNano}},
		"Start up to":          {Start: model.TimeRange{End: middle.StartNano + 1}},
		"Start at":             {Start: model.TimeRange{Start: middle.StartNano, End: middle.StartNano + 1}},
		"Start on one day":     {Start: model.TimeRange{Start: at(0, 0), End: at(1, 0)}},
		"MinDuration":          {MinDuration: middle.Duration()},
		"MinDuration above":    {MinDuration: middle.Duration() + 1},
		"MaxDuration":          {MaxDuration: max(1, middle.Duration())},
		"MaxDuration below":    {MaxDuration: max(1, middle.Duration()-1)},
		"MinDuration and Max…": {MinDuration: middle.Duration(), MaxDuration: max(1, middle.Duration())},
	} {
		for _, order := range []repo.TraceOrder{repo.NewestFirst, repo.LongestFirst} {
			t.Run(fmt.Sprintf("%s/order %d", name, order), func(t *testing.T) {
				q.Order = order
				want := corpus.tracesOf(s.project, q)
				if len(want) == 0 || len(want) == all {
					t.Fatalf("the corpus does not test this: %d of %d traces match", len(want), all)
				}
				sameTraces(t, want, s.traces(t, q))
				q.Limit = 7
				sameTraces(t, want, s.traces(t, q))
			})
		}
	}
}

// traceQuery draws a query over what the corpus holds; most fields are absent,
// so that something matches.
func traceQuery(t *rapid.T) repo.TraceQuery {
	r := newRandom(rapid.Uint64().Draw(t, "query"))
	q := repo.TraceQuery{Order: repo.TraceOrder(r.IntN(2)), Limit: 1 + r.IntN(40)}
	for range r.IntN(4) {
		switch r.IntN(8) {
		case 0:
			q.Identity.AgentID, q.Identity.AgentName = r.pick("agent-1", "agent-2"), "names are not used"
		case 1:
			q.Identity.UserID, q.Identity.SessionID = r.pick("user-1", "user-2"), r.pick("", "session-1", "session-2")
		case 2:
			q.Name, q.Service = r.pick("", "run", "Run", "größe"), r.pick("", "desk")
		case 3:
			q.Environment = r.pick("production", "staging")
		case 4:
			q.Status = new(model.StatusCode(r.IntN(3)))
		case 5:
			q.Failed = new(r.IntN(2) == 0)
		case 6:
			q.Start.Start = at(r.IntN(3)-1, time.Duration(r.IntN(24))*time.Hour)
			q.Start.End = q.Start.Start + int64(time.Duration(r.IntN(48))*time.Hour)
		case 7:
			q.MinDuration = r.Int64N(int64(2 * time.Hour))
			q.MaxDuration = q.MinDuration * r.Int64N(3)
		}
	}
	return q
}

func traceFieldsHoldTogether(t *testing.T, s *subject) {
	corpus := traceCorpus(t, s)
	rapid.Check(t, func(t *rapid.T) {
		q := traceQuery(t)
		sameTraces(t, corpus.tracesOf(s.project, q), s.traces(t, q))
	})
}

func identityMatchesAnySpan(t *testing.T, s *subject) {
	spans := agentRun(s.project, 1, at(0, noon))
	spans[0].Identity = model.Identity{AgentID: "a", AgentName: "Named", SessionID: "s"}
	spans[2].Identity = model.Identity{AgentID: "b", UserID: "u"}
	spans[3].Identity = model.Identity{AgentID: "b", UserID: "u"}
	s.write(t, spans[:3]...)
	s.write(t, spans[3])
	for _, c := range []struct {
		name  string
		id    model.Identity
		found int
	}{
		{"of the topmost run", model.Identity{AgentID: "a"}, 1},
		{"of two other spans, listed once", model.Identity{AgentID: "b"}, 1},
		{"of different spans", model.Identity{AgentID: "a", UserID: "u"}, 1},
		{"of different spans, one missing", model.Identity{AgentID: "a", UserID: "nobody"}, 0},
		{"names are not used", model.Identity{AgentID: "a", AgentName: "Other", TeamName: "Other", WorkflowName: "Other"}, 1},
		{"exactly, not by case", model.Identity{AgentID: "A"}, 0},
		{"exactly, not by prefix", model.Identity{AgentID: "a%"}, 0},
		{"exactly, not trimmed", model.Identity{AgentID: "a "}, 0},
		{"of the right field", model.Identity{UserID: "a"}, 0},
	} {
		if got := s.traces(t, repo.TraceQuery{Identity: c.id}); len(got) != c.found {
			t.Errorf("%s: %d traces, want %d", c.name, len(got), c.found)
		}
	}
}

// manySpans writes traces of which the spans of each are spread among those of
// all others, with an id that all spans have, and one that few have.
func manySpans(t *testing.T, s *subject) *reference {
	t.Helper()
	var spans []*model.Span
	for n := range 2400 {
		span := plain(s.project, n%40, n, at(0, 23*time.Hour)+int64(n)*int64(3*time.Second))
		span.AgentID = "busy"
		if n%600 == 7 {
			span.UserID = "rare"
		}
		span.Failed = n%5 == 0
		spans = append(spans, span)
	}
	s.write(t, spans...)
	return referenceOf(spans)
}

// identityOfManySpans looks for an id that thousands of spans have, and for one
// that few have.
func identityOfManySpans(t *testing.T, s *subject) {
	corpus := manySpans(t, s)
	for _, id := range []model.Identity{{AgentID: "busy"}, {AgentID: "busy", UserID: "rare"}} {
		for _, order := range []repo.TraceOrder{repo.NewestFirst, repo.LongestFirst} {
			q := repo.TraceQuery{Identity: id, Order: order, Limit: 7}
			sameTraces(t, corpus.tracesOf(s.project, q), s.traces(t, q))
		}
	}
}

// wantedSpanIsLater looks for traces by spans that come in another order than the
// traces start.
func wantedSpanIsLater(t *testing.T, s *subject) {
	var spans []*model.Span
	for trace := range 90 {
		first := plain(s.project, trace, 2*trace, at(0, noon)+int64(trace)*int64(time.Second))
		later := plain(s.project, trace, 2*trace+1, first.StartNano+int64(trace*37%90)*int64(time.Second))
		later.SessionID, later.Failed = "s", true
		if trace%3 == 0 {
			later.UserID = "u"
		}
		spans = append(spans, first, later)
	}
	s.write(t, spans...)
	for _, q := range []repo.TraceQuery{
		{Identity: model.Identity{SessionID: "s"}, Limit: 3},
		{Identity: model.Identity{SessionID: "s"}, Limit: 7},
		{Identity: model.Identity{SessionID: "s"}, Limit: 20},
		{Identity: model.Identity{SessionID: "s", UserID: "u"}, Limit: 1},
		{Identity: model.Identity{SessionID: "s", UserID: "u"}, Limit: 20},
	} {
		sameTraces(t, referenceOf(spans).tracesOf(s.project, q), s.traces(t, q))
	}
}

// tracesComeInATotalOrder lists traces of which many start together and last
// equally long, one page each.
func tracesComeInATotalOrder(t *testing.T, s *subject) {
	var spans []*model.Span
	for trace := range 12 {
		span := plain(s.project, trace, trace, at(trace%2, noon))
		span.EndNano = span.StartNano + int64(trace%3)*int64(time.Second)
		spans = append(spans, span)
	}
	s.write(t, spans...)
	s.holds(t, spans...)
	for _, order := range []repo.TraceOrder{repo.NewestFirst, repo.LongestFirst} {
		for limit := 1; limit < 5; limit++ {
			q := repo.TraceQuery{Order: order, Limit: limit}
			sameTraces(t, referenceOf(spans).tracesOf(s.project, q), s.traces(t, q))
		}
	}
}

func pageOfTracesHoldsUpToMaxPage(t *testing.T, s *subject) {
	var spans []*model.Span
	for trace := range repo.MaxPage + 5 {
		spans = append(spans, plain(s.project, trace, trace, at(trace%3, noon)+int64(trace)))
	}
	s.write(t, spans...)
	for _, order := range []repo.TraceOrder{repo.NewestFirst, repo.LongestFirst} {
		q := repo.TraceQuery{Order: order, Limit: repo.MaxPage}
		page, err := s.Traces(t.Context(), s.project, q)
		if err != nil || len(page) != repo.MaxPage {
			t.Errorf("order %d: a page has %d traces, %v; want %d", order, len(page), err, repo.MaxPage)
		}
		sameTraces(t, referenceOf(spans).tracesOf(s.project, q), s.traces(t, q))
	}
}

// pagesListTracesOnce walks pages of drawn sizes and writes between them: new
// traces anywhere in the list, and new spans of some traces that are in it.
func pagesListTracesOnce(t *testing.T, s *subject) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		s := s.in(fmt.Sprintf("%s-%d", s.project, n))
		q := traceQuery(t)
		r := newRandom(rapid.Uint64().Draw(t, "seed"))
		stable := r.traces(s.project, rapid.IntRange(1, 16).Draw(t, "stable"))
		moving := make([]*model.Span, 3)
		for i := range moving {
			moving[i] = r.span(s.project, 500+i, 5000+i, at(0, 0), 24*time.Hour)
		}
		s.write(t, slices.Concat(stable, moving)...)
		written := 0
		between := func() {
			written++
			added := r.span(s.project, 600+written, 6000+written, at(r.IntN(3)-1, 0), 24*time.Hour)
			moved := r.span(s.project, 500+written%3, 7000+written, at(r.IntN(3)-1, 0), 24*time.Hour)
			s.write(t, added, moved)
		}
		q.Limit = rapid.IntRange(1, 9).Draw(t, "limit")
		got := onlyOf(stable, s.walkTraces(t, q, between))
		sameTraces(t, referenceOf(stable).tracesOf(s.project, q), got)
	})
}

// onlyOf returns the listed traces to which one of the spans belongs.
func onlyOf(spans []*model.Span, listed []*model.Trace) []*model.Trace {
	return slices.DeleteFunc(listed, func(trace *model.Trace) bool {
		return !slices.ContainsFunc(spans, func(span *model.Span) bool { return span.TraceID == trace.TraceID })
	})
}

func pagesBesideWriters(t *testing.T, s *subject) {
	stable := newRandom(31).traces(s.project, 60)
	s.write(t, stable...)
	stop := s.keepWriting(t)
	for round := range 6 {
		q := repo.TraceQuery{Order: repo.TraceOrder(round % 2), Limit: 5 + round, Environment: []string{"", "production"}[round/2%2]}
		want := referenceOf(stable).tracesOf(s.project, q)
		sameTraces(t, want, onlyOf(stable, s.walkTraces(t, q, func() {})))
	}
	stop()
}

func placeNeedsNoTrace(t *testing.T, s *subject) {
	spans := agentRun(s.project, 1, at(0, noon))
	s.write(t, spans...)
	want := []*model.Trace{sum(spans)}
	for _, c := range []struct {
		name  string
		order repo.TraceOrder
		key   int64
		found int
	}{
		{"later than all", repo.NewestFirst, at(5, 0), 1},
		{"a nanosecond later", repo.NewestFirst, at(0, noon) + 1, 1},
		{"earlier than all", repo.NewestFirst, at(-5, 0), 0},
		{"longer than all", repo.LongestFirst, int64(time.Hour), 1},
		{"shorter than all", repo.LongestFirst, 1, 0},
	} {
		q := repo.TraceQuery{Order: c.order, After: &repo.TraceCursor{Key: c.key, TraceID: traceID(9)}}
		q.Limit = 10
		got, err := s.Traces(t.Context(), s.project, q)
		if err != nil {
			t.Fatal(err)
		}
		sameTraces(t, want[:c.found], got)
	}
}
