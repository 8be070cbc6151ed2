package repotest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func sessionLaws() []law {
	return []law{
		{name: "SessionSumsUpItsRuns", test: sessionSumsUpItsRuns},
		{name: "EachFieldOfASessionQueryRestricts", test: eachSessionFieldRestricts},
		{name: "FieldsOfASessionQueryHoldTogether", test: sessionFieldsHoldTogether},
		{name: "SessionNamesAreBounded", test: sessionNamesAreBounded},
		{name: "SessionsComeInATotalOrder", test: sessionsComeInATotalOrder},
		{name: "SessionIsFoundByWhatARunHasFromAbove", test: sessionOfInheritedRuns},
		{name: "PagesListSessionsExactlyOnceWhileOthersAreWritten", test: pagesListSessionsOnce},
	}
}

func sessionSumsUpItsRuns(t *testing.T, s *subject) {
	var batch []model.Record
	for trace := range 6 {
		batch = append(batch, onWire(t, slices.Concat(teamRun(s.project, trace, at(trace%3, noon)), agentRun(s.project, 10+trace, at(0, noon)))...)...)
	}
	s.inParts(t, batch, 2)
	provisional := provisionalRuns(s.project, spansIn(batch))
	s.sessionsHold(t, provisional, repo.SessionQuery{})
	other := s.in(s.project + "-other")
	other.sessionsHold(t, nil, repo.SessionQuery{})
	other.sessionsHold(t, nil, repo.SessionQuery{SessionID: "session-1"})

	s.settleAll(t, batch, nanosPerToken(3))
	settled := settledOf(s.project, batch, nanosPerToken(3)).runs
	s.sessionsHold(t, settled, repo.SessionQuery{})
	if got := sessionsOf(s.project, settled, repo.SessionQuery{}); len(got) != 3 || !got[0].Settled || got[0].Total.Cost.Nano == 0 {
		t.Errorf("the fixtures do not test this: %d sessions", len(got))
	}
}

