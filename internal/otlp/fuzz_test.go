package otlp

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse sends arbitrary bytes. Whatever Parse takes has to decode, to
// survive regrouping, and to have narrow fields that databases can hold.
func FuzzParse(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte(EncodeSpans(agentRuns(1, 1))))
	f.Add([]byte(request(wireSpan(), message{}, wireSpan(0xff))))
	f.Add([]byte(request(wireSpan(message{}.bytes(9, wireAttribute("k", nested(5)))...))))
	f.Add([]byte(message{}.bytes(1, message{}.bytes(2, message{}.bytes(2, wireSpan()).text(3, "s")).bytes(1, message{}.bytes(1, wireAttribute("service.name", message{}.text(1, "x")))))))
	f.Fuzz(func(t *testing.T, body []byte) {
		original := bytes.Clone(body)
		r, err := Parse("p", body, Limits{})
		if err != nil {
			return
		}
		if len(r.Records) != len(r.Indexes) || len(r.Records)+len(r.Rejected) > r.Spans {
			t.Fatalf("%d records, %d indexes, %d rejected of %d", len(r.Records), len(r.Indexes), len(r.Rejected), r.Spans)
		}
		if len(r.Records) == 0 {
			return
		}
		data := AppendTracesData(nil, r.Records)
		again, err := Parse("p", data, Limits{})
		if err != nil || len(again.Rejected) > 0 {
			t.Fatal(err, again)
		}
		if diff := cmp.Diff(r.Records, again.Records); diff != "" {
			t.Fatal(diff)
		}
		spans, err := DecodeSpans("p", data)
		if err != nil || len(spans) != len(r.Records) {
			t.Fatalf("%d of %d spans decode: %v", len(spans), len(r.Records), err)
		}
		if _, err := DecodeSpans("p", EncodeSpans(spans)); err != nil {
			t.Fatal(err)
		}
		for _, record := range r.Records {
			s := record.Span
			for _, text := range []string{s.Name, s.StatusMessage, s.SessionID, s.Model, s.ErrorMessage, s.InputPreview, s.Service} {
				if !utf8.ValidString(text) || bytes.IndexByte([]byte(text), 0) >= 0 {
					t.Fatalf("%q", text)
				}
			}
			if s.ShortAttributes != nil && !json.Valid(s.ShortAttributes) {
				t.Fatalf("%q", s.ShortAttributes)
			}
		}
		if !bytes.Equal(original, body) {
			t.Fatal("the request changed")
		}
	})
}

// FuzzFromJSON sends arbitrary text. Whatever is taken is JSON, and protobuf
// that Parse can read.
func FuzzFromJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, spanJSON(``), spanJSON(`,"kind":"SPAN_KIND_SERVER","status":{"code":2},"flags":1`), `{"a":[{"b":null},[[]],-1.5e+3,"\ud83d\ude00"]}`,
		valueJSON(`{"arrayValue":{"values":[{"doubleValue":"NaN"},{"bytesValue":"AA=="},null]}}`), valueJSON(`{"kvlistValue":{"values":[{"key":"\u0000"}]}}`),
		`{"resourceSpans":[{"scopeSpans":[{"spans":[null,{"traceId":"abc"}]}]}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		out, err := FromJSON(body, Limits{})
		if err != nil {
			return
		}
		// The standard library's scanner takes no more than 10,000 levels.
		if brackets := bytes.Count(body, []byte("[")) + bytes.Count(body, []byte("{")); brackets < 10_000 && !json.Valid(body) {
			t.Fatal("this is not JSON")
		}
		if _, err := Parse("p", out, Limits{}); err != nil {
			t.Fatalf("%v of %x", err, out)
		}
	})
}

// The corpora of the fuzz targets are seeds and whatever fuzzing found; the real
// spans, where they are there, are checked like them.
func TestRealSpansPassWhatFuzzingAsks(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(captures(t), "*.binpb"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := mustParse(t, body)
		if len(r.Rejected) > 0 || len(r.Records) == 0 {
			t.Errorf("%s: %v", file, r.Rejected)
		}
		if again := mustParse(t, AppendTracesData(nil, r.Records)); !cmp.Equal(r.Records, again.Records) {
			t.Errorf("%s: %s", file, cmp.Diff(r.Records, again.Records))
		}
	}
}
