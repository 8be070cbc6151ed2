package wire

import (
	"errors"
	"fmt"

	"github.com/VictoriaMetrics/easyproto"
	"google.golang.org/protobuf/encoding/protowire"
)

// ErrInvalid says that bytes are not protobuf.
var ErrInvalid = errors.New("not valid protobuf")

// Next reads one field. It is stricter than easyproto about field numbers:
// what we store must not make another protobuf library refuse the whole message
// later.
func Next(fc *easyproto.FieldContext, src []byte) ([]byte, error) {
	rest, err := fc.NextField(src)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if fc.FieldNum < uint32(protowire.MinValidNumber) || fc.FieldNum > uint32(protowire.MaxValidNumber) {
		return nil, fmt.Errorf("%w: field number %d", ErrInvalid, fc.FieldNum)
	}
	return rest, nil
}

// EachField calls visit for every field of a message.
func EachField(message []byte, visit func(*easyproto.FieldContext) error) (err error) {
	var fc easyproto.FieldContext
	for len(message) > 0 {
		if message, err = Next(&fc, message); err != nil {
			return err
		}
		if err := visit(&fc); err != nil {
			return err
		}
	}
	return nil
}

// EachChild calls visit for the messages with field number num.
func EachChild(message []byte, num uint32, visit func([]byte) error) (err error) {
	var fc easyproto.FieldContext
	for len(message) > 0 {
		if message, err = Next(&fc, message); err != nil {
			return err
		}
		if data, ok := fc.MessageData(); ok && fc.FieldNum == num {
			if err := visit(data); err != nil {
				return err
			}
		}
	}
	return nil
}

// Envelope is a message without its repeated children: what all of them share.
type Envelope struct {
	Raw      []byte // the other fields, concatenated
	Children int
}

// OpenEnvelope separates a message from its children with number child. The
// order of fields on the wire is free, so this has to happen before the first
// child is looked at. Usually the other fields are neighbours and raw aliases
// the message; else it is a copy.
func OpenEnvelope(message []byte, child uint32) (Envelope, error) {
	var env Envelope
	var fc easyproto.FieldContext
	start := -1 // of a run of fields that are not children
	for rest := message; len(rest) > 0; {
		at := len(message) - len(rest)
		next, err := Next(&fc, rest)
		if err != nil {
			return Envelope{}, fmt.Errorf("byte %d: %w", at, err)
		}
		rest = next
		if _, isMessage := fc.MessageData(); fc.FieldNum != child || !isMessage {
			if start < 0 {
				start = at
			}
			continue
		}
		env.Children++
		if start >= 0 {
			env.Raw = join(env.Raw, message[start:at])
			start = -1
		}
	}
	if start >= 0 {
		env.Raw = join(env.Raw, message[start:])
	}
	return env, nil
}

// join concatenates two pieces, without copying when the first is empty.
func join(a, b []byte) []byte {
	if len(a) == 0 {
		return b[:len(b):len(b)]
	}
	return append(a, b...)
}
