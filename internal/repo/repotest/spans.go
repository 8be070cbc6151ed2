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

func spansLaws() []law {
	return []law{
		{name: "EachFieldOfASpanQueryRestricts", test: eachSpanFieldRestricts},
		{name: "FieldsOfASpanQueryHoldTogether", test: spanFieldsHoldTogether},
		{name: "SpansOfOneStartKeepTheirOrder", test: spansOfOneStart},
		{name: "PlaceInAListNeedsNoSpanThere", test: placeNeedsNoSpan},
		{name: "PageOfSpansHoldsUpToMaxPage", test: pageOfSpansHoldsUpToMaxPage},
		{name: "PagesListSpansExactlyOnceWhileOthersAreWritten", test: pagesListSpansOnce},
		{name: "PagesOfSpansAgreeWithWritersRunningBeside", test: pagesOfSpansBesideWriters, alone: true, together: true},
	}
}

func eachSpanFieldRestricts(t *testing.T, s *subject) {
	corpus := traceCorpus(t, s)
	everything := corpus.spansOf(s.project, repo.SpanQuery{})
	middle := everything[len(everything)/2]
	for name, q := range map[string]repo.SpanQuery{
		"TraceID":           {TraceID: middle.TraceID},
		"SpanID":            {SpanID: middle.SpanID},
		"SpanID in a trace": {TraceID: middle.TraceID, SpanID: middle.SpanID},
		"AgentID":           {Identity: model.Identity{AgentID: "agent-1"}},
		"TeamID":            {Identity: model.Identity{TeamID: "team-2"}},
		"WorkflowID":        {Identity: model.Identity{WorkflowID: "workflow-1"}},
		"SessionID":         {Identity: model.Identity{SessionID: "session-2"}},
		"UserID":            {Identity: model.Identity{UserID: "user-1"}},
		"RunID":             {Identity: model.Identity{RunID: "run-1"}},
		"no names":          {Identity: model.Identity{AgentID: "agent-1", AgentName: "x", TeamName: "x", WorkflowName: "x"}},
		"Types":             {Types: []model.SpanType{model.TypeTool}},
		"Types, unknown":    {Types: []model.SpanType{model.TypeUnknown}},
		"Types, any of":     {Types: []model.SpanType{model.TypeTool, model.TypeLLM, model.TypeStep}},
		"Name":              {Name: "größe"},
		"Service":           {Service: "desk"},
		"Environment":       {Environment: "staging"},
		"Model":             {Model: "gpt-5"},
		"ToolName":          {ToolName: "Search"},
		"Status unset":      {Status: new(model.StatusUnset)},
		"Status OK":         {Status: new(model.StatusOK)},
		"Status error":      {Status: new(model.StatusError)},
		"Failed":            {Failed: new(true)},
		"not Failed":        {Failed: new(false)},
		"Start from":        {Start: model.TimeRange{Start: middle.StartNano}},
		"Start behind":      {Start: model.TimeRange{Start: middle.StartNano + 1}},
		"Start before":      {Start: model.TimeRange{End: middle.StartNano}},
		"Start up to":       {Start: model.TimeRange{End: middle.StartNano + 1}},
		"Start at":          {Start: model.TimeRange{Start: middle.StartNano, End: middle.StartNano + 1}},
		"Start on one day":  {Start: model.TimeRange{Start: at(0, 0), End: at(1, 0)}},
		"MinDuration":       {MinDuration: int64(2 * time.Second)},
		"MinDuration above": {MinDuration: int64(2*time.Second) + 1},
		"MaxDuration":       {MaxDuration: int64(2 * time.Second)},
		"MaxDuration below": {MaxDuration: int64(2*time.Second) - 1},
	} {
		for _, order := range []repo.SpanOrder{repo.SpansNewestFirst, repo.SpansOldestFirst} {
			t.Run(fmt.Sprintf("%s/order %d", name, order), func(t *testing.T) {
				q.Order = order
				want := corpus.spansOf(s.project, q)
				if len(want) == 0 || len(want) == len(everything) {
					t.Fatalf("the corpus does not test this: %d of %d spans match", len(want), len(everything))
				}
				sameSpans(t, want, s.spans(t, q))
				q.Limit = 19
				sameSpans(t, want, s.spans(t, q))
			})
		}
	}
}

// spanQuery draws a query over what the corpus holds.
func spanQuery(t *rapid.T) repo.SpanQuery {
	r := newRandom(rapid.Uint64().Draw(t, "query"))
	q := repo.SpanQuery{Order: repo.SpanOrder(r.IntN(2)), Limit: 1 + r.IntN(60)}
	for range r.IntN(4) {
		switch r.IntN(9) {
		case 0:
			q.TraceID = traceID(r.IntN(60))
		case 1:
			q.Identity.AgentID, q.Identity.RunID = r.pick("agent-1", "agent-2"), r.pick("", "run-1")
		case 2:
			q.Identity.UserID, q.Identity.SessionID = r.pick("user-1", "user-2"), r.pick("", "session-1", "session-2")
		case 3:
			q.Types = []model.SpanType{model.SpanType(r.IntN(14)), model.SpanType(r.IntN(14)), model.TypeLLM}
		case 4:
			q.Name, q.Service, q.Environment = r.pick("", "run", "Run"), r.pick("", "desk"), r.pick("", "staging")
		case 5:
			q.Model, q.ToolName = r.pick("gpt-5", "ärger"), r.pick("", "search")
		case 6:
			q.Status, q.Failed = new(model.StatusCode(r.IntN(3))), new(r.IntN(2) == 0)
		case 7:
			q.Start.Start = at(r.IntN(3)-1, time.Duration(r.IntN(24))*time.Hour)
			q.Start.End = q.Start.Start + int64(time.Duration(r.IntN(48))*time.Hour)
		case 8:
			q.MinDuration = r.Int64N(4) * int64(time.Second)
			q.MaxDuration = q.MinDuration * r.Int64N(3)
		}
	}
	return q
}

