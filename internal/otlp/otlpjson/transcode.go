package otlpjson

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// Error says which byte of a JSON text cannot be understood.
type Error struct {
	Offset int    // of the byte, from 0
	Reason string // what is wrong with it, and what would be right
	Short  bool   // the text ends before what begins there does
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// ToProtobuf rewrites an ExportTraceServiceRequest. Attribute values below
// maxDepth levels are cut off, just deep enough that the limit is still seen to
// be broken. Errors name the byte and what would be right there.
func ToProtobuf(body []byte, maxDepth int) ([]byte, error) {
	t := &transcoder{scanner: scanner{src: body}, maxDepth: maxDepth}
	// All but freaks are shorter in protobuf: there is nothing to grow.
	out, err := t.message(make([]byte, 0, len(body)), msgTraces, 0)
	if err != nil {
		return nil, err
	}
	if t.peek(); t.pos < len(body) {
		return nil, t.unexpected("the end of the text")
	}
	return out, nil
}

// transcoder appends protobuf while it reads JSON. It recurses once for each
// message inside a message, which is bounded: OTLP's messages nest eight deep,
// beside attribute values, of which it counts the depth.
type transcoder struct {
	scanner
	maxDepth int
}

// message reads an object and appends its fields. Depth is that of the attribute
// value around them.
func (t *transcoder) message(dst []byte, id messageID, depth int) ([]byte, error) {
	if t.peek() != '{' {
		return nil, t.unexpected("an object")
	}
	for first := true; ; {
		more, err := t.more(&first, '}')
		if err != nil || !more {
			return dst, err
		}
		name, err := t.key()
		if err != nil {
			return nil, err
		}
		f, ok := schema[id][string(name)]
		t.peek()
		switch {
		case !ok:
			err = t.skip()
		case t.null():
		case f.repeated:
			dst, err = t.list(dst, &f, depth)
		default:
			dst, err = t.field(dst, &f, depth)
		}
		if err != nil {
			return nil, err
		}
	}
}

// list reads the elements of a repeated field. A null among them is an empty
// one.
func (t *transcoder) list(dst []byte, f *field, depth int) ([]byte, error) {
	if t.peek() != '[' {
		return nil, t.unexpected("a list")
	}
	for first := true; ; {
		more, err := t.more(&first, ']')
		if err != nil || !more {
			return dst, err
		}
		if t.peek(); t.null() {
			dst = wire.AppendHead(dst, f.num, 0)
			continue
		}
		if dst, err = t.field(dst, f, depth); err != nil {
			return nil, err
		}
	}
}

// field reads one value and appends it.
func (t *transcoder) field(dst []byte, f *field, depth int) ([]byte, error) {
	if f.kind != kindNested {
		return t.scalar(dst, f)
	}
	start := len(dst)
	if f.message == msgAnyValue {
		depth++
		if depth > t.maxDepth {
			// The value is there, and empty: Parse counts it and rejects the span.
			if err := t.skip(); err != nil {
				return nil, err
			}
			return wire.CloseMessage(dst, start, f.num), nil
		}
	}
	dst, err := t.message(dst, f.message, depth)
	if err != nil {
		return nil, err
	}
	return wire.CloseMessage(dst, start, f.num), nil
}

// scalar reads a value that is no message.
func (t *transcoder) scalar(dst []byte, f *field) ([]byte, error) {
	at := t.pos
	switch f.kind {
	case kindString, kindBytes, kindTraceID, kindSpanID:
		if t.peek() != '"' {
			return nil, t.unexpected("a string")
		}
		text, err := t.str()
		if err != nil {
			return nil, err
		}
		if text, ok := decodeText(text, f.kind); ok {
			if len(text) == 0 && !f.member && !f.repeated {
				return dst, nil
			}
			return protowire.AppendBytes(protowire.AppendTag(dst, f.num, protowire.BytesType), text), nil
		}
		return nil, t.errorf(at, "have other characters, want base64")
	case kindBool:
		return t.boolean(dst, f)
	case kindDouble:
		text, err := t.numeral()
		if err != nil {
			return nil, err
		}
		n, err := parseDouble(text)
		if err != nil {
			return nil, t.errorf(at, "have %.40q, want a number", text)
		}
		return protowire.AppendFixed64(protowire.AppendTag(dst, f.num, protowire.Fixed64Type), math.Float64bits(n)), nil
	default:
		return t.whole(dst, f, at)
	}
}

func (t *transcoder) boolean(dst []byte, f *field) ([]byte, error) {
	c := t.peek()
	if c != 't' && c != 'f' {
		return nil, t.unexpected("true or false")
	}
	if err := t.skip(); err != nil {
		return nil, err
	}
	return protowire.AppendVarint(protowire.AppendTag(dst, f.num, protowire.VarintType), protowire.EncodeBool(c == 't')), nil
}

// whole reads a whole number, or the name of an enum's value.
func (t *transcoder) whole(dst []byte, f *field, at int) ([]byte, error) {
	text, err := t.numeral()
	if err != nil {
		return nil, err
	}
	n, named := f.enum[string(text)]
	if !named {
		var ok bool
		if n, ok = parseWhole(string(text), f.kind); !ok {
			return nil, t.errorf(at, "have %.40q, want %s", text, wholeNames[f.kind])
		}
	}
	switch {
	case f.kind == kindFixed64:
		return wire.AppendFixed64(dst, f.num, n), nil
	case f.kind == kindFixed32:
		return wire.AppendFixed32(dst, f.num, uint32(n)), nil
	case f.member:
		return protowire.AppendVarint(protowire.AppendTag(dst, f.num, protowire.VarintType), n), nil
	default:
		return wire.AppendVarint(dst, f.num, n), nil
	}
}

// numeral reads a number, in quotes or without.
func (t *transcoder) numeral() ([]byte, error) {
	switch c := t.peek(); {
	case c == '"':
		return t.str()
	case c == '-', '0' <= c && c <= '9':
		return t.number()
	default:
		return nil, t.unexpected("a number")
	}
}
