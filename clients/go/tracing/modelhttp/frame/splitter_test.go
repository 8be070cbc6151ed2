package frame_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/cut"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/frame"
)

var limits = cut.Limits{String: 1 << 10, Total: 1 << 12}

// split returns the documents in pieces of a body, and what comes when it ends.
func split(pieces ...string) (docs, last []string) {
	var got []string
	s := frame.New(limits, func(doc []byte, _ bool) { got = append(got, string(doc)) })
	for _, piece := range pieces {
		s.Write([]byte(piece))
	}
	docs = slices.Clone(got)
	s.Close()
	return docs, got[len(docs):]
}

func TestDocumentsInEveryFraming(t *testing.T) {
	for _, test := range []struct {
		name, body string
		docs, last []string
	}{
		{"one document", `{"a":1}`, []string{`{"a":1}`}, nil},
		{"one document that stopped", `{"a":1,"b":"c`, nil, []string{`{"a":1,"b":"c"}`}},
		{"one a line", "{\"a\":1}\n{\"a\":2}\n", []string{`{"a":1}`, `{"a":2}`}, nil},
		{"an array", "[{\"a\":1}\n,\r\n{\"a\":[2]}]", []string{`{"a":1}`, `{"a":[2]}`}, nil},
		{"an array that stopped", `[{"a":1},{"a":`, []string{`{"a":1}`}, []string{`{}`}},
		{"events", "data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: [DONE]\n\n", []string{`{"a":1}`, `{"a":2}`, `[DONE]`}, nil},
		{"events of carriage returns", "data: {\"a\":1}\r\r\ndata:{\"a\":2}\r\n\r\n", []string{`{"a":1}`, `{"a":2}`}, nil},
		{"events with names, ids and comments", ": hi\n\nevent: x\nid: 1\nretry: 5\ndata: {\"a\":1}\n\n:\n\n", []string{`{"a":1}`}, nil},
		{"data over several lines", "data: {\ndata: \"a\":\ndata\ndata: 1}\n\n", []string{`{"a":1}`}, nil},
		{"data over several lines of two bytes' end", "data: {\r\ndata: \"a\":1}\r\n\r\n", []string{`{"a":1}`}, nil},
		{"fields that only begin like data", "database: {}\ndat: {}\ndata: {\"a\":1}\n\n", []string{`{"a":1}`}, nil},
		{"a byte order mark", "\xef\xbb\xbfdata: {\"a\":1}\n\n", []string{`{"a":1}`}, nil},
		{"a last event without an empty line", "data: {\"a\":1}\n\ndata: {\"a\":2}", []string{`{"a":1}`}, []string{`{"a":2}`}},
		{"a last event that stopped", "data: {\"a\":1}\n\ndata: {\"a\":", []string{`{"a":1}`}, nil},
		{"no JSON", "<html></html>", nil, nil},
		{"nothing", "", nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			docs, last := split(test.body)
			if diff := cmp.Diff([][]string{test.docs, test.last}, [][]string{docs, last}, cmp.Transformer("len", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPiecesMakeNoDifference(t *testing.T) {
	part := rapid.SampledFrom([]string{"data: ", "data", ":", "\n", "\n\n", "\r\n", "\r", "event: x", `{"a":"é\n"}`, `{"b":[1,2]}`, "[", "]", ",", `{"c":`, "[DONE]", " ", "\xef\xbb\xbf"})
	rapid.Check(t, func(t *rapid.T) {
		body := strings.Join(rapid.SliceOf(part).Draw(t, "parts"), "")
		var pieces []string
		for rest := body; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "length")
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		docs, last := split(body)
		inPieces, lastInPieces := split(pieces...)
		if diff := cmp.Diff(append(docs, last...), append(inPieces, lastInPieces...)); diff != "" {
			t.Errorf("%q in pieces %q: %s", body, pieces, diff)
		}
	})
}

func TestADocumentIsThereWithItsLastByte(t *testing.T) {
	for _, body := range []string{"data: {\"a\":1}\n\n", `{"a":1}`, `[{"a":1}`} {
		var got int
		s := frame.New(limits, func([]byte, bool) { got++ })
		s.Write([]byte(body[:len(body)-1]))
		if got != 0 {
			t.Errorf("%q: a document before its end", body)
		}
		s.Write([]byte(body[len(body)-1:]))
		if got != 1 {
			t.Errorf("%q: %d documents at its end", body, got)
		}
	}
}

func FuzzSplitter(f *testing.F) {
	for _, seed := range []string{"data: {\"a\":1}\n\ndata: [DONE]\n\n", `[{"a":1},{"b":2}]`, "{\"a\":1}\n{\"b\":2}", "\xef\xbb\xbf:\r\rdata:{}\r\r"} {
		f.Add([]byte(seed), uint8(1))
	}
	f.Fuzz(func(t *testing.T, body []byte, step uint8) {
		docs, last := split(string(body))
		var pieces []string
		for i := 0; i < len(body); i += int(step) + 1 {
			pieces = append(pieces, string(body[i:min(len(body), i+int(step)+1)]))
		}
		inPieces, lastInPieces := split(pieces...)
		if diff := cmp.Diff(append(docs, last...), append(inPieces, lastInPieces...)); diff != "" {
			t.Error(diff)
		}
	})
}
