package price

import (
	"math"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
)

func TestPricesAreReadExactly(t *testing.T) {
	tests := []struct {
		text string
		want uint64
		ok   bool
	}{
		{"0", 0, true},
		{"2.5", 2_500_000_000_000, true},
		{"0.0028", 2_800_000_000, true},
		{"0.083333333333", 83_333_333_333, true},
		{"0.000000000001", 1, true},
		{"1000000", maxRate, true},
		{"1000000.000000000000", maxRate, true},
		{"1000000.000000000001", 0, false},
		{"1000001", 0, false},
		{"99999999999999999999999999", 0, false},
		{"0.0000000000001", 0, false},
		{"", 0, false},
		{".", 0, false},
		{".5", 0, false},
		{"5.", 0, false},
		{"-1", 0, false},
		{"+1", 0, false},
		{"1e3", 0, false},
		{"1,5", 0, false},
		{"1.2.3", 0, false},
	}
	for _, test := range tests {
		got, ok := parsePrice(test.text, 1)
		if ok != test.ok || ok && got != test.want {
			t.Errorf("%q is %d attodollars (%v), want %d (%v)", test.text, got, ok, test.want, test.ok)
		}
	}
	if got, ok := parsePrice("14", 1000); got != 14_000_000_000_000_000 || !ok {
		t.Errorf("14 dollars for a thousand are %d attodollars (%v) for one", got, ok)
	}
}

func TestABillBeyondInt64IsNone(t *testing.T) {
	var listed [buckets]rate
	listed[input] = rate{known: true, base: maxRate}
	dollars := newTariff(listed)
	const most = math.MaxInt64 / model.NanosPerDollar // whole dollars
	tests := []struct {
		tokens int64
		ok     bool
	}{
		{most, true},
		{most + 1, false},
		{1 << 40, false},
		{maxTokens, false},
	}
	for _, test := range tests {
		nano, ok := dollars.bill(quantities{input: test.tokens}, share{}, true)
		if ok != test.ok || ok && nano != test.tokens*model.NanosPerDollar {
			t.Errorf("%d tokens at a dollar: %d nanodollars (%v)", test.tokens, nano, ok)
		}
	}
}

func TestFullBucketsAtTheHighestPriceDoNotWrapAround(t *testing.T) {
	var listed [buckets]rate
	for b := range listed {
		listed[b] = rate{known: true, base: maxRate}
	}
	used := quantities{}
	for b := range request {
		used[b] = maxTokens
	}
	if nano, ok := newTariff(listed).bill(used, share{}, true); ok {
		t.Errorf("%d nanodollars, want no price", nano)
	}
}