func spanFieldsHoldTogether(t *testing.T, s *subject) {
	corpus := traceCorpus(t, s)
	rapid.Check(t, func(t *rapid.T) {
		q := spanQuery(t)
		sameSpans(t, corpus.spansOf(s.project, q), s.spans(t, q))
	})
}

// spansOfOneStart lists spans that all start at once, of one trace and of many,
// by pages of each size: their order must be the same for all sizes, and with
// later spans among them.
func spansOfOneStart(t *testing.T, s *subject) {
	var spans []*model.Span
	for i := range 20 {
		spans = append(spans, plain(s.project, i%4, i, at(0, noon)))
	}
	s.write(t, spans...)
	for _, order := range []repo.SpanOrder{repo.SpansNewestFirst, repo.SpansOldestFirst} {
		whole := s.spans(t, repo.SpanQuery{Order: order})
		sameSpans(t, spans, whole)
		for limit := 1; limit <= 7; limit++ {
			paged := s.spans(t, repo.SpanQuery{Order: order, Limit: limit})
			if !slices.EqualFunc(whole, paged, func(a, b *model.Span) bool { return keyOf(a) == keyOf(b) }) {
				t.Errorf("order %d: pages of %d have another order than one page", order, limit)
			}
		}
	}
}

func placeNeedsNoSpan(t *testing.T, s *subject) {
	span := plain(s.project, 1, 1, at(0, noon))
	s.write(t, span)
	for _, c := range []struct {
		name  string
		order repo.SpanOrder
		start int64
		found int
	}{
		{"newest first, from later", repo.SpansNewestFirst, span.StartNano + 1, 1},
		{"newest first, from earlier", repo.SpansNewestFirst, span.StartNano - 1, 0},
		{"oldest first, from earlier", repo.SpansOldestFirst, span.StartNano - 1, 1},
		{"oldest first, from later", repo.SpansOldestFirst, span.StartNano + 1, 0},
	} {
		place := repo.SpanCursor{StartNano: c.start, TraceID: traceID(9), SpanID: spanID(9)}
		got, err := s.Spans(t.Context(), s.project, repo.SpanQuery{Order: c.order, After: &place, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != c.found {
			t.Errorf("%s: %d spans, want %d", c.name, len(got), c.found)
		}
	}
}

func pageOfSpansHoldsUpToMaxPage(t *testing.T, s *subject) {
	var spans []*model.Span
	for i := range repo.MaxPage + 5 {
		spans = append(spans, plain(s.project, i/100, i, at(i%3, noon)+int64(i)))
	}
	s.write(t, spans...)
	for _, order := range []repo.SpanOrder{repo.SpansNewestFirst, repo.SpansOldestFirst} {
		page, err := s.Spans(t.Context(), s.project, repo.SpanQuery{Order: order, Limit: repo.MaxPage})
		if err != nil || len(page) != repo.MaxPage {
			t.Errorf("order %d: a page has %d spans, %v; want %d", order, len(page), err, repo.MaxPage)
		}
		sameSpans(t, spans, s.spans(t, repo.SpanQuery{Order: order}))
	}
}

func pagesListSpansOnce(t *testing.T, s *subject) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		s := s.in(fmt.Sprintf("%s-%d", s.project, n))
		q := spanQuery(t)
		r := newRandom(rapid.Uint64().Draw(t, "seed"))
		stable := r.traces(s.project, rapid.IntRange(1, 8).Draw(t, "stable"))
		s.write(t, stable...)
		written := 0
		between := func() {
			written++
			s.write(t, r.span(s.project, r.IntN(9), 6000+written, at(r.IntN(3)-1, 0), 24*time.Hour))
		}
		q.Limit = rapid.IntRange(1, 9).Draw(t, "limit")
		got := onlyThese(stable, s.walkSpans(t, q, between))
		sameSpans(t, referenceOf(stable).spansOf(s.project, q), got)
	})
}

// onlyThese returns the listed spans that are among spans.
func onlyThese(spans, listed []*model.Span) []*model.Span {
	return slices.DeleteFunc(listed, func(span *model.Span) bool {
		return !slices.ContainsFunc(spans, func(old *model.Span) bool { return keyOf(old) == keyOf(span) })
	})
}

func pagesOfSpansBesideWriters(t *testing.T, s *subject) {
	stable := newRandom(41).traces(s.project, 30)
	s.write(t, stable...)
	stop := s.keepWriting(t)
	for round := range 6 {
		q := repo.SpanQuery{Order: repo.SpanOrder(round % 2), Limit: 5 + round, Environment: []string{"", "production"}[round/2%2]}
		want := referenceOf(stable).spansOf(s.project, q)
		sameSpans(t, want, onlyThese(stable, s.walkSpans(t, q, func() {})))
	}
	stop()
}
