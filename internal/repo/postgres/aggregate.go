package postgres

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// maxRun is how many days one query sums up. PostgreSQL locks the partition of
// each and its indexes until the transaction ends, and has room for some
// thousands of locks.
const maxRun = 31

// Aggregate counts and sums up spans, run by run of days. Each run is a
// transaction of its own: one for all would keep the locks of all.
func (s *Store) Aggregate(ctx context.Context, project string, a repo.Aggregation) ([]repo.Cell, error) {
	cells, err := s.aggregate(ctx, project, a)
	return cells, s.explain(ctx, "sum up spans", err)
}

func (s *Store) aggregate(ctx context.Context, project string, a repo.Aggregation) ([]repo.Cell, error) {
	days, err := daysBetween(ctx, s.reads, model.Day(a.Spans.Start.Start), a.Spans.Start.End-1)
	if err != nil {
		return nil, err
	}
	g := aggregator{project: project, a: a, done: []repo.Cell{}, open: map[string]*openCell{}}
	for run := range slices.Chunk(days, maxRun) {
		if err := g.add(ctx, s.reads, run); err != nil {
			return nil, err
		}
	}
	g.settle(math.MaxInt64)
	return g.done, nil
}

// aggregator answers one Aggregation. A step of time may reach from one run of
// days into the next, so the cells of a run's last step stay open until then.
type aggregator struct {
	project string
	a       repo.Aggregation
	done    []repo.Cell
	last    int64 // the last step of the runs so far
	open    map[string]*openCell
	text    int // of all cells
}

// openCell is a cell whose sum is still exact.
type openCell struct {
	repo.Cell
	sum *big.Int
}

func (c *openCell) merge(o openCell) {
	c.sum.Add(c.sum, o.sum)
	c.Count += o.Count
	c.Min, c.Max, c.First = min(c.Min, o.Min), max(c.Max, o.Max), min(c.First, o.First)
}

// add sums up the spans of some days. It asks for one cell more than there may
// still be, which is enough to know that they are too many.
func (g *aggregator) add(ctx context.Context, q querier, days []int64) error {
	sql, args := aggregateSQL(g.project, g.a, days, g.a.MaxCells-len(g.done)+1)
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	last := (min(lastOf(slices.Max(days)), g.a.Spans.Start.End-1) - g.a.Spans.Start.Start) / g.a.Step
	row := newCellRow(g.a.By)
	for rows.Next() {
		cell, sum, err := row.scan(rows)
		if err == nil {
			err = g.take(cell, sum, last)
		}
		if err != nil {
			return err
		}
		if len(g.done)+len(g.open) > g.a.MaxCells {
			return fmt.Errorf("%w: more than %d cells", repo.ErrTooMany, g.a.MaxCells)
		}
		if g.a.MaxText > 0 && g.text > g.a.MaxText {
			return fmt.Errorf("%w: more than %d bytes of labels", repo.ErrTooMany, g.a.MaxText)
		}
	}
	g.settle(last)
	return rows.Err()
}

// take adds a cell of a run that ends in a step, with its sum in digits. Only
// the runs beside it can have more of a cell in their first or last step.
func (g *aggregator) take(cell repo.Cell, sum string, last int64) (err error) {
	if cell.Step > g.last && cell.Step < last {
		cell.Sum, err = strconv.ParseFloat(sum, 64)
		g.done = append(g.done, cell)
		g.text += cell.Text()
		return err
	}
	exact, ok := new(big.Int).SetString(sum, 10)
	if !ok {
		return fmt.Errorf("the sum %.40q is no whole number", sum)
	}
	key := keyOfCell(cell)
	if there, ok := g.open[key]; ok {
		there.merge(openCell{cell, exact})
	} else {
		g.open[key] = &openCell{cell, exact}
		g.text += cell.Text()
	}
	return nil
}

// settle closes the cells of all steps before one.
func (g *aggregator) settle(step int64) {
	for key, cell := range g.open {
		if cell.Step < step {
			cell.Sum, _ = cell.sum.Float64()
			g.done = append(g.done, cell.Cell)
			delete(g.open, key)
		}
	}
	g.last = step
}

// keyOfCell tells cells apart.
func keyOfCell(c repo.Cell) string {
	key := strconv.AppendInt(nil, c.Step, 10)
	key = strconv.AppendInt(append(key, ' '), int64(c.Bucket), 10)
	for _, v := range c.Labels {
		key = strconv.AppendInt(append(key, ' '), int64(v.Kind), 10)
		key = strconv.AppendInt(append(key, ' '), v.Int, 10)
		key = strconv.AppendQuote(append(key, ' '), v.Text)
	}
	return string(key)
}

// cellRow is where the columns of a row of aggregateSQL go.
type cellRow struct {
	cell    repo.Cell
	sum     string
	labels  []label
	targets []any
}

// label is the column of a label: a text or a number, and NULL where the label
// is absent.
type label struct {
	kind   query.Kind
	text   pgtype.Text
	number pgtype.Int8
}

func newCellRow(by []query.Intrinsic) *cellRow {
	r := &cellRow{labels: make([]label, len(by))}
	c := &r.cell
	r.targets = []any{&c.Step, &c.Bucket, &c.Count, &c.First, &r.sum, &c.Min, &c.Max}
	for i, intrinsic := range by {
		l := &r.labels[i]
		if l.kind = query.Describe(intrinsic).Kind; l.kind == query.KindString {
			r.targets = append(r.targets, &l.text)
		} else {
			r.targets = append(r.targets, &l.number)
		}
	}
	return r
}

func (r *cellRow) scan(rows pgx.Rows) (cell repo.Cell, sum string, err error) {
	err = rows.Scan(r.targets...)
	r.cell.Labels = column(r.labels, label.value)
	return r.cell, r.sum, err
}

func (l label) value() query.Value {
	switch {
	case l.text.Valid:
		return query.Text(l.text.String)
	case l.number.Valid:
		return query.Value{Kind: l.kind, Int: l.number.Int64}
	default:
		return query.Value{}
	}
}
