package config_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/config"
)

func TestSizesAreReadWithTheirUnits(t *testing.T) {
	for _, tt := range []struct {
		text string
		want config.Size // -1: refused
	}{
		{"0", 0}, {"512", 512}, {"512B", 512}, {"64KiB", 64 << 10}, {"64kib", 64 << 10}, {"16MiB", 16 << 20}, {"1GiB", 1 << 30},
		{"2KB", 2000}, {"2kB", 2000}, {"3MB", 3_000_000}, {"4GB", 4_000_000_000}, {" 64 MiB ", 64 << 20},
		{"", -1}, {"MiB", -1}, {"-1", -1}, {"1.5MiB", -1}, {"64M", -1}, {"1TiB", -1}, {"9223372036854775807", math.MaxInt64},
		{"9223372036854775808", -1}, {"9007199254740992KiB", -1}, {"1e3", -1},
	} {
		var got config.Size
		if err := got.UnmarshalText([]byte(tt.text)); err != nil {
			got = -1
		}
		if got != tt.want {
			t.Errorf("%q is %d, want %d", tt.text, int64(got), int64(tt.want))
		}
	}
}

func TestTimesAreReadWithDays(t *testing.T) {
	const refused = config.Duration(-1)
	for _, tt := range []struct {
		text string
		want config.Duration
	}{
		{"0", 0}, {"0s", 0}, {"500ms", config.Duration(500 * time.Millisecond)}, {"30d", config.Duration(30 * 24 * time.Hour)},
		{"1d12h", config.Duration(36 * time.Hour)}, {"0d5m", config.Duration(5 * time.Minute)}, {" 2h ", config.Duration(2 * time.Hour)},
		{"", refused}, {"d", refused}, {"30", refused}, {"-1h", refused}, {"-1d", refused}, {"1d-1h", refused}, {"1.5d", refused},
		{"1w", refused}, {"1dd", refused}, {"106751d", config.Duration(106751 * 24 * time.Hour)}, {"106752d", refused}, {"106751d24h", refused},
	} {
		var got config.Duration
		if err := got.UnmarshalText([]byte(tt.text)); err != nil {
			got = refused
		}
		if got != tt.want {
			t.Errorf("%q is %v, want %v", tt.text, got, tt.want)
		}
	}
}

func TestUnitsPrintWhatTheyRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := config.Size(rapid.Int64Min(0).Draw(t, "size"))
		var sizeBack config.Size
		if err := sizeBack.UnmarshalText([]byte(size.String())); err != nil || sizeBack != size {
			t.Fatalf("%d prints as %s and reads as %d, %v", int64(size), size, int64(sizeBack), err)
		}
		length := config.Duration(rapid.Int64Min(0).Draw(t, "length"))
		if rapid.Bool().Draw(t, "whole days") {
			length -= length % config.Duration(24*time.Hour)
		}
		var lengthBack config.Duration
		if err := lengthBack.UnmarshalText([]byte(length.String())); err != nil || lengthBack != length {
			t.Fatalf("%d prints as %s and reads as %d, %v", int64(length), length, int64(lengthBack), err)
		}
	})
}

func TestMomentsAreDaysTimesOrLengthsOfTimeAgo(t *testing.T) {
	now := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		text string
		want time.Time // zero: refused
	}{
		{"2026-03-14", time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)},
		{"2026-03-14T15:00:00", time.Date(2026, 3, 14, 15, 0, 0, 0, time.UTC)},
		{" 2026-03-14T15:00:00Z ", time.Date(2026, 3, 14, 15, 0, 0, 0, time.UTC)},
		{"2026-03-14T15:00:00.5+02:00", time.Date(2026, 3, 14, 13, 0, 0, 500_000_000, time.UTC)},
		{"36h", now.Add(-36 * time.Hour)}, {"30d", now.AddDate(0, 0, -30)},
		{"", time.Time{}}, {"0s", time.Time{}}, {"-1h", time.Time{}}, {"yesterday", time.Time{}}, {"2026-02-30", time.Time{}}, {"14.03.2026", time.Time{}},
	} {
		var got config.Time
		err := got.UnmarshalText([]byte(tt.text))
		if (err != nil) != tt.want.IsZero() || !got.At(now).Equal(tt.want) {
			t.Errorf("%q is %v, %v, want %v", tt.text, got.At(now), err, tt.want)
		}
		if err != nil {
			continue
		}
		var again config.Time
		if err := again.UnmarshalText([]byte(got.String())); err != nil || !again.At(now).Equal(tt.want) {
			t.Errorf("%q prints as %q, which is %v, %v", tt.text, got, again.At(now), err)
		}
	}
}
