package sqlite

import (
	"context"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// ofRun is a column of a run: what settling says of it, or else what its span says.
func ofRun(column string) string { return `coalesce(runs.` + column + `, spans.` + column + `)` }

// runSource is where runs are: rows of spans and, where they have settled, of runs.
type runSource struct {
	from string
	conditions
}

func (s *runSource) String() string { return s.from + ` WHERE ` + s.conditions.String() }

// isRun holds for spans that are runs. It stands in the condition of indexes, too.
const isRun = `type BETWEEN 1 AND 3`

// runTerm is what runs must fulfil.
type runTerm struct {
	sql   string // wherever they are
	args  []any
	found []foundIn // what an index finds, instead
	mixed bool      // among spans that are no runs
}

// foundIn is where an index finds runs that fulfil a term, and the term there.
type foundIn struct{ from, sql string }

// What settling added to spans that were found, and what spans say of runs that were.
const (
	added = ` LEFT JOIN runs USING (id, project, start_ns)`
	said  = ` CROSS JOIN spans USING (id, project, start_ns)`
)

// allRuns demands nothing, and walks all runs by start.
var allRuns = runTerm{found: []foundIn{{from: `spans INDEXED BY spans_runs` + added}}}

// fewRuns is how many runs are looked through, where an index may have any number of
// spans that are none.
const fewRuns = 200

// hasFewRuns tells whether there are few where q would use such an index.
func (s *Store) hasFewRuns(ctx context.Context, db querier, project string, q repo.RunQuery) (few bool, err error) {
	terms := runTerms(project, q)
	if len(terms) == 0 || !terms[0].mixed {
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
	rest.addRange(runRange(q))
	addPlainRunFields(&rest, q)
	terms := runTerms(project, q)
	if few {
		terms = slices.Insert(terms, 0, allRuns)
	}
	return sourcesOf(project, terms, &rest)
}

// sourcesOf returns where the runs are that fulfil all terms, found by the first of
// them, and the rest.
func sourcesOf(project string, terms []runTerm, rest *conditions) []runSource {
	if len(terms) == 0 {
		terms = []runTerm{allRuns}
	}
	first := terms[0]
	var sources []runSource
	for _, in := range first.found {
		s := runSource{from: in.from}
		s.add(`project = ?`, project)
		s.add(`spans.` + isRun)
		if in.sql != "" {
			s.add(in.sql, first.args...)
		}
		for _, t := range terms[1:] {
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
			terms = append(terms, runTerm{sql: sql, args: args, found: []foundIn{{from + added, sql}}})
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

// runsWithID compares an id, which any span may say.
func runsWithID(column, compared string, args ...any) runTerm {
	of := strings.TrimSuffix(column, `_id`)
	t := runsWith(column, compared, `spans_`+of, `runs_`+of, args...)
	t.mixed = true
	return t
}

// runsWith compares a column that both spans and runs have an index for. Each run is
// in one of them.
func runsWith(column, compared, ofSpans, ofRuns string, args ...any) runTerm {
	return runTerm{sql: ofRun(column) + ` ` + compared, args: args, found: []foundIn{
		{`spans INDEXED BY ` + ofSpans + added, `spans.` + column + ` ` + compared + ` AND runs.` + column + ` IS NULL`},
		{`runs INDEXED BY ` + ofRuns + said, `runs.` + column + ` ` + compared},
	}}
}

const idsOfSpans = `SELECT id FROM spans INDEXED BY spans_start WHERE (project, start_ns, trace_id, span_id) IN`

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
