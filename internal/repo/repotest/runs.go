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

func runLaws() []law {
	return []law{
		{name: "RunsAreKnownAsSoonAsTheirSpansAreStored", test: runsAreKnownAtOnce},
		{name: "EachFieldOfARunQueryRestricts", test: eachRunFieldRestricts},
		{name: "FieldsOfARunQueryHoldTogether", test: runFieldsHoldTogether},
		{name: "RunsComeInATotalOrder", test: runsComeInATotalOrder},
		{name: "RunsAreFoundByTheirNames", test: runsFoundByTheirNames},
		{name: "SettledRunIsWhatItsSettlementSays", test: settledRunIsWhatItsSettlementSays},
		{name: "SpanMayTurnOutToBeARun", test: spanTurnsOutToBeARun},
		{name: "PlaceInAListNeedsNoRunThere", test: placeNeedsNoRun},
		{name: "PageOfRunsHoldsUpToMaxPage", test: pageOfRunsHoldsUpToMaxPage},
		{name: "PagesListRunsExactlyOnceWhileOthersAreWritten", test: pagesListRunsOnce},
	}
}

// runsAreKnownAtOnce writes runs of which every field has a value.
func runsAreKnownAtOnce(t *testing.T, s *subject) {
	other := s.in(s.project + "-other")
	var spans []*model.Span
	for kind := range model.TypeChain + 1 {
		span := fullSpan(t)
		span.Project, span.TraceID, span.SpanID, span.Type, span.Failed = s.project, traceID(int(kind)), spanID(int(kind)), kind, kind%2 == 0
		spans = append(spans, span)
	}
	s.write(t, spans...)
	got := s.runs(t, repo.RunQuery{})
	if len(got) != 3 {
		t.Errorf("spans of an agent, a team and a workflow among others make %d runs", len(got))
	}
	sameRuns(t, runsOf(provisionalRuns(s.project, spans), repo.RunQuery{}), got)
	for _, run := range got {
		if run.Settled {
			t.Errorf("run %s is settled", run.SpanID)
		}
		sameRuns(t, []*model.Run{run}, s.runs(t, repo.RunQuery{TraceID: run.TraceID}))
		sameRuns(t, nil, other.runs(t, repo.RunQuery{TraceID: run.TraceID}))
		sameRuns(t, nil, other.runs(t, repo.RunQuery{Of: []repo.RunRef{runRef(run)}}))
	}
	sameRuns(t, nil, other.runs(t, repo.RunQuery{}))
}

func eachRunFieldRestricts(t *testing.T, s *subject) {
	corpus := runCorpus(t, s)
	byStart := runsOf(corpus, repo.RunQuery{})
	middle := byStart[len(byStart)/2]
	for name, q := range map[string]repo.RunQuery{
		"TraceID":              {TraceID: middle.TraceID},
		"Of":                   {Of: []repo.RunRef{runRef(middle)}},
		"Of, several":          {Of: []repo.RunRef{runRef(middle), runRef(byStart[0]), runRef(byStart[3]), {TraceID: middle.TraceID}}},
		"AgentID":              {Identity: model.Identity{AgentID: "agent-1"}},
		"TeamID":               {Identity: model.Identity{TeamID: "team-2"}},
		"WorkflowID":           {Identity: model.Identity{WorkflowID: "workflow-1"}},
		"SessionID":            {Identity: model.Identity{SessionID: "session-2"}},
		"UserID":               {Identity: model.Identity{UserID: "user-1"}},
		"RunID":                {Identity: model.Identity{RunID: "run-1"}},
		"no names":             {Identity: model.Identity{AgentID: "agent-1", AgentName: "x", TeamName: "x", WorkflowName: "x"}},
		"Types":                {Types: []model.SpanType{model.TypeTeam}},
		"Types, any of":        {Types: []model.SpanType{model.TypeTeam, model.TypeWorkflow}},
		"Name":                 {Name: "größe"},
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
		"MinDuration":          {MinDuration: int64(2 * time.Second)},
		"MinDuration above":    {MinDuration: int64(2*time.Second) + 1},
		"MaxDuration":          {MaxDuration: int64(2 * time.Second)},
		"MaxDuration below":    {MaxDuration: int64(2*time.Second) - 1},
		"MinDuration and Max…": {MinDuration: int64(time.Second), MaxDuration: int64(2 * time.Second)},
	} {
		for _, order := range runOrders {
			t.Run(fmt.Sprintf("%s/order %d", name, order), func(t *testing.T) {
				q.Order = order
				want := runsOf(corpus, q)
				if len(want) == 0 || len(want) == len(corpus) {
					t.Fatalf("the corpus does not test this: %d of %d runs match", len(want), len(corpus))
				}
				sameRuns(t, want, s.runs(t, q))
			})
		}
	}
}

