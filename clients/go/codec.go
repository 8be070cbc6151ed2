package agenttrace

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// wireCodec is Connect's binary codec. Answers are decoded by code that was
// generated for their messages, in a little more than half of the time that it takes
// by reflection; a trace of some twenty spans is two thousand objects.
type wireCodec struct{}

// decodeAtMost is the size in bytes up to which the generated code decodes. It has no
// limit to how deep values are nested, and needs 60 MB of stack for the deepest that fits
// in here. What is larger is left to protobuf, which has a limit, and refuses texts that
// are not UTF-8 besides.
const decodeAtMost = 1 << 20

// Name implements connect.Codec.
func (wireCodec) Name() string { return "proto" }

// Marshal implements connect.Codec.
func (c wireCodec) Marshal(message any) ([]byte, error) { return c.MarshalAppend(nil, message) }

// MarshalAppend lets Connect use the memory again that it reads answers into.
func (wireCodec) MarshalAppend(dst []byte, message any) ([]byte, error) {
	m, err := asProto(message)
	if err != nil {
		return nil, err
	}
	return proto.MarshalOptions{}.MarshalAppend(dst, m)
}

// Unmarshal implements connect.Codec.
func (wireCodec) Unmarshal(data []byte, message any) error {
	if m, ok := message.(interface{ UnmarshalVT([]byte) error }); ok && len(data) <= decodeAtMost {
		return m.UnmarshalVT(data)
	}
	m, err := asProto(message)
	if err != nil {
		return err
	}
	return proto.Unmarshal(data, m)
}

func asProto(message any) (proto.Message, error) {
	m, ok := message.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is not a protobuf message", message)
	}
	return m, nil
}
