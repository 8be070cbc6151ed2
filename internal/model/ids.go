package model

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// TraceID identifies a trace within a project. The zero value is not a valid id
// (W3C Trace Context, section 3.2.2.3).
type TraceID [16]byte

// SpanID identifies a span within a trace. The zero value is not a valid id and
// stands for "no parent" where a parent is meant.
type SpanID [8]byte

// String returns the 32 lower-case hex digits that people copy from logs.
func (id TraceID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether id is the invalid all-zero id.
func (id TraceID) IsZero() bool { return id == TraceID{} }

// String returns 16 lower-case hex digits.
func (id SpanID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether id is absent.
func (id SpanID) IsZero() bool { return id == SpanID{} }

// MarshalText writes 16 hex digits, so that ids read well in JSON.
func (id SpanID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// UnmarshalText undoes [SpanID.MarshalText]. The zero id is allowed.
func (id *SpanID) UnmarshalText(text []byte) error {
	if len(text) != 2*len(id) {
		return fmt.Errorf("span id has %d characters, want %d hex digits", len(text), 2*len(id))
	}
	_, err := hex.Decode(id[:], text)
	return err
}

// Int64 returns the id's bits, big endian, as databases store them. The order
// of such numbers is not the order of the ids: those with a leading one bit are
// negative.
func (id SpanID) Int64() int64 { return int64(binary.BigEndian.Uint64(id[:])) }

// SpanIDFromInt64 undoes [SpanID.Int64].
func SpanIDFromInt64(n int64) (id SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// ParseTraceID reads 32 hex digits of either case, with or without the dashes
// that a UUID column prints. The zero id is an error.
func ParseTraceID(s string) (id TraceID, err error) {
	digits := s
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		digits = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	if err := parseHex(id[:], digits); err != nil {
		return TraceID{}, fmt.Errorf("trace id %.64q: %w", s, err)
	}
	return id, nil
}

// ParseSpanID reads 16 hex digits of either case. The zero id is an error.
func ParseSpanID(s string) (id SpanID, err error) {
	if err := parseHex(id[:], s); err != nil {
		return SpanID{}, fmt.Errorf("span id %.64q: %w", s, err)
	}
	return id, nil
}

func parseHex(dst []byte, s string) error {
	if len(s) != 2*len(dst) {
		return fmt.Errorf("has %d characters, want %d hex digits", len(s), 2*len(dst))
	}
	if _, err := hex.Decode(dst, []byte(s)); err != nil {
		return fmt.Errorf("want %d hex digits", 2*len(dst))
	}
	for _, b := range dst {
		if b != 0 {
			return nil
		}
	}
	return fmt.Errorf("is all zeros")
}
