package otlp

import (
	"fmt"

	"github.com/agenttrace/agenttrace/internal/model"
)

// ParseStored reads the narrow spans of a message that is stored already, in the
// order of the message. It is for those who read what [Parse] accepted, whatever
// the limits were then: a span that cannot be read is an error that wraps
// [ErrMalformed], since none may be left out.
//
// Raw, Resource and Scope of the records alias tracesData, which must not change
// while they are in use; the spans' texts do not.
func ParseStored(project string, tracesData []byte) ([]model.Record, error) {
	request, err := Parse(project, tracesData, Limits{
		MaxSpanBytes: maxSegmentBytes,
		MaxDepth:     hardMaxDepth,
		MaxSpans:     maxSegmentBytes,
		MaxEnvelope:  maxSegmentBytes,
	})
	if err != nil {
		return nil, err
	}
	if len(request.Rejected) > 0 {
		first := request.Rejected[0]
		return nil, fmt.Errorf("%w: span %d: %s", ErrMalformed, first.Index, first.Reason)
	}
	return request.Records, nil
}
