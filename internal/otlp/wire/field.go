package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrInvalid says that bytes are not protobuf.
var ErrInvalid = errors.New("not valid protobuf")

// Field is a field of a message. What it holds aliases the message, which must not
// change while that is in use.
type Field struct {
	Num  protowire.Number
	typ  protowire.Type
	data []byte // of length-delimited type
	bits uint64 // of all others
}

// Next reads the field that a message begins with, and returns what is behind it. An
// error wraps [ErrInvalid] and says what is wrong. Groups, which nobody writes any
// more, are errors; so are numbers that no field can have: what is stored here must
// not make others refuse a whole message later.
func Next(f *Field, message []byte) (rest []byte, err error) {
	tag, width := uvarint(message)
	num := tag >> 3
	if width <= 0 || num < uint64(protowire.MinValidNumber) || num > uint64(protowire.MaxValidNumber) {
		return nil, badTag(num, width)
	}
	f.Num, f.typ = protowire.Number(num), protowire.Type(tag&7)
	message = message[width:]
	switch f.typ {
	case protowire.BytesType:
		n, width := uvarint(message)
		if width <= 0 {
			return nil, f.cutOff()
		}
		if left := len(message) - width; n > uint64(left) {
			return nil, fmt.Errorf("%w: field %d has %d bytes, of which there are %d", ErrInvalid, f.Num, n, left)
		}
		message = message[width:]
		f.data = message[:n]
		return message[n:], nil
	case protowire.VarintType:
		if f.bits, width = uvarint(message); width <= 0 {
			return nil, f.cutOff()
		}
		return message[width:], nil
	case protowire.Fixed64Type:
		if len(message) < 8 {
			return nil, f.cutOff()
		}
		f.bits = binary.LittleEndian.Uint64(message)
		return message[8:], nil
	case protowire.Fixed32Type:
		if len(message) < 4 {
			return nil, f.cutOff()
		}
		f.bits = uint64(binary.LittleEndian.Uint32(message))
		return message[4:], nil
	}
	return nil, fmt.Errorf("%w: field %d has wire type %d", ErrInvalid, f.Num, f.typ)
}

// uvarint reads a number. Its width is not positive where there is none.
func uvarint(b []byte) (n uint64, width int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return binary.Uvarint(b)
}

func badTag(num uint64, width int) error {
	if width <= 0 {
		return fmt.Errorf("%w: the tag of a field is cut off", ErrInvalid)
	}
	return fmt.Errorf("%w: field number %d, want %d to %d", ErrInvalid, num, protowire.MinValidNumber, protowire.MaxValidNumber)
}

func (f *Field) cutOff() error { return fmt.Errorf("%w: field %d is cut off", ErrInvalid, f.Num) }

// Cut reads the field that a message begins with, if it has that number, of 1 to 15,
// holds bytes, a text or a message, and is valid: no other way is as fast.
func Cut(message []byte, num protowire.Number) (data, rest []byte, ok bool) {
	if len(message) < 2 || message[0] != byte(num)<<3|byte(protowire.BytesType) {
		return nil, nil, false
	}
	n, width := uint64(message[1]), 1
	if n >= 0x80 {
		n, width = binary.Uvarint(message[1:])
	}
	if width <= 0 || n > uint64(len(message)-1-width) {
		return nil, nil, false
	}
	message = message[1+width:]
	return message[:n], message[n:], true
}

// Bytes returns bytes, or the bytes of a message.
func (f *Field) Bytes() ([]byte, bool) { return f.data, f.typ == protowire.BytesType }

// Text returns a text, which may be anything but UTF-8.
func (f *Field) Text() (string, bool) {
	if f.typ != protowire.BytesType {
		return "", false
	}
	return TextOf(f.data), true
}

// TextOf returns bytes as a text, without copying them.
func TextOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Varint returns a number of variable length.
func (f *Field) Varint() (uint64, bool) { return f.bits, f.typ == protowire.VarintType }

// Fixed64 returns a number of eight bytes.
func (f *Field) Fixed64() (uint64, bool) { return f.bits, f.typ == protowire.Fixed64Type }

// Fixed32 returns a number of four bytes.
func (f *Field) Fixed32() (uint32, bool) { return uint32(f.bits), f.typ == protowire.Fixed32Type }

// Double returns a floating-point number of eight bytes.
func (f *Field) Double() (float64, bool) {
	return math.Float64frombits(f.bits), f.typ == protowire.Fixed64Type
}
