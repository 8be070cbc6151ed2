package series_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/series"
)

const second = int64(1e9)

// grid has two steps of ten seconds and one of five.
var grid = series.Grid{Start: 100 * second, End: 125 * second, Step: 10 * second}

// call makes a model call that starts so many seconds after the grid does.
func call(id byte, start, milliseconds int64, modelName string, tokens int64) *model.Span {
	nano := grid.Start + start*second
	return &model.Span{
		TraceID: model.TraceID{15: 1}, SpanID: model.SpanID{7: id},
		StartNano: nano, EndNano: nano + milliseconds*1e6,
		Type: model.TypeLLM, Model: modelName, Usage: model.Usage{Output: tokens},
		Body: &model.Body{Attributes: []model.KeyValue{
			{Key: "score", Value: model.DoubleValue(float64(tokens) / 4)},
		}},
	}
}

func calls() []*model.Span {
	return []*model.Span{
		call(1, 0, 1000, "gpt", 10),
		call(2, 1, 3000, "gpt", 30),
		call(3, 9, 2000, "opus", 5),
		call(4, 10, 500, "gpt", 20),
		call(5, 20, 4000, "", 40),
		call(6, 24, 250, "opus", 0), // no usage
		call(7, -1, 1000, "gpt", 99),
		call(8, 25, 1000, "gpt", 99),
	}
}

