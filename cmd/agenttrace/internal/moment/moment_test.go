package moment

import (
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func TestMomentsAreReadAsPeopleTypeThem(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	for text, want := range map[string]time.Time{
		"2h": noon.Add(-2 * time.Hour), "7d": noon.Add(-7 * day), "1w2d12h": noon.Add(-9*day - 12*time.Hour), "now": noon, "": {},
		"2026-03-01": time.Date(2026, 3, 1, 0, 0, 0, 0, zone), "2026-03-01 15:04": time.Date(2026, 3, 1, 15, 4, 0, 0, zone),
		"2026-03-01T15:04:05Z": time.Date(2026, 3, 1, 15, 4, 5, 0, time.UTC), "2026-03-01T15:04:05.5+02:00": time.Date(2026, 3, 1, 13, 4, 5, 5e8, time.UTC),
	} {
		got, err := Moment{text}.At(noon, zone)
		if err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "2", "-2h", "d", "1e3d", "99999999999999999w", "2026-13-01", "2026-3-1", "7dd"} {
		if got, err := (Moment{text}).At(noon, zone); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func FuzzMoment(f *testing.F) {
	for _, text := range []string{"2h", "7d", "1w2d", "2026-03-01", "2026-03-01T15:04:05Z", "now"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if ago, ok := parseLength(text); ok && ago < 0 {
			t.Errorf("%q is %v", text, ago)
		}
		if got, err := (Moment{text}).At(noon, time.UTC); err == nil && text != "" && got.IsZero() && !strings.HasPrefix(text, "0001") {
			t.Errorf("%q is no time at all", text)
		}
	})
}
