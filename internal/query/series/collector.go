package series

import (
	"errors"
	"math"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
)

// Errors of adding. The collector holds what was added before. There are too many
// series, too, when their labels are too long together.
var (
	ErrTooManySeries = errors.New("more series than allowed")
	ErrTooManyPoints = errors.New("more points than allowed")
)

const (
	defaultExemplars = 3
	defaultMaxPoints = 500_000
	// maxText is how many bytes of labels are kept: one may be a whole prompt.
	maxText = 16 << 20
)

// Collector makes series of spans, or of cells that stand for spans.
type Collector struct {
	// Exemplars is how many a series has at most. New sets it to 3.
	Exemplars int
	// MaxPoints bounds what is kept: the points of all series, and for
	// quantiles the buckets behind them, at about 150 bytes each. New sets it to
	// 500,000.
	MaxPoints int

	metrics   *query.Metrics
	grid      Grid
	maxSeries int
	seconds   bool // values are durations, in nanoseconds until they are reported
	sums      bool // values are added up, which takes much memory for floats
	bounds    []float64

	groups map[string]*group
	series int // of all groups
	points int
	text   int // bytes of the labels of all groups

	// Of the span that is being added; kept for their memory.
	labels []query.Value
	key    []byte
}

// group is what spans with the same labels add up to.
type group struct {
	labels  []query.Value // one for each of by()
	steps   map[int64][]tally
	buckets map[int]bool // that have a series of their own
}

// New makes a collector for the metrics of a query. Adding fails with
// ErrTooManySeries when there would be more than maxSeries.
func New(m *query.Metrics, g Grid, maxSeries int) *Collector {
	c := &Collector{
		Exemplars: defaultExemplars,
		MaxPoints: defaultMaxPoints,
		metrics:   m,
		grid:      g,
		maxSeries: maxSeries,
		seconds:   isDuration(m.Field),
		sums:      m.Function == query.SumOverTime || m.Function == query.AvgOverTime,
		groups:    map[string]*group{},
		labels:    make([]query.Value, len(m.By)),
	}
	switch m.Function {
	case query.QuantileOverTime:
		c.bounds = quantileBounds(isInteger(m.Field))
	case query.HistogramOverTime:
		c.bounds = histogramBounds(isInteger(m.Field))
	}
	return c
}

// Bounds returns the bounds that tell cells apart by value, nil for none: cell n
// holds the values v with Bounds[n-1] <= v < Bounds[n]. Those of durations are
// in nanoseconds.
func (c *Collector) Bounds() []float64 { return c.bounds }

// AddSpan adds one of the spans of a trace. It does not count outside of the
// grid, nor where the field that the metric is made of is absent or no number.
func (c *Collector) AddSpan(s *model.Span, t *match.Trace) error {
	step, inside := c.grid.stepOf(s.StartNano)
	if !inside {
		return nil
	}
	value := query.Integer(1)
	if c.metrics.Field != nil {
		value = match.Distinct(t.First(c.metrics.Field, s))
		if !value.Kind.IsNumber() {
			return nil
		}
	}
	for i, by := range c.metrics.By {
		c.labels[i] = t.First(by, s)
	}
	at, err := c.tally(c.labels, step, bucketOf(c.bounds, value))
	if err != nil {
		return err
	}
	number, _ := value.Number()
	at.count++
	if c.sums {
		at.sum.add(value)
	}
	at.least, at.most = min(at.least, number), max(at.most, number)
	at.meet(Exemplar{TraceID: s.TraceID, SpanID: s.SpanID, Time: s.StartNano, Value: c.reported(number)})
	return nil
}

// AddCell adds count spans of one step with the same labels, whose values lie in
// one bucket. Labels are the values of by(), nil values for absent; sum, least
// and most are of the values, in nanoseconds for durations; first is the start
// of the earliest span. An exemplar that is made of a cell has no ids: it tells
// when the span started that is to be looked up.
func (c *Collector) AddCell(labels []query.Value, step int64, bucket int, count int64, sum float64, least, most int64, first int64) error {
	if count <= 0 || step < 0 || step >= c.grid.Steps() {
		return nil
	}
	at, err := c.tally(labels, step, bucket)
	if err != nil {
		return err
	}
	at.count += count
	if c.sums {
		at.sum.addFloat(sum)
	}
	at.least, at.most = min(at.least, float64(least)), max(at.most, float64(most))
	at.meet(Exemplar{Time: first})
	return nil
}

// reported returns a value in the unit of the answer. It is the last step of
// every calculation, so that there is one rounding more for all of them alike.
func (c *Collector) reported(value float64) float64 {
	if c.seconds {
		return value / 1e9
	}
	return value
}

// tally returns where a bucket of a step of the series with these labels is
// added up, which is a new place for the first span.
func (c *Collector) tally(labels []query.Value, step int64, bucket int) (*tally, error) {
	c.key = c.key[:0]
	for _, v := range labels {
		c.key = match.AppendKey(c.key, v)
	}
	g := c.groups[string(c.key)]
	isNew, text := g == nil, c.text
	if isNew {
		g = newGroup(labels)
		text += len(c.key)
	}
	more := c.seriesFor(g, isNew, bucket)
	if c.series+more > c.maxSeries || text > maxText {
		return nil, ErrTooManySeries
	}
	tallies := g.steps[step]
	i, found := search(tallies, bucket)
	if !found {
		if c.points >= c.MaxPoints {
			return nil, ErrTooManyPoints
		}
		c.points++
		tallies = insert(tallies, i, tally{bucket: bucket, least: math.Inf(1), most: math.Inf(-1)})
		g.steps[step] = tallies
	}
	if isNew {
		c.groups[string(c.key)], c.text = g, text
	}
	if c.metrics.Function == query.HistogramOverTime {
		g.buckets[bucket] = true
	}
	c.series += more
	return &tallies[i], nil
}

// seriesFor returns how many series come into being with a span in a bucket.
func (c *Collector) seriesFor(g *group, isNew bool, bucket int) int {
	switch {
	case c.metrics.Function == query.HistogramOverTime && !g.buckets[bucket]:
		return 1
	case !isNew || c.metrics.Function == query.HistogramOverTime:
		return 0
	case c.metrics.Function == query.QuantileOverTime:
		return len(c.metrics.Quantiles)
	default:
		return 1
	}
}