func eachSessionFieldRestricts(t *testing.T, s *subject) {
	corpus := runCorpus(t, s)
	var spans []*model.Span
	for i := range 30 { // more sessions than the corpus has
		span := newRandom(uint64(300+i)).span(s.project, 300+i, 3000+i, at(i%3-1, 0), 24*time.Hour)
		span.Type, span.SessionID, span.Usage = model.TypeAgent, fmt.Sprintf("another-%d", i/2), model.Usage{}
		spans = append(spans, span)
	}
	s.write(t, spans...)
	corpus = append(corpus, provisionalRuns(s.project, spans)...)
	everything := sessionsOf(s.project, corpus, repo.SessionQuery{})
	middle := everything[len(everything)/2]
	firsts := slices.SortedFunc(slices.Values(everything), func(a, b listed) int { return cmp.Compare(a.StartNano, b.StartNano) })
	first := firsts[len(firsts)/2].StartNano
	for name, q := range map[string]repo.SessionQuery{
		"SessionID":         {SessionID: middle.ID},
		"AgentID":           {Identity: model.Identity{AgentID: "agent-1"}},
		"TeamID":            {Identity: model.Identity{TeamID: "team-2"}},
		"WorkflowID":        {Identity: model.Identity{WorkflowID: "workflow-1"}},
		"UserID":            {Identity: model.Identity{UserID: "user-1"}},
		"RunID":             {Identity: model.Identity{RunID: "run-1"}},
		"of one run":        {Identity: model.Identity{AgentID: "agent-1", UserID: "user-1"}},
		"Start from":        {Start: model.TimeRange{Start: middle.LastNano}},
		"Start behind":      {Start: model.TimeRange{Start: middle.LastNano + 1}},
		"Start before":      {Start: model.TimeRange{End: first}},
		"Start up to":       {Start: model.TimeRange{End: first + 1}},
		"Start on one day":  {Start: model.TimeRange{Start: at(0, 0), End: at(0, noon)}},
		"user and one time": {Identity: model.Identity{UserID: "user-1"}, Start: model.TimeRange{Start: at(0, noon), End: at(1, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			if want := sessionsOf(s.project, corpus, q); len(want) == 0 || len(want) == len(everything) {
				t.Fatalf("the corpus does not test this: %d of %d sessions match", len(want), len(everything))
			}
			s.sessionsHold(t, corpus, q)
		})
	}
	s.sessionsHold(t, corpus, repo.SessionQuery{})
	s.sessionsHold(t, corpus, repo.SessionQuery{SessionID: "nobody's"})
	s.sessionsHold(t, corpus, repo.SessionQuery{Identity: model.Identity{AgentName: "x", TeamName: "x", WorkflowName: "x"}})
}

// sessionQuery draws a query over what the corpora hold.
func sessionQuery(t *rapid.T) repo.SessionQuery {
	r := newRandom(rapid.Uint64().Draw(t, "query"))
	q := repo.SessionQuery{Limit: 3 + r.IntN(20)}
	for range r.IntN(3) {
		switch r.IntN(4) {
		case 0:
			q.SessionID = r.pick("session-1", "session-2", "session-7")
		case 1:
			q.Identity.AgentID, q.Identity.TeamID = r.pick("agent-1", "agent-2"), r.pick("", "", "team-1")
		case 2:
			q.Identity.UserID, q.Identity.RunID = r.pick("user-1", "user-2"), r.pick("", "run-1", "run-2")
		case 3:
			q.Start.Start = at(r.IntN(3)-1, time.Duration(r.IntN(24))*time.Hour)
			q.Start.End = q.Start.Start + int64(time.Duration(r.IntN(48))*time.Hour)
		}
	}
	return q
}

// runOfSession returns a run of one of so many sessions.
func runOfSession(r random, project string, n, sessions int) *model.Span {
	span := r.span(project, 200+n, 2000+n, at(r.IntN(3)-1, 0), 24*time.Hour)
	span.Type, span.SessionID, span.Usage = model.TypeAgent, fmt.Sprintf("session-%d", r.IntN(sessions)), model.Usage{}
	return span
}

func sessionFieldsHoldTogether(t *testing.T, s *subject) {
	corpus := runCorpus(t, s)
	r := newRandom(81)
	var spans []*model.Span
	for n := range 60 {
		spans = append(spans, runOfSession(r, s.project, n, 25))
	}
	s.write(t, spans...)
	corpus = append(corpus, provisionalRuns(s.project, spans)...)
	rapid.Check(t, func(t *rapid.T) {
		q := sessionQuery(t)
		want := sessionsOf(s.project, corpus, q)
		sameSessions(t, want, s.sessions(t, q, want, nil))
	})
}

func sessionNamesAreBounded(t *testing.T, s *subject) {
	var spans []*model.Span
	names := map[string]bool{}
	for i := range model.MaxSessionNames + 50 {
		span := plain(s.project, i, i, at(i%2, noon))
		span.Type, span.SessionID = model.TypeAgent, "crowded"
		span.UserID, span.AgentID, span.TeamID, span.WorkflowID = fmt.Sprintf("Ä%d", i), fmt.Sprintf("a%d", i), fmt.Sprintf("t%d", i), fmt.Sprintf("w%d", i)
		for _, name := range []string{span.UserID, span.AgentID, span.TeamID, span.WorkflowID} {
			names[name] = true
		}
		spans = append(spans, span)
	}
	s.write(t, spans...)
	got, err := s.Sessions(t.Context(), s.project, repo.SessionQuery{SessionID: "crowded", Limit: 2})
	if err != nil || len(got) != 1 {
		t.Fatalf("%d sessions, %v", len(got), err)
	}
	if got[0].Runs != int64(len(spans)) || got[0].Traces != int64(len(spans)) {
		t.Errorf("a session of %d runs in as many traces has %d in %d", len(spans), got[0].Runs, got[0].Traces)
	}
	for kind, list := range map[string][]string{"Ä": got[0].Users, "a": got[0].Agents, "t": got[0].Teams, "w": got[0].Workflows} {
		if len(list) != model.MaxSessionNames || !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("%d names are listed, sorted: %t: %q", len(list), slices.IsSorted(list), list)
		}
		for _, name := range list {
			if !names[name] || !strings.HasPrefix(name, kind) {
				t.Errorf("%q is none of the names that begin with %q", name, kind)
			}
		}
	}
}

