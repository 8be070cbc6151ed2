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
	query, args := runPage(project, q)
	runs := make([]*model.Run, 0, q.Limit)
	err := s.read(ctx, "list runs", func(db *sql.DB) error {
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

// totalCost is what a run cost with those below it; nothing, before it settles.
const totalCost = `coalesce((SELECT total_cost_nano FROM settled_runs WHERE settled_runs.id = runs.id), 0)`

// runOrder is how an order of runs is written: by key, then by what tells runs
// apart.
type runOrder struct {
	key       []string // expressions in the order of comparison, all in one direction
	ascending bool
}

func orderOf(o repo.RunOrder) runOrder {
	switch o {
	case repo.RunsOldestFirst:
		return runOrder{[]string{`start_ns`, `trace_id`, `span_id`}, true}
	case repo.RunsLongestFirst:
		return runOrder{[]string{spanDuration, `trace_id`, `span_id`, `start_ns`}, false}
	case repo.RunsCostliestFirst:
		return runOrder{[]string{totalCost, `trace_id`, `span_id`, `start_ns`}, false}
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
func runPage(project string, q repo.RunQuery) (query string, args []any) {
	index, c := runConditions(project, q)
	order := orderOf(q.Order)
	if q.After != nil {
		order.addBehind(&c, q.After)
	}
	query = `WITH page AS MATERIALIZED (SELECT id FROM ` + runsIn(index) + ` WHERE ` + c.String() + order.String() + ` LIMIT ?)
SELECT ` + runColumns + ` FROM page CROSS JOIN runs USING (id) LEFT JOIN settled_runs USING (id)` + order.String()
	return query, append(c.args, q.Limit)
}

// runConditions returns what runs must fulfil, whatever their page, and the
// index that usually yields the fewest of them. All but the first yield them by
// start.
func runConditions(project string, q repo.RunQuery) (index string, c conditions) {
	index = `runs_start`
	c.add(`project = ?`, project)
	use := func(wanted bool, name, term string, args ...any) {
		if wanted {
			c.add(term, args...)
			if index == `runs_start` {
				index = name
			}
		}
	}
	use(!q.TraceID.IsZero(), traceIndex, `trace_id = ? AND `+inRange, q.TraceID[:])
	use(len(q.Of) > 0, runID, `id IN (`+idsOfSpans+` (VALUES `+rowsOfMarks(len(q.Of))+`))`, refArgs(project, q.Of)...)
	use(q.Identity.RunID != "", runID, idsOfRun, project, q.Identity.RunID)
	for _, x := range runLookups(&q.Identity) {
		use(x.value != "", x.index, x.column+` = ?`, x.value)
	}
	use(q.Failed != nil && *q.Failed, `runs_failed`, `failed = 1`)
	if q.Failed != nil && !*q.Failed {
		c.add(`failed = 0`)
	}
	c.addRange(runRange(q))
	addPlainRunFields(&c, q)
	return index, c
}

// A run has the id of its span: so what finds spans finds runs.
const (
	runID = `` // stands for the id of a run, as traceIndex stands for span_ranges

	runsOfTrace = `span_ranges CROSS JOIN runs NOT INDEXED USING (project, trace_id)`
	idsOfSpans  = `SELECT id FROM spans INDEXED BY spans_start WHERE (project, start_ns, trace_id, span_id) IN`
	idsOfRun    = `id IN (SELECT id FROM spans INDEXED BY spans_run WHERE project = ? AND run_id = ?)`
)

// runsIn returns where to select the runs from that are found by an index.
func runsIn(index string) string {
	switch index {
	case traceIndex:
		return runsOfTrace
	case runID:
		return `runs NOT INDEXED`
	}
	return `runs INDEXED BY ` + index
}

// runLookup is an index that holds the runs of an id.
type runLookup struct{ column, index, value string }

// runLookups returns the indexes for ids, the usually best one first.
func runLookups(id *model.Identity) [5]runLookup {
	return [5]runLookup{
		{`session_id`, `runs_session`, id.SessionID},
		{`user_id`, `runs_user`, id.UserID},
		{`workflow_id`, `runs_workflow`, id.WorkflowID},
		{`team_id`, `runs_team`, id.TeamID},
		{`agent_id`, `runs_agent`, id.AgentID},
	}
}

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
		c.add(`type IN (`+marks(len(types))+`)`, types...)
	}
	c.addText(`name = ?`, q.Name)
	c.addText(`service = ?`, q.Service)
	c.addText(`environment = ?`, q.Environment)
	if q.Status != nil {
		c.add(`status = ?`, int64(*q.Status))
	}
	c.addDuration(spanDuration, q.MinDuration, q.MaxDuration)
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
