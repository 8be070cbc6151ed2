package otlp

import (
	"fmt"

	"github.com/agenttrace/agenttrace/internal/otlp/otlpjson"
)

// FromJSON rewrites an ExportTraceServiceRequest in OTLP's JSON as the same
// message in protobuf, for [Parse]. It takes what the OTLP specification says:
// ids in hex of either case, 64-bit numbers as numbers or strings, enums as
// numbers (and as names), unknown members ignored, null for "not set". Numbers
// that are no whole number where one is wanted, and everything else that cannot
// be understood, make the request malformed; the error wraps [ErrMalformed] and
// names the byte.
//
// Two faults are left for Parse to find, so that they cost one span only: ids of
// a wrong length or not in hex, and attribute values nested too deep, which are
// cut off just below the limit. The result shares no memory with body.
func FromJSON(body []byte, l Limits) ([]byte, error) {
	out, err := otlpjson.ToProtobuf(body, l.withDefaults().MaxDepth)
	if err != nil {
		return nil, fmt.Errorf("%w: JSON: %w", ErrMalformed, err)
	}
	return out, nil
}
