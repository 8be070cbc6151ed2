package querytest

import (
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/query"
)

// Queries draws searches: queries without a metrics function. Every operator
// and every kind of node occurs. They are what [query.Parse] would return of
// their text.
func Queries() *rapid.Generator[*query.Query] {
	return rapid.Custom(func(t *rapid.T) *query.Query {
		return &query.Query{Source: drawSource(t)}
	})
}

// MetricsQueries draws queries that end with a metrics function.
func MetricsQueries() *rapid.Generator[*query.Query] {
	return rapid.Custom(func(t *rapid.T) *query.Query {
		q := &query.Query{Metrics: drawMetrics(t)}
		if oneIn(t, "complex", 3) {
			q.Source = drawSource(t)
		} else {
			q.Source = drawFilter(t, 1)
		}
		return q
	})
}

func drawSource(t *rapid.T) query.Spansets {
	if oneIn(t, "pipeline", 3) {
		return drawPipeline(t, 2)
	}
	return drawSpansets(t, 2)
}

// drawSpansets draws filters and combinations, nested to some depth.
func drawSpansets(t *rapid.T, depth int) query.Spansets {
	if depth == 0 || !oneIn(t, "combined", 2) {
		return drawFilter(t, 2)
	}
	if oneIn(t, "operand is a pipeline", 5) {
		return drawPipeline(t, depth-1)
	}
	c := &query.Combination{
		Relation: query.Relation(rapid.IntRange(int(query.Both), int(query.Then)).Draw(t, "relation")),
		Left:     drawSpansets(t, depth-1),
		Right:    drawSpansets(t, depth-1),
	}
	if c.Relation.Structural() {
		c.Form = pick(t, "form", []query.Form{query.Plain, query.Plain, query.Negated, query.Union})
	}
	return c
}

func drawFilter(t *rapid.T, depth int) *query.Filter {
	if oneIn(t, "all spans", 5) {
		return &query.Filter{}
	}
	return &query.Filter{Condition: drawCondition(t, depth)}
}

func drawPipeline(t *rapid.T, depth int) *query.Pipeline {
	p := &query.Pipeline{Source: drawSpansets(t, max(depth-1, 0))}
	for range rapid.IntRange(1, 3).Draw(t, "stages") {
		p.Stages = append(p.Stages, drawStage(t))
	}
	return p
}

func drawStage(t *rapid.T) query.Stage {
	switch rapid.IntRange(0, 6).Draw(t, "stage") {
	case 0:
		return drawFilter(t, 1)
	case 1:
		return &query.GroupBy{By: drawFields(t, 2)}
	case 2:
		return &query.Select{Fields: drawFields(t, 3)}
	case 3:
		return &query.Coalesce{}
	case 4:
		return &query.Repeat{Times: rapid.IntRange(1, 3).Draw(t, "times")}
	default:
		return &query.Measure{Condition: drawMeasure(t)}
	}
}

// drawFields draws up to n different fields, one at least.
func drawFields(t *rapid.T, n int) []query.Expr {
	text := func(f *query.Field) string { return f.String() }
	fields := rapid.SliceOfNDistinct(rapid.Custom(drawField), 1, n, text).Draw(t, "fields")
	exprs := make([]query.Expr, len(fields))
	for i, f := range fields {
		exprs[i] = f
	}
	return exprs
}

// drawMeasure draws a comparison of aggregates, or a bare one.
func drawMeasure(t *rapid.T) query.Expr {
	left := drawAggregate(t)
	switch rapid.IntRange(0, 7).Draw(t, "measure") {
	case 0:
		return left
	case 1:
		return &query.Binary{Op: pick(t, "nil", []query.Operator{query.Equal, query.NotEqual}), Left: left, Right: literal(query.Value{})}
	case 2:
		return &query.Binary{Op: drawOrder(t), Left: left, Right: &query.Binary{Op: drawArithmetic(t), Left: drawNumber(t), Right: drawAggregate(t)}}
	case 3:
		return &query.Binary{Op: drawOrder(t), Left: drawNumber(t), Right: &query.Unary{Op: query.Subtract, X: left}}
	default:
		return &query.Binary{Op: drawOrder(t), Left: left, Right: drawNumber(t)}
	}
}

func drawAggregate(t *rapid.T) query.Expr {
	a := &query.Aggregate{Function: query.AggregateFunction(rapid.IntRange(int(query.Count), int(query.Sum)).Draw(t, "aggregate"))}
	if a.Function != query.Count {
		a.Field = drawQuantity(t)
	}
	return a
}

// drawQuantity draws a number of each span.
func drawQuantity(t *rapid.T) query.Expr {
	if oneIn(t, "calculated", 4) {
		return &query.Binary{Op: drawArithmetic(t), Left: drawNumericField(t), Right: drawCalculation(t, 1)}
	}
	return drawNumericField(t)
}

func drawMetrics(t *rapid.T) *query.Metrics {
	m := &query.Metrics{Function: query.Function(rapid.IntRange(int(query.Rate), int(query.HistogramOverTime)).Draw(t, "function"))}
	if m.Function != query.Rate && m.Function != query.CountOverTime {
		m.Field = drawQuantity(t)
		if oneIn(t, "plain field", 2) {
			m.Field = field(pick(t, "column", []query.Intrinsic{query.SpanDuration, query.UsageInput, query.UsageOutput, query.UsageTotal}))
		}
	}
	if m.Function == query.QuantileOverTime {
		m.Quantiles = rapid.SliceOfNDistinct(rapid.SampledFrom([]float64{0, 0.5, 0.9, 0.99, 1}), 1, 3, rapid.ID).Draw(t, "quantiles")
	}
	if oneIn(t, "grouped", 2) {
		m.By = drawFields(t, 2)
	}
	for range rapid.IntRange(0, 2).Draw(t, "series stages") {
		if oneIn(t, "top", 2) {
			m.Stages = append(m.Stages, &query.Top{N: rapid.IntRange(1, 3).Draw(t, "n"), Bottom: rapid.Bool().Draw(t, "bottom")})
		} else {
			m.Stages = append(m.Stages, &query.Threshold{Op: drawOrder(t), Value: drawNumber(t).Value})
		}
	}
	return m
}
