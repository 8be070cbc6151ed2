package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes. It is written as a whole number and a unit: 512,
// 64KiB, 16MiB, 1GiB, or in powers of ten as 64KB, 16MB, 1GB.
type Size int64

// sizeUnits has the longer suffixes first.
var sizeUnits = [...]struct {
	suffix string
	bytes  Size
}{
	{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3}, {"B", 1}, {"", 1},
}

// UnmarshalText reads a size in the form that the type describes.
func (s *Size) UnmarshalText(text []byte) error {
	value := strings.TrimSpace(string(text))
	for _, unit := range sizeUnits {
		digits, ok := cutSuffixFold(value, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(unit.bytes) {
			break
		}
		*s = Size(n) * unit.bytes
		return nil
	}
	return fmt.Errorf("%q is not a size: want a whole number and a unit (B, KiB, MiB, GiB, KB, MB, GB), such as 64MiB", value)
}

// String is the shortest exact form.
func (s Size) String() string {
	for _, unit := range sizeUnits[:3] {
		if s != 0 && s%unit.bytes == 0 {
			return strconv.FormatInt(int64(s/unit.bytes), 10) + unit.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

func cutSuffixFold(s, suffix string) (string, bool) {
	at := len(s) - len(suffix)
	if at < 0 || !strings.EqualFold(s[at:], suffix) {
		return s, false
	}
	return s[:at], true
}

// Duration is a length of time as time.ParseDuration reads it, which may begin
// with days: 30d, 36h, 1d12h, 500ms. A day has 24 hours.
type Duration time.Duration

const day = 24 * time.Hour

var errDuration = errors.New("want a number and a unit (ms, s, m, h, d), such as 30s, 24h or 30d")

// UnmarshalText reads a length of time in the form that the type describes.
func (d *Duration) UnmarshalText(text []byte) error {
	value := strings.TrimSpace(string(text))
	rest := value
	var total time.Duration
	if days, after, found := strings.Cut(value, "d"); found {
		n, err := strconv.ParseInt(days, 10, 64)
		if err != nil || n < 0 || n > int64(math.MaxInt64/day) {
			return fmt.Errorf("%q is not a length of time: %w", value, errDuration)
		}
		total, rest = time.Duration(n)*day, after
	}
	if rest != "" || value == "" {
		parsed, err := time.ParseDuration(rest)
		if err != nil || parsed < 0 || total+parsed < total {
			return fmt.Errorf("%q is not a length of time: %w", value, errDuration)
		}
		total += parsed
	}
	*d = Duration(total)
	return nil
}

// String writes whole days as days.
func (d Duration) String() string {
	if d > 0 && time.Duration(d)%day == 0 {
		return strconv.FormatInt(int64(time.Duration(d)/day), 10) + "d"
	}
	return time.Duration(d).String()
}

// Time is a moment: a day or a time of RFC 3339, in UTC where it does not say
// otherwise, or a [Duration] before now. The zero value is no moment.
type Time struct {
	at  time.Time
	ago Duration
}

// UnmarshalText reads a moment in one of the forms that the type describes.
func (t *Time) UnmarshalText(text []byte) error {
	value := strings.TrimSpace(string(text))
	for _, layout := range [...]string{time.DateOnly, "2006-01-02T15:04:05", time.RFC3339Nano} {
		if at, err := time.Parse(layout, value); err == nil {
			*t = Time{at: at}
			return nil
		}
	}
	var ago Duration
	if err := ago.UnmarshalText([]byte(value)); err != nil || ago == 0 {
		return fmt.Errorf("%q is not a time: want a day (2026-03-14), a time (2026-03-14T15:00:00Z), or how long ago (36h, 30d)", value)
	}
	*t = Time{ago: ago}
	return nil
}

// At returns the moment, seen from now; the zero time for none.
func (t Time) At(now time.Time) time.Time {
	if t.ago > 0 {
		return now.Add(-time.Duration(t.ago))
	}
	return t.at
}

// String is what the moment was read from, or says the same.
func (t Time) String() string {
	switch {
	case t.ago > 0:
		return t.ago.String()
	case t.at.IsZero():
		return ""
	}
	return t.at.Format(time.RFC3339Nano)
}
