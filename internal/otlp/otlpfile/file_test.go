package otlpfile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	commonv1 "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
)

// resourceSpans returns a ResourceSpans message with n spans called name.
func resourceSpans(name string, n int) []byte {
	m := &tracev1.ResourceSpans{
		Resource:   &resourcev1.Resource{Attributes: []*commonv1.KeyValue{{Key: "service.name", Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: "shop"}}}}},
		ScopeSpans: []*tracev1.ScopeSpans{{Scope: &commonv1.InstrumentationScope{Name: "lib"}}},
	}
	for i := range n {
		m.ScopeSpans[0].Spans = append(m.ScopeSpans[0].Spans, &tracev1.Span{
			TraceId: bytes.Repeat([]byte{7}, 16), SpanId: binary.BigEndian.AppendUint64(nil, uint64(i+1)), Name: name, StartTimeUnixNano: 1,
		})
	}
	return mustMarshal(m)
}

func mustMarshal(m proto.Message) []byte {
	data, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return data
}

func write(t testing.TB, f Format, cutAfterEach bool, pieces ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range pieces {
		if err := w.Write(piece); err != nil {
			t.Fatal(err)
		}
		if cutAfterEach {
			if err := w.Cut(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Bytes() != int64(out.Len()) {
		t.Errorf("%d bytes written, %d counted", out.Len(), w.Bytes())
	}
	return out.Bytes()
}

// read returns what can be read of a file, and the error at its end.
func read(file io.Reader) (kind string, pieces [][]byte, err error) {
	r, err := NewReader(file)
	if err != nil {
		return "", nil, err
	}
	defer r.Close()
	for {
		piece, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Kind(), pieces, nil
		}
		if err != nil {
			return r.Kind(), pieces, err
		}
		pieces = append(pieces, piece)
	}
}

// same demands that two lists of ResourceSpans say the same.
func same(t testing.TB, want, got [][]byte) {
	t.Helper()
	if diff := cmp.Diff(parsed(want), parsed(got), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

func parsed(pieces [][]byte) (all []*tracev1.ResourceSpans) {
	for _, piece := range pieces {
		m := new(tracev1.ResourceSpans)
		if err := proto.Unmarshal(piece, m); err != nil {
			panic(err)
		}
		all = append(all, m)
	}
	return all
}

var formats = []Format{{}, {Zstd: true}, {JSON: true}, {JSON: true, Zstd: true}}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	pieces := [][]byte{resourceSpans("a", 1), resourceSpans("b \u2028\n", 30), {}, resourceSpans(strings.Repeat("c", 200_000), 2)}
	for _, f := range formats {
		for _, cut := range []bool{false, true} {
			_, got, err := read(bytes.NewReader(write(t, f, cut, pieces...)))
			if err != nil {
				t.Errorf("%v: %v", f, err)
			}
			same(t, pieces, got)
		}
		if back, err := ParseFormat(f.String()); back != f || err != nil {
			t.Errorf("%v is parsed as %v, %v", f, back, err)
		}
	}
}

func TestProtobufIsByteForByteAndOneMessage(t *testing.T) {
	pieces := [][]byte{resourceSpans("a", 1), resourceSpans("b", 3)}
	file := write(t, Format{}, false, pieces...)
	_, got, err := read(bytes.NewReader(file))
	if diff := cmp.Diff(pieces, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	var whole tracev1.TracesData
	if err := proto.Unmarshal(file, &whole); err != nil || len(whole.GetResourceSpans()) != 2 {
		t.Errorf("%d ResourceSpans, %v", len(whole.GetResourceSpans()), err)
	}
}

func TestFormatsAreKnownByTheNameOfAFile(t *testing.T) {
	for name, want := range map[string]string{
		"a.otlp": "otlp", "a.b.PB": "otlp", "/x.d/a.binpb.zst": "otlp+zst", "a.jsonl": "jsonl", "a.ndjson": "jsonl", "a.json.ZST": "jsonl+zst",
		"a": "", "a.zst": "", "otlp": "otlp", "a.txt": "", "": "",
	} {
		f, ok := FormatOf(name)
		if name == "otlp" { // a name without a dot is no extension, but no harm either
			continue
		}
		if ok != (want != "") || ok && f.String() != want {
			t.Errorf("%q: %v %v, want %q", name, f, ok, want)
		}
	}
	if _, err := ParseFormat("xml"); err == nil || !strings.Contains(err.Error(), "otlp+zst") {
		t.Error(err)
	}
}

func frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

func compressed(data []byte) []byte {
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	defer enc.Close()
	return enc.EncodeAll(data, nil)
}

func gzipped(data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func TestWhatOthersWriteIsRead(t *testing.T) {
	a, b := resourceSpans("a", 1), resourceSpans("b", 2)
	pieces := [][]byte{a, b}
	protobuf, text := write(t, Format{}, false, pieces...), string(write(t, Format{JSON: true}, false, pieces...))
	lines := strings.Split(strings.TrimSpace(text), "\n")
	pretty := strings.NewReplacer("{", "{\n\t", ",", ",\r\n  ").Replace(lines[0])
	for name, file := range map[string]string{
		"protobuf, gzip":             string(gzipped(protobuf)),
		"JSON, gzip":                 string(gzipped([]byte(text))),
		"JSON with other ends":       strings.Join(lines, "\r\n"),
		"JSON without ends":          strings.Join(lines, ""),
		"JSON in a list":             "[" + strings.Join(lines, ",") + "]",
		"JSON in a pretty list":      "\ufeff\n\n [\n" + pretty + ",\n" + lines[1] + "\n]\n",
		"pretty JSON":                pretty + "\n\n" + lines[1],
		"one object":                 `{"resourceSpans":[` + strings.TrimSuffix(strings.TrimPrefix(lines[0], `{"resourceSpans":[`), "]}") + "," + strings.TrimPrefix(lines[1], `{"resourceSpans":[`),
		"lengths, protobuf":          string(frame(protobuf)) + string(frame(nil)),
		"lengths, compressed":        string(frame(compressed(protobuf))),
		"lengths, JSON":              string(frame([]byte(lines[0]))) + string(frame([]byte(lines[1]))),
		"lengths, compressed JSON":   string(frame(compressed([]byte(lines[0])))) + string(frame(compressed([]byte(lines[1])))),
		"logs between, and unknowns": lines[0] + "\n" + `{"resourceLogs":[{"scopeLogs":[]}]}` + "\n" + lines[1],
	} {
		t.Run(name, func(t *testing.T) {
			_, got, err := read(strings.NewReader(file))
			if err != nil {
				t.Error(err)
			}
			same(t, pieces, got)
		})
	}
	for _, nothing := range []string{"", "\n \r\n", string(compressed(nil)), string(gzipped(nil))} {
		if kind, got, err := read(strings.NewReader(nothing)); err != nil || len(got) > 0 || !strings.HasPrefix(kind, "empty") {
			t.Errorf("%q: %s, %d, %v", nothing, kind, len(got), err)
		}
	}
}

// A file of protobuf begins with a line feed, and then with a length that may be
// an opening brace or white space.
func TestProtobufIsNeverTakenForJSON(t *testing.T) {
	for n := range 300 {
		piece := resourceSpans(strings.Repeat("n", n), 1)
		kind, got, err := read(bytes.NewReader(write(t, Format{}, false, piece)))
		if kind != "protobuf" || len(got) != 1 || err != nil {
			t.Fatalf("%d bytes are taken for %s: %v", len(piece), kind, err)
		}
		bare := mustMarshal(&tracev1.ResourceSpans{SchemaUrl: strings.Repeat("s", n)})
		if kind, _, err := read(bytes.NewReader(write(t, Format{}, false, bare))); kind != "protobuf" || err != nil {
			t.Fatalf("%d bytes are taken for %s: %v", len(bare), kind, err)
		}
	}
}

func TestADamagedFileIsReadUpToTheDamageAndSaysWhere(t *testing.T) {
	a, b := resourceSpans("a", 1), resourceSpans("b", 2)
	protobuf, text := string(write(t, Format{}, false, a, b)), string(write(t, Format{JSON: true}, false, a, b))
	second := len(write(t, Format{}, false, a))
	line := strings.IndexByte(text, '\n') + 1
	framed := string(frame(write(t, Format{}, false, a)))
	for _, test := range []struct {
		name, file, want string
		whole            int
	}{
		{"protobuf, cut off", protobuf[:len(protobuf)-3], fmt.Sprintf("byte %d: the file ends at byte %d in the middle of the resource_spans that begins here", second, len(protobuf)-3), 1},
		{"protobuf, cut off in a length", protobuf[:second+1], fmt.Sprintf("byte %d: the file ends at byte %d in the middle of the resource_spans that begins here", second, second+1), 1},
		{"another field", protobuf[:second] + "\x12\x00", fmt.Sprintf("byte %d: have field 2 of type 2, want resource_spans, field 1 of type 2", second), 1},
		{"a length of 2^40", protobuf[:second] + "\n\x80\x80\x80\x80\x80\x20", fmt.Sprintf("byte %d: resource_spans of 1099511627776 bytes, want at most 268435456: the file is damaged here, or was not written by OTLP's tools", second), 1},
		{"an endless length", protobuf[:second] + "\n" + strings.Repeat("\xff", 11), fmt.Sprintf("byte %d: have a number of more than ten bytes, want one of protobuf", second), 1},
		{"no messages within", protobuf[:second] + "\n\x04\x12\x02\x12\x05", fmt.Sprintf("byte %d: resource_spans of 4 bytes that is not valid protobuf 0 bytes into it (unexpected EOF)", second), 1},
		{"JSON, cut off", text[:len(text)-9], fmt.Sprintf("line 2, byte %d: the file ends in the middle of the object that begins here", line), 1},
		{"JSON, cut off in an escape", text[:line] + `{"resourceSpans":[{"schemaUrl":"\`, fmt.Sprintf("line 2, byte %d: the file ends in the middle of the object that begins here", line), 1},
		{"JSON, cut off in a code point", text[:line] + `{"resourceSpans":[{"schemaUrl":"\u12`, fmt.Sprintf("line 2, byte %d: the file ends in the middle of the object that begins here", line), 1},
		{"JSON, cut off within a line", text[:line] + text[:line/2] + "\n" + text, fmt.Sprintf("line 3, byte %d: have ", line+line/2+1), 1},
		{"JSON, a wrong value", text[:line] + "{\"resourceSpans\":\n5}", fmt.Sprintf("line 3, byte %d: have '5', want a list", line+18), 1},
		{"JSON, other text", text[:line] + "  oops", fmt.Sprintf("line 2, byte %d: have 'o', want an object of OTLP's JSON", line+2), 1},
		{"lengths, cut off", framed + framed[:9], fmt.Sprintf("byte %d: the file ends at byte %d in the middle of the message that begins here", len(framed), len(framed)+9), 1},
		{"lengths, too long", framed + "\xff\xff\xff\xff", fmt.Sprintf("byte %d: a message of 4294967295 bytes, want at most 268435456: the file is damaged here", len(framed)), 1},
		{"lengths, no message", framed + string(frame([]byte("\x0a\x09"))), fmt.Sprintf("byte %d: a message that is not valid protobuf 0 bytes into it (unexpected EOF)", len(framed)), 1},
		{"lengths, bad JSON", framed + string(frame([]byte("{]"))), fmt.Sprintf("byte %d: a message of JSON, in it byte 1: have ']', want a name in quotes", len(framed)), 1},
		{"something else", "PK\x03\x04", `byte 0: have "PK\x03\x04", want OTLP's traces: protobuf, JSON, or either compressed with zstd or gzip`, 0},
		{"gzip, cut off", string(gzipped([]byte(protobuf)))[:20], "", 0},
		{"zstd, cut off", string(compressed([]byte(protobuf)))[:20], "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, got, err := read(strings.NewReader(test.file))
			var where *Error
			if !errors.As(err, &where) || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("have %v, want %s", err, test.want)
			}
			if len(got) != test.whole {
				t.Errorf("%d pieces are whole, want %d", len(got), test.whole)
			}
		})
	}
}

func TestAFaultOfReadingIsNotTakenForTheEnd(t *testing.T) {
	broken := errors.New("the disk is on fire")
	whole := write(t, Format{}, false, resourceSpans("a", 1))
	_, got, err := read(io.MultiReader(bytes.NewReader(whole), faulty{broken}))
	if !errors.Is(err, broken) || len(got) != 1 {
		t.Error(len(got), err)
	}
}

type faulty struct{ err error }

func (f faulty) Read([]byte) (int, error) { return 0, f.err }

// What a zstd file holds up to a cut can be read, whatever became of the rest.
func TestATornFileIsReadUpToItsLastCut(t *testing.T) {
	a, b := resourceSpans("a", 5), resourceSpans("b", 5)
	for _, f := range formats {
		upTo := len(write(t, f, true, a))
		whole := write(t, f, true, a, b)
		for _, end := range []int{upTo, upTo + 1, len(whole) - 1} {
			_, got, err := read(bytes.NewReader(whole[:end]))
			if len(got) < 1 {
				t.Errorf("%v up to %d of %d: %d pieces, %v", f, end, len(whole), len(got), err)
			}
			if end == upTo && err != nil {
				t.Errorf("%v up to a cut: %v", f, err)
			}
		}
	}
}

func TestPartsHoldTheSameSpansWithinTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := resourceSpans(rapid.StringN(0, 100, -1).Draw(t, "name"), rapid.IntRange(0, 30).Draw(t, "spans"))
		maxBytes, maxSpans := rapid.IntRange(150, 2000).Draw(t, "bytes"), rapid.IntRange(1, 10).Draw(t, "most")
		parts, err := Parts(piece, maxBytes, maxSpans)
		if err != nil {
			t.Fatal(err)
		}
		var joined tracev1.ResourceSpans
		var whole = parsed([][]byte{piece})[0]
		for i, part := range parsed(parts) {
			spans := part.GetScopeSpans()[0].GetSpans()
			if len(spans) > maxSpans || len(parts[i]) > maxBytes && len(spans) > 1 {
				t.Fatalf("%d spans in %d bytes, want at most %d in %d", len(spans), len(parts[i]), maxSpans, maxBytes)
			}
			joined.Resource, joined.ScopeSpans = part.GetResource(), append(joined.ScopeSpans, part.GetScopeSpans()...)
		}
		for _, more := range joined.GetScopeSpans()[1:] {
			joined.ScopeSpans[0].Spans = append(joined.ScopeSpans[0].Spans, more.GetSpans()...)
		}
		joined.ScopeSpans = joined.ScopeSpans[:1]
		if !proto.Equal(&joined, whole) {
			t.Fatal(cmp.Diff(whole, &joined, protocmp.Transform()))
		}
	})
}

// FuzzReader sends arbitrary files. Whatever is read can be walked, written and
// read again.
func FuzzReader(f *testing.F) {
	a, b := resourceSpans("a", 1), resourceSpans("b", 2)
	for _, format := range formats {
		f.Add(write(f, format, true, a, b))
	}
	f.Add(frame(write(f, Format{}, false, a)))
	f.Add(frame(compressed(write(f, Format{JSON: true}, false, a))))
	f.Add(gzipped(write(f, Format{}, false, a)))
	f.Add([]byte("[\n{},{\"resourceSpans\":[{}]}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, pieces, err := read(bytes.NewReader(file))
		var where *Error
		if err != nil && !errors.As(err, &where) {
			t.Fatalf("%T: %v", err, err)
		}
		if len(pieces) == 0 {
			return
		}
		for _, piece := range pieces {
			if _, err := Parts(piece, 10, 1); err != nil {
				t.Fatal(err)
			}
		}
		_, again, err := read(bytes.NewReader(write(t, Format{}, false, pieces...)))
		if err != nil || !cmp.Equal(pieces, again) {
			t.Fatalf("%v\n%s", err, cmp.Diff(pieces, again))
		}
	})
}
