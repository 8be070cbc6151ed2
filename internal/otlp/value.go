package otlp

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// decodeAttribute appends the KeyValue in f. The walker has bounded its depth.
func decodeAttribute(to *[]model.KeyValue, f *wire.Field) error {
	data, ok := f.Bytes()
	if !ok {
		return nil
	}
	*to = append(*to, model.KeyValue{})
	return decodeKeyValue(&(*to)[len(*to)-1], data)
}

func decodeKeyValue(kv *model.KeyValue, data []byte) (err error) {
	var f wire.Field
	for len(data) > 0 {
		if data, err = wire.Next(&f, data); err != nil {
			return err
		}
		switch f.Num {
		case 1:
			setString(&kv.Key, &f)
		case 2:
			if message, ok := f.Bytes(); ok {
				if err := decodeValue(&kv.Value, message); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// decodeValue merges an AnyValue message into v, as protobuf does with a field
// that is there more than once: the last member counts, and lists of one kind
// grow.
func decodeValue(v *model.Value, data []byte) (err error) {
	var f wire.Field
	for len(data) > 0 {
		if data, err = wire.Next(&f, data); err != nil {
			return err
		}
		switch f.Num {
		case 1:
			if s, ok := f.Text(); ok {
				*v = model.StringValue(s)
			}
		case 2:
			if n, ok := f.Varint(); ok {
				*v = model.BoolValue(n != 0)
			}
		case 3:
			if n, ok := f.Varint(); ok {
				*v = model.IntValue(int64(n))
			}
		case 4:
			if d, ok := f.Double(); ok {
				*v = model.DoubleValue(d)
			}
		case 5, 6:
			if message, ok := f.Bytes(); ok {
				if err := decodeList(v, model.KindArray+model.ValueKind(f.Num-5), message); err != nil {
					return err
				}
			}
		case 7:
			if s, ok := f.Text(); ok {
				*v = model.Value{Kind: model.KindBytes, Str: s}
			}
		}
	}
	return nil
}

// decodeList reads an ArrayValue or a KeyValueList.
func decodeList(v *model.Value, kind model.ValueKind, data []byte) error {
	if v.Kind != kind {
		*v = model.Value{Kind: kind}
	}
	return wire.EachChild(data, 1, func(message []byte) error {
		if kind == model.KindMap {
			v.Map = append(v.Map, model.KeyValue{})
			return decodeKeyValue(&v.Map[len(v.Map)-1], message)
		}
		v.Array = append(v.Array, model.Value{})
		return decodeValue(&v.Array[len(v.Array)-1], message)
	})
}

// appendAttributes appends attributes as fields with number num.
func appendAttributes(dst []byte, num protowire.Number, attributes []model.KeyValue) []byte {
	return appendEntries(dst, num, attributes, 1)
}

func appendEntries(dst []byte, num protowire.Number, attributes []model.KeyValue, depth int) []byte {
	for i := range attributes {
		start := len(dst)
		dst = wire.AppendString(dst, 1, attributes[i].Key)
		dst = appendValue(dst, 2, &attributes[i].Value, depth)
		dst = wire.CloseMessage(dst, start, num)
	}
	return dst
}

// appendValue appends an AnyValue field. Members are written even when they are
// zero: that is how an empty text differs from no value. What is nested deeper
// than any limit is cut off just below it, for Parse to reject.
func appendValue(dst []byte, num protowire.Number, v *model.Value, depth int) []byte {
	start := len(dst)
	if depth > hardMaxDepth {
		return wire.CloseMessage(dst, start, num)
	}
	switch v.Kind {
	case model.KindString:
		dst = protowire.AppendString(protowire.AppendTag(dst, 1, protowire.BytesType), v.Str)
	case model.KindBool:
		dst = protowire.AppendVarint(protowire.AppendTag(dst, 2, protowire.VarintType), protowire.EncodeBool(v.Bool))
	case model.KindInt:
		dst = protowire.AppendVarint(protowire.AppendTag(dst, 3, protowire.VarintType), uint64(v.Int))
	case model.KindDouble:
		dst = protowire.AppendFixed64(protowire.AppendTag(dst, 4, protowire.Fixed64Type), math.Float64bits(v.Double))
	case model.KindArray:
		list := len(dst)
		for i := range v.Array {
			dst = appendValue(dst, 1, &v.Array[i], depth+1)
		}
		dst = wire.CloseMessage(dst, list, 5)
	case model.KindMap:
		list := len(dst)
		dst = appendEntries(dst, 1, v.Map, depth+1)
		dst = wire.CloseMessage(dst, list, 6)
	case model.KindBytes:
		dst = protowire.AppendString(protowire.AppendTag(dst, 7, protowire.BytesType), v.Str)
	}
	return wire.CloseMessage(dst, start, num)
}
