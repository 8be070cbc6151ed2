package draw

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
)

// MetricsOptions is how metrics are drawn.
type MetricsOptions struct {
	Width  int
	Zone   *time.Location
	Query  string // from which the unit of values follows
	Charts bool   // a chart for each series, however many there are
	Limit  int    // most series; 0 for all
}

// mostCharts is how many series get a chart of their own unless that is asked for.
const mostCharts = 2

// Metrics draws time series: one or two as charts, more as lines of a table.
func Metrics(m *agenttracev1.QueryMetricsResponse, o MetricsOptions) []shell.Line {
	unit, field := unitOf(o.Query)
	series := seriesOf(m, field)
	left := 0
	if o.Limit > 0 && len(series) > o.Limit {
		left = len(series) - o.Limit
		series = series[:o.Limit]
	}
	lines := []shell.Line{rangeLine(m, o).Cut(o.Width), nil}
	if o.Charts || len(series) <= mostCharts {
		for _, s := range series {
			lines = append(lines, chart(m, s, unit, topOf(series), o)...)
			lines = append(lines, nil)
		}
		lines = lines[:len(lines)-1]
	} else {
		lines = append(lines, sparklines(m, series, unit, o)...)
	}
	if left > 0 {
		lines = append(lines, shell.Line{}.Add(shell.Dim, fmt.Sprintf("⋯ %d more series, with smaller values: -n 0 for all", left)))
	}
	return lines
}

func rangeLine(m *agenttracev1.QueryMetricsResponse, o MetricsOptions) shell.Line {
	const layout = "2006-01-02 15:04"
	start, end := m.GetStartTime().AsTime().In(o.Zone), m.GetEndTime().AsTime().In(o.Zone)
	return shell.Line{}.Add(shell.Dim, fmt.Sprintf("%s to %s, in steps of %s", start.Format(layout), end.Format(layout+" MST"), Span(m.GetStep().AsDuration())))
}

// unit says how values are written.
type unit int

const (
	unitNumber unit = iota
	unitSeconds
	unitDollars
)

var (
	fieldOfMetric = regexp.MustCompile(`(sum|avg|min|max|quantile|histogram)_over_time\s*\(([^)]*)\)`)
	durationField = regexp.MustCompile(`(?i)duration|timeToFirstToken|ttft`)
)

// unitOf finds the units of a metrics query's values, and of the field that they are
// made of: durations come in seconds, costs in dollars. Those of a histogram count.
func unitOf(query string) (values, field unit) {
	found := fieldOfMetric.FindStringSubmatch(query)
	switch {
	case found == nil:
		return unitNumber, unitNumber
	case durationField.MatchString(found[2]):
		field = unitSeconds
	case strings.Contains(found[2], "cost"):
		field = unitDollars
	}
	if found[1] == "histogram" {
		return unitNumber, field
	}
	return field, field
}

func (u unit) text(v float64) string {
	const most = math.MaxInt64 / 1e9 // of what whole billionths can be counted
	switch {
	case math.IsNaN(v):
		return ""
	case u == unitSeconds && v >= 0 && v < most:
		return duration(time.Duration(v * float64(time.Second)))
	case u == unitDollars && v > -most && v < most:
		return dollars(int64(v * nanosPerDollar))
	}
	return Number(v)
}

// series is one time series, with a value or none (NaN) for each step.
type series struct {
	name            string
	values          []float64
	last, max, mean float64
}

// seriesOf unpacks the series of an answer, those with the greatest values first;
// buckets of a histogram by their bounds.
func seriesOf(m *agenttracev1.QueryMetricsResponse, u unit) []series {
	start, step := m.GetStartTime().AsTime(), m.GetStep().AsDuration()
	steps := 1
	if step > 0 {
		steps = max(1, int((m.GetEndTime().AsTime().Sub(start)+step-1)/step))
	}
	all := make([]series, 0, len(m.GetSeries()))
	buckets := map[string]float64{}
	for _, from := range m.GetSeries() {
		s := series{name: labels(from.GetLabels(), u), values: make([]float64, steps), last: math.NaN(), max: math.NaN()}
		for i := range s.values {
			s.values[i] = math.NaN()
		}
		sum := 0.0
		for _, p := range from.GetPoints() {
			if step > 0 {
				at := min(max(int(p.GetTime().AsTime().Sub(start)/step), 0), steps-1)
				s.values[at] = p.GetValue()
			}
			s.last, sum = p.GetValue(), sum+p.GetValue()
			if math.IsNaN(s.max) || p.GetValue() > s.max {
				s.max = p.GetValue()
			}
		}
		s.mean = sum / float64(len(from.GetPoints()))
		if bound, ok := bucketOf(from.GetLabels()); ok {
			buckets[s.name] = bound
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b series) int {
		if len(buckets) > 0 {
			return cmp.Compare(buckets[b.name], buckets[a.name])
		}
		return cmp.Compare(b.max, a.max)
	})
	return all
}

// bucketLabel is the label of a histogram's bucket: values are below it.
const bucketLabel = "__bucket"

func bucketOf(labels []*agenttracev1.KeyValue) (float64, bool) {
	for _, kv := range labels {
		if kv.GetKey() == bucketLabel {
			bound, err := strconv.ParseFloat(Value(kv.GetValue()), 64)
			return bound, err == nil
		}
	}
	return 0, false
}

func labels(from []*agenttracev1.KeyValue, u unit) string {
	var parts []string
	for _, kv := range from {
		bound, err := strconv.ParseFloat(Value(kv.GetValue()), 64)
		switch {
		case kv.GetKey() == bucketLabel && err == nil:
			parts = append(parts, "< "+u.text(bound))
		case len(from) == 1 && kv.GetKey() != "p":
			parts = append(parts, Value(kv.GetValue()))
		default:
			parts = append(parts, kv.GetKey()+"="+Value(kv.GetValue()))
		}
	}
	if len(parts) == 0 {
		return "(all)"
	}
	return shell.Clean(strings.Join(parts, " "))
}

func topOf(all []series) float64 {
	top := 0.0
	for _, s := range all {
		if s.max > top {
			top = s.max
		}
	}
	return top
}