// runQuery draws a query over what the corpus holds.
func runQuery(t *rapid.T) repo.RunQuery {
	r := newRandom(rapid.Uint64().Draw(t, "query"))
	q := repo.RunQuery{Order: repo.RunOrder(r.IntN(4)), Limit: 1 + r.IntN(40)}
	for range r.IntN(4) {
		switch r.IntN(8) {
		case 0:
			q.TraceID = traceID(r.IntN(60))
		case 1:
			q.Identity.AgentID, q.Identity.RunID = r.pick("agent-1", "agent-2"), r.pick("", "", "run-1")
		case 2:
			q.Identity.UserID, q.Identity.SessionID = r.pick("user-1", "user-2"), r.pick("", "session-1", "session-2")
		case 3:
			q.Types = []model.SpanType{model.TypeAgent, model.SpanType(r.IntN(14))}
		case 4:
			q.Name, q.Service, q.Environment = r.pick("", "run", "Run"), r.pick("", "desk"), r.pick("", "staging")
		case 5:
			q.Status, q.Failed = new(model.StatusCode(r.IntN(3))), new(r.IntN(2) == 0)
		case 6:
			q.Start.Start = at(r.IntN(3)-1, time.Duration(r.IntN(24))*time.Hour)
			q.Start.End = q.Start.Start + int64(time.Duration(r.IntN(48))*time.Hour)
		case 7:
			q.MinDuration = r.Int64N(4) * int64(time.Second)
			q.MaxDuration = q.MinDuration * r.Int64N(3)
		}
	}
	return q
}

func runFieldsHoldTogether(t *testing.T, s *subject) {
	corpus := runCorpus(t, s)
	rapid.Check(t, func(t *rapid.T) {
		q := runQuery(t)
		for range rapid.IntRange(0, 20).Draw(t, "of") {
			q.Of = append(q.Of, runRef(rapid.SampledFrom(corpus).Draw(t, "run")))
		}
		sameRuns(t, runsOf(corpus, q), s.runs(t, q))
	})
}

// runsComeInATotalOrder lists runs of which many start together, last equally
// long and cost nothing, by pages of each size; span ids are negative numbers for
// some, and stand for several runs.
func runsComeInATotalOrder(t *testing.T, s *subject) {
	var spans []*model.Span
	for i := range 18 {
		span := plain(s.project, i%3, i/2, at(i%2, noon))
		span.Type, span.EndNano = model.TypeAgent, span.StartNano+int64(i%2)*int64(time.Second)
		spans = append(spans, span)
	}
	s.write(t, spans...)
	all := provisionalRuns(s.project, spans)
	for _, order := range runOrders {
		for limit := 1; limit <= 5; limit++ {
			q := repo.RunQuery{Order: order, Limit: limit}
			sameRuns(t, runsOf(all, q), s.runs(t, q))
		}
	}
}

