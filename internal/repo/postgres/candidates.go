package postgres

import (
	"slices"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// candidatesSQL joins two walks: over the whole traces that match, and over the
// few that lie on several days. Each has an index of its own in the order of
// NewestFirst, so both end when they have filled a page. LongestFirst reads all
// rows of the days: an index on a value that changes with every batch would
// cost each of them more than the rare list gains.
func (l *traceLister) candidatesSQL(days, spread []int64, identity identityPlan, limit int) (string, []any) {
	var c conditions
	walks := []string{l.wholeSQL(&c, days, identity)}
	switch here := between(spread, slices.Min(days), slices.Max(days)); {
	case l.q.Order == repo.NewestFirst && len(here) > 0:
		walks = append(walks, l.spreadNewestSQL(&c, here))
	case l.q.Order == repo.LongestFirst && len(spread) > 0:
		walks = append(walks, l.spreadLongestSQL(&c))
	}
	order := ` ORDER BY key DESC, trace_id DESC LIMIT ` + c.arg(limit)
	if len(walks) == 1 {
		return walks[0] + order, c.args
	}
	return `(` + walks[0] + order + `) UNION ALL (` + walks[1] + order + `)` + order, c.args
}

func (l *traceLister) wholeSQL(c *conditions, days []int64, identity identityPlan) string {
	key := `start_ns`
	if l.q.Order == repo.LongestFirst {
		key = `end_ns - start_ns`
	}
	c.add(`project = ? AND part = 0`, l.project)
	c.addBetween(`day_ns`, slices.Min(days), slices.Max(days))
	l.addStart(c, days)
	q := l.q
	c.addText(`name = ?`, q.Name)
	c.addText(`service = ?`, q.Service)
	c.addText(`environment = ?`, q.Environment)
	if q.Status != nil {
		c.add(`status = ?`, int16(*q.Status))
	}
	if q.Failed != nil {
		c.terms = append(c.terms, map[bool]string{true: `errors > 0`, false: `errors = 0`}[*q.Failed])
	}
	c.addDuration(q.MinDuration, q.MaxDuration)
	l.addCursor(c, key)
	identity.add(c, l.project, days)
	return `SELECT ` + key + ` AS key, trace_id, day_ns, false AS spread FROM traces t WHERE ` + c.take()
}

// spreadNewestSQL relies on it that a trace starts where its first day does.
func (l *traceLister) spreadNewestSQL(c *conditions, days []int64) string {
	c.add(`project = ? AND part <> 0 AND part = 1 AND day_ns = ANY(?::bigint[])`, l.project, days)
	l.addStart(c, days)
	l.addCursor(c, `start_ns`)
	return `SELECT start_ns AS key, trace_id, day_ns, true FROM traces WHERE ` + c.take()
}

// spreadLongestSQL looks at all days: a trace is as long as its rows together.
func (l *traceLister) spreadLongestSQL(c *conditions) string {
	together := `SELECT * FROM (
    SELECT max(end_ns) - min(start_ns) AS key, trace_id, min(day_ns) AS day_ns, true AS spread
    FROM traces WHERE project = ` + c.arg(l.project) + ` AND part <> 0 GROUP BY trace_id
) AS together`
	if l.after == nil {
		return together
	}
	l.addCursor(c, `key`)
	return together + ` WHERE ` + c.take()
}

// addStart demands a start on these days, within the range of the query and
// not before the cursor, which bounds the walk down the index.
func (l *traceLister) addStart(c *conditions, days []int64) {
	first, last := max(slices.Min(days), l.q.Start.Start), lastOf(slices.Max(days))
	if l.q.Start.End != 0 {
		last = min(last, l.q.Start.End-1)
	}
	if l.after != nil && l.q.Order == repo.NewestFirst {
		last = min(last, l.after.Key)
	}
	c.addBetween(`start_ns`, first, last)
}

func (l *traceLister) addCursor(c *conditions, key string) {
	if l.after != nil {
		c.add(`(`+key+`, trace_id) < (?, ?)`, l.after.Key, uuid(l.after.TraceID))
	}
}
