package wire

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed is returned for bytes that are no ExportTraceServiceRequest.
var ErrMalformed = errors.New("not an OTLP request")

// Count returns how many spans a request has.
func Count(request []byte) (int, error) {
	n := 0
	err := walk(request, func(field protowire.Number, scoped []byte) error {
		if field != 1 {
			return nil
		}
		return walk(scoped, func(field protowire.Number, scope []byte) error {
			if field != 2 {
				return nil
			}
			return walk(scope, func(field protowire.Number, _ []byte) error {
				if field == 2 {
					n++
				}
				return nil
			})
		})
	})
	return n, err
}

// Halves splits a request of n spans, n at least 2, into one of its first n/2
// spans and one of the rest. Both have what the spans need: their resource and
// scope.
func Halves(request []byte, n int) (first, second []byte, err error) {
	if first, err = part(request, 0, n/2); err == nil {
		second, err = part(request, n/2, n)
	}
	return first, second, err
}

// part copies a request, of its spans only those numbered from (inclusive) to
// (exclusive). Resources and scopes without any are left out.
func part(request []byte, from, to int) ([]byte, error) {
	number := 0 // of the next span
	keep := func(field protowire.Number) bool {
		if field != 2 {
			return true
		}
		number++
		return number > from && number <= to
	}
	return filter(request, 1, func(resource []byte) ([]byte, bool, error) {
		before := number
		var kept int
		out, err := filter(resource, 2, func(scope []byte) ([]byte, bool, error) {
			spans := 0
			var out []byte
			err := each(scope, func(field protowire.Number, raw, _ []byte) error {
				if keep(field) {
					out = append(out, raw...)
					if field == 2 {
						spans++
					}
				}
				return nil
			})
			kept += spans
			return out, spans > 0, err
		})
		return out, kept > 0 && number > before, err
	})
}

// filter copies a message; each of its fields of one number becomes what change
// makes of it, or is left out.
func filter(message []byte, number protowire.Number, change func([]byte) ([]byte, bool, error)) ([]byte, error) {
	var out []byte
	err := each(message, func(field protowire.Number, raw, content []byte) error {
		if field != number {
			out = append(out, raw...)
			return nil
		}
		changed, keep, err := change(content)
		if err == nil && keep {
			out = appendBytes(out, number, changed)
		}
		return err
	})
	return out, err
}

// walk visits the length-delimited fields of a message.
func walk(message []byte, visit func(protowire.Number, []byte) error) error {
	return each(message, func(field protowire.Number, _, content []byte) error {
		if content == nil {
			return nil
		}
		return visit(field, content)
	})
}

// each visits the fields of a message: raw is the whole field, content what a
// length-delimited one holds, nil for others.
func each(message []byte, visit func(field protowire.Number, raw, content []byte) error) error {
	for len(message) > 0 {
		field, kind, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return ErrMalformed
		}
		size := protowire.ConsumeFieldValue(field, kind, message[tag:])
		if size < 0 {
			return ErrMalformed
		}
		raw := message[:tag+size]
		var content []byte
		if kind == protowire.BytesType {
			content, _ = protowire.ConsumeBytes(message[tag:])
		}
		if err := visit(field, raw, content); err != nil {
			return err
		}
		message = message[tag+size:]
	}
	return nil
}
