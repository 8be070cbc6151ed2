// Package moment reads times and lengths of time as people type them.
package moment

import (
	"fmt"
	"strings"
	"time"
)

const day = 24 * time.Hour

// Length is a length of time: 500ms, 30s, 2h, or with days and weeks 7d, 1d12h, 2w.
type Length time.Duration

// UnmarshalText reads a length of time.
func (d *Length) UnmarshalText(text []byte) error {
	value, ok := parseLength(strings.TrimSpace(string(text)))
	if !ok {
		return fmt.Errorf("%q is not a length of time: want a number and a unit (ms, s, m, h, d, w), such as 500ms, 2h or 7d", text)
	}
	*d = Length(value)
	return nil
}

func parseLength(text string) (time.Duration, bool) {
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

// Moment is a point in time as people type it: a length of time for so long ago
// (2h, 7d), now, a date, a date and a time, or RFC 3339. The zero value is none.
type Moment struct{ Text string }

// UnmarshalText checks the text; what it means depends on the clock and the zone.
func (m *Moment) UnmarshalText(text []byte) error {
	m.Text = strings.TrimSpace(string(text))
	_, err := m.At(time.Now(), time.UTC)
	return err
}

// layouts are the forms of a date and a time without a zone.
var layouts = [...]string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02T15:04:05.999999999"}

// At returns the point in time; without a zone of its own it is in zone. It is
// zero for no moment.
func (m Moment) At(now time.Time, zone *time.Location) (time.Time, error) {
	if m.Text == "" {
		return time.Time{}, nil
	}
	if m.Text == "now" {
		return now, nil
	}
	if ago, ok := parseLength(m.Text); ok {
		return now.Add(-ago), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, m.Text); err == nil {
		return t, nil
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, m.Text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: want so long ago (2h, 7d), a date (2026-03-14), a date and a time (2026-03-14 15:00) or RFC 3339 (2026-03-14T15:00:00Z)", m.Text)
}
