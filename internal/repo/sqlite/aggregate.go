package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Aggregate counts and sums up spans. SQLite would sort them all to group them;
// reading what it would group by and counting here takes half the time, and
// the sums are exact.
func (s *Store) Aggregate(ctx context.Context, project string, a repo.Aggregation) ([]repo.Cell, error) {
	t := newTally(a)
	err := s.readSnapshot(ctx, "aggregate spans", func(tx *sql.Tx) error {
		return newAggregator(tx, project, t).run(ctx)
	})
	if err != nil {
		return nil, err
	}
	return t.result(), nil
}

// aggregator reads what one Aggregation counts.
type aggregator struct {
	tx      *sql.Tx
	tally   *tally
	part    int    // how many spans are read with one query
	columns string // start_ns, the value, and the labels
	index   string
	equal   conditions // what comes before the start in the index
	rest    conditions // what else spans must fulfil beside their time
}

func newAggregator(tx *sql.Tx, project string, t *tally) *aggregator {
	a := &aggregator{tx: tx, tally: t, part: maxStretch}
	index, equal, rest := spanLookup(project, t.asked.Spans)
	a.index, a.equal = index, equal
	for _, part := range rest {
		a.rest.addCondition(part)
	}
	columns := []string{`start_ns`, `0`}
	if t.asked.Value != 0 {
		value := columnOf(t.asked.Value)
		columns[1] = value.value
		a.rest.add(presence(value, plan.NotEqual).sql)
	}
	for _, by := range t.asked.By {
		columns = append(columns, columnOf(by).value)
	}
	a.columns = strings.Join(columns, `, `)
	return a
}

func (a *aggregator) run(ctx context.Context) error {
	if a.index == traceIndex { // which is the order in which they lie on the disk
		return a.read(ctx, ofTrace, a.within())
	}
	switch many, err := a.areMany(ctx); {
	case err != nil:
		return err
	case many:
		return a.scan(ctx)
	case len(a.rest.terms) == 0: // a row from each step
		return a.read(ctx, spansIn(a.index), a.within())
	}
	return a.walk(ctx)
}

// scanShare is the part of the table from which on it is faster to pass by all
// rows than to look up those in the index (measured).
const scanShare = 0.4

// areMany reports whether it is faster to scan the table than to walk the index.
// It never is when the index alone has the answer.
func (a *aggregator) areMany(ctx context.Context) (bool, error) {
	if len(a.rest.terms) == 0 && len(a.tally.asked.By) == 0 {
		return false, nil
	}
	first, last, err := a.ids(ctx)
	if err != nil {
		return false, err
	}
	share := int64(float64(last-first) * scanShare)
	c := a.within()
	query := `SELECT count(*) FROM (SELECT 1 FROM spans INDEXED BY ` + a.index + ` WHERE ` + c.String() + ` LIMIT ?)`
	var n int64
	err = a.tx.QueryRowContext(ctx, query, append(c.args, share+1)...).Scan(&n)
	return n > max(share, int64(a.part)), err
}

// within returns what the index can tell of the wanted spans.
func (a *aggregator) within() conditions {
	c := conditions{slices.Clone(a.equal.terms), slices.Clone(a.equal.args)}
	c.addRange(a.tally.asked.Spans.Start)
	return c
}

// ids returns the least and the greatest id of a span.
func (a *aggregator) ids(ctx context.Context) (first, last int64, err error) {
	const query = `SELECT coalesce((SELECT min(id) FROM spans), 0), coalesce((SELECT max(id) FROM spans), 0)`
	err = a.tx.QueryRowContext(ctx, query).Scan(&first, &last)
	return first, last, err
}

// walk reads the spans in the index.
func (a *aggregator) walk(ctx context.Context) error {
	r := a.tally.asked.Spans.Start
	for s := newStretches(a.tx, a.index, a.equal, r.Start, r.End-1); ; {
		if err := s.next(ctx, a.part); err != nil {
			return err
		}
		if err := a.read(ctx, spansIn(a.index), s.conditions()); err != nil {
			return err
		}
		if s.last == nil {
			return nil
		}
	}
}

// scan reads all spans, in the order in which they lie on the disk.
func (a *aggregator) scan(ctx context.Context) error {
	first, last, err := a.ids(ctx)
	if err != nil {
		return err
	}
	for part := int64(a.part); first <= last; first += part {
		c := a.within()
		c.add(`id BETWEEN ? AND ?`, first, first+part-1)
		if err := a.read(ctx, `spans NOT INDEXED`, c); err != nil {
			return err
		}
	}
	return nil
}

// read counts the spans that fulfil c and the rest.
func (a *aggregator) read(ctx context.Context, from string, c conditions) error {
	query, args := a.query(from, c)
	return readRows(ctx, a.tx, query, args, a.tally.add)
}

func (a *aggregator) query(from string, c conditions) (string, []any) {
	c.terms, c.args = slices.Concat(c.terms, a.rest.terms), slices.Concat(c.args, a.rest.args)
	return `SELECT ` + a.columns + ` FROM ` + from + ` WHERE ` + c.String(), c.args
}
