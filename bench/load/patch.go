package load

import (
	"encoding/binary"
	"encoding/hex"
)

// patch is a place in a request that each repetition overwrites.
type patch struct {
	at    uint32
	trace uint32 // of the template
	kind  patchKind
	value uint64 // as it is in the template
}

type patchKind uint8

const (
	traceID patchKind = iota // the first half of a trace id
	spanID                   // a span id, or a parent's
	uuid                     // the first eight digits of a UUID in text
	moment                   // nanoseconds
)

// apply overwrites the place with what stands there in the repetition of the
// given mask, in which the trace starts at the given time.
func (p patch) apply(frame []byte, mask uint64, start int64) {
	place := frame[p.at:]
	switch p.kind {
	case traceID:
		binary.BigEndian.PutUint64(place, p.value^mask)
	case spanID:
		// Template ids are odd, so that none becomes zero.
		binary.BigEndian.PutUint64(place, p.value^mask&^1)
	case uuid:
		var digits [4]byte
		binary.BigEndian.PutUint32(digits[:], uint32(p.value^mask))
		hex.Encode(place, digits[:])
	case moment:
		binary.LittleEndian.PutUint64(place, p.value+uint64(start))
	}
}

// maskOf returns what the ids of a repetition are combined with: well mixed, as
// random ids are.
func maskOf(seed uint64, repetition int) uint64 {
	// SplitMix64.
	z := seed*0x9e3779b97f4a7c15 + uint64(repetition+1)*0xbf58476d1ce4e5b9
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
