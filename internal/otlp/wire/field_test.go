package wire_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// message has a field of each type, the last with a number of two bytes.
func message() (m []byte) {
	m = protowire.AppendVarint(protowire.AppendTag(m, 1, protowire.VarintType), 300)
	m = protowire.AppendFixed64(protowire.AppendTag(m, 2, protowire.Fixed64Type), math.Float64bits(1.5))
	m = protowire.AppendFixed32(protowire.AppendTag(m, 3, protowire.Fixed32Type), 7)
	m = protowire.AppendString(protowire.AppendTag(m, 4, protowire.BytesType), "")
	return protowire.AppendString(protowire.AppendTag(m, 1000, protowire.BytesType), strings.Repeat("x", 200))
}

func TestFieldsAreReadByTheirType(t *testing.T) {
	var f wire.Field
	next := func(rest []byte, num protowire.Number) []byte {
		rest, err := wire.Next(&f, rest)
		if err != nil || f.Num != num {
			t.Fatalf("got field %d, %v, want %d", f.Num, err, num)
		}
		return rest
	}
	rest := next(message(), 1)
	if n, ok := f.Varint(); n != 300 || !ok {
		t.Errorf("varint is %d, %v", n, ok)
	}
	rest = next(rest, 2)
	if d, ok := f.Double(); d != 1.5 || !ok {
		t.Errorf("double is %v, %v", d, ok)
	}
	if n, ok := f.Fixed64(); n != math.Float64bits(1.5) || !ok {
		t.Errorf("fixed64 is %d, %v", n, ok)
	}
	rest = next(rest, 3)
	if n, ok := f.Fixed32(); n != 7 || !ok {
		t.Errorf("fixed32 is %d, %v", n, ok)
	}
	rest = next(rest, 4)
	if s, ok := f.Text(); s != "" || !ok {
		t.Errorf("text is %q, %v", s, ok)
	}
	for name, ok := range map[string]bool{
		"varint": second(f.Varint()), "fixed64": second(f.Fixed64()), "fixed32": second(f.Fixed32()), "double": second(f.Double()),
	} {
		if ok {
			t.Errorf("a text is a %s", name)
		}
	}
	rest = next(rest, 1000)
	if b, ok := f.Bytes(); len(b) != 200 || !ok {
		t.Errorf("%d bytes, %v", len(b), ok)
	}
	if len(rest) != 0 {
		t.Errorf("%d bytes are left", len(rest))
	}
}

func second[T any](_ T, ok bool) bool { return ok }

func TestWhatIsNoFieldIsExplained(t *testing.T) {
	for want, message := range map[string]string{
		"the tag of a field is cut off":              "\x80",
		"field number 0, want 1 to 536870911":        "\x00\x00",
		"field number 536870912, want 1":             "\x80\x80\x80\x80\x10\x00",
		"field 1 is cut off":                         "\x08\xff",
		"field 2 is cut off":                         "\x11\x00\x00",
		"field 3 is cut off":                         "\x1d\x00\x00",
		"field 4 is cut off":                         "\x22",
		"field 4 has 5 bytes, of which there are 2":  "\x22\x05ab",
		"field 1 has wire type 3":                    "\x0b\x0c",
		"field 1 has wire type 7":                    "\x0f",
		"field 1 has 18446744073709551615 bytes, of": "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a",
	} {
		_, err := wire.Next(new(wire.Field), []byte(message))
		if !errors.Is(err, wire.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", message, err, want)
		}
	}
}

// FuzzNext compares with protobuf's own reader, which knows groups, and takes field
// numbers that are too large.
func FuzzNext(f *testing.F) {
	f.Add(message())
	f.Add([]byte("\x22\x05ab"))
	f.Add([]byte("\x4a\x80\x01ab"))
	f.Fuzz(func(t *testing.T, message []byte) {
		num, typ, width := protowire.ConsumeTag(message)
		if typ == protowire.StartGroupType || typ == protowire.EndGroupType || !num.IsValid() {
			width = -1
		}
		length := -1
		if width > 0 {
			if length = protowire.ConsumeFieldValue(num, typ, message[width:]); length >= 0 {
				length += width
			}
		}
		var got wire.Field
		rest, err := wire.Next(&got, message)
		if (err == nil) != (length >= 0) {
			t.Fatalf("%v, where protobuf reads %d bytes", err, length)
		}
		if err == nil && (got.Num != num || len(message)-len(rest) != length) {
			t.Fatalf("field %d in %d bytes, want %d in %d", got.Num, len(message)-len(rest), num, length)
		}
		for small := protowire.Number(1); small < 16; small++ {
			data, behind, ok := wire.Cut(message, small)
			want, isBytes := got.Bytes()
			if wanted := err == nil && isBytes && num == small && message[0] < 0x80; ok != wanted {
				t.Fatalf("cut field %d: %v, want %v", small, ok, wanted)
			}
			if ok && (!bytes.Equal(data, want) || !bytes.Equal(behind, rest)) {
				t.Fatalf("cut %d and %d bytes, want %d and %d", len(data), len(behind), len(want), len(rest))
			}
		}
	})
}
