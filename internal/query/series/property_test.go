package series_test

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/series"
)

// columns are fields of rows, and how a test reads them.
var columns = map[string]func(*model.Span) query.Value{
	"duration":     func(s *model.Span) query.Value { return query.Duration(s.EndNano - s.StartNano) },
	"usage:output": func(s *model.Span) query.Value { return ownUsage(s, s.Usage.Output) },
	"usage:total":  func(s *model.Span) query.Value { return ownUsage(s, s.Usage.Sum()) },
	"model:name":   func(s *model.Span) query.Value { return text(s.Model) },
	"tool:name":    func(s *model.Span) query.Value { return text(s.ToolName) },
	"failed":       func(s *model.Span) query.Value { return query.Boolean(s.Failed) },
	"status":       func(s *model.Span) query.Value { return query.Value{Kind: query.KindStatus, Int: int64(s.Status)} },
	"type":         func(s *model.Span) query.Value { return query.Value{Kind: query.KindType, Int: int64(s.Type)} },
}

func ownUsage(s *model.Span, n int64) query.Value {
	if s.Type != model.TypeLLM || s.Usage == (model.Usage{}) {
		return query.Value{}
	}
	return query.Integer(n)
}

func text(s string) query.Value {
	if s == "" {
		return query.Value{}
	}
	return query.Text(s)
}

// spans draws spans of a trace in and around the grid, with values below most.
func spans(most int64) *rapid.Generator[[]*model.Span] {
	word := rapid.SampledFrom([]string{"", "a", "b"})
	number := rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, 1<<40), rapid.Int64Range(-5, most))
	return rapid.Custom(func(t *rapid.T) []*model.Span {
		all := make([]*model.Span, rapid.IntRange(0, 25).Draw(t, "spans"))
		for i := range all {
			start := rapid.Int64Range(grid.Start-second, grid.End+second).Draw(t, "start")
			all[i] = &model.Span{
				TraceID: model.TraceID{1}, SpanID: model.SpanID{byte(i + 1)},
				StartNano: start, EndNano: start + max(0, number.Draw(t, "length")),
				Type:   model.SpanType(rapid.SampledFrom([]int{1, 5, 6}).Draw(t, "type")),
				Status: model.StatusCode(rapid.IntRange(0, 2).Draw(t, "status")),
				Failed: rapid.Bool().Draw(t, "failed"),
				Model:  word.Draw(t, "model"), ToolName: word.Draw(t, "tool"),
				Usage: model.Usage{Output: number.Draw(t, "output")},
			}
		}
		return all
	})
}

// anyMetrics draws metrics over columns.
func anyMetrics() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		m := rapid.SampledFrom([]string{
			"rate()", "count_over_time()", "sum_over_time(%s)", "avg_over_time(%s)", "min_over_time(%s)", "max_over_time(%s)",
			"quantile_over_time(%s, 0.1, 0.5, 0.99)", "histogram_over_time(%s)",
		}).Draw(t, "function")
		if m[len(m)-2] != '(' {
			m = fmt.Sprintf(m, rapid.SampledFrom([]string{"duration", "usage:output", "usage:total"}).Draw(t, "field"))
		}
		m += rapid.SampledFrom([]string{"", " by (model:name)", " by (tool:name, failed)", " by (type, status)"}).Draw(t, "by")
		return m + rapid.SampledFrom([]string{"", " > 3", " | topk(2)", " | bottomk(1)"}).Draw(t, "stage")
	})
}

// cell is what a store returns; see repo.Cell.
type cell struct {
	labels                    []query.Value
	step                      int64
	bucket                    int
	count, least, most, first int64
	sum                       *big.Int
}

// cellsOf makes one cell of each span that counts.
func cellsOf(m *query.Metrics, bounds []float64, spans []*model.Span) (cells []*cell) {
	for _, s := range spans {
		if s.StartNano < grid.Start || s.StartNano >= grid.End {
			continue
		}
		c := &cell{step: (s.StartNano - grid.Start) / grid.Step, count: 1, first: s.StartNano, sum: new(big.Int)}
		if m.Field != nil {
			v := columns[m.Field.String()](s)
			if v.Kind == query.KindNil {
				continue
			}
			c.least, c.most, c.sum = v.Int, v.Int, big.NewInt(v.Int)
			for c.bucket < len(bounds) && big.NewFloat(bounds[c.bucket]).Cmp(new(big.Float).SetInt64(v.Int)) <= 0 {
				c.bucket++
			}
		}
		for _, by := range m.By {
			c.labels = append(c.labels, columns[by.String()](s))
		}
		cells = append(cells, c)
	}
	return cells
}