// sessionsComeInATotalOrder lists sessions whose latest runs start together;
// their ids compare as bytes.
func sessionsComeInATotalOrder(t *testing.T, s *subject) {
	var spans []*model.Span
	for i, id := range []string{"b", "B", "a", "ä", "a ", " a", "_", "zebra", "Zebra", "ß", "日本", "a%", "'", "\\"} {
		for day := range 2 {
			span := plain(s.project, 10*i+day, 10*i+day, at(day, noon))
			span.Type, span.SessionID = model.TypeAgent, id
			spans = append(spans, span)
		}
	}
	s.write(t, spans...)
	runs := provisionalRuns(s.project, spans)
	for limit := 1; limit <= 5; limit++ {
		q := repo.SessionQuery{Limit: limit}
		want := sessionsOf(s.project, runs, q)
		sameSessions(t, want, s.sessions(t, q, want, nil))
		q.Start.End = at(1, 0) // the second run of each is not selected
		want = sessionsOf(s.project, runs, q)
		sameSessions(t, want, s.sessions(t, q, want, nil))
	}
	for i := 0; i < len(spans); i += 2 {
		q := repo.SessionQuery{SessionID: spans[i].SessionID}
		want := sessionsOf(s.project, runs, q)
		sameSessions(t, want, s.sessions(t, q, want, nil))
	}
}

// sessionOfInheritedRuns finds the session of a team by its member, which does
// not say its session itself, as soon as the trace has settled.
func sessionOfInheritedRuns(t *testing.T, s *subject) {
	batch := onWire(t, teamRun(s.project, 1, at(0, noon))...)
	s.writeRecords(t, batch)
	ofMember := repo.SessionQuery{Identity: model.Identity{AgentID: "support-agent"}, Limit: 5}
	if got, err := s.Sessions(t.Context(), s.project, ofMember); err != nil || len(got) != 0 {
		t.Errorf("before it has settled, the member is in %d sessions, %v", len(got), err)
	}
	s.settleAll(t, batch, nanosPerToken(3))
	runs := settledOf(s.project, batch, nanosPerToken(3)).runs
	s.sessionsHold(t, runs, ofMember)
	if got, err := s.Sessions(t.Context(), s.project, ofMember); err != nil || len(got) != 1 || got[0].Runs != 2 {
		t.Errorf("the member is in %d sessions, %v; want one, with two runs", len(got), err)
	}
}

// pagesListSessionsOnce walks pages of drawn sizes; between them, runs of other
// sessions are written.
func pagesListSessionsOnce(t *testing.T, s *subject) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		s := s.in(fmt.Sprintf("%s-%d", s.project, n))
		q := sessionQuery(t)
		q.SessionID, q.Limit = "", rapid.IntRange(1, 4).Draw(t, "limit")
		q.Start = model.TimeRange{} // so that what is written between can be a place too
		r := newRandom(rapid.Uint64().Draw(t, "seed"))
		var stable []*model.Span
		for i := range rapid.IntRange(1, 12).Draw(t, "stable") {
			stable = append(stable, runOfSession(r, s.project, i, 8))
		}
		s.write(t, stable...)
		written := 0
		between := func() {
			written++
			span := runOfSession(r, s.project, 1000+written, 1)
			span.SessionID = fmt.Sprintf("between-%d", written)
			s.write(t, span)
		}
		want := sessionsOf(s.project, provisionalRuns(s.project, stable), q)
		got := slices.DeleteFunc(s.sessions(t, q, want, between), func(one *model.Session) bool { return strings.HasPrefix(one.ID, "between") })
		sameSessions(t, want, got)
	})
}
