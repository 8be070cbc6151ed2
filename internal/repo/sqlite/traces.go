package sqlite

import (
	"context"
	"database/sql"
	"math"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

const selectTrace = `SELECT ` + traceColumns + ` FROM traces WHERE project = ? AND trace_id = ?`

// Trace returns the row of a trace.
func (s *Store) Trace(ctx context.Context, project string, id model.TraceID) (*model.Trace, error) {
	var found *model.Trace
	err := s.read(ctx, "read trace", func(*sql.DB) error {
		return s.readPrepared(ctx, selectTrace, []any{project, id[:]}, func(r *row) (err error) {
			found, err = r.trace()
			return err
		})
	})
	if err == nil && found == nil {
		err = repo.ErrNotFound
	}
	return found, err
}

// Traces returns one page. All its queries see one snapshot.
func (s *Store) Traces(ctx context.Context, project string, q repo.TraceQuery) ([]*model.Trace, error) {
	var page []*model.Trace
	err := s.readSnapshot(ctx, "list traces", func(tx *sql.Tx) (err error) {
		l := traceLister{tx: tx, project: project, q: q}
		page, err = l.list(ctx)
		return err
	})
	return page, err
}

// traceLister answers one TraceQuery.
type traceLister struct {
	tx      *sql.Tx
	project string
	q       repo.TraceQuery
}

func (l *traceLister) list(ctx context.Context) ([]*model.Trace, error) {
	having := slices.Concat(identityTerms(l.q.Identity), l.q.Having)
	f, found, err := l.rarest(ctx, having)
	switch {
	case err != nil:
		return nil, err
	case found && f.index == traceIndex:
		c := l.conditions(having)
		c.addCondition(f.term)
		return l.page(ctx, `traces_trace`, c)
	case l.q.Order == repo.LongestFirst && found:
		return l.longestOf(ctx, f, having)
	case l.q.Order == repo.LongestFirst:
		return l.longest(ctx, having)
	case found:
		return l.walk(ctx, f)
	}
	return l.page(ctx, `traces_start`, l.conditions(having))
}

// longest walks the traces by duration, which costs the more the fewer of them
// lie in the wanted time, and sorts those in it when they are few.
func (l *traceLister) longest(ctx context.Context, having []plan.Condition) ([]*model.Trace, error) {
	var window conditions
	window.add(`project = ?`, l.project)
	window.addRange(l.q.Start)
	few, err := l.areFew(ctx, sortWindow, `traces INDEXED BY traces_start`, window)
	if err != nil {
		return nil, err
	}
	if few {
		return l.page(ctx, `traces_start`, l.conditions(having))
	}
	return l.page(ctx, `traces_duration`, l.conditions(having))
}

// longestOf is longest for the traces that have a span which fulfils f: it
// sorts those when there are few spans in f's index, else it walks the traces
// by duration and looks the spans of each up.
func (l *traceLister) longestOf(ctx context.Context, f finder, having []plan.Condition) ([]*model.Trace, error) {
	indexed := f.indexed(l.project)
	few, err := l.areFew(ctx, sortIdentity, `spans INDEXED BY `+f.index, indexed)
	if err != nil {
		return nil, err
	}
	if few {
		return l.page(ctx, `traces_trace`, l.metIn(f, indexed))
	}
	return l.page(ctx, `traces_duration`, l.conditions(having))
}

// conditions returns what a trace's own row must fulfil, and, by way of it, some
// span of the trace for each of having.
func (l *traceLister) conditions(having []plan.Condition) conditions {
	q := l.q
	var c conditions
	c.add(`project = ?`, l.project)
	if q.After != nil && q.Order == repo.NewestFirst {
		c.addRange(behind(q.After.Key, true, q.Start))
	} else {
		c.addRange(q.Start)
	}
	c.addDuration(`duration_ns`, q.MinDuration, q.MaxDuration)
	c.addText(`name = ?`, q.Name)
	c.addText(`service = ?`, q.Service)
	c.addText(`environment = ?`, q.Environment)
	if q.Status != nil {
		c.add(`status = ?`, int64(*q.Status))
	}
	if q.Failed != nil {
		c.add(`(errors > 0) = ?`, *q.Failed)
	}
	if a := q.After; a != nil && q.Order == repo.NewestFirst {
		c.add(`(start_ns, trace_id) < (?, ?)`, a.Key, a.TraceID[:])
	} else if a != nil {
		c.add(`(duration_ns, trace_id) < (?, ?)`, a.Key, a.TraceID[:])
	}
	c.addCondition(q.Where)
	for _, h := range having {
		some := conditions{terms: []string{`project = ?`, `trace_id = traces.trace_id`, inRange}, args: []any{l.project}}
		some.addCondition(h)
		c.add(`EXISTS (SELECT 1 FROM `+ofTrace+` WHERE `+some.String()+`)`, some.args...)
	}
	return c
}

// page reads one page along an index.
func (l *traceLister) page(ctx context.Context, index string, c conditions) ([]*model.Trace, error) {
	traces := make([]*model.Trace, 0, l.q.Limit)
	err := readRows(ctx, l.tx, tracePage(index, c, l.q.Order), append(c.args, l.q.Limit), func(r *row) error {
		t, err := r.trace()
		traces = append(traces, t)
		return err
	})
	return traces, err
}

// tracePage returns the query for one page. The ids are found first, in one
// step of SQLite's machine: the driver can interrupt a step but not what lies
// between two of them, and rows that match rarely come long after each other.
func tracePage(index string, c conditions, o repo.TraceOrder) string {
	order := ` ORDER BY start_ns DESC, trace_id DESC`
	if o == repo.LongestFirst {
		order = ` ORDER BY duration_ns DESC, trace_id DESC`
	}
	return `WITH page AS MATERIALIZED (SELECT id FROM traces INDEXED BY ` + index + ` WHERE ` + c.String() + order + ` LIMIT ?)
SELECT ` + traceColumns + ` FROM page CROSS JOIN traces USING (id)` + order
}

// What it costs to look up and sort one of the rows in question, divided by what
// it costs to pass by one trace in the order of the list (measured, roughly).
const (
	sortWindow   = 10
	sortIdentity = 0.1
)

// areFew reports whether it is cheaper to look up all rows that fulfil a
// condition, and to sort them, than to walk the traces in the order of the list
// until a page is full. With m of T traces in question, evenly spread, the walk
// passes limit*T/m of them: so both cost the same where m*m = limit*T/ratio.
func (l *traceLister) areFew(ctx context.Context, ratio float64, from string, c conditions) (bool, error) {
	// The greatest id is close enough to the number of traces, and is known
	// without counting.
	var traces float64
	if err := l.tx.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM traces`).Scan(&traces); err != nil {
		return false, err
	}
	few := int(math.Sqrt(float64(l.q.Limit) * traces / ratio))
	n, err := l.countUpTo(ctx, few+1, from, c)
	return n <= few, err
}

func (l *traceLister) countUpTo(ctx context.Context, most int, from string, c conditions) (n int, err error) {
	query := `SELECT count(*) FROM (SELECT 1 FROM ` + from + ` WHERE ` + c.String() + ` LIMIT ?)`
	err = l.tx.QueryRowContext(ctx, query, append(slices.Clip(c.args), most)...).Scan(&n)
	return n, err
}
