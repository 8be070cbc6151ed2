package wire

import (
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"
)

// SizeOfBytes returns the length of a field with a small number and n bytes.
func SizeOfBytes(n int) int { return 1 + sizeOfVarint(uint64(n)) + n }

func sizeOfVarint(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

// AppendHead appends the tag and the length of a field of length n.
func AppendHead(dst []byte, num protowire.Number, n int) []byte {
	dst = protowire.AppendTag(dst, num, protowire.BytesType)
	return protowire.AppendVarint(dst, uint64(n))
}

// CloseMessage turns what was appended to dst since start into a field of
// length-delimited type. Lengths are not known before the content is, and
// moving it by a few bytes is cheaper than measuring it first.
func CloseMessage(dst []byte, start int, num protowire.Number) []byte {
	var head [2 * 10]byte
	size := len(dst) - start
	n := len(AppendHead(head[:0], num, size))
	dst = append(dst, head[:n]...)
	copy(dst[start+n:], dst[start:start+size])
	copy(dst[start:], head[:n])
	return dst
}

// AppendString appends a text, unless it is empty, as proto3 does.
func AppendString(dst []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return dst
	}
	return protowire.AppendString(protowire.AppendTag(dst, num, protowire.BytesType), s)
}

// AppendBytes appends bytes, unless it is empty, as proto3 does.
func AppendBytes(dst []byte, num protowire.Number, b []byte) []byte {
	if len(b) == 0 {
		return dst
	}
	return protowire.AppendBytes(protowire.AppendTag(dst, num, protowire.BytesType), b)
}

// AppendVarint appends a number of variable length, unless it is zero, as proto3 does.
func AppendVarint(dst []byte, num protowire.Number, n uint64) []byte {
	if n == 0 {
		return dst
	}
	return protowire.AppendVarint(protowire.AppendTag(dst, num, protowire.VarintType), n)
}

// AppendFixed64 appends a number of eight bytes, unless it is zero, as proto3 does.
func AppendFixed64(dst []byte, num protowire.Number, n uint64) []byte {
	if n == 0 {
		return dst
	}
	return protowire.AppendFixed64(protowire.AppendTag(dst, num, protowire.Fixed64Type), n)
}

// AppendFixed32 appends a number of four bytes, unless it is zero, as proto3 does.
func AppendFixed32(dst []byte, num protowire.Number, n uint32) []byte {
	if n == 0 {
		return dst
	}
	return protowire.AppendFixed32(protowire.AppendTag(dst, num, protowire.Fixed32Type), n)
}
