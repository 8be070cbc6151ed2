package model_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

func TestDayIsTheMidnightBeforeInUTC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// The very first day of int64 has no midnight that int64 could hold.
		nano := rapid.Int64Min(math.MinInt64+model.NanosPerDay).Draw(t, "nano")
		moment := time.Unix(0, nano).UTC()
		want := time.Date(moment.Year(), moment.Month(), moment.Day(), 0, 0, 0, 0, time.UTC).UnixNano()
		if got := model.Day(nano); got != want {
			t.Errorf("Day(%d) = %d, want %d", nano, got, want)
		}
	})
}

func TestDaysBeginAtTheirFirstNanosecond(t *testing.T) {
	day := model.NanosPerDay
	for _, c := range []struct{ nano, want int64 }{
		{0, 0}, {1, 0}, {day - 1, 0}, {day, day}, {day + 1, day},
		{-1, -day}, {-day, -day}, {-day - 1, -2 * day},
		{math.MaxInt64, math.MaxInt64 - math.MaxInt64%day},
	} {
		if got := model.Day(c.nano); got != c.want {
			t.Errorf("Day(%d) = %d, want %d", c.nano, got, c.want)
		}
	}
}

func TestTimeRangeHoldsItsStartAndNotItsEnd(t *testing.T) {
	for _, c := range []struct {
		r    model.TimeRange
		nano int64
		want bool
	}{
		{model.TimeRange{}, math.MinInt64, true},
		{model.TimeRange{}, math.MaxInt64, true},
		{model.TimeRange{Start: 5}, 4, false},
		{model.TimeRange{Start: 5}, 5, true},
		{model.TimeRange{Start: 5}, math.MaxInt64, true},
		{model.TimeRange{End: 5}, 5, false},
		{model.TimeRange{End: 5}, 4, true},
		{model.TimeRange{Start: 5, End: 6}, 5, true},
		{model.TimeRange{Start: 5, End: 5}, 5, false},
		{model.TimeRange{Start: 6, End: 5}, 5, false},
	} {
		if got := c.r.Contains(c.nano); got != c.want {
			t.Errorf("%+v contains %d: %v, want %v", c.r, c.nano, got, c.want)
		}
	}
}

func TestIncludingHoldsBothEnds(t *testing.T) {
	for _, c := range []struct{ first, last int64 }{{5, 5}, {5, 9}, {1, math.MaxInt64}, {math.MaxInt64, math.MaxInt64}} {
		r := model.Including(c.first, c.last)
		if !r.Contains(c.first) || !r.Contains(c.last) || r.Contains(c.first-1) || c.last < math.MaxInt64 && r.Contains(c.last+1) {
			t.Errorf("%d to %d became %+v", c.first, c.last, r)
		}
	}
}