// merged adds up the cells that are told apart by nothing.
func merged(cells []*cell) (all []*cell) {
	index := map[string]*cell{}
	for _, c := range cells {
		key := fmt.Sprint(c.labels, c.step, c.bucket)
		sum := index[key]
		if sum == nil {
			index[key] = c
			all = append(all, c)
			continue
		}
		sum.count += c.count
		sum.sum.Add(sum.sum, c.sum)
		sum.least, sum.most, sum.first = min(sum.least, c.least), max(sum.most, c.most), min(sum.first, c.first)
	}
	return all
}

// withoutIDs leaves of the exemplars what cells can tell.
func withoutIDs(all []series.Series) []series.Series {
	for i := range all {
		for j := range all[i].Exemplars {
			all[i].Exemplars[j] = series.Exemplar{Time: all[i].Exemplars[j].Time}
		}
	}
	return all
}

func equal(t *rapid.T, what string, got, want []series.Series) {
	if len(got) != len(want) {
		t.Fatalf("%s: %d series, want %d:\n%v\n%v", what, len(got), len(want), got, want)
	}
	for i := range got {
		if !slices.Equal(got[i].Labels, want[i].Labels) || !slices.Equal(got[i].Points, want[i].Points) || !slices.Equal(got[i].Exemplars, want[i].Exemplars) {
			t.Fatalf("%s:\n%v\nwant\n%v", what, got[i], want[i])
		}
	}
}

func TestCellsAndSpansMakeTheSameSeries(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := metrics(t, anyMetrics().Draw(rt, "metrics"))
		all := spans(1<<60).Draw(rt, "trace")
		fromSpans := series.New(m, grid, 1000)
		collect(t, fromSpans, all)

		fromCells := series.New(m, grid, 1000)
		for _, c := range rapid.Permutation(merged(cellsOf(m, fromCells.Bounds(), all))).Draw(rt, "cells") {
			sum, _ := new(big.Float).SetInt(c.sum).Float64()
			if err := fromCells.AddCell(c.labels, c.step, c.bucket, c.count, sum, c.least, c.most, c.first); err != nil {
				rt.Fatal(err)
			}
		}
		equal(rt, "of cells", fromCells.Series(), withoutIDs(fromSpans.Series()))
	})
}

func TestOrderAndCutDoNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := metrics(t, anyMetrics().Draw(rt, "metrics"))
		all := spans(1<<53).Draw(rt, "trace") // what a cell of one span holds exactly
		want := series.New(m, grid, 1000)
		collect(t, want, all)

		mixed := series.New(m, grid, 1000)
		trace := match.NewTrace(all)
		for _, s := range rapid.Permutation(all).Draw(rt, "spans") {
			if err := mixed.AddSpan(s, trace); err != nil {
				rt.Fatal(err)
			}
		}
		equal(rt, "in another order", mixed.Series(), want.Series())

		// A cell for each span, as if each were in a partition of its own.
		single := series.New(m, grid, 1000)
		for _, c := range rapid.Permutation(cellsOf(m, single.Bounds(), all)).Draw(rt, "cells") {
			if err := single.AddCell(c.labels, c.step, c.bucket, 1, float64(c.least), c.least, c.most, c.first); err != nil {
				rt.Fatal(err)
			}
		}
		equal(rt, "cut into cells", single.Series(), withoutIDs(want.Series()))
	})
}

// TestSumsAreRoundedOnce compares with sums of unlimited precision.
func TestSumsAreRoundedOnce(t *testing.T) {
	numbers := rapid.SliceOfN(rapid.OneOf(
		rapid.Map(rapid.Int64(), model.IntValue),
		rapid.Map(rapid.Float64Range(-1e300, 1e300), model.DoubleValue),
		rapid.Map(rapid.SampledFrom([]float64{0.1, 1e-300, 1e16, -1e16, 0.5, math.MaxFloat64, -math.MaxFloat64}), model.DoubleValue),
	), 1, 20)
	rapid.Check(t, func(rt *rapid.T) {
		exact := new(big.Float).SetPrec(5000)
		var all []*model.Span
		for i, n := range numbers.Draw(rt, "numbers") {
			s := call(byte(i), 0, 1, "", 0)
			s.Body.Attributes = []model.KeyValue{{Key: "n", Value: n}}
			all = append(all, s)
			if n.Kind == model.KindInt {
				exact.Add(exact, new(big.Float).SetInt64(n.Int))
			} else {
				exact.Add(exact, new(big.Float).SetFloat64(n.Double))
			}
		}
		c := series.New(metrics(t, "sum_over_time(.n)"), grid, 1)
		collect(t, c, all)
		want, _ := exact.Float64()
		if got := c.Series()[0].Points[0].Value; got != want {
			rt.Errorf("the sum is %v, want %v", got, want)
		}
	})
}

