package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Bills sums up bills, run by run of days, as Aggregate does spans.
func (s *Store) Bills(ctx context.Context, project string, q repo.BillQuery) ([]repo.BillSum, error) {
	sums, err := s.bills(ctx, project, q)
	return sums, s.explain(ctx, "sum up bills", err)
}

func (s *Store) bills(ctx context.Context, project string, q repo.BillQuery) ([]repo.BillSum, error) {
	last := int64(math.MaxInt64)
	if q.Start.End != 0 {
		last = q.Start.End - 1
	}
	days, err := daysBetween(ctx, s.reads, model.Day(q.Start.Start), last)
	if err != nil {
		return nil, err
	}
	all := billSums{q: q, places: map[string]int{}, sums: []repo.BillSum{}}
	for run := range slices.Chunk(days, maxRun) {
		err := s.snapshot(ctx, func(queue *pgx.Batch) {
			queue.Queue(sumAsTheyComeSQL)
			sql, args := billsSQL(project, q, run)
			queue.Queue(sql, args...).Query(all.add)
		}, func(reading) error { return nil })
		if err != nil {
			return nil, err
		}
	}
	return all.done(), nil
}

// summedColumns are the sums of a bill.
func summedColumns() []string {
	return slices.Concat([]string{`calls`, `failures`, `nanos`}, usageColumns(), costColumnNames())
}

// billColumn returns the column of a field.
func billColumn(f repo.BillField) string {
	return [...]string{
		repo.ByAgent: `agent`, repo.ByTeam: `team`, repo.ByWorkflow: `workflow`, repo.BySession: `session_id`, repo.ByUser: `user_id`,
		repo.ByRun: `run_id`, repo.ByModel: `model`, repo.ByProvider: `provider`, repo.ByTool: `tool_name`,
		repo.ByService: `service`, repo.ByEnvironment: `environment`,
		repo.ByHour: `start_ns`, repo.ByDay: `start_ns`,
	}[f]
}

// unitOfTime returns how long a field's steps of time are, 0 for one that holds
// text.
func unitOfTime(f repo.BillField) int64 {
	switch f {
	case repo.ByHour:
		return model.NanosPerHour
	case repo.ByDay:
		return model.NanosPerDay
	}
	return 0
}

// sumAsTheyComeSQL is said before a query that sums up. It has few sums of many
// rows, but PostgreSQL takes the number of hours for that of all different
// starts, and would sort what it can sum up as it comes: 330 ms for 140,000 bills
// instead of 100.
const sumAsTheyComeSQL = `SELECT set_config('enable_sort', 'off', true)`

// billsSQL asks for the sums of some days that follow each other, for model
// calls and tool calls apart.
func billsSQL(project string, q repo.BillQuery, days []int64) (string, []any) {
	var c conditions
	columns, groups := []string{`kind`}, []string{`1`}
	for i, by := range q.By {
		column := `coalesce(` + billColumn(by) + `, '')`
		if unit := unitOfTime(by); unit > 0 {
			column = `start_ns - start_ns % ` + strconv.FormatInt(unit, 10)
		}
		columns, groups = append(columns, column), append(groups, strconv.Itoa(i+2))
	}
	for _, sum := range summedColumns() {
		columns = append(columns, sumSQL(sum))
	}
	columns = append(columns, `coalesce(string_agg(latencies, ''), '')`)
	c.addBills(project, q, days)
	return `SELECT ` + strings.Join(columns, `, `) + `
FROM bills
WHERE ` + c.take() + `
GROUP BY ` + strings.Join(groups, `, `) + `
LIMIT ` + c.arg(2*q.MaxSums+1), c.args
}

// addBills demands a bill of some days that q selects.
func (c *conditions) addBills(project string, q repo.BillQuery, days []int64) {
	c.add(`project = ?`, project)
	first, last := max(slices.Min(days), q.Start.Start), lastOf(slices.Max(days))
	if q.Start.End != 0 {
		last = min(last, q.Start.End-1)
	}
	c.addBetween(`start_ns`, first, last)
	for _, field := range []struct {
		by     repo.BillField
		wanted string
	}{
		{repo.ByAgent, q.Agent}, {repo.ByTeam, q.Team}, {repo.ByWorkflow, q.Workflow}, {repo.BySession, q.Session},
		{repo.ByUser, q.User}, {repo.ByRun, q.Run}, {repo.ByModel, q.Model}, {repo.ByProvider, q.Provider},
		{repo.ByTool, q.Tool}, {repo.ByService, q.Service}, {repo.ByEnvironment, q.Environment},
	} {
		c.addText(billColumn(field.by)+` = ?`, field.wanted)
	}
}

// billRow is a row of billsSQL.
type billRow struct {
	kind      model.CallKind
	labels    []string
	times     []int64
	sums      []int64 // of summedColumns
	latencies string
}

// targets returns where the columns of a row go.
func (r *billRow) targets(by []repo.BillField) []any {
	r.labels, r.times, r.sums = make([]string, len(by)), make([]int64, len(by)), make([]int64, len(summedColumns()))
	targets := []any{&r.kind}
	for i, f := range by {
		if unitOfTime(f) > 0 {
			targets = append(targets, &r.times[i])
		} else {
			targets = append(targets, &r.labels[i])
		}
	}
	for i := range r.sums {
		targets = append(targets, &r.sums[i])
	}
	return append(targets, &r.latencies)
}

// billSums puts sums of the same labels together.
type billSums struct {
	q      repo.BillQuery
	places map[string]int // of labels, in sums
	sums   []repo.BillSum
	// latencies are those of each sum's calls, of models and of tools.
	latencies [][2][]byte
}

func (all *billSums) add(rows pgx.Rows) error {
	var r billRow
	_, err := pgx.ForEachRow(rows, r.targets(all.q.By), func() error {
		all.sum(&r)
		if len(all.sums) > all.q.MaxSums {
			return fmt.Errorf("%w: more than %d sums", repo.ErrTooMany, all.q.MaxSums)
		}
		return nil
	})
	return err
}

func (all *billSums) sum(r *billRow) {
	var key []byte
	for i := range r.labels {
		key = strconv.AppendQuote(strconv.AppendInt(key, r.times[i], 10), r.labels[i])
	}
	place, ok := all.places[string(key)]
	if !ok {
		place = len(all.sums)
		all.places[string(key)] = place
		all.sums = append(all.sums, repo.BillSum{Labels: slices.Clone(r.labels), Time: slices.Max(append([]int64{0}, r.times...))})
		all.latencies = append(all.latencies, [2][]byte{})
	}
	sum, latencies := &all.sums[place], &all.latencies[place][0]
	calls := &sum.ModelCalls
	if r.kind == model.CallsOfTool {
		calls, latencies = &sum.ToolCalls, &all.latencies[place][1]
	}
	for i, to := range slices.Concat([]*int64{&calls.Calls, &calls.Failures, &calls.Nanos}, usageSums(&sum.Usage), costSums(&sum.Cost)) {
		*to = model.Sum(*to, r.sums[i])
	}
	*latencies = append(*latencies, r.latencies...)
}

func (all *billSums) done() []repo.BillSum {
	for i := range all.sums {
		all.sums[i].ModelCalls.Latencies = string(all.latencies[i][0])
		all.sums[i].ToolCalls.Latencies = string(all.latencies[i][1])
	}
	return all.sums
}
