package otlp

import (
	"encoding/base64"
	"testing"
	"unicode/utf8"
)

// FuzzAnswer gives the readers of answers whatever a server may send.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("\x0a\x06\x08\x03\x12\x02ok"), "application/x-protobuf")
	f.Add([]byte(`{"partialSuccess":{"rejectedSpans":"3"}}`), "application/json")
	f.Add([]byte("\x1a\x02\x0a\x00"), "")
	f.Fuzz(func(t *testing.T, answer []byte, contentType string) {
		_ = partial(answer, contentType) // must not panic
		if text := message(answer, contentType); !utf8.ValidString(text) || len(text) > 310 {
			t.Errorf("%q is not fit for a log", text)
		}
		if pause, _ := retryInfo(base64.RawStdEncoding.EncodeToString(answer)); pause < 0 {
			t.Errorf("a pause of %v", pause)
		}
	})
}
