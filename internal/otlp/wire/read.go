package wire

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// EachField calls visit for every field of a message.
func EachField(message []byte, visit func(*Field) error) (err error) {
	var f Field
	for len(message) > 0 {
		if message, err = Next(&f, message); err != nil {
			return err
		}
		if err := visit(&f); err != nil {
			return err
		}
	}
	return nil
}

// EachChild calls visit for the messages with field number num.
func EachChild(message []byte, num protowire.Number, visit func([]byte) error) (err error) {
	var f Field
	for len(message) > 0 {
		if message, err = Next(&f, message); err != nil {
			return err
		}
		if data, ok := f.Bytes(); ok && f.Num == num {
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
func OpenEnvelope(message []byte, child protowire.Number) (Envelope, error) {
	var env Envelope
	var f Field
	start := -1 // of a run of fields that are not children
	for rest := message; len(rest) > 0; {
		at := len(message) - len(rest)
		next, err := Next(&f, rest)
		if err != nil {
			return Envelope{}, fmt.Errorf("byte %d: %w", at, err)
		}
		rest = next
		if _, isMessage := f.Bytes(); f.Num != child || !isMessage {
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
