package spill

import (
	"bytes"
	"testing"
)

// FuzzParse demands that nothing but what was written is taken for a request.
func FuzzParse(f *testing.F) {
	f.Add(append(header([]byte("request"), 3), "request"...))
	f.Add(append(header([]byte("request"), 3), "requesT"...))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, content []byte) {
		payload, spans, err := parse(content)
		if err != nil {
			return
		}
		if again := append(header(payload, spans), payload...); !bytes.Equal(again, content) {
			t.Errorf("%q was taken for what would be written as %q", content, again)
		}
	})
}

func FuzzEntryOf(f *testing.F) {
	f.Add("00000001-ab-000001-12.otlp")
	f.Add("-1.otlp")
	f.Add("lock")
	f.Fuzz(func(t *testing.T, name string) {
		if e, ok := entryOf(name, 1); ok && e.Spans < 1 {
			t.Errorf("%q is a file of %d spans", name, e.Spans)
		}
	})
}
