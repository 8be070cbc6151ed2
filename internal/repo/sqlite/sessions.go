package sqlite

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Sessions finds the sessions of a page first, then sums up all of their runs.
func (s *Store) Sessions(ctx context.Context, project string, q repo.SessionQuery) ([]*model.Session, error) {
	var page []*model.Session
	err := s.readSnapshot(ctx, "list sessions", func(tx *sql.Tx) error {
		var ids []string
		few, err := s.hasFewRuns(ctx, tx, project, selectedRuns(q))
		if err != nil {
			return err
		}
		query, args := sessionPage(project, q, few)
		err = readRows(ctx, tx, query, args, func(r *row) error {
			ids = append(ids, r.text())
			return r.err
		})
		if err != nil {
			return err
		}
		page, err = sumSessions(ctx, tx, project, ids)
		return err
	})
	return page, err
}

// sessionPage returns the query for the ids of one page: it walks the runs that
// are selected, newest first, and passes by those that are not the last one of
// their session.
func sessionPage(project string, q repo.SessionQuery, few bool) (query string, args []any) {
	const order = ` ORDER BY start_ns DESC, session_id DESC LIMIT ?`
	var last conditions // of what is met
	last.add(`session_id <> ''`)
	if q.After != nil {
		last.add(`(start_ns, session_id) < (?, ?)`, q.After.Last, q.After.ID)
	}
	if q.SessionID == "" || q.After != nil {
		for _, later := range laterRuns(project, q) {
			last.add(`NOT EXISTS (SELECT 1 FROM `+later.String()+`)`, later.args...)
		}
	} else {
		q.Limit = 1 // the first that is met is the last one of the session
	}
	var pages []string
	for _, met := range runSources(project, selectedRuns(q), few) {
		pages = append(pages, `SELECT session_id, start_ns FROM (SELECT `+ofRun(`session_id`)+` AS session_id, start_ns, id FROM `+met.String()+`) AS met WHERE `+last.String()+order)
		args = append(append(append(args, met.args...), last.args...), q.Limit)
	}
	return `SELECT session_id FROM (` + union(pages) + `)` + order, append(args, q.Limit)
}

// selectedRuns returns the query for the runs that q selects, from the page on.
func selectedRuns(q repo.SessionQuery) repo.RunQuery {
	selected := repo.RunQuery{Identity: q.Identity, Start: q.Start}
	selected.Identity.SessionID = q.SessionID
	if q.After != nil {
		selected.After = &repo.RunCursor{Key: q.After.Last}
	}
	return selected
}

// laterRuns returns where the runs are that q selects, whatever their page, of the
// session of the run that is met and behind it.
func laterRuns(project string, q repo.SessionQuery) []runSource {
	var rest conditions
	rest.add(`(start_ns, id) > (met.start_ns, met.id)`)
	rest.addRange(model.TimeRange{End: q.Start.End})
	terms := runTerms(project, repo.RunQuery{Identity: q.Identity})
	return sourcesOf(project, slices.Insert(terms, 0, runsWithID(`session_id`, `= met.session_id`)), &rest)
}

// sessionColumns are what is read of the runs of a source.
var sessionColumns = strings.Join([]string{
	ofRun(`session_id`), `trace_id`, `start_ns`, ofRun(`end_ns`), ofRun(`failed`), `runs.id IS NOT NULL`,
	ofRun(`user_id`), ofRun(`agent_id`), ofRun(`team_id`), ofRun(`workflow_id`), `runs.` + strings.ReplaceAll(tallyColumns, `, `, `, runs.`),
}, `, `)

// sumSessions sums up all runs of the sessions, which it returns in the order of
// ids.
func sumSessions(ctx context.Context, q querier, project string, ids []string) ([]*model.Session, error) {
	page := make([]*model.Session, len(ids))
	sums := make(map[string]*sessionSum, len(ids))
	for i, id := range ids {
		page[i] = &model.Session{Project: project, ID: id, Settled: true}
		sums[id] = newSessionSum(page[i])
	}
	if len(ids) == 0 {
		return page, nil
	}
	query, args := runsOfSessions(project, ids)
	err := readRows(ctx, q, query, args, func(r *row) error {
		sums[r.text()].add(r)
		return r.err
	})
	for _, s := range sums {
		s.finish()
	}
	return page, err
}

func runsOfSessions(project string, ids []string) (query string, args []any) {
	values := make([]any, len(ids))
	for i, id := range ids {
		values[i] = id
	}
	var found []string
	for _, source := range sourcesOf(project, []runTerm{runsWithID(`session_id`, `IN (`+marks(len(ids))+`)`, values...)}, &conditions{}) {
		found = append(found, `SELECT `+sessionColumns+` FROM `+source.String())
		args = append(args, source.args...)
	}
	return union(found), args
}

// sessionSum sums up the runs of a session.
type sessionSum struct {
	*model.Session
	traces                          map[model.TraceID]struct{}
	users, agents, teams, workflows map[string]struct{}
}

func newSessionSum(s *model.Session) *sessionSum {
	set := func() map[string]struct{} { return make(map[string]struct{}) }
	return &sessionSum{s, make(map[model.TraceID]struct{}), set(), set(), set(), set()}
}

// add adds a row of sessionColumns, of which the session has been read.
func (s *sessionSum) add(r *row) {
	s.traces[r.traceID()] = struct{}{}
	start, end := r.int(), r.int()
	if s.Runs == 0 {
		s.StartNano, s.EndNano, s.LastNano = start, end, start
	}
	s.StartNano, s.EndNano, s.LastNano = min(s.StartNano, start), max(s.EndNano, end), max(s.LastNano, start)
	s.Runs++
	s.FailedRuns += r.int()
	settled := r.int() != 0
	s.Settled = s.Settled && settled
	for _, names := range []map[string]struct{}{s.users, s.agents, s.teams, s.workflows} {
		if name := r.text(); name != "" {
			names[name] = struct{}{}
		}
	}
	s.Total = s.Total.Plus(r.tally())
}

func (s *sessionSum) finish() {
	s.Traces = int64(len(s.traces))
	s.Users, s.Agents, s.Teams, s.Workflows = firstNames(s.users), firstNames(s.agents), firstNames(s.teams), firstNames(s.workflows)
}

// firstNames returns names in order, as many as a session has.
func firstNames(names map[string]struct{}) []string {
	sorted := slices.Sorted(maps.Keys(names))
	return sorted[:min(len(sorted), model.MaxSessionNames)]
}
