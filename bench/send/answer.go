package send

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// rejected returns an error where an ExportTraceServiceResponse says that spans
// were not taken.
func rejected(response []byte) error {
	for len(response) > 0 {
		number, kind, n := protowire.ConsumeTag(response)
		if n < 0 {
			return protowire.ParseError(n)
		}
		response = response[n:]
		if n = protowire.ConsumeFieldValue(number, kind, response); n < 0 {
			return protowire.ParseError(n)
		}
		if number == 1 && kind == protowire.BytesType { // partial_success
			success, _ := protowire.ConsumeBytes(response)
			// rejected_spans is field 1, and absent when there are none.
			if first, kind, _ := protowire.ConsumeTag(success); first == 1 && kind == protowire.VarintType {
				return fmt.Errorf("not all spans were taken: %q", success)
			}
		}
		response = response[n:]
	}
	return nil
}
