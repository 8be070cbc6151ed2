package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
)

// conditions collects the terms of a WHERE clause and their arguments. Terms
// are constants of this package; values are always arguments.
type conditions struct {
	terms []string
	args  []any
}

func (c *conditions) add(term string, args ...any) {
	c.terms = append(c.terms, term)
	c.args = append(c.args, args...)
}

// addText restricts a column unless the value is empty.
func (c *conditions) addText(term, value string) {
	if value != "" {
		c.add(term, value)
	}
}

// addRange restricts start_ns.
func (c *conditions) addRange(r model.TimeRange) {
	if r.Start != 0 {
		c.add(`start_ns >= ?`, r.Start)
	}
	if r.End != 0 {
		c.add(`start_ns < ?`, r.End)
	}
}

func (c *conditions) addDuration(column string, least, most int64) {
	if least != 0 {
		c.add(column+` >= ?`, least)
	}
	if most != 0 {
		c.add(column+` <= ?`, most)
	}
}

func (c *conditions) String() string { return strings.Join(c.terms, " AND ") }

// identityTerm is one id that spans are asked for, and the partial index that
// holds the spans which have it.
type identityTerm struct {
	term  string // as the index sees it
	index string
	value string
}

// identityTerms returns what id asks for, the usually rarest first.
func identityTerms(id model.Identity) []identityTerm {
	all := [...]identityTerm{
		{`run_id = ?`, `spans_run`, id.RunID},
		{`session_id = ?`, `spans_session`, id.SessionID},
		{`user_id = ?`, `spans_user`, id.UserID},
		{`workflow_id = ?`, `spans_workflow`, id.WorkflowID},
		{`team_id = ?`, `spans_team`, id.TeamID},
		{`agent_id = ?`, `spans_agent`, id.AgentID},
	}
	var wanted []identityTerm
	for _, t := range all {
		if t.value != "" {
			wanted = append(wanted, t)
		}
	}
	return wanted
}

// saturatingAdd returns a+b for a b that is not negative.
func saturatingAdd(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

const (
	firstStretch = 512
	maxStretch   = 16_384
)

// walkIdentity lists the traces that have a span with ids[0] (and, of any of
// their spans, the other ids), newest first. It walks the spans that have the
// id, newest first, in stretches. A trace starts no later than its spans do, so
// the traces that were not met yet start no later than the last span of the
// stretch: those met that start after it are in their final order. So neither
// a rare id makes it read all traces, nor a common one all spans of the id.
func (l *traceLister) walkIdentity(ctx context.Context, ids []identityTerm) ([]*model.Trace, error) {
	walk, err := l.identityWalk(ctx, ids[0])
	if err != nil {
		return nil, err
	}
	index, left := ids[0].index, walk
	best := make([]*model.Trace, 0, l.q.Limit)
	for stretch := firstStretch; ; stretch = min(2*stretch, maxStretch) {
		last, err := l.endOfStretch(ctx, index, left, stretch)
		if err != nil {
			return nil, err
		}
		met := l.conditions()
		met.add(`trace_id IN (SELECT trace_id FROM spans INDEXED BY `+index+` WHERE `+left.String()+
			` ORDER BY start_ns DESC, id DESC LIMIT ?)`, append(slices.Clip(left.args), stretch)...)
		addOtherIdentities(&met, l.project, ids[1:])
		found, err := l.page(ctx, `traces_trace`, met)
		if err != nil {
			return nil, err
		}
		best = newest(best, found, l.q.Limit)
		if last == nil || len(best) == l.q.Limit && best[len(best)-1].StartNano > last.start {
			return best, nil
		}
		left = conditions{terms: slices.Clone(walk.terms), args: slices.Clone(walk.args)}
		left.add(`(start_ns, id) < (?, ?)`, last.start, last.id)
	}
}

// identityWalk returns the conditions for the spans worth walking.
func (l *traceLister) identityWalk(ctx context.Context, id identityTerm) (conditions, error) {
	var walk conditions
	walk.add(`project = ?`, l.project)
	walk.add(id.term, id.value)
	if l.q.Start.Start != 0 {
		walk.add(`start_ns >= ?`, l.q.Start.Start)
	}
	newestStart := l.q.Start.End
	if l.q.After != nil && (newestStart == 0 || l.q.After.Key < newestStart) {
		newestStart = l.q.After.Key
	}
	if newestStart == 0 {
		return walk, nil
	}
	// No span of a trace starts after the trace's end.
	longest := l.q.MaxDuration
	if longest == 0 {
		const query = `SELECT coalesce(max(duration_ns), 0) FROM traces INDEXED BY traces_duration WHERE project = ?`
		err := l.tx.QueryRowContext(ctx, query, l.project).Scan(&longest)
		if err != nil {
			return walk, err
		}
	}
	walk.add(`start_ns <= ?`, saturatingAdd(newestStart, longest))
	return walk, nil
}

// place is where a span stands in the order of starts.
type place struct{ start, id int64 }

// endOfStretch returns the place of the last span of a full stretch, nil when
// fewer spans are left.
func (l *traceLister) endOfStretch(ctx context.Context, index string, walk conditions, stretch int) (*place, error) {
	query := `SELECT start_ns, id FROM spans INDEXED BY ` + index + ` WHERE ` + walk.String() +
		` ORDER BY start_ns DESC, id DESC LIMIT 1 OFFSET ?`
	var last place
	err := l.tx.QueryRowContext(ctx, query, append(slices.Clip(walk.args), stretch-1)...).Scan(&last.start, &last.id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &last, err
}

// newest returns the newest traces of both lists, up to limit. A trace may be
// in both, as its spans may be in several stretches.
func newest(a, b []*model.Trace, limit int) []*model.Trace {
	all := append(a, b...)
	slices.SortFunc(all, func(x, y *model.Trace) int {
		return cmp.Or(cmp.Compare(y.StartNano, x.StartNano), bytes.Compare(y.TraceID[:], x.TraceID[:]))
	})
	all = slices.CompactFunc(all, func(x, y *model.Trace) bool { return x.TraceID == y.TraceID })
	return all[:min(len(all), limit)]
}
