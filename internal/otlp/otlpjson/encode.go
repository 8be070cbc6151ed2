package otlpjson

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Loss counts what protobuf had and JSON cannot carry.
type Loss struct {
	Strings int // that are not UTF-8: each bad byte has become U+FFFD
	Fields  int // that OTLP, as it is known here, does not have: left out
}

// Encoder rewrites protobuf as OTLP's JSON. It reuses its memory, so it is not
// for use by several goroutines at once.
type Encoder struct {
	// Loss is the sum over all calls.
	Loss Loss

	fields   [numMessages][]namedField // by number
	parts    []part                    // of all messages around the one being written
	maxDepth int
}

// namedField is a field with its name in JSON, quoted, with the colon behind it.
type namedField struct {
	field
	name string
}

// part is one field of a message as it stands on the wire.
type part struct {
	field *namedField
	value []byte // without tag and length
	order int    // among the parts of its message
}

// NewEncoder returns an encoder that takes attribute values of up to maxDepth
// levels, a scalar having depth 1.
func NewEncoder(maxDepth int) *Encoder {
	e := &Encoder{maxDepth: maxDepth}
	for id, fields := range schema {
		for name, f := range fields {
			e.fields[id] = append(e.fields[id], namedField{f, `"` + name + `":`})
		}
		slices.SortFunc(e.fields[id], func(a, b namedField) int { return cmp.Compare(a.num, b.num) })
	}
	return e
}

// ErrTooDeep says that attribute values are nested deeper than permitted.
var ErrTooDeep = errors.New("attribute values nested too deep")

// AppendTraces appends a TracesData message as one JSON object without line
// breaks: ids in lower-case hex, 64-bit whole numbers as strings, enums as
// numbers. What a message says twice, it says as protobuf has it: the last
// scalar counts, messages are merged. An error leaves nothing of use behind dst.
func (e *Encoder) AppendTraces(dst, message []byte) ([]byte, error) {
	e.parts = e.parts[:0]
	return e.message(dst, msgTraces, message, 0)
}

// AppendResourceSpans appends what AppendTraces does of a message that holds
// nothing but these ResourceSpans.
func (e *Encoder) AppendResourceSpans(dst, message []byte) ([]byte, error) {
	e.parts = e.parts[:0]
	dst, err := e.message(append(dst, `{"resourceSpans":[`...), msgResourceSpans, message, 0)
	return append(dst, `]}`...), err
}

func (e *Encoder) message(dst []byte, id messageID, message []byte, depth int) ([]byte, error) {
	if id == msgAnyValue {
		if depth++; depth > e.maxDepth {
			return dst, fmt.Errorf("%w, want at most %d levels", ErrTooDeep, e.maxDepth)
		}
	}
	first := len(e.parts)
	defer func() { e.parts = e.parts[:first] }()
	if err := e.split(id, message); err != nil {
		return dst, err
	}
	if id == msgAnyValue {
		e.lastMember(first)
	}
	dst = append(dst, '{')
	separate := false
	for from := first; from < len(e.parts); {
		to := from + 1
		for to < len(e.parts) && e.parts[to].field == e.parts[from].field {
			to++
		}
		before := len(dst)
		if separate {
			dst = append(dst, ',')
		}
		var err error
		var written bool
		if dst, written, err = e.field(dst, from, to, depth); err != nil {
			return dst, err
		}
		if written {
			separate = true
		} else {
			dst = dst[:before]
		}
		from = to
	}
	return append(dst, '}'), nil
}

// split appends the known fields of a message to e.parts, ordered by number.
func (e *Encoder) split(id messageID, message []byte) error {
	first := len(e.parts)
	sorted := true
	for rest := message; len(rest) > 0; {
		num, typ, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return protowire.ParseError(n)
		}
		rest = rest[n:]
		size := protowire.ConsumeFieldValue(num, typ, rest)
		if size < 0 {
			return protowire.ParseError(size)
		}
		value := rest[:size]
		rest = rest[size:]
		f := e.known(id, num, typ)
		if f == nil {
			e.Loss.Fields++
			continue
		}
		if typ == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		if last := len(e.parts) - 1; last >= first && e.parts[last].field.num > num {
			sorted = false
		}
		e.parts = append(e.parts, part{f, value, len(e.parts) - first})
	}
	if !sorted {
		slices.SortStableFunc(e.parts[first:], func(a, b part) int { return cmp.Compare(a.field.num, b.field.num) })
	}
	return nil
}

// known returns the field of that number, if it has this type on the wire: one
// with another type is unknown to protobuf too.
func (e *Encoder) known(id messageID, num protowire.Number, typ protowire.Type) *namedField {
	i, found := slices.BinarySearchFunc(e.fields[id], num, func(f namedField, num protowire.Number) int { return cmp.Compare(f.num, num) })
	if !found || e.fields[id][i].kind.wireType() != typ {
		return nil
	}
	return &e.fields[id][i]
}

func (k kind) wireType() protowire.Type {
	switch k {
	case kindBool, kindInt64, kindUint32, kindEnum:
		return protowire.VarintType
	case kindFixed64, kindDouble:
		return protowire.Fixed64Type
	case kindFixed32:
		return protowire.Fixed32Type
	default:
		return protowire.BytesType
	}
}

// lastMember leaves, of the members of a oneof, the one that was set last. What
// was said of it before another member was set is forgotten too.
func (e *Encoder) lastMember(first int) {
	parts := e.parts[first:]
	if len(parts) < 2 {
		return
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.order, b.order) })
	from := len(parts) - 1
	for from > 0 && parts[from-1].field == parts[from].field {
		from--
	}
	e.parts = e.parts[:first+copy(parts, parts[from:])]
}

// field writes e.parts[from:to], which are of one field. A scalar that is zero
// is not written, as proto3 does not; written says so.
func (e *Encoder) field(dst []byte, from, to, depth int) (_ []byte, written bool, err error) {
	f := e.parts[from].field
	dst = append(dst, f.name...)
	switch {
	case f.repeated:
		dst = append(dst, '[')
		for i := from; i < to; i++ {
			if i > from {
				dst = append(dst, ',')
			}
			if f.kind != kindNested {
				dst, _ = e.scalar(dst, f.kind, e.parts[i].value)
			} else if dst, err = e.message(dst, f.message, e.parts[i].value, depth); err != nil {
				return dst, false, err
			}
		}
		return append(dst, ']'), true, nil
	case f.kind == kindNested:
		merged := e.parts[from].value
		for i := from + 1; i < to; i++ {
			merged = append(merged[:len(merged):len(merged)], e.parts[i].value...)
		}
		dst, err = e.message(dst, f.message, merged, depth)
		return dst, true, err
	default:
		dst, zero := e.scalar(dst, f.kind, e.parts[to-1].value)
		return dst, f.member || !zero, nil
	}
}