// runsFoundByTheirNames asks for as many runs at once as may be.
func runsFoundByTheirNames(t *testing.T, s *subject) {
	var spans []*model.Span
	for i := range repo.MaxPage + 200 {
		span := plain(s.project, i/3, i, at(i%3, noon)+int64(i))
		span.Type = model.TypeAgent
		spans = append(spans, span)
	}
	s.write(t, spans...)
	all := provisionalRuns(s.project, spans)
	q := repo.RunQuery{}
	for _, run := range all[:repo.MaxPage-3] {
		q.Of = append(q.Of, runRef(run))
	}
	q.Of = append(q.Of, repo.RunRef{TraceID: all[0].TraceID, SpanID: all[0].SpanID, StartNano: all[0].StartNano + 1},
		repo.RunRef{TraceID: all[0].TraceID, SpanID: spanID(99_999), StartNano: all[0].StartNano}, q.Of[5])
	for _, order := range runOrders {
		q.Order = order
		sameRuns(t, runsOf(all, q), s.runs(t, q))
		q.Limit = 300
		sameRuns(t, runsOf(all, q), s.runs(t, q))
		q.Limit = 0
	}
	sameRuns(t, nil, s.in(s.project+"-other").runs(t, q))
}

// settledRunIsWhatItsSettlementSays settles runs as something else than their spans
// say in any of what runs are found by, be it nothing. Only the run's id is its own.
func settledRunIsWhatItsSettlementSays(t *testing.T, s *subject) {
	r := newRandom(96)
	run := func(trace int) *model.Span {
		span := r.span(s.project, trace, trace, at(r.IntN(3)-1, 0), 24*time.Hour)
		span.Type, span.Usage = []model.SpanType{model.TypeAgent, model.TypeTeam, model.TypeWorkflow}[r.IntN(3)], model.Usage{}
		return span
	}
	var spans []*model.Span
	var settlements []repo.Settlement
	for trace := range 60 {
		spans = append(spans, run(trace))
	}
	s.write(t, spans...)
	all := provisionalRuns(s.project, spans)
	for i, settled := range all {
		if i%3 == 0 {
			continue
		}
		other := run(i)
		own := settled.Identity.RunID
		settled.Identity, settled.Failed, settled.Settled = other.Identity, other.Failed, true
		settled.Identity.RunID = own
		if i%3 == 1 {
			settled.Type, settled.Status, settled.EndNano = other.Type, other.Status, settled.StartNano+int64(r.IntN(4))*int64(time.Second)
			settled.Name, settled.Service, settled.Environment = other.Name, other.Service, other.Environment
		}
		settled.Own = model.Tally{Spans: 1, Cost: model.Cost{Nano: int64(i)}}
		settled.Detail = model.RunDetail{RootSpanID: settled.SpanID, Total: settled.Own}
		settlements = append(settlements, repo.Settlement{
			Project: s.project, TraceID: settled.TraceID, Runs: []*model.Run{settled},
			Parts: []model.TracePart{{Day: model.Day(settled.StartNano), Spans: 1, Runs: 1}},
		})
	}
	s.settle(t, settlements...)
	sameRuns(t, runsOf(all, repo.RunQuery{}), s.runs(t, repo.RunQuery{}))
	rapid.Check(t, func(t *rapid.T) {
		q := runQuery(t)
		sameRuns(t, runsOf(all, q), s.runs(t, q))
		sessions := sessionQuery(t)
		want := sessionsOf(s.project, all, sessions)
		sameSessions(t, want, s.sessions(t, sessions, want, nil))
	})
}

// spanTurnsOutToBeARun settles a span as a run that was none by the rules of the
// version that stored it.
func spanTurnsOutToBeARun(t *testing.T, s *subject) {
	span := plain(s.project, 1, 1, at(0, noon))
	span.Type = model.TypeChain
	s.write(t, span)
	sameRuns(t, nil, s.runs(t, repo.RunQuery{}))
	run := model.RunOf(span)
	run.Type, run.Identity.SessionID, run.Settled = model.TypeAgent, "session-1", true
	run.Own = model.Tally{Spans: 1}
	run.Detail = model.RunDetail{RootSpanID: run.SpanID, Total: run.Own}
	settlement := repo.Settlement{
		Project: s.project, TraceID: span.TraceID, Runs: []*model.Run{run},
		Parts: []model.TracePart{{Day: at(0, 0), Spans: 1, Runs: 1}},
	}
	for range 2 {
		s.settle(t, settlement)
		for _, q := range []repo.RunQuery{{}, {TraceID: span.TraceID}, {Identity: model.Identity{SessionID: "session-1"}}, {Of: []repo.RunRef{runRef(run)}}} {
			sameRuns(t, []*model.Run{run}, s.runs(t, q))
		}
		s.sessionsHold(t, []*model.Run{run}, repo.SessionQuery{})
	}
}

