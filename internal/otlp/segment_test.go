package otlp

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
)

// eachKind runs a test with both ways to compress.
func eachKind(t *testing.T, test func(*testing.T, func([]model.Record) []Segment)) {
	t.Run("small", func(t *testing.T) { test(t, BuildSegments) })
	t.Run("quick", func(t *testing.T) { test(t, BuildQuickSegments) })
}

func TestSegmentsHoldEachTraceAndDayApart(t *testing.T) {
	eachKind(t, segmentsHoldEachTraceAndDayApart)
}

func segmentsHoldEachTraceAndDayApart(t *testing.T, build func([]model.Record) []Segment) {
	at := func(trace byte, id byte, start int64) *model.Span {
		s := spanOf(id, "x")
		s.TraceID, s.StartNano, s.EndNano = model.TraceID{15: trace}, start, start
		return s
	}
	midnight := model.Day(testStart) + model.NanosPerDay
	spans := []*model.Span{at(2, 1, midnight), at(1, 2, midnight+5), at(1, 4, midnight-1), at(2, 5, midnight+9), at(1, 3, midnight-1)}
	records := mustParse(t, EncodeSpans(spans)).Records
	other := *records[0].Span
	other.Project = "a"
	records = append(records, model.Record{Span: &other, Raw: records[0].Raw, Resource: records[0].Resource, Scope: records[0].Scope})

	type summary struct {
		Project          string
		Trace            byte
		Day              int64
		Earliest, Latest int64
		Spans            int
		IDs              []byte
	}
	var got []summary
	for _, seg := range build(records) {
		data, err := OpenSegment([]byte("kept"), seg.Payload)
		if err != nil || len(data) != seg.RawBytes+4 {
			t.Fatalf("%d bytes, %v", len(data), err)
		}
		decoded, err := DecodeSpans(seg.Project, data[4:])
		if err != nil {
			t.Fatal(err)
		}
		sum := summary{seg.Project, seg.TraceID[15], seg.Day, seg.Earliest, seg.Latest, seg.Spans, nil}
		for _, s := range decoded {
			sum.IDs = append(sum.IDs, s.SpanID[7])
		}
		got = append(got, sum)
	}
	yesterday := midnight - model.NanosPerDay
	want := []summary{
		{"a", 2, midnight, midnight, midnight, 1, []byte{1}},
		{"p", 1, yesterday, midnight - 1, midnight - 1, 2, []byte{3, 4}},
		{"p", 1, midnight, midnight + 5, midnight + 5, 1, []byte{2}},
		{"p", 2, midnight, midnight, midnight + 9, 2, []byte{1, 5}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSegmentsDoNotDependOnTheOrderOfRecords(t *testing.T) {
	eachKind(t, segmentsDoNotDependOnTheOrderOfRecords)
}

func segmentsDoNotDependOnTheOrderOfRecords(t *testing.T, build func([]model.Record) []Segment) {
	records := mustParse(t, EncodeSpans(agentRuns(3, 3))).Records
	want := build(records)
	rapid.Check(t, func(t *rapid.T) {
		shuffled := rapid.Permutation(records).Draw(t, "order")
		before := slices.Clone(shuffled)
		if diff := cmp.Diff(want, build(shuffled)); diff != "" {
			t.Fatal(diff)
		}
		for i := range before {
			if before[i].Span != shuffled[i].Span {
				t.Fatal("the records were reordered")
			}
		}
	})
}

func TestSpansInASegmentAreTheBytesThatWereReceived(t *testing.T) {
	eachKind(t, spansInASegmentAreTheBytesThatWereReceived)
}

func spansInASegmentAreTheBytesThatWereReceived(t *testing.T, build func([]model.Record) []Segment) {
	records := mustParse(t, EncodeSpans(agentRuns(2, 3))).Records
	var raw [][]byte
	for _, seg := range build(records) {
		data, err := OpenSegment(nil, seg.Payload)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range mustParse(t, data).Records {
			raw = append(raw, record.Raw)
		}
	}
	for _, record := range records {
		if !slices.ContainsFunc(raw, func(b []byte) bool { return bytes.Equal(b, record.Raw) }) {
			t.Fatalf("span %s is not there", record.Span.SpanID)
		}
	}
}

func TestADamagedSegmentIsAnError(t *testing.T) { eachKind(t, aDamagedSegmentIsAnError) }

func aDamagedSegmentIsAnError(t *testing.T, build func([]model.Record) []Segment) {
	segment := build(mustParse(t, EncodeSpans(agentRuns(1, 3))).Records)[0]
	for i := range segment.Payload {
		payload := slices.Clone(segment.Payload)
		payload[i] ^= 0x55
		if data, err := OpenSegment(nil, payload); err == nil && len(data) != segment.RawBytes {
			t.Fatalf("byte %d: %d bytes without an error", i, len(data))
		}
	}
	if _, err := OpenSegment(nil, segment.Payload[:len(segment.Payload)/2]); err == nil {
		t.Error("half a segment is not an error")
	}
	if _, err := OpenSegment(nil, []byte("\x01no more than text")); err == nil {
		t.Error("a mark and text are not an error")
	}
	if _, err := OpenSegment(nil, []byte("not zstd")); err == nil {
		t.Error("text is not an error")
	}
}

func TestASegmentThatClaimsMoreThanTheLimitIsAnError(t *testing.T) {
	header := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x80 | 0x20, 0, 0, 0, 0x80} // one segment of 2 GiB
	block := []byte{0x03, 0, 0x10, 'x'}                                  // the last block: 128 KiB of one byte
	if _, err := OpenSegment(nil, append(header, block...)); !errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		t.Errorf("%v", err)
	}
}

func TestAQuickSegmentThatClaimsMoreThanTheLimitIsAnError(t *testing.T) {
	block := []byte{quickMark, 0, 0, 0, 0, 0x81, 0x80, 0x80, 0x80, 0x04, 0} // 1 GiB and a byte
	if data, err := OpenSegment(nil, block); err == nil || !strings.Contains(err.Error(), "at most") || cap(data) > 0 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func TestNoRecordsMakeNoSegments(t *testing.T) {
	if got := BuildSegments(nil); got != nil {
		t.Errorf("%v", got)
	}
	if got := AppendTracesData([]byte("x"), nil); string(got) != "x" {
		t.Errorf("%q", got)
	}
}

// TestDictionaryIsFrozen holds the file to the bytes with which segments were
// compressed since the first release.
func TestDictionaryIsFrozen(t *testing.T) {
	const frozen = "7ac0ceb7ff59afd1e9e6822f12a338825ea43955f667e90f1a7be4e3a9f72156"
	data, err := os.ReadFile("dictionary/agent-1.dict")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != frozen {
		t.Errorf("dictionary/agent-1.dict has changed: no stored segment can be read any more; restore it")
	}
}
