package traceql_test

import (
	"fmt"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/traceql"
	"github.com/agenttrace/agenttrace/internal/query"
)

// arithmetic is what can be calculated with.
type arithmetic[Operand, Result any] interface {
	Plus(Operand) Result
	Minus(Operand) Result
	Times(Operand) Result
	DividedBy(Operand) Result
	Modulo(Operand) Result
	Power(Operand) Result
}

func buildArithmetic[Operand, Result any](left arithmetic[Operand, Result], op query.Operator, right Operand) Result {
	return map[query.Operator]func(Operand) Result{
		query.Add: left.Plus, query.Subtract: left.Minus, query.Multiply: left.Times,
		query.Divide: left.DividedBy, query.Modulo: left.Modulo, query.Power: left.Power,
	}[op](right)
}

func buildQuantity(e query.Expr) traceql.Quantity {
	switch e := e.(type) {
	case *query.Field:
		if e.Intrinsic == 0 {
			return buildAttribute(e).Float()
		}
		return buildField(e).(traceql.Quantity)
	case *query.Literal:
		return buildNumber(e.Value)
	case *query.Unary:
		return traceql.Negative(buildQuantity(e.X))
	case *query.Binary:
		left := buildQuantity(e.Left).(arithmetic[traceql.Quantity, traceql.Calculation])
		return buildArithmetic(left, e.Op, buildQuantity(e.Right))
	}
	panic(fmt.Sprintf("%T", e))
}

func buildNumber(v query.Value) traceql.Literal {
	switch v.Kind {
	case query.KindInt:
		return traceql.Int(v.Int)
	case query.KindFloat:
		return traceql.Float(v.Float)
	case query.KindDuration:
		return traceql.Lasting(time.Duration(v.Int))
	}
	panic(v.Kind)
}

func buildMeasure(b *query.Binary) traceql.Measure {
	left := buildAggregated(b.Left).(traceql.Aggregate)
	if l, ok := b.Right.(*query.Literal); ok && l.Value.Kind == query.KindNil {
		if b.Op == query.Equal {
			return left.Absent()
		}
		return left.Present()
	}
	return map[query.Operator]func(traceql.Aggregated) traceql.Measure{
		query.Equal: left.Equals, query.NotEqual: left.NotEquals, query.Less: left.Less, query.LessEqual: left.AtMost,
		query.Greater: left.Greater, query.GreaterEqual: left.AtLeast,
	}[b.Op](buildAggregated(b.Right))
}

func buildAggregated(e query.Expr) traceql.Aggregated {
	switch e := e.(type) {
	case *query.Literal:
		return buildNumber(e.Value)
	case *query.Unary:
		return buildAggregated(e.X).(traceql.Aggregate).Negative()
	case *query.Binary:
		left := buildAggregated(e.Left).(traceql.Aggregate)
		return buildArithmetic[traceql.Aggregated, traceql.Aggregate](left, e.Op, buildAggregated(e.Right))
	case *query.Aggregate:
		if e.Function == query.Count {
			return traceql.Count()
		}
		return map[query.AggregateFunction]func(traceql.Quantity) traceql.Aggregate{
			query.Avg: traceql.Avg, query.Min: traceql.Min, query.Max: traceql.Max, query.Sum: traceql.Sum,
		}[e.Function](buildQuantity(e.Field))
	}
	panic(fmt.Sprintf("%T", e))
}

func buildMetrics(s traceql.Spanset, m *query.Metrics) traceql.Metrics {
	built := buildFunction(s, m)
	if len(m.By) > 0 {
		fields := buildFields(m.By)
		built = built.By(fields[0], fields[1:]...)
	}
	for _, stage := range m.Stages {
		switch stage := stage.(type) {
		case *query.Top:
			if stage.Bottom {
				built = built.BottomK(stage.N)
			} else {
				built = built.TopK(stage.N)
			}
		case *query.Threshold:
			built = built.Compare(traceql.Comparison(stage.Op.String()), buildNumber(stage.Value))
		}
	}
	return built
}

func buildFunction(s traceql.Spanset, m *query.Metrics) traceql.Metrics {
	switch m.Function {
	case query.Rate:
		return s.Rate()
	case query.CountOverTime:
		return s.CountOverTime()
	case query.QuantileOverTime:
		return s.QuantileOverTime(buildQuantity(m.Field), m.Quantiles[0], m.Quantiles[1:]...)
	}
	return map[query.Function]func(traceql.Quantity) traceql.Metrics{
		query.SumOverTime: s.SumOverTime, query.AvgOverTime: s.AvgOverTime, query.MinOverTime: s.MinOverTime,
		query.MaxOverTime: s.MaxOverTime, query.HistogramOverTime: s.HistogramOverTime,
	}[m.Function](buildQuantity(m.Field))
}
