package otlpfile

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"
)

// peeked is how much of a file is looked at to tell what it is.
const peeked = 64 << 10

type format uint8

const (
	isUnknown format = iota
	isEmpty
	isProtobuf
	isJSON
	isFramed
)

func isZstd(head []byte) bool { return bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}) }

// sniff tells what a file is by its beginning. Nothing is left to chance:
//
//   - No protobuf begins with a byte below 8, whose field number would be 0, and
//     no JSON does: it is the high byte of a length, of up to 128 MiB.
//   - Protobuf begins with the tag of field 1, which is a line feed. For JSON to
//     be taken for it, a ResourceSpans would have to follow that holds fields of
//     its own; for protobuf to be taken for JSON, it would have to hold none.
func sniff(head []byte) format {
	switch {
	case len(head) == 0:
		return isEmpty
	case head[0] < 8:
		return isFramed
	case head[0] == '\n' && holdsResourceSpans(head[1:]):
		return isProtobuf
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, byteOrderMark), " \t\r\n")
	switch {
	case len(text) == 0 && len(head) < peeked:
		return isEmpty // nothing but white space
	case len(text) > 0 && (text[0] == '{' || text[0] == '['):
		return isJSON
	case head[0] == '\n':
		return isProtobuf // a damaged one; reading it says where
	}
	return isUnknown
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// holdsResourceSpans reports whether a length is followed by the beginning of a
// ResourceSpans: nothing, or one of its three fields with a length that fits,
// and for its resource, one of that one's fields.
func holdsResourceSpans(head []byte) bool {
	size, n := protowire.ConsumeVarint(head)
	if n < 0 {
		return len(head) < 10
	}
	head = head[n:]
	if size == 0 {
		return true
	}
	if len(head) == 0 || head[0] != 0x0a && head[0] != 0x12 && head[0] != 0x1a {
		return len(head) == 0
	}
	inner, n := protowire.ConsumeVarint(head[1:])
	if n < 0 || inner+uint64(n)+1 > size {
		return n < 0 && len(head) < 11
	}
	if head[0] != 0x0a || inner == 0 || len(head) < n+2 {
		return true
	}
	first := head[n+1]
	return first == 0x0a || first == 0x10 || first == 0x1a
}
