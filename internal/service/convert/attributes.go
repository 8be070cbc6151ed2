package convert

import (
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// setAttributes puts attributes into a message, as its field with a number.
//
// They are most of a complete span, and as Go values each would take four
// allocations, only to become bytes a moment later. So they are these bytes, kept
// where a message keeps what it does not know: what reads the message after it
// crossed the wire finds them in their field. See [Readable].
func setAttributes(m proto.Message, number protowire.Number, attributes []model.KeyValue) {
	if len(attributes) == 0 {
		return
	}
	size := 0
	for i := range attributes {
		size += len(attributes[i].Key) + len(attributes[i].Value.Str) + roomOfAttribute
	}
	m.ProtoReflect().SetUnknown(appendKeyValues(make([]byte, 0, size), number, attributes))
}

// roomOfAttribute is enough for the tags, lengths and numbers of most attributes.
const roomOfAttribute = 20

// Readable returns a message with all of its fields where Go finds them.
func Readable(m proto.Message) (proto.Message, error) {
	data, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	readable := m.ProtoReflect().New().Interface()
	return readable, proto.Unmarshal(data, readable)
}

// Field numbers of KeyValue and of Value's members.
const (
	keyValueKey   = 1
	keyValueValue = 2

	valueString        = 1
	valueBool          = 2
	valueInt           = 3
	valueDouble        = 4
	valueArray         = 5
	valueMap           = 6
	valueBytes         = 7
	valueInvalidString = 8

	valuesOfList = 1 // of ArrayValue and MapValue
)

func appendKeyValues(dst []byte, number protowire.Number, in []model.KeyValue) []byte {
	for i := range in {
		start := len(dst)
		dst = wire.AppendString(dst, keyValueKey, Text(in[i].Key))
		if in[i].Value.Kind != model.KindEmpty {
			dst = appendValue(dst, keyValueValue, &in[i].Value)
		}
		dst = wire.CloseMessage(dst, start, number)
	}
	return dst
}

// appendValue appends a Value. Its members are written even when they are zero:
// that is how one of them is chosen.
func appendValue(dst []byte, number protowire.Number, v *model.Value) []byte {
	start := len(dst)
	switch v.Kind {
	case model.KindString:
		member := protowire.Number(valueString)
		if !utf8.ValidString(v.Str) {
			member = valueInvalidString
		}
		dst = protowire.AppendString(protowire.AppendTag(dst, member, protowire.BytesType), v.Str)
	case model.KindBool:
		dst = protowire.AppendVarint(protowire.AppendTag(dst, valueBool, protowire.VarintType), protowire.EncodeBool(v.Bool))
	case model.KindInt:
		dst = protowire.AppendVarint(protowire.AppendTag(dst, valueInt, protowire.VarintType), uint64(v.Int))
	case model.KindDouble:
		dst = protowire.AppendFixed64(protowire.AppendTag(dst, valueDouble, protowire.Fixed64Type), math.Float64bits(v.Double))
	case model.KindBytes:
		dst = protowire.AppendString(protowire.AppendTag(dst, valueBytes, protowire.BytesType), v.Str)
	case model.KindArray:
		list := len(dst)
		for i := range v.Array {
			dst = appendValue(dst, valuesOfList, &v.Array[i])
		}
		dst = wire.CloseMessage(dst, list, valueArray)
	case model.KindMap:
		list := len(dst)
		dst = appendKeyValues(dst, valuesOfList, v.Map)
		dst = wire.CloseMessage(dst, list, valueMap)
	}
	return wire.CloseMessage(dst, start, number)
}
