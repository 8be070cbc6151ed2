package otlp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
)

// A quick payload is a mark, a checksum of the message, and the message as a block
// of S2 that may refer back to agentDictionary. Every other payload is a frame of
// zstd, which begins with 0x28.
const (
	quickMark = 0x01
	quickHead = 1 + crc32.Size
)

var (
	quickDictionary = sync.OnceValue(func() *s2.Dict { return s2.MakeDictManual(agentDictionary, 0) })
	castagnoli      = crc32.MakeTable(crc32.Castagnoli)
)

// IsQuick reports whether a payload is one of [BuildQuickSegments].
func IsQuick(payload []byte) bool { return len(payload) >= quickHead && payload[0] == quickMark }

func appendQuick(dst, plain []byte) []byte {
	dst = append(dst, quickMark)
	dst = binary.BigEndian.AppendUint32(dst, crc32.Checksum(plain, castagnoli))
	dst = slices.Grow(dst, s2.MaxEncodedLen(len(plain)))
	block := quickDictionary().Encode(dst[len(dst):cap(dst)], plain)
	return dst[:len(dst)+len(block)]
}

func openQuick(dst, payload []byte) ([]byte, error) {
	block := payload[quickHead:]
	n, err := s2.DecodedLen(block)
	switch {
	case err != nil:
		return dst, fmt.Errorf("decompress segment: %w", err)
	case n > maxSegmentBytes:
		return dst, fmt.Errorf("decompress segment: %d bytes, at most %d", n, maxSegmentBytes)
	}
	dst = slices.Grow(dst, n)
	plain, err := quickDictionary().Decode(dst[len(dst):len(dst)+n], block)
	switch {
	case err != nil:
		return dst, fmt.Errorf("decompress segment: %w", err)
	case crc32.Checksum(plain, castagnoli) != binary.BigEndian.Uint32(payload[1:]):
		return dst, errors.New("decompress segment: its checksum is wrong")
	}
	return dst[:len(dst)+n], nil
}