func TestNumbersThatAreNoneDoNotCount(t *testing.T) {
	for _, test := range []struct {
		metrics string
		numbers []float64
		want    string
	}{
		{"count_over_time()", []float64{math.NaN()}, "{} 0:1"},
		{"max_over_time(.n)", []float64{math.NaN(), 1}, "{} 0:1"},
		{"max_over_time(.n)", []float64{math.NaN()}, ""},
		{"sum_over_time(.n)", []float64{math.Inf(1), 1}, "{} 0:+Inf"},
		{"sum_over_time(.n)", []float64{math.Inf(1), math.Inf(-1)}, ""},
		{"quantile_over_time(.n, 0.5)", []float64{math.Inf(1), math.Inf(-1), 3}, "{p=0.5} 0:3"},
		{"count_over_time() by (.n)", []float64{math.Copysign(0, -1), 0}, "{.n=0.0} 0:2"},
		{"count_over_time() by (.n)", []float64{math.NaN(), math.NaN()}, "{} 0:2"},
	} {
		var all []*model.Span
		for i, n := range test.numbers {
			s := call(byte(i), 0, 1, "", 0)
			s.Body.Attributes = []model.KeyValue{{Key: "n", Value: model.DoubleValue(n)}}
			all = append(all, s)
		}
		c := series.New(metrics(t, test.metrics), grid, 10)
		collect(t, c, all)
		if got := write(c.Series()); got != test.want {
			t.Errorf("%s of %v is %s, want %s", test.metrics, test.numbers, got, test.want)
		}
	}
}

// TestQuantilesAreWithinOnePercent compares with those of nearest rank.
func TestQuantilesAreWithinOnePercent(t *testing.T) {
	sizes := rapid.OneOf(
		rapid.Map(rapid.Float64Range(-9, 18), func(power float64) float64 { return math.Pow(10, power) }),
		rapid.SampledFrom([]float64{1e-9, 1e18}),
	)
	fields := map[string]*rapid.Generator[float64]{
		"usage:output": rapid.OneOf(
			rapid.Map(rapid.Int64Range(0, 200), func(n int64) float64 { return float64(n) }),
			rapid.Map(sizes, math.Floor),
		),
		".n": rapid.OneOf(sizes, rapid.Map(sizes, func(f float64) float64 { return -f }), rapid.Just(0.0)),
	}
	rapid.Check(t, func(rt *rapid.T) {
		field := rapid.SampledFrom([]string{"usage:output", ".n"}).Draw(rt, "field")
		quantile := rapid.SampledFrom([]float64{0, 0.01, 0.07, 0.25, 0.5, 0.75, 0.9, 0.99, 1}).Draw(rt, "quantile")
		numbers := rapid.SliceOfN(fields[field], 1, 100).Draw(rt, "numbers")
		var all []*model.Span
		for i, n := range numbers {
			s := call(byte(i), 0, 1, "", int64(n))
			s.Usage.Reasoning = 1 // so that there is usage
			s.Body.Attributes = []model.KeyValue{{Key: "n", Value: model.DoubleValue(n)}}
			all = append(all, s)
		}
		c := series.New(metrics(t, fmt.Sprintf("quantile_over_time(%s, %v)", field, quantile)), grid, 1)
		collect(t, c, all)
		got := c.Series()[0].Points[0].Value

		slices.SortFunc(numbers, cmp.Compare)
		rank := new(big.Rat).Mul(new(big.Rat).SetInt64(int64(math.Round(quantile*100))), big.NewRat(int64(len(numbers)), 100))
		below := new(big.Int).Div(rank.Num(), rank.Denom()).Int64()
		if !rank.IsInt() {
			below++ // rounded up
		}
		want := numbers[max(1, below)-1]
		if math.Abs(got-want) > 0.01*math.Abs(want)*(1+1e-9) {
			rt.Errorf("quantile %v of %v is %v, want %v", quantile, numbers, got, want)
		}
	})
}

func TestBoundsAscendAndAreFew(t *testing.T) {
	for text, most := range map[string]int{
		"quantile_over_time(duration, 0.5)":   2000,
		"quantile_over_time(.n, 0.5)":         6500,
		"histogram_over_time(usage:total)":    63,
		"histogram_over_time(.n)":             100,
		"sum_over_time(duration)":             0,
		"count_over_time() by (model:name)":   0,
		"quantile_over_time(usage:cost, 0.5)": 6500,
	} {
		bounds := series.New(metrics(t, text), grid, 1).Bounds()
		if !slices.IsSortedFunc(bounds, func(a, b float64) int { return cmp.Compare(a, b) }) || len(slices.Compact(slices.Clone(bounds))) != len(bounds) {
			t.Errorf("%s: the bounds do not ascend", text)
		}
		if len(bounds) > most {
			t.Errorf("%s: %d bounds, want %d at most", text, len(bounds), most)
		}
	}
}
