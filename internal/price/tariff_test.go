package price

import "testing"

func TestPricesOfCertainHoursHoldThenEveryDay(t *testing.T) {
	day, night := &tariff{}, &tariff{}
	l := timeline{
		{tariff: day, from: at(t, "2020-01-01T00:00:00Z")},
		{tariff: night, daily: true, begin: 22 * 3600, end: 6 * 3600},
	}
	tests := []struct {
		at    string
		night bool
	}{
		{"2026-03-01T21:59:59.999999999Z", false},
		{"2026-03-01T22:00:00Z", true},
		{"2026-03-01T23:59:59.999999999Z", true},
		{"2026-03-02T00:00:00Z", true},
		{"2026-03-02T05:59:59.999999999Z", true},
		{"2026-03-02T06:00:00Z", false},
		{"1969-12-31T23:00:00Z", true},
		{"1969-12-31T12:00:00Z", false},
	}
	for _, test := range tests {
		if got := l.at(at(t, test.at)); (got == night) != test.night {
			t.Errorf("at %s: by night %v, want %v", test.at, got == night, test.night)
		}
	}
}

func TestBeforeAllPricesTheFirstHold(t *testing.T) {
	first, second := &tariff{}, &tariff{}
	l := timeline{{tariff: first, from: 100}, {tariff: second, from: 200}}
	for nano, want := range map[int64]*tariff{99: first, 100: first, 199: first, 200: second} {
		if l.at(nano) != want {
			t.Errorf("at %d: not the prices that hold then", nano)
		}
	}
	if l.after(99) != nil {
		t.Error("prices hold that begin later")
	}
	if (timeline{}).at(99) != nil {
		t.Error("an empty timeline has prices")
	}
}
