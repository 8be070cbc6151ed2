package postgres

import (
	"slices"
	"strconv"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// aggregateSQL asks for the cells of some days that follow each other: at most
// so many, in no order.
//
// The inner query computes what cells are told apart by, the outer one sums up.
// OFFSET keeps them apart: PostgreSQL would take the number of steps for that of
// all different starts, and have one process sum up what it else leaves to
// several. It is a constant of its type, since one that must be converted looks
// as if it mattered, and then there is one process too.
func aggregateSQL(project string, a repo.Aggregation, days []int64, limit int) (string, []any) {
	var c conditions
	inner, outer, groups := cellColumns(&c, a)
	spans, start := a.Spans, a.Spans.Start
	spans.Start = model.TimeRange{} // one pair of bounds says all
	c.addSpans(project, spans, max(slices.Min(days), start.Start), min(lastOf(slices.Max(days)), start.End-1))
	return `SELECT ` + strings.Join(outer, `, `) + `
FROM (
    SELECT ` + strings.Join(inner, `, `) + `
    FROM spans
    WHERE ` + c.take() + `
    OFFSET bigint '0'
) AS s
WHERE v IS NOT NULL
GROUP BY ` + strings.Join(groups, `, `) + `
LIMIT ` + c.arg(limit), c.args
}

// cellColumns returns the columns of both queries, the outer ones as a cellRow
// wants them, and those by which cells are told apart.
func cellColumns(c *conditions, a repo.Aggregation) (inner, outer, groups []string) {
	step := `(start_ns - ` + c.arg(a.Spans.Start.Start) + `::bigint) / ` + c.arg(a.Step) + `::bigint`
	value, bucket, sums := `0`, `0`, `'0', 0, 0`
	groups = []string{`step`}
	if a.Value != 0 {
		value, sums = columnSQL(a.Value), `sum(v)::text, min(v), max(v)`
		if len(a.Bounds) > 0 {
			bucket = `width_bucket(v::float8, ` + c.arg(a.Bounds) + `::float8[])`
			groups = append(groups, bucket)
		}
	}
	inner = []string{step + ` AS step`, `start_ns`, value + ` AS v`}
	outer = []string{`step`, bucket, `count(*)`, `min(start_ns)`, sums}
	for i, by := range a.By {
		name := `label` + strconv.Itoa(i)
		inner = append(inner, labelSQL(by)+` AS `+name)
		outer, groups = append(outer, name), append(groups, name)
	}
	return inner, outer, groups
}

// labelSQL returns what a label is read from: a text or a whole number.
func labelSQL(i query.Intrinsic) string {
	value := columnSQL(i)
	if query.Describe(i).Kind == query.KindBool {
		value += `::integer`
	}
	return value
}
