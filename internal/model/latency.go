package model

import (
	"math"
	"math/bits"
)

// Latencies are kept as two characters each, so that databases can put those of
// many calls together as a text, and quantiles can be read off it. They are told
// apart to 1.1 percent: an octave has 64 of them.
const (
	latencyWidth   = 2
	latencyOctave  = 64
	latencyFirst   = '0' // of 64 characters in a row, none of which SQL or JSON quotes with another but the backslash
	latencyBuckets = 63 * latencyOctave
)

// LatencyBuckets is how many lengths of time [AppendLatency] tells apart.
const LatencyBuckets = latencyBuckets

// latencyBounds[i] is the least mantissa, of those from 2^62 to 2^63, that is in
// part i of its octave.
var latencyBounds = func() (bounds [latencyOctave]uint64) {
	for i := range bounds {
		bounds[i] = uint64(math.Ceil(math.Exp2(62 + float64(i)/latencyOctave)))
	}
	return bounds
}()

// LatencyBucket returns the number of the bucket that a length of time in
// nanoseconds is in. Longer ones have greater numbers; what is below 1 counts as
// 1.
func LatencyBucket(nanos int64) int {
	n := uint64(max(nanos, 1))
	octave := bits.Len64(n) - 1
	mantissa := n << (62 - octave)
	low, high := 0, latencyOctave
	for high-low > 1 {
		if mid := (low + high) / 2; mantissa >= latencyBounds[mid] {
			low = mid
		} else {
			high = mid
		}
	}
	return octave*latencyOctave + low
}

// LatencyOf returns the length of time, in nanoseconds, that a bucket stands
// for: it is within 0.6 percent, and one nanosecond, of each that is in it.
func LatencyOf(bucket int) int64 {
	return int64(math.Round(math.Exp2((float64(bucket) + 0.5) / latencyOctave)))
}

// AppendLatency appends a bucket's two characters. Texts of one length compare
// as the buckets in them do.
func AppendLatency(dst []byte, bucket int) []byte {
	return append(dst, latencyFirst+byte(bucket/latencyOctave), latencyFirst+byte(bucket%latencyOctave))
}

// EachLatency yields the buckets in a text of many. What is none of ours is left
// out.
func EachLatency(latencies string, yield func(bucket int) bool) {
	for ; len(latencies) >= latencyWidth; latencies = latencies[latencyWidth:] {
		octave, part := int(latencies[0])-latencyFirst, int(latencies[1])-latencyFirst
		if octave < 0 || octave >= 63 || part < 0 || part >= latencyOctave {
			continue
		}
		if !yield(octave*latencyOctave + part) {
			return
		}
	}
}
