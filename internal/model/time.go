package model

import "math"

// Lengths of UTC hours and days in nanoseconds; leap seconds do not exist in Unix
// time.
const (
	NanosPerHour = int64(60 * 60 * 1_000_000_000)
	NanosPerDay  = 24 * NanosPerHour
)

// Day returns the start of the UTC day that nano lies in, both in nanoseconds
// since the Unix epoch. Days before 1970 are rounded down too.
func Day(nano int64) int64 {
	return floor(nano, NanosPerDay)
}

// Hour returns the start of the UTC hour that nano lies in.
func Hour(nano int64) int64 { return floor(nano, NanosPerHour) }

func floor(nano, unit int64) int64 {
	start := nano - nano%unit
	if nano < start {
		start -= unit
	}
	return start
}

// TimeRange is the half-open range [Start, End) of nanoseconds since the Unix
// epoch. Zero means "open" on either side.
type TimeRange struct {
	Start int64
	End   int64
}

// Contains reports whether nano lies in the range.
func (r TimeRange) Contains(nano int64) bool {
	return (r.Start == 0 || nano >= r.Start) && (r.End == 0 || nano < r.End)
}

// Including returns the range that includes both of two times and what lies
// between them.
func Including(first, last int64) TimeRange {
	if last == math.MaxInt64 {
		return TimeRange{Start: first} // open: nothing is later
	}
	return TimeRange{Start: first, End: last + 1}
}
