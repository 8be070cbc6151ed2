package series

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/agenttrace/agenttrace/internal/query"
)

// Series is a number that changes over time.
type Series struct {
	Labels    []Label
	Points    []Point    // by time; at least one
	Exemplars []Exemplar // by time
}

// Label is one of the values that tell a series from others.
type Label struct {
	Name  string
	Value query.Value
}

// Names of labels that no by() makes.
const (
	QuantileLabel = "p"        // which quantile
	BucketLabel   = "__bucket" // values of the bucket are below this
)

// Point is the value at a step that has one.
type Point struct {
	Time  int64 // start of the step
	Value float64
}

// line is a series while it is being made.
type line struct {
	values []query.Value // one for each of by(), then that of extra
	extra  string        // the name of a label that no by() makes; "" for none
	points []point
}

type point struct {
	step     int64
	value    float64
	exemplar Exemplar
}

// Series returns what was added, ordered by labels.
func (c *Collector) Series() []Series {
	var lines []line
	for _, g := range c.groups {
		lines = append(lines, c.lines(g)...)
	}
	slices.SortFunc(lines, func(a, b line) int { return slices.CompareFunc(a.values, b.values, compareLabels) })
	for _, stage := range c.metrics.Stages {
		applyStage(lines, stage)
	}
	var series []Series
	for i := range lines {
		if len(lines[i].points) > 0 {
			series = append(series, c.finish(&lines[i]))
		}
	}
	return series
}

// lines returns the series of a group.
func (c *Collector) lines(g *group) []line {
	steps := slices.Sorted(maps.Keys(g.steps))
	switch c.metrics.Function {
	case query.QuantileOverTime:
		return c.quantileLines(g, steps)
	case query.HistogramOverTime:
		return c.histogramLines(g, steps)
	}
	l := line{values: g.labels}
	for _, step := range steps {
		t := &g.steps[step][0]
		if value := c.valueOf(t, step); !math.IsNaN(value) {
			l.points = append(l.points, point{step, value, t.first})
		}
	}
	return []line{l}
}

func (c *Collector) valueOf(t *tally, step int64) float64 {
	switch c.metrics.Function {
	case query.Rate:
		return float64(t.count) / c.grid.seconds(step)
	case query.CountOverTime:
		return float64(t.count)
	case query.SumOverTime:
		return c.reported(t.sum.total())
	case query.AvgOverTime:
		return c.reported(t.sum.total() / float64(t.count))
	case query.MinOverTime:
		return c.reported(t.least)
	default: // MaxOverTime
		return c.reported(t.most)
	}
}

func (c *Collector) quantileLines(g *group, steps []int64) (lines []line) {
	for _, quantile := range c.metrics.Quantiles {
		l := line{values: append(slices.Clone(g.labels), query.Float(quantile)), extra: QuantileLabel}
		for _, step := range steps {
			t := quantileOf(g.steps[step], quantile)
			value := c.reported(middle(c.bounds, t.bucket, t.least, t.most))
			l.points = append(l.points, point{step, value, t.first})
		}
		lines = append(lines, l)
	}
	return lines
}

// quantileOf returns the bucket that holds the value of nearest rank: the least
// one such that a part of all values, as large as the quantile, is not above it.
func quantileOf(tallies []tally, quantile float64) *tally {
	var count int64
	for i := range tallies {
		count += tallies[i].count
	}
	// 0.07 * 100 is a little more than 7 in floats, and means the seventh.
	const rounding = 1e-6
	rank := max(1, int64(math.Ceil(quantile*float64(count)-rounding)))
	for i := range tallies {
		if rank -= tallies[i].count; rank <= 0 {
			return &tallies[i]
		}
	}
	return &tallies[len(tallies)-1]
}

func (c *Collector) histogramLines(g *group, steps []int64) (lines []line) {
	for _, bucket := range slices.Sorted(maps.Keys(g.buckets)) {
		bound := math.Inf(1)
		if bucket < len(c.bounds) {
			bound = c.reported(c.bounds[bucket])
		}
		l := line{values: append(slices.Clone(g.labels), query.Float(bound)), extra: BucketLabel}
		for _, step := range steps {
			if i, found := search(g.steps[step], bucket); found {
				t := &g.steps[step][i]
				l.points = append(l.points, point{step, float64(t.count), t.first})
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// compareLabels orders the values of labels: absent ones first, then by kind.
func compareLabels(a, b query.Value) int {
	return cmp.Or(
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Text, b.Text),
		cmp.Compare(a.Int, b.Int),
		cmp.Compare(a.Float, b.Float),
	)
}

// finish names the labels of a series and picks its exemplars.
func (c *Collector) finish(l *line) Series {
	s := Series{Points: make([]Point, len(l.points))}
	for i, v := range l.values {
		switch {
		case i == len(c.metrics.By):
			s.Labels = append(s.Labels, Label{l.extra, v})
		case v.Kind != query.KindNil:
			s.Labels = append(s.Labels, Label{c.metrics.By[i].String(), v})
		}
	}
	for i, p := range l.points {
		s.Points[i] = Point{c.grid.time(p.step), p.value}
	}
	// From the middle of equal parts of the points.
	n := min(c.Exemplars, len(l.points))
	for i := range max(0, n) {
		s.Exemplars = append(s.Exemplars, l.points[(2*i+1)*len(l.points)/(2*n)].exemplar)
	}
	return s
}