func placeNeedsNoRun(t *testing.T, s *subject) {
	batch := onWire(t, agentRun(s.project, 1, at(0, noon))...)
	s.writeRecords(t, batch)
	s.settleAll(t, batch, nanosPerToken(3))
	want := settledOf(s.project, batch, nanosPerToken(3)).runs
	for _, tt := range []struct {
		name  string
		order repo.RunOrder
		key   int64
		found int
	}{
		{"newest first, from later", repo.RunsNewestFirst, at(0, noon) + 1, 1},
		{"newest first, from earlier", repo.RunsNewestFirst, at(0, noon) - 1, 0},
		{"oldest first, from earlier", repo.RunsOldestFirst, at(0, noon) - 1, 1},
		{"oldest first, from later", repo.RunsOldestFirst, at(0, noon) + 1, 0},
		{"longest first, from longer", repo.RunsLongestFirst, int64(time.Hour), 1},
		{"longest first, from shorter", repo.RunsLongestFirst, 1, 0},
		{"costliest first, from costlier", repo.RunsCostliestFirst, 1e9, 1},
		{"costliest first, from cheaper", repo.RunsCostliestFirst, 1, 0},
	} {
		q := repo.RunQuery{Order: tt.order, Limit: 10, After: &repo.RunCursor{Key: tt.key, RunRef: repo.RunRef{TraceID: traceID(9), SpanID: spanID(9), StartNano: at(0, noon)}}}
		got, err := s.Runs(t.Context(), s.project, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != tt.found {
			t.Errorf("%s: %d runs, want %d", tt.name, len(got), tt.found)
		}
		sameRuns(t, want[:len(got)], got)
	}
}

func pageOfRunsHoldsUpToMaxPage(t *testing.T, s *subject) {
	var spans []*model.Span
	for i := range repo.MaxPage + 5 {
		span := plain(s.project, i/10, i, at(i%3, noon)+int64(i))
		span.Type = model.TypeWorkflow
		spans = append(spans, span)
	}
	s.write(t, spans...)
	all := provisionalRuns(s.project, spans)
	for _, order := range runOrders {
		q := repo.RunQuery{Order: order, Limit: repo.MaxPage}
		page, err := s.Runs(t.Context(), s.project, q)
		if err != nil || len(page) != repo.MaxPage {
			t.Errorf("order %d: a page has %d runs, %v; want %d", order, len(page), err, repo.MaxPage)
		}
		sameRuns(t, runsOf(all, q), s.runs(t, q))
	}
}

// pagesListRunsOnce walks pages of drawn sizes; between them, others are written
// and settled.
func pagesListRunsOnce(t *testing.T, s *subject) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		s := s.in(fmt.Sprintf("%s-%d", s.project, n))
		q := runQuery(t)
		q.Limit = rapid.IntRange(1, 9).Draw(t, "limit")
		r := newRandom(rapid.Uint64().Draw(t, "seed"))
		run := func(trace, span int) []model.Record {
			one := r.span(s.project, trace, span, at(r.IntN(3)-1, 0), 24*time.Hour)
			one.Type = []model.SpanType{model.TypeAgent, model.TypeTeam, model.TypeWorkflow}[r.IntN(3)]
			return onWire(t, one)
		}
		var stable []model.Record
		for i := range rapid.IntRange(1, 16).Draw(t, "stable") {
			stable = append(stable, run(i/2, i)...)
		}
		s.writeRecords(t, stable)
		written := 0
		between := func() {
			written++
			more := run(600+written/2, 6000+written)
			s.writeRecords(t, more)
			if written%2 == 0 {
				s.settleAll(t, more, nanosPerToken(3))
			}
		}
		got := slices.DeleteFunc(s.walkRuns(t, q, between), func(run *model.Run) bool {
			return !slices.ContainsFunc(stable, func(r model.Record) bool { return r.Span.TraceID == run.TraceID })
		})
		sameRuns(t, runsOf(provisionalRuns(s.project, spansIn(stable)), q), got)
	})
}
