package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// countedSpans are stored in another order than they start in, some of them at
// one moment, and those of two projects by turns.
func countedSpans() (records []model.Record) {
	for n := range 500 {
		start := int64(1000 + n*37%200)
		s := &model.Span{Project: []string{"default", "other"}[n%5/4], StartNano: start, EndNano: start + int64(n%7),
			Name: strconv.Itoa(n % 3), Failed: n%4 == 0, Type: model.SpanType(5 + n%2)}
		binary.BigEndian.PutUint64(s.TraceID[:], uint64(1+n%9))
		binary.BigEndian.PutUint64(s.SpanID[:], uint64(1+n))
		if n%3 == 0 {
			s.AgentID = "support"
		}
		if n%2 == 0 {
			s.Model, s.Usage.Input = "m", int64(n%11)
		}
		records = append(records, model.Record{Span: s})
	}
	return records
}

// cellsOf counts in the plainest way.
func cellsOf(records []model.Record, a repo.Aggregation) []repo.Cell {
	type key struct {
		step   int64
		labels [2]query.Value
		bucket int
	}
	cells := map[key]*repo.Cell{}
	for _, r := range records {
		s := r.Span
		value := match.Column(a.Value, s)
		if s.Project != "default" || !a.Spans.Start.Contains(s.StartNano) || !plan.HoldsSpan(a.Spans.Where, s) || a.Value != 0 && value.Kind == query.KindNil {
			continue
		}
		k := key{step: (s.StartNano - a.Spans.Start.Start) / a.Step}
		for i, by := range a.By {
			k.labels[i] = match.Column(by, s)
		}
		for _, bound := range a.Bounds {
			if bound <= float64(value.Int) {
				k.bucket++
			}
		}
		c := cells[k]
		if c == nil {
			c = &repo.Cell{Step: k.step, Labels: slices.Clone(k.labels[:len(a.By)]), Bucket: k.bucket, Min: math.MaxInt64, Max: math.MinInt64, First: math.MaxInt64}
			cells[k] = c
		}
		c.Count++
		c.Sum += float64(value.Int)
		c.Min, c.Max, c.First = min(c.Min, value.Int), max(c.Max, value.Int), min(c.First, s.StartNano)
	}
	var all []repo.Cell
	for _, c := range cells {
		all = append(all, *c)
	}
	return all
}

func sortCells(cells []repo.Cell) {
	slices.SortFunc(cells, func(a, b repo.Cell) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Bucket, b.Bucket), slices.CompareFunc(a.Labels, b.Labels, func(x, y query.Value) int {
			return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Int, y.Int), cmp.Compare(x.Text, y.Text))
		}))
	})
}

// TestEveryWayOfCountingGivesTheSameCells takes so few spans at once that each
// way takes many turns.
func TestEveryWayOfCountingGivesTheSameCells(t *testing.T) {
	store := openTestStore(t)
	records := countedSpans()
	for chunk := range slices.Chunk(records, 90) {
		if _, err := store.Write(t.Context(), chunk); err != nil {
			t.Fatal(err)
		}
	}
	ways := map[string]func(a *aggregator, ctx context.Context) error{
		"as Aggregate chooses": (*aggregator).run,
		"along the index":      (*aggregator).walk,
		"over the table":       (*aggregator).scan,
	}
	terms := []plan.Condition{nil, plan.Any{}, is(query.AgentID, query.Text("support")), is(query.Failed, query.Boolean(true)), is(query.Name, query.Text("1"))}
	rapid.Check(t, func(rt *rapid.T) {
		a := repo.Aggregation{Step: rapid.Int64Range(1, 100).Draw(rt, "step"), MaxCells: 1000}
		a.Spans.Start.Start = rapid.Int64Range(950, 1200).Draw(rt, "start")
		a.Spans.Start.End = a.Spans.Start.Start + rapid.Int64Range(1, 300).Draw(rt, "length")
		a.Spans.Where = rapid.SampledFrom(terms).Draw(rt, "where")
		a.By = rapid.SliceOfNDistinct(rapid.SampledFrom([]query.Intrinsic{query.Name, query.ModelName, query.Type, query.Failed, query.UsageInput}), 0, 2, rapid.ID).Draw(rt, "by")
		a.Value = rapid.SampledFrom([]query.Intrinsic{0, query.SpanDuration, query.UsageInput}).Draw(rt, "value")
		if a.Value != 0 && rapid.Bool().Draw(rt, "buckets") {
			a.Bounds = []float64{0.5, 3, 5}
		}
		part := rapid.IntRange(10, 60).Draw(rt, "part")
		want := cellsOf(records, a)
		sortCells(want)
		for name, way := range ways {
			var got []repo.Cell
			err := store.readSnapshot(t.Context(), "count", func(tx *sql.Tx) error {
				g := newAggregator(tx, "default", newTally(a))
				g.part = part
				err := way(g, t.Context())
				got = g.tally.result()
				return err
			})
			sortCells(got)
			if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
				rt.Fatalf("%s: %v (-want +got):\n%s", name, err, diff)
			}
		}
	})
}

func TestCountingStopsAtTheFirstCellTooMany(t *testing.T) {
	store := openTestStore(t)
	if _, err := store.Write(t.Context(), countedSpans()); err != nil {
		t.Fatal(err)
	}
	a := repo.Aggregation{Step: 1, MaxCells: 7, Spans: repo.SpanQuery{Start: model.TimeRange{Start: 1000, End: 2000}}}
	tally := newTally(a)
	err := store.readSnapshot(t.Context(), "count", func(tx *sql.Tx) error {
		return newAggregator(tx, "default", tally).run(t.Context())
	})
	if !errors.Is(err, repo.ErrTooMany) || len(tally.cells) != a.MaxCells {
		t.Errorf("%d cells are held, %v; want %d and %v", len(tally.cells), err, a.MaxCells, repo.ErrTooMany)
	}
}

func TestSumsAreExactUntilTheyAreRounded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		numbers := rapid.SliceOf(rapid.Int64()).Draw(rt, "numbers")
		var s sum
		for _, n := range numbers {
			s.add(n)
		}
		for _, n := range numbers {
			s.add(^n) // -n - 1
		}
		if want := -float64(len(numbers)); s.rounded() != want {
			rt.Errorf("got %g, want %g", s.rounded(), want)
		}
	})
	var s sum
	for range 4 {
		s.add(math.MaxInt64)
	}
	if s.rounded() != 4*float64(math.MaxInt64) {
		t.Errorf("got %g", s.rounded())
	}
}
