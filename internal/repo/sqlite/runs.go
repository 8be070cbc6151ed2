package sqlite

import (
	"context"
	"database/sql"
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
	if q.Failed != nil && !*q.Failed {
		c.add(ofRun(`failed`) + ` = 0`)
	}
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
