package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/agenttrace/agenttrace/internal/service/convert"
)

// jsonCodec is Connect's JSON codec, but for fields that it does not know:
// Connect leaves them out, and a filter with a misspelt name would then select
// everything.
type jsonCodec struct{ name string }

// jsonCodecs returns the codec under both names by which Connect looks for it.
func jsonCodecs() []jsonCodec {
	return []jsonCodec{{"json"}, {"json; charset=utf-8"}}
}

// Name implements connect.Codec.
func (c jsonCodec) Name() string { return c.name }

// IsBinary tells Connect how to put messages into URLs.
func (jsonCodec) IsBinary() bool { return false }

// Marshal implements connect.Codec.
func (c jsonCodec) Marshal(message any) ([]byte, error) { return c.MarshalAppend(nil, message) }

// MarshalAppend spares Connect an allocation.
func (jsonCodec) MarshalAppend(dst []byte, message any) ([]byte, error) {
	m, err := asProto(message)
	if err != nil {
		return nil, err
	}
	if m, err = convert.Readable(m); err != nil {
		return nil, err
	}
	return protojson.MarshalOptions{}.MarshalAppend(dst, m)
}

// MarshalStable is what Connect uses where equal messages must be equal bytes:
// protojson varies its white space on purpose.
func (c jsonCodec) MarshalStable(message any) ([]byte, error) {
	data, err := c.Marshal(message)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, err
	}
	return compact.Bytes(), nil
}

// Unmarshal implements connect.Codec.
func (jsonCodec) Unmarshal(data []byte, message any) error {
	m, err := asProto(message)
	if err != nil {
		return err
	}
	name := string(m.ProtoReflect().Descriptor().Name())
	if len(data) == 0 {
		return fmt.Errorf("nothing was sent, want %s as a JSON object, such as {}", name)
	}
	if err := protojson.Unmarshal(data, m); err != nil {
		return explainJSON(err, name)
	}
	return nil
}

// explainJSON says for clients what protojson found wrong with a message. Its
// errors tell the place and the field, and nothing of the program; but they
// begin with its own name and a space that is not always the same.
func explainJSON(err error, message string) error {
	if errors.Is(err, proto.Error) {
		err = errors.New(strings.TrimLeftFunc(strings.TrimPrefix(err.Error(), "proto:"), unicode.IsSpace))
	}
	if place, field, ok := strings.Cut(err.Error(), ": unknown field "); ok {
		return fmt.Errorf("unknown field %s in %s %s", field, message, place)
	}
	return fmt.Errorf("%s: %w", message, err)
}
