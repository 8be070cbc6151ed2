package otlpfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/otlp/otlpjson"
)

// nextProtobuf reads one field of a TracesData message that is as long as the
// file.
func (r *Reader) nextProtobuf() error {
	start := r.src.offset
	tag, err := r.src.varint()
	if errors.Is(err, io.EOF) && r.src.offset == start {
		return io.EOF
	}
	if err != nil {
		return r.src.cutOff(start, err)
	}
	if tag != protowire.EncodeTag(1, protowire.BytesType) {
		return r.src.fault(start, "have field %d of type %d, want resource_spans, field 1 of type 2", tag>>3, tag&7)
	}
	size, err := r.src.varint()
	if err != nil {
		return r.src.cutOff(start, err)
	}
	if size > MaxPiece {
		return r.src.fault(start, "resource_spans of %d bytes, want at most %d: the file is damaged here, or was not written by OTLP's tools", size, MaxPiece)
	}
	data, err := r.src.take(int(size))
	if err != nil {
		return r.src.cutOff(start, err)
	}
	if _, err := CountSpans(data); err != nil {
		return r.src.fault(start, "resource_spans of %d bytes that is %v", size, err)
	}
	r.waiting = append(r.waiting, data)
	return nil
}

// cutOff says that the file ends in the middle of what began at start.
func (s *source) cutOff(start int64, err error) error {
	switch {
	case ends(err):
		return s.fault(start, "the file ends at byte %d in the middle of the resource_spans that begins here", s.offset)
	case errors.Is(err, errVarint):
		return s.fault(start, "%v", err)
	}
	return s.broken(err)
}

var errVarint = errors.New("have a number of more than ten bytes, want one of protobuf")

func (s *source) varint() (uint64, error) {
	var n uint64
	for shift := uint(0); shift < 70; shift += 7 {
		c, err := s.ReadByte()
		if err != nil {
			if shift > 0 && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		if shift == 63 && c > 1 {
			return 0, errVarint
		}
		if n |= uint64(c&0x7f) << shift; c < 0x80 {
			return n, nil
		}
	}
	return 0, errVarint
}

// nextFrame reads a message with its length in front, as the Collector's file
// exporter writes: protobuf or JSON, compressed or not, each by itself.
func (r *Reader) nextFrame() error {
	start := r.src.offset
	head, err := r.src.take(4)
	if len(head) == 0 && errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err != nil {
		return r.src.frameCutOff(start, err)
	}
	size := binary.BigEndian.Uint32(head)
	if size > MaxPiece {
		return r.src.fault(start, "a message of %d bytes, want at most %d: the file is damaged here", size, MaxPiece)
	}
	data, err := r.src.take(int(size))
	if err != nil {
		return r.src.frameCutOff(start, err)
	}
	if isZstd(data) {
		if data, err = decompress(data); err != nil {
			return r.src.fault(start, "a message that does not decompress: %v", err)
		}
	}
	if len(data) > 0 && data[0] == '{' {
		if data, err = otlpjson.ToProtobuf(data, maxDepth); err != nil {
			return r.src.fault(start, "a message of JSON, in it %v", err)
		}
	}
	return r.split(start, data)
}

func (s *source) frameCutOff(start int64, err error) error {
	if ends(err) {
		return s.fault(start, "the file ends at byte %d in the middle of the message that begins here", s.offset)
	}
	return s.broken(err)
}

func decompress(data []byte) ([]byte, error) {
	z, err := newZstd(nil)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return z.DecodeAll(data, nil)
}

// split takes the ResourceSpans of a TracesData message.
func (r *Reader) split(start int64, message []byte) error {
	err := eachField(message, func(num protowire.Number, data []byte) error {
		if num != 1 {
			return nil
		}
		if _, err := CountSpans(data); err != nil {
			return err
		}
		r.waiting = append(r.waiting, data)
		return nil
	})
	if err != nil {
		return r.src.fault(start, "a message that is %v", err)
	}
	return nil
}

// eachField calls visit for every field of a message that has a length.
func eachField(message []byte, visit func(protowire.Number, []byte) error) error {
	for rest := message; len(rest) > 0; {
		num, typ, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return notProtobuf(len(message)-len(rest), n)
		}
		size := protowire.ConsumeFieldValue(num, typ, rest[n:])
		if size < 0 {
			return notProtobuf(len(message)-len(rest), size)
		}
		if typ == protowire.BytesType {
			data, _ := protowire.ConsumeBytes(rest[n:])
			if err := visit(num, data); err != nil {
				return err
			}
		}
		rest = rest[n+size:]
	}
	return nil
}

func notProtobuf(at, code int) error {
	return fmt.Errorf("not valid protobuf %d bytes into it (%w)", at, protowire.ParseError(code))
}

// CountSpans returns how many spans a ResourceSpans message has, or what keeps
// it from being one.
func CountSpans(resourceSpans []byte) (spans int, err error) {
	err = EachSpan(resourceSpans, func([]byte) error { spans++; return nil })
	return spans, err
}

// EachSpan calls visit for every Span message in a ResourceSpans message.
func EachSpan(resourceSpans []byte, visit func(span []byte) error) error {
	return eachField(resourceSpans, func(num protowire.Number, scopeSpans []byte) error {
		if num != 2 {
			return nil
		}
		return eachField(scopeSpans, func(num protowire.Number, span []byte) error {
			if num != 2 {
				return nil
			}
			return visit(span)
		})
	})
}

// EachResourceSpans calls visit for every ResourceSpans message in a TracesData
// message.
func EachResourceSpans(tracesData []byte, visit func(resourceSpans []byte) error) error {
	return eachField(tracesData, func(num protowire.Number, resourceSpans []byte) error {
		if num != 1 {
			return nil
		}
		return visit(resourceSpans)
	})
}
