package draw_test

import (
	"math"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

func usageRow(model string, calls, failures, in, cached, out, nano, unpriced int64) *agenttracev1.UsageRow {
	source := agenttracev1.CostSource_COST_SOURCE_COMPUTED
	if unpriced > 0 {
		source = agenttracev1.CostSource_COST_SOURCE_UNPRICED
	}
	row := &agenttracev1.UsageRow{
		ModelCalls: &agenttracev1.CallStats{Calls: calls, Failures: failures, P50Latency: durationpb.New(900 * time.Millisecond), P95Latency: durationpb.New(2300 * time.Millisecond)},
		Usage:      &agenttracev1.Usage{InputTokens: in, CacheReadTokens: cached, OutputTokens: out, TotalTokens: in + cached + out},
		Cost:       &agenttracev1.Cost{NanoUsd: nano, Source: source, UnpricedCalls: unpriced},
	}
	if model != "total" {
		row.Labels = []*agenttracev1.UsageLabel{{Field: agenttracev1.UsageField_USAGE_FIELD_MODEL, Value: model}}
	}
	return row
}

func TestUsageIsDrawnWithBars(t *testing.T) {
	rows := []*agenttracev1.UsageRow{
		usageRow("claude-sonnet-4-5", 581, 2, 140_000, 90_900, 30_000, 949_400_000, 0),
		usageRow("gpt-4o-mini", 2860, 0, 104_000, 34_000, 14_100, 21_500_000, 0),
		usageRow("家のモデル", 12, 0, 5000, 0, 900, 0, 12),
		usageRow("", 3, 1, 0, 0, 0, 0, 0),
	}
	total := usageRow("total", 3456, 3, 249_000, 124_900, 45_000, 970_900_000, 12)
	for _, width := range widths {
		mustLookLike(t, "usage", width, draw.Usage(rows, total, 7, draw.UsageOptions{Width: width, Zone: time.UTC}))
		tokens := draw.UsageOptions{Width: width, Zone: time.UTC, Order: agenttracev1.UsageOrder_USAGE_ORDER_TOKENS}
		mustLookLike(t, "usage-tokens", width, draw.Usage(rows[:2], total, 2, tokens))
		mustLookLike(t, "usage-none", width, draw.Usage([]*agenttracev1.UsageRow{total}, total, 1, tokens))
		mustLookLike(t, "unpriced", width, draw.Unpriced([]*agenttracev1.UnpricedModel{{Model: "家のモデル", Provider: "home", Calls: 12, Usage: rows[2].GetUsage()}, {Calls: 1}}, width))
	}
}

// waves are series of a day with a value an hour, some of them missing.
func waves(names ...string) *agenttracev1.QueryMetricsResponse {
	m := &agenttracev1.QueryMetricsResponse{
		StartTime: timestamppb.New(begin.Truncate(time.Hour)), EndTime: timestamppb.New(begin.Truncate(time.Hour).Add(24 * time.Hour)), Step: durationpb.New(time.Hour),
	}
	for i, name := range names {
		s := &agenttracev1.Series{}
		if name != "" {
			s.Labels = []*agenttracev1.KeyValue{{Key: "model:name", Value: stringValue(name)}}
		}
		for hour := range 24 {
			if (hour+i)%7 == 3 {
				continue
			}
			value := (1 + math.Sin(float64(hour+3*i)/4)) * 2.5 / float64(i+1)
			s.Points = append(s.Points, &agenttracev1.Point{Time: timestamppb.New(m.GetStartTime().AsTime().Add(time.Duration(hour) * time.Hour)), Value: value})
		}
		m.Series = append(m.Series, s)
	}
	return m
}

func TestMetricsAreDrawnAsCharts(t *testing.T) {
	histogram := waves("0.536870912", "1.073741824", "2.147483648")
	for _, s := range histogram.GetSeries() {
		s.Labels[0].Key = "__bucket"
	}
	for _, test := range []struct {
		name string
		m    *agenttracev1.QueryMetricsResponse
		o    draw.MetricsOptions
	}{
		{"metrics-one", waves(""), draw.MetricsOptions{Query: "{ } | rate()"}},
		{"metrics-many", waves("gpt-4o", "gpt-4o-mini", "家のモデル", "claude-sonnet-4-5"), draw.MetricsOptions{Query: "{ } | sum_over_time(usage:cost) by (model:name)", Limit: 3}},
		{"metrics-charts", waves("gpt-4o", "gpt-4o-mini", "claude"), draw.MetricsOptions{Query: "{ } | avg_over_time(duration) by (model:name)", Charts: true}},
		{"metrics-histogram", histogram, draw.MetricsOptions{Query: "{ } | histogram_over_time(duration)"}},
	} {
		for _, width := range widths {
			test.o.Width, test.o.Zone = width, time.FixedZone("CET", 3600)
			mustLookLike(t, test.name, width, draw.Metrics(test.m, test.o))
		}
	}
}
