package convert

import (
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const nanosPerSecond = 1_000_000_000

// Timestamp returns a time that may lie before 1970.
func Timestamp(nano int64) *timestamppb.Timestamp {
	seconds, nanos := nano/nanosPerSecond, nano%nanosPerSecond
	if nanos < 0 {
		seconds, nanos = seconds-1, nanos+nanosPerSecond
	}
	return &timestamppb.Timestamp{Seconds: seconds, Nanos: int32(nanos)}
}

// Duration returns a length of time.
func Duration(nano int64) *durationpb.Duration {
	return &durationpb.Duration{Seconds: nano / nanosPerSecond, Nanos: int32(nano % nanosPerSecond)}
}

// Text returns s as protobuf can carry it.
func Text(s string) string {
	if utf8.ValidString(s) { // many times as fast as looking for what to replace
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func texts(in []string) []string {
	var out []string
	for _, s := range in {
		out = append(out, Text(s))
	}
	return out
}
