package repotest

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// listed is a session and what it is listed by.
type listed struct {
	*model.Session
	cursor repo.SessionCursor
}

// sessionsOf returns the sessions that q selects, in order, whatever its page, in
// the plainest way.
func sessionsOf(project string, runs []*model.Run, q repo.SessionQuery) []listed {
	groups := map[string][]*model.Run{}
	for _, run := range runs {
		if id := run.Identity.SessionID; id != "" && run.Project == project {
			groups[id] = append(groups[id], run)
		}
	}
	selects := repo.RunQuery{Identity: q.Identity, Start: q.Start}
	selects.Identity.SessionID = q.SessionID
	var out []listed
	for id, group := range groups {
		one := listed{sessionOf(project, id, group), repo.SessionCursor{ID: id}}
		for _, run := range group {
			if selects.Matches(run) {
				one.cursor.Last = max(one.cursor.Last, run.StartNano)
			}
		}
		if one.cursor.Last > 0 {
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b listed) int {
		return cmp.Or(cmp.Compare(b.cursor.Last, a.cursor.Last), strings.Compare(b.ID, a.ID))
	})
	return out
}

func sessionOf(project, id string, runs []*model.Run) *model.Session {
	s := &model.Session{Project: project, ID: id, StartNano: runs[0].StartNano, Settled: true}
	traces := map[model.TraceID]bool{}
	users, agents, teams, workflows := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, run := range runs {
		s.StartNano, s.EndNano, s.LastNano = min(s.StartNano, run.StartNano), max(s.EndNano, run.EndNano), max(s.LastNano, run.StartNano)
		s.Runs++
		if run.Failed {
			s.FailedRuns++
		}
		traces[run.TraceID] = true
		users[run.Identity.UserID], agents[run.Identity.AgentID] = true, true
		teams[run.Identity.TeamID], workflows[run.Identity.WorkflowID] = true, true
		s.Total = s.Total.Plus(run.Own)
		s.Settled = s.Settled && run.Own.Spans > 0 // which each run has that has settled once
	}
	s.Traces = int64(len(traces))
	s.Users, s.Agents, s.Teams, s.Workflows = namesIn(users), namesIn(agents), namesIn(teams), namesIn(workflows)
	return s
}

func namesIn(set map[string]bool) []string {
	delete(set, "")
	return slices.Sorted(maps.Keys(set))
}

// sessions lists everything that q selects, page by page, with cursors from what
// is expected, and calls between behind each page where it is not nil.
func (s *subject) sessions(t tb, q repo.SessionQuery, want []listed, between func()) []*model.Session {
	t.Helper()
	q.Limit = cmp.Or(q.Limit, repo.MaxPage)
	places := map[string]repo.SessionCursor{}
	for _, one := range want {
		places[one.ID] = one.cursor
	}
	var all []*model.Session
	seen := map[string]bool{}
	for pages := 0; ; pages++ {
		page, err := s.Sessions(t.Context(), s.project, q)
		if err != nil {
			t.Fatalf("Sessions: %v, asked for\n%s", err, gocmp.Diff(repo.SessionQuery{}, q))
		}
		if len(page) > q.Limit {
			t.Fatalf("a page has %d sessions, limit is %d", len(page), q.Limit)
		}
		if len(page) == 0 {
			return all
		}
		if between == nil && len(all)%q.Limit != 0 {
			t.Fatalf("a page of %d comes after one that was not full", len(page))
		}
		for _, one := range page {
			if seen[one.ID] {
				t.Fatalf("session %q is listed twice", one.ID)
			}
			seen[one.ID] = true
		}
		all = append(all, page...)
		if isAll(pages, len(page), q.Limit, between) {
			return all
		}
		last := page[len(page)-1]
		after, known := places[last.ID]
		if !known { // it was written between
			after = repo.SessionCursor{Last: last.LastNano, ID: last.ID}
		}
		q.After = &after
		if between != nil && pages < maxBetween {
			between()
		}
	}
}

// sessionsHold checks what a query lists, in one page and in small ones.
func (s *subject) sessionsHold(t tb, runs []*model.Run, q repo.SessionQuery) {
	t.Helper()
	want := sessionsOf(s.project, runs, q)
	sameSessions(t, want, s.sessions(t, q, want, nil))
	q.Limit = 2
	sameSessions(t, want, s.sessions(t, q, want, nil))
}

func sameSessions(t tb, want []listed, got []*model.Session) {
	t.Helper()
	plain := make([]*model.Session, len(want))
	for i, one := range want {
		plain[i] = one.Session
	}
	if reflect.DeepEqual(plain, got) {
		return
	}
	if diff := gocmp.Diff(plain, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("sessions differ (-want +got):\n%s", diff)
	}
}
