package service

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"pgregory.net/rapid"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

// What is sent must be what protobuf makes of it, for each message of the API.
func TestGeneratedCodeEncodesWhatProtobufDoes(t *testing.T) {
	types := 0
	protoregistry.GlobalTypes.RangeMessages(func(of protoreflect.MessageType) bool {
		if of.Descriptor().ParentFile().Package() != pb.File_agenttrace_v1_span_proto.Package() || of.Descriptor().IsMapEntry() {
			return true
		}
		types++
		t.Run(string(of.Descriptor().Name()), func(t *testing.T) {
			if _, ok := of.New().Interface().(generated); !ok {
				t.Fatal("no code was generated for it")
			}
			rapid.Check(t, func(t *rapid.T) {
				want := of.New()
				fill(t, want, 3)
				before := []byte("before")
				data, err := protoCodec{}.MarshalAppend(bytes.Clone(before), want.Interface())
				if err != nil || !bytes.HasPrefix(data, before) {
					t.Fatalf("%q, %v", data, err)
				}
				got := of.New().Interface()
				if err := (protoCodec{}).Unmarshal(data[len(before):], got); err != nil || !proto.Equal(want.Interface(), got) {
					t.Fatalf("%v was encoded as %v, %v", want, got, err)
				}
			})
		})
		return true
	})
	if types < 50 {
		t.Errorf("%d types of messages", types)
	}
}

// fill sets fields at random.
func fill(t *rapid.T, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !rapid.Bool().Draw(t, string(field.Name())) {
			continue
		}
		switch {
		case field.IsMap():
			t.Fatalf("%s is a map: fill knows none", field.FullName())
		case field.IsList():
			list := m.Mutable(field).List()
			for range rapid.IntRange(0, 3).Draw(t, "length") {
				if field.Message() == nil {
					list.Append(scalar(t, field))
				} else if depth > 0 {
					fill(t, list.AppendMutable().Message(), depth-1)
				}
			}
		case field.Message() == nil:
			m.Set(field, scalar(t, field))
		case depth > 0:
			fill(t, m.Mutable(field).Message(), depth-1)
		}
	}
	ours := m.Descriptor().ParentFile().Package() == pb.File_agenttrace_v1_span_proto.Package()
	if ours && rapid.IntRange(0, 9).Draw(t, "unknown") == 0 {
		m.SetUnknown([]byte{0xfa, 0x7f, 3, 'n', 'e', 'w'})
	}
}

func scalar(t *rapid.T, field protoreflect.FieldDescriptor) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.Int32().Draw(t, "enum")))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, "int32"))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(rapid.Uint32().Draw(t, "uint32"))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(rapid.Int64().Draw(t, "int64"))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(rapid.Uint64().Draw(t, "uint64"))
	case protoreflect.DoubleKind:
		// -0 becomes 0 where 0 is not sent.
		return protoreflect.ValueOfFloat64(rapid.Float64().Draw(t, "double") + 0)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(rapid.String().Draw(t, "string"))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
	}
	t.Fatalf("%s is a %s: scalar knows none", field.FullName(), field.Kind())
	return protoreflect.Value{}
}
