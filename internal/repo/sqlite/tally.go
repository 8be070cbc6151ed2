package sqlite

import (
	"database/sql/driver"
	"encoding/binary"
	"math/big"
	"math/bits"
	"sort"

	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// tally puts spans into cells.
type tally struct {
	asked repo.Aggregation
	cells map[string]*cell
	key   []byte // of the cell at hand
	text  int    // of all cells
}

// cell is a cell with a sum that is not rounded yet.
type cell struct {
	repo.Cell
	sum sum
}

func newTally(a repo.Aggregation) *tally {
	return &tally{asked: a, cells: make(map[string]*cell)}
}

// add counts a row of an aggregator's columns.
func (t *tally) add(r *row) error {
	start, value := r.int(), r.int()
	labels := r.values[r.next:]
	c, err := t.cell(start, value, labels)
	if err != nil {
		return err
	}
	c.Count++
	c.Min, c.Max, c.First = min(c.Min, value), max(c.Max, value), min(c.First, start)
	c.sum.add(value)
	return r.err
}

// cell finds or makes the cell that a span belongs to.
func (t *tally) cell(start, value int64, labels []driver.Value) (*cell, error) {
	step := (start - t.asked.Spans.Start.Start) / t.asked.Step
	bucket := sort.Search(len(t.asked.Bounds), func(n int) bool { return t.asked.Bounds[n] > float64(value) })
	t.key = binary.AppendVarint(binary.AppendVarint(t.key[:0], step), int64(bucket))
	for _, v := range labels {
		t.key = appendKey(t.key, v)
	}
	if c, ok := t.cells[string(t.key)]; ok {
		return c, nil
	}
	if len(t.cells) >= t.asked.MaxCells {
		return nil, repo.ErrTooMany
	}
	c := &cell{Cell: repo.Cell{Step: step, Bucket: bucket, Min: value, Max: value, First: start}}
	for i, v := range labels {
		c.Labels = append(c.Labels, label(t.asked.By[i], v))
	}
	if t.text += c.Text(); t.asked.MaxText > 0 && t.text > t.asked.MaxText {
		return nil, repo.ErrTooMany
	}
	t.cells[string(t.key)] = c
	return c, nil
}

// appendKey appends what tells v apart from other values.
func appendKey(key []byte, v driver.Value) []byte {
	switch v := v.(type) {
	case int64:
		return binary.AppendVarint(append(key, 1), v)
	case string:
		return append(binary.AppendUvarint(append(key, 2), uint64(len(v))), v...)
	default:
		return append(key, 0)
	}
}

// label returns the value of a column as the language has it.
func label(i query.Intrinsic, v driver.Value) query.Value {
	switch v := v.(type) {
	case int64:
		return query.Value{Kind: query.Describe(i).Kind, Int: v}
	case string:
		return query.Text(v)
	default:
		return query.Value{}
	}
}

func (t *tally) result() []repo.Cell {
	cells := make([]repo.Cell, 0, len(t.cells))
	for _, c := range t.cells {
		c.Sum = c.sum.rounded()
		cells = append(cells, c.Cell)
	}
	return cells
}

// sum is a sum of integers in 128 bits, which 2^64 of them cannot overflow.
type sum struct {
	high int64
	low  uint64
}

func (s *sum) add(n int64) {
	low, carry := bits.Add64(s.low, uint64(n), 0)
	s.low = low
	s.high += n>>63 + int64(carry)
}

// rounded returns the nearest float64.
func (s *sum) rounded() float64 {
	n := new(big.Int).Lsh(big.NewInt(s.high), 64)
	n.Add(n, new(big.Int).SetUint64(s.low))
	f, _ := new(big.Float).SetInt(n).Float64()
	return f
}
