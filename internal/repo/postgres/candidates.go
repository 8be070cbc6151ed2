package postgres

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// candidatesSQL joins two walks: over the whole traces that match, and over the
// few that lie on several days. Each has an index of its own in the order of
// NewestFirst, so both end when they have filled a page. LongestFirst reads all
// rows of the days: an index on a value that changes with every batch would
// cost each of them more than the rare list gains.
func (l *traceLister) candidatesSQL(days, spread []int64, limit int) (string, []any) {
	var c conditions
	walks := []string{l.wholeSQL(&c, days)}
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

func (l *traceLister) wholeSQL(c *conditions, days []int64) string {
	key := `start_ns`
	if l.q.Order == repo.LongestFirst {
		key = `end_ns - start_ns`
	}
	c.add(`project = ? AND part = 0`, l.project)
	c.addBetween(`day_ns`, slices.Min(days), slices.Max(days))
	l.addStart(c, days)
	l.addFilters(c)
	l.addCursor(c, key)
	if l.q.Order == repo.LongestFirst {
		l.addHaving(c, days)
	}
	return `SELECT ` + key + ` AS key, trace_id, day_ns, start_ns, end_ns, false AS spread FROM traces WHERE ` + c.take()
}

// addFilters demands what one row tells of a whole trace, beside its start.
func (l *traceLister) addFilters(c *conditions) {
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
	c.addCondition(q.Where)
}

// areAll reports whether candidates that follow each other are all traces that
// start in their time.
func (l *traceLister) areAll() bool {
	var filters conditions
	l.addFilters(&filters)
	return l.q.Order == repo.NewestFirst && len(filters.terms) == 0
}

// addHaving demands the wanted spans of whole traces, all of which are on one
// of these days.
func (l *traceLister) addHaving(c *conditions, days []int64) {
	for _, cond := range l.conditions {
		spans := conditions{args: c.args}
		spans.add(`project = ?`, l.project)
		spans.addBetween(`start_ns`, slices.Min(days), lastOf(slices.Max(days)))
		spans.addCondition(cond)
		clause := spans.take()
		c.args = spans.args
		c.terms = append(c.terms, `trace_id IN (SELECT trace_id FROM spans WHERE `+clause+`)`)
	}
}

// spreadNewestSQL relies on it that a trace starts where its first day does.
func (l *traceLister) spreadNewestSQL(c *conditions, days []int64) string {
	c.add(`project = ? AND part <> 0 AND part = 1 AND day_ns = ANY(?::bigint[])`, l.project, days)
	l.addStart(c, days)
	l.addCursor(c, `start_ns`)
	return `SELECT start_ns AS key, trace_id, day_ns, start_ns, end_ns, true FROM traces WHERE ` + c.take()
}

// spreadLongestSQL looks at all days: a trace is as long as its rows together.
func (l *traceLister) spreadLongestSQL(c *conditions) string {
	together := `SELECT * FROM (
    SELECT max(end_ns) - min(start_ns) AS key, trace_id, min(day_ns) AS day_ns, min(start_ns), max(end_ns), true AS spread
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
	c.addBetween(`start_ns`, max(slices.Min(days), l.q.Start.Start), min(lastOf(slices.Max(days)), l.latestStart()))
}

// latestStart returns when the traces that are still wanted start at the latest.
func (l *traceLister) latestStart() int64 {
	last := int64(math.MaxInt64)
	if l.q.Start.End != 0 {
		last = l.q.Start.End - 1
	}
	if l.after != nil && l.q.Order == repo.NewestFirst {
		last = min(last, l.after.Key)
	}
	return last
}

func (l *traceLister) addCursor(c *conditions, key string) {
	if l.after != nil {
		c.add(`(`+key+`, trace_id) < (?, ?)`, l.after.Key, uuid(l.after.TraceID))
	}
}

// conditions is a WHERE clause that grows.
type conditions struct {
	terms []string
	args  []any
}

// add adds a term with a question mark for each argument.
func (c *conditions) add(term string, args ...any) {
	for _, arg := range args {
		term = strings.Replace(term, "?", c.arg(arg), 1)
	}
	c.terms = append(c.terms, term)
}

// arg adds an argument and returns the place that stands for it.
func (c *conditions) arg(arg any) string {
	c.args = append(c.args, arg)
	return "$" + strconv.Itoa(len(c.args))
}

func (c *conditions) addText(term, value string) {
	if value != "" {
		c.add(term, value)
	}
}

// addBetween demands a first and a last value, both included.
func (c *conditions) addBetween(column string, first, last int64) {
	c.add(column+` >= ? AND `+column+` <= ?`, first, last)
}

func (c *conditions) addRange(column string, r model.TimeRange) {
	if r.Start != 0 {
		c.add(column+` >= ?`, r.Start)
	}
	if r.End != 0 {
		c.add(column+` < ?`, r.End)
	}
}

func (c *conditions) addDuration(least, most int64) {
	if least > 0 {
		c.add(`end_ns - start_ns >= ?`, least)
	}
	if most > 0 {
		c.add(`end_ns - start_ns <= ?`, most)
	}
}

// take returns the clause and begins another, with the same arguments.
func (c *conditions) take() string {
	clause := strings.Join(c.terms, "\n    AND ")
	c.terms = nil
	return clause
}

// windows yields runs of days, newest first when the days are: one, then twice
// as many each time. A list that finds its page soon looks at little, and one
// that finds nothing plans a handful of queries. Days ahead of now, which are made
// before anything is in them, come with the first that is not.
func windows(days []int64, now int64, yield func(days []int64) bool) {
	ahead := 0
	for ahead < len(days) && days[ahead] > now {
		ahead++
	}
	for size := 1; len(days) > 0; size *= 2 {
		n := min(ahead+size, len(days))
		if !yield(days[:n]) {
			return
		}
		days, ahead = days[n:], 0
	}
}