func metrics(t testing.TB, text string) *query.Metrics {
	t.Helper()
	q, err := query.Parse("{ } | " + text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return q.Metrics
}

// collect adds spans of one trace.
func collect(t testing.TB, c *series.Collector, spans []*model.Span) {
	t.Helper()
	trace := match.NewTrace(spans)
	for _, s := range spans {
		if err := c.AddSpan(s, trace); err != nil {
			t.Fatal(err)
		}
	}
}

// write writes series as {labels} second:value …, with the seconds since the
// grid's start.
func write(all []series.Series) string {
	var b strings.Builder
	for _, s := range all {
		var labels, points []string
		for _, l := range s.Labels {
			labels = append(labels, l.Name+"="+l.Value.String())
		}
		for _, p := range s.Points {
			points = append(points, fmt.Sprintf("%d:%.6g", (p.Time-grid.Start)/second, p.Value))
		}
		fmt.Fprintf(&b, "{%s} %s\n", strings.Join(labels, ","), strings.Join(points, " "))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestFunctionsMakeNumbersOfTheSpansInEachStep(t *testing.T) {
	tests := []struct {
		metrics string
		want    []string
	}{
		{"rate()", []string{"{} 0:0.3 10:0.1 20:0.4"}}, // the last step is half as long
		{"count_over_time()", []string{"{} 0:3 10:1 20:2"}},
		{"count_over_time() by (model:name)", []string{
			`{} 20:1`,
			`{model:name="gpt"} 0:2 10:1`,
			`{model:name="opus"} 0:1 20:1`,
		}},
		{"count_over_time() by (type, model:name)", []string{
			`{type=llm} 20:1`,
			`{type=llm,model:name="gpt"} 0:2 10:1`,
			`{type=llm,model:name="opus"} 0:1 20:1`,
		}},
		{"sum_over_time(usage:output)", []string{"{} 0:45 10:20 20:40"}},
		{"avg_over_time(usage:output)", []string{"{} 0:15 10:20 20:40"}},
		{"min_over_time(usage:output)", []string{"{} 0:5 10:20 20:40"}},
		{"max_over_time(usage:output)", []string{"{} 0:30 10:20 20:40"}},
		{"sum_over_time(duration)", []string{"{} 0:6 10:0.5 20:4.25"}}, // in seconds
		{"avg_over_time(duration)", []string{"{} 0:2 10:0.5 20:2.125"}},
		{"max_over_time(duration) by (model:name)", []string{
			`{} 20:4`,
			`{model:name="gpt"} 0:3 10:0.5`,
			`{model:name="opus"} 0:2 20:0.25`,
		}},
		{"sum_over_time(duration * 2)", []string{"{} 0:12 10:1 20:8.5"}},
		{"max_over_time(duration / 1ms)", []string{"{} 0:3000 10:500 20:4000"}}, // a plain number
		{"sum_over_time(span.score)", []string{"{} 0:11.25 10:5 20:10"}},
		{"sum_over_time(span.missing)", nil},
		{"sum_over_time(usage:output) by (span.missing)", []string{"{} 0:45 10:20 20:40"}},
		{"quantile_over_time(duration, 0, 0.5, 1)", []string{
			"{p=0.0} 0:1 10:0.5 20:0.25",
			"{p=0.5} 0:2 10:0.5 20:0.25",
			"{p=1.0} 0:3 10:0.5 20:4",
		}},
		{"quantile_over_time(usage:output, 0.5) by (model:name)", []string{
			`{p=0.5} 20:40`,
			`{model:name="gpt",p=0.5} 0:10 10:20`,
			`{model:name="opus",p=0.5} 0:5`,
		}},
		{"histogram_over_time(usage:output)", []string{
			"{__bucket=8.0} 0:1",
			"{__bucket=16.0} 0:1",
			"{__bucket=32.0} 0:1 10:1",
			"{__bucket=64.0} 20:1",
		}},
		{"histogram_over_time(span.score)", []string{
			"{__bucket=9.313225746154785e-10} 20:1", // 0
			"{__bucket=2.0} 0:1",
			"{__bucket=4.0} 0:1",
			"{__bucket=8.0} 0:1 10:1",
			"{__bucket=16.0} 20:1",
		}},
		{"histogram_over_time(duration)", []string{ // 2^29 ns and so on, in seconds
			"{__bucket=0.268435456} 20:1",
			"{__bucket=0.536870912} 10:1",
			"{__bucket=1.073741824} 0:1",
			"{__bucket=2.147483648} 0:1",
			"{__bucket=4.294967296} 0:1 20:1",
		}},
	}
	for _, test := range tests {
		c := series.New(metrics(t, test.metrics), grid, 100)
		collect(t, c, calls())
		if got, want := write(c.Series()), strings.Join(test.want, "\n"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", test.metrics, got, want)
		}
	}
}

func TestStagesKeepPoints(t *testing.T) {
	tests := []struct {
		metrics string
		want    []string
	}{
		{"count_over_time() by (model:name) | topk(1)", []string{
			`{} 20:1`, // of equal ones the first
			`{model:name="gpt"} 0:2 10:1`,
		}},
		{"count_over_time() by (model:name) | bottomk(1)", []string{
			`{} 20:1`,
			`{model:name="gpt"} 10:1`,
			`{model:name="opus"} 0:1`,
		}},
		{"count_over_time() by (model:name) | topk(9)", []string{
			`{} 20:1`,
			`{model:name="gpt"} 0:2 10:1`,
			`{model:name="opus"} 0:1 20:1`,
		}},
		{"count_over_time() > 1", []string{"{} 0:3 20:2"}},
		{"count_over_time() >= 2", []string{"{} 0:3 20:2"}},
		{"count_over_time() < 2", []string{"{} 10:1"}},
		{"count_over_time() <= 2", []string{"{} 10:1 20:2"}},
		{"rate() > 0.35", []string{"{} 20:0.4"}},
		{"max_over_time(duration) > 3s", []string{"{} 20:4"}},
		{"max_over_time(duration) > 3", []string{"{} 20:4"}},
		{"max_over_time(duration) > 5s", nil},
		{"count_over_time() by (model:name) | topk(1) > 1", []string{`{model:name="gpt"} 0:2`}},
	}
	for _, test := range tests {
		c := series.New(metrics(t, test.metrics), grid, 100)
		collect(t, c, calls())
		if got, want := write(c.Series()), strings.Join(test.want, "\n"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", test.metrics, got, want)
		}
	}
}

func TestExemplarsAreTheFirstSpansOfSomeSteps(t *testing.T) {
	tests := []struct {
		metrics string
		most    int
		want    string // span=value …, of each series
	}{
		{"count_over_time()", 3, "1=1 4=1 5=1"},
		{"count_over_time()", 2, "1=1 5=1"},
		{"count_over_time()", 1, "4=1"},
		{"count_over_time()", 0, ""},
		{"count_over_time()", -1, ""},
		{"max_over_time(duration)", 20, "1=1 4=0.5 5=4"},
		{"max_over_time(duration) > 3s", 20, "5=4"},                                     // of points that are left
		{"quantile_over_time(duration, 0.5, 1)", 20, "3=2 4=0.5 6=0.25; 2=3 4=0.5 5=4"}, // near the quantile
		{"count_over_time() by (model:name)", 20, "5=1; 1=1 4=1; 3=1 6=1"},
	}
	for _, test := range tests {
		c := series.New(metrics(t, test.metrics), grid, 100)
		c.Exemplars = test.most
		collect(t, c, calls())
		var all []string
		for _, s := range c.Series() {
			var exemplars []string
			for _, e := range s.Exemplars {
				exemplars = append(exemplars, fmt.Sprintf("%d=%g", e.SpanID[7], e.Value))
			}
			all = append(all, strings.Join(exemplars, " "))
		}
		if got := strings.Join(all, "; "); got != test.want {
			t.Errorf("%s has exemplars %s, want %s", test.metrics, got, test.want)
		}
	}
}

func TestTooManySeriesFail(t *testing.T) {
	tests := []struct {
		metrics string
		series  int
	}{
		{"rate() by (model:name)", 3},
		{"quantile_over_time(duration, 0.5, 0.9) by (model:name)", 6},
		{"histogram_over_time(duration)", 5},
	}
	for _, test := range tests {
		add := func(most int) (err error) {
			spans := calls()
			trace := match.NewTrace(spans)
			c := series.New(metrics(t, test.metrics), grid, most)
			for _, s := range spans {
				err = errors.Join(err, c.AddSpan(s, trace))
			}
			if n := len(c.Series()); n > most {
				t.Errorf("%s: %d series, at most %d allowed", test.metrics, n, most)
			}
			return err
		}
		if err := add(test.series); err != nil {
			t.Errorf("%s: %v with as many series as there are", test.metrics, err)
		}
		if err := add(test.series - 1); !errors.Is(err, series.ErrTooManySeries) {
			t.Errorf("%s: %v with one series too many", test.metrics, err)
		}
	}
}

func TestLabelsThatAreTooLongTogetherFail(t *testing.T) {
	c := series.New(metrics(t, "rate() by (name)"), grid, 1000)
	var kept int
	for n := range 40 {
		s := call(1, 0, 1000, "gpt", 10)
		s.Name = fmt.Sprint(n, strings.Repeat("x", 1<<20))
		trace := match.NewTrace([]*model.Span{s})
		if err := c.AddSpan(s, trace); err != nil {
			if !errors.Is(err, series.ErrTooManySeries) {
				t.Fatal(err)
			}
			break
		}
		// The same labels again cost nothing.
		if err := c.AddSpan(s, trace); err != nil {
			t.Fatal(err)
		}
		kept++
	}
	if kept < 8 || kept == 40 || len(c.Series()) != kept {
		t.Errorf("%d labels of a megabyte are kept, in %d series", kept, len(c.Series()))
	}
}

func TestTooManyPointsFail(t *testing.T) {
	for _, test := range []struct {
		metrics string
		points  int
	}{
		{"rate()", 3},
		{"rate() by (model:name)", 5},
		{"quantile_over_time(duration, 0.5)", 6}, // the buckets behind them
	} {
		for _, most := range []int{test.points, test.points - 1} {
			spans := calls()
			trace := match.NewTrace(spans)
			c := series.New(metrics(t, test.metrics), grid, 100)
			c.MaxPoints = most
			var err error
			for _, s := range spans {
				err = errors.Join(err, c.AddSpan(s, trace))
			}
			if tooMany := errors.Is(err, series.ErrTooManyPoints); tooMany != (most < test.points) {
				t.Errorf("%s with %d points allowed: %v", test.metrics, most, err)
			}
		}
	}
}

func TestGridCountsItsSteps(t *testing.T) {
	for _, test := range []struct {
		grid series.Grid
		want int64
	}{
		{grid, 3},
		{series.Grid{Start: 0, End: 10, Step: 10}, 1},
		{series.Grid{Start: 0, End: 11, Step: 10}, 2},
		{series.Grid{Start: 5, End: 5, Step: 1}, 0},
		{series.Grid{Start: 5, End: 4, Step: 1}, 0},
		{series.Grid{Start: 0, End: 10, Step: 0}, 0},
		{series.Grid{Start: math.MinInt64, End: math.MaxInt64, Step: math.MaxInt64}, 3},
	} {
		if got := test.grid.Steps(); got != test.want {
			t.Errorf("%+v has %d steps, want %d", test.grid, got, test.want)
		}
	}
}
