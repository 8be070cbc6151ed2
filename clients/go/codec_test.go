package agenttrace

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

// However deep values are nested, reading them ends before the stack does: what is
// too deep for generated code is more than it is given.
func TestAnAnswerThatIsNestedTooDeepIsAnError(t *testing.T) {
	var value pb.Value
	if err := (wireCodec{}).Unmarshal(nestedValue(decodeAtMost-16), &value); err != nil {
		t.Errorf("the deepest that is decoded: %v", err)
	}
	if err := (wireCodec{}).Unmarshal(nestedValue(decodeAtMost+1), new(pb.Value)); err == nil {
		t.Error("what is nested deeper was decoded")
	}
}

// nestedValue returns lists in lists, in so many bytes or a few more. It is written from
// its end, where what is inside stands: values of an ArrayValue (1), the array_value of a
// Value (5), and so on.
func nestedValue(bytes int) []byte {
	var backwards []byte
	for len(backwards) < bytes {
		for _, field := range []protowire.Number{1, 5} {
			header := protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.BytesType), uint64(len(backwards)))
			slices.Reverse(header)
			backwards = append(backwards, header...)
		}
	}
	slices.Reverse(backwards)
	return backwards
}
