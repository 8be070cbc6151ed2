package draw_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/draw"
	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

func TestDurationsHaveThreeDigits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 17: "17ns", 850 * time.Microsecond: "850µs", 12 * time.Millisecond: "12ms", 999_999 * time.Microsecond: "999ms",
		1230 * time.Millisecond: "1.23s", 9999 * time.Millisecond: "9.99s", 12_340 * time.Millisecond: "12.3s", 59_990 * time.Millisecond: "59.9s",
		123 * time.Second: "2m03s", 62 * time.Minute: "1h02m", 28 * time.Hour: "1d04h",
	} {
		if got := draw.Duration(durationpb.New(d)); got != want {
			t.Errorf("%v is drawn as %q, want %q", d, got, want)
		}
	}
	if got := draw.Duration(nil); got != "" {
		t.Errorf("no duration is drawn as %q", got)
	}
}

func TestCountsHaveThreeDigits(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1k", 1234: "1.2k", 34_567: "34.6k", 123_456: "123k", 1_234_567: "1.2M", 5_000_000_000: "5G", -2500: "-2.5k"} {
		if got := draw.Count(n); got != want {
			t.Errorf("%d is drawn as %q, want %q", n, got, want)
		}
	}
}

func TestCostsSayWhenTheyAreNotWhole(t *testing.T) {
	const computed, unpriced = agenttracev1.CostSource_COST_SOURCE_COMPUTED, agenttracev1.CostSource_COST_SOURCE_UNPRICED
	for _, test := range []struct {
		cost *agenttracev1.Cost
		want string
	}{
		{nil, ""},
		{&agenttracev1.Cost{}, ""},
		{&agenttracev1.Cost{Source: computed}, "$0"},
		{&agenttracev1.Cost{Source: computed, NanoUsd: 1}, "<$0.000001"},
		{&agenttracev1.Cost{Source: computed, NanoUsd: 228_000}, "$0.000228"},
		{&agenttracev1.Cost{Source: computed, NanoUsd: 5_850_000}, "$0.0059"},
		{&agenttracev1.Cost{Source: computed, NanoUsd: 999_990_000}, "$1.00"},
		{&agenttracev1.Cost{Source: computed, NanoUsd: 12_345_000_000_000}, "$12.3k"},
		{&agenttracev1.Cost{Source: unpriced}, "?"},
		{&agenttracev1.Cost{Source: unpriced, NanoUsd: 1_500_000_000}, "≥$1.50"},
	} {
		if got := draw.Cost(test.cost); got != test.want {
			t.Errorf("%v is drawn as %q, want %q", test.cost, got, test.want)
		}
	}
}

func TestLengthsOfTimeAreSaidAsTheyAreTyped(t *testing.T) {
	for d, want := range map[time.Duration]string{time.Hour: "1h", 15 * time.Minute: "15m", 90 * time.Minute: "1h30m", 30 * time.Second: "30s", 90 * time.Second: "1m30s"} {
		if got := draw.Span(d); got != want {
			t.Errorf("%v is said as %q, want %q", d, got, want)
		}
	}
}
