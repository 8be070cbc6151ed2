package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Runs returns one page of runs.
func (s *Store) Runs(ctx context.Context, project string, q repo.RunQuery) ([]*model.Run, error) {
	runs := make([]*model.Run, 0, q.Limit)
	err := s.read(ctx, "list runs", func(db *sql.DB) error {
		few, err := s.hasFewRuns(ctx, db, project, q)
		if err != nil {
			return err
		}
		query, args := runPage(project, q, few)
		return readRows(ctx, db, query, args, func(r *row) error {
			run, err := r.run()
			runs = append(runs, run)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return runs, nil
}

// runOrder is how an order of runs is written: by key, then by what tells runs
// apart.
type runOrder struct {
	key       []string // expressions in the order of comparison, all in one direction
	ascending bool
}

// orderOf writes an order of runs that end at an expression.
func orderOf(o repo.RunOrder, end string) runOrder {
	switch o {
	case repo.RunsOldestFirst:
		return runOrder{[]string{`start_ns`, `trace_id`, `span_id`}, true}
	case repo.RunsLongestFirst:
		return runOrder{[]string{`(` + end + ` - start_ns)`, `trace_id`, `span_id`, `start_ns`}, false}
	case repo.RunsCostliestFirst:
		return runOrder{[]string{`coalesce(total_cost_nano, 0)`, `trace_id`, `span_id`, `start_ns`}, false}
	}
	return runOrder{[]string{`start_ns`, `trace_id`, `span_id`}, false}
}

// String returns the ORDER BY clause.
func (o runOrder) String() string {
	if o.ascending {
		return ` ORDER BY ` + strings.Join(o.key, `, `)
	}
	return ` ORDER BY ` + strings.Join(o.key, ` DESC, `) + ` DESC`
}

// addBehind restricts runs to those behind a place.
func (o runOrder) addBehind(c *conditions, after *repo.RunCursor) {
	compare := ` < `
	if o.ascending {
		compare = ` > `
	}
	args := []any{after.Key, after.TraceID[:], after.SpanID.Int64(), after.StartNano}[:len(o.key)]
	c.add(`(`+strings.Join(o.key, `, `)+`)`+compare+`(`+marks(len(o.key))+`)`, args...)
}

// runPage returns the query for one page. As in tracePage, the ids are found
// first, in one step that can be interrupted.
func runPage(project string, q repo.RunQuery, few bool) (query string, args []any) {
	order := orderOf(q.Order, ofRun(`end_ns`))
	var pages []string
	for _, source := range runSources(project, q, few) {
		if q.After != nil {
			order.addBehind(&source.conditions, q.After)
		}
		pages = append(pages, `SELECT id FROM `+source.String()+order.String()+` LIMIT ?`)
		args = append(append(args, source.args...), q.Limit)
	}
	query = `WITH page AS MATERIALIZED (` + union(pages) + `)
SELECT ` + runColumns + ` FROM page CROSS JOIN all_runs USING (id)` + orderOf(q.Order, `end_ns`).String() + ` LIMIT ?`
	return query, append(args, q.Limit)
}

// union returns the query for the rows of all queries, of which each may have an
// order and a limit.
func union(queries []string) string {
	if len(queries) == 1 {
		return queries[0]
	}
	return `SELECT * FROM (` + strings.Join(queries, `) UNION ALL SELECT * FROM (`) + `)`
}

// ofRun is a column of a run: what settling says of it, or else what its span says.
func ofRun(column string) string { return `coalesce(runs.` + column + `, spans.` + column + `)` }

// runSource is where runs are: rows of spans and, where they have settled, of runs.
type runSource struct {
	from string
	conditions
}

func (s *runSource) String() string { return s.from + ` WHERE ` + s.conditions.String() }

// runTerm is what runs must fulfil.
type runTerm struct {
	sql   string // wherever they are
	args  []any
	found []foundIn // what an index finds, instead
}

// isOfID reports whether the index that finds the term has spans that are no runs.
func (t *runTerm) isOfID() bool { return len(t.found) > 1 }

// foundIn is where an index finds runs that fulfil a term, and the term there.
type foundIn struct{ from, sql string }

const (
	added = ` LEFT JOIN runs USING (id, project, start_ns)`
	said  = ` CROSS JOIN spans USING (id, project, start_ns)`
)

// fewRuns is how many runs are looked through: an index of an id may have any number
// of spans that are none.
const fewRuns = 200

// hasFewRuns tells whether there are few where q would use such an index.
func (s *Store) hasFewRuns(ctx context.Context, db querier, project string, q repo.RunQuery) (few bool, err error) {
	terms := runTerms(project, q)
	if len(terms) == 0 || !terms[0].isOfID() {
		return false, nil
	}
	all := sourcesOf(project, nil, &conditions{})[0]
	all.addRange(q.Start)
	err = readRows(ctx, db, `SELECT count(*) FROM (SELECT 1 FROM `+all.String()+` LIMIT ?)`, append(all.args, s.fewRuns+1), func(r *row) error {
		few = r.int() <= int64(s.fewRuns)
		return r.err
	})
	return few, err
}

// runSources returns where the runs are that q selects, whatever their page, by the
// index that usually finds the fewest, or among all where these are few. But for those
// of a trace and those that are named, they come by start.
func runSources(project string, q repo.RunQuery, few bool) []runSource {
	var rest conditions
	if q.Failed != nil && !*q.Failed {
		rest.add(ofRun(`failed`) + ` = 0`)
	}
	rest.addRange(runRange(q))
	addPlainRunFields(&rest, q)
	terms := runTerms(project, q)
	if few {
		for _, t := range terms {
			rest.add(t.sql, t.args...)
		}
		terms = nil
	}
	return sourcesOf(project, terms, &rest)
}

// sourcesOf returns where the runs are that fulfil all terms, found by the first of
// them, and the rest.
func sourcesOf(project string, terms []runTerm, rest *conditions) []runSource {
	found := runTerm{found: []foundIn{{from: `spans INDEXED BY spans_runs` + added}}}
	if len(terms) > 0 {
		found, terms = terms[0], terms[1:]
	}
	var sources []runSource
	for _, in := range found.found {
		s := runSource{from: in.from}
		s.add(`project = ?`, project)
		s.add(`spans.type BETWEEN 1 AND 3`)
		if in.sql != "" {
			s.add(in.sql, found.args...)
		}
		for _, t := range terms {
			s.add(t.sql, t.args...)
		}
		s.addAll(rest)
		sources = append(sources, s)
	}
	return sources
}

// runTerms returns what indexes know of the runs that q selects, the usually rarest
// first.
func runTerms(project string, q repo.RunQuery) (terms []runTerm) {
	add := func(wanted bool, from, sql string, args ...any) {
		if wanted {
			terms = append(terms, runTerm{sql, args, []foundIn{{from + added, sql}}})
		}
	}
	add(!q.TraceID.IsZero(), ofTrace, `trace_id = ? AND `+inRange, q.TraceID[:])
	add(len(q.Of) > 0, `spans NOT INDEXED`, `id IN (`+idsOfSpans+` (VALUES `+rowsOfMarks(len(q.Of))+`))`, refArgs(project, q.Of)...)
	// No run has its id from elsewhere.
	add(q.Identity.RunID != "", `spans INDEXED BY spans_run`, `spans.run_id = ?`, q.Identity.RunID)
	for _, x := range [...]struct{ column, value string }{
		{`session_id`, q.Identity.SessionID},
		{`user_id`, q.Identity.UserID},
		{`workflow_id`, q.Identity.WorkflowID},
		{`team_id`, q.Identity.TeamID},
		{`agent_id`, q.Identity.AgentID},
	} {
		if x.value != "" {
			terms = append(terms, runsWithID(x.column, `= ?`, x.value))
		}
	}
	if q.Failed != nil && *q.Failed {
		terms = append(terms, runsWith(`failed`, `= 1`, `spans_runs_failed`, `runs_failed`))
	}
	return terms
}

// runsWithID compares an id.
func runsWithID(column, compared string, args ...any) runTerm {
	of := strings.TrimSuffix(column, `_id`)
	return runsWith(column, compared, `spans_`+of, `runs_`+of, args...)
}

// runsWith compares a column that both spans and runs have an index for. Each run is
// in one of them.
func runsWith(column, compared, ofSpans, ofRuns string, args ...any) runTerm {
	return runTerm{ofRun(column) + ` ` + compared, args, []foundIn{
		{`spans INDEXED BY ` + ofSpans + added, `spans.` + column + ` ` + compared + ` AND runs.` + column + ` IS NULL`},
		{`runs INDEXED BY ` + ofRuns + said, `runs.` + column + ` ` + compared},
	}}
}

const idsOfSpans = `SELECT id FROM spans INDEXED BY spans_start WHERE (project, start_ns, trace_id, span_id) IN`

// runRange returns the range of starts that is still to be asked for beside the
// place behind which the page begins.
func runRange(q repo.RunQuery) model.TimeRange {
	if q.After == nil || q.Order != repo.RunsNewestFirst && q.Order != repo.RunsOldestFirst {
		return q.Start
	}
	return behind(q.After.Key, q.Order == repo.RunsNewestFirst, q.Start)
}

// addPlainRunFields adds what no index knows.
func addPlainRunFields(c *conditions, q repo.RunQuery) {
	if len(q.Types) > 0 {
		types := make([]any, len(q.Types))
		for i, t := range q.Types {
			types[i] = int64(t)
		}
		c.add(ofRun(`type`)+` IN (`+marks(len(types))+`)`, types...)
	}
	c.addText(ofRun(`name`)+` = ?`, q.Name)
	c.addText(ofRun(`service`)+` = ?`, q.Service)
	c.addText(ofRun(`environment`)+` = ?`, q.Environment)
	if q.Status != nil {
		c.add(ofRun(`status`)+` = ?`, int64(*q.Status))
	}
	c.addDuration(`(`+ofRun(`end_ns`)+` - start_ns)`, q.MinDuration, q.MaxDuration)
}

// rowsOfMarks returns n rows of four marks.
func rowsOfMarks(n int) string {
	return strings.Join(slices.Repeat([]string{`(?, ?, ?, ?)`}, n), `, `)
}

func refArgs(project string, refs []repo.RunRef) (args []any) {
	for i := range refs {
		args = append(args, project, refs[i].StartNano, refs[i].TraceID[:], refs[i].SpanID.Int64())
	}
	return args
}
