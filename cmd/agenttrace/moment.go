package main

import (
	"fmt"
	"strings"
	"time"
)

const day = 24 * time.Hour

// timespan is a length of time: 500ms, 30s, 2h, or with days and weeks 7d, 1d12h, 2w.
type timespan time.Duration

// UnmarshalText reads a length of time.
func (d *timespan) UnmarshalText(text []byte) error {
	value, ok := parseTimespan(strings.TrimSpace(string(text)))
	if !ok {
		return fmt.Errorf("%q is not a length of time: want a number and a unit (ms, s, m, h, d, w), such as 500ms, 2h or 7d", text)
	}
	*d = timespan(value)
	return nil
}

func parseTimespan(text string) (time.Duration, bool) {
	var total time.Duration
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"w", 7 * day}, {"d", day}} {
		head, rest, found := strings.Cut(text, unit.letter)
		if !found {
			continue
		}
		var n int64
		if _, err := fmt.Sscanf(head+"\n", "%d\n", &n); err != nil || n < 0 || n > int64((1<<63-1)/unit.length)/2 {
			return 0, false
		}
		total, text = total+time.Duration(n)*unit.length, rest
		if text == "" {
			return total, true
		}
	}
	rest, err := time.ParseDuration(text)
	if err != nil || rest < 0 || total+rest < 0 {
		return 0, false
	}
	return total + rest, true
}

// moment is a point in time as people type it: a length of time for so long ago
// (2h, 7d), now, a date, a date and a time, or RFC 3339. The zero value is none.
type moment struct{ text string }

// UnmarshalText checks the text; what it means depends on the clock and the zone.
func (m *moment) UnmarshalText(text []byte) error {
	m.text = strings.TrimSpace(string(text))
	_, err := m.at(time.Now(), time.UTC)
	return err
}

// layouts are the forms of a date and a time without a zone.
var layouts = [...]string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02T15:04:05.999999999"}

// at returns the point in time; without a zone of its own it is in zone. It is
// zero for no moment.
func (m moment) at(now time.Time, zone *time.Location) (time.Time, error) {
	if m.text == "" {
		return time.Time{}, nil
	}
	if m.text == "now" {
		return now, nil
	}
	if ago, ok := parseTimespan(m.text); ok {
		return now.Add(-ago), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, m.text); err == nil {
		return t, nil
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, m.text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: want so long ago (2h, 7d), a date (2026-03-14), a date and a time (2026-03-14 15:00) or RFC 3339 (2026-03-14T15:00:00Z)", m.text)
}
