package otlp

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Segment is what is stored of a trace's content: its spans of one day and one
// batch, as one compressed TracesData message.
type Segment struct {
	Project  string
	TraceID  model.TraceID
	Day      int64 // model.Day of every span's start
	Earliest int64 // first start
	Latest   int64 // last start
	Spans    int
	RawBytes int    // length of the message before compression
	Payload  []byte // see OpenSegment
}

// BuildSegments compresses records into one segment for each project, trace and
// day, ordered by these. Spans within a segment are ordered by start and id, so
// that the same records give the same bytes in whatever order they come.
func BuildSegments(records []model.Record) []Segment {
	return buildSegments(records, func(dst, plain []byte) []byte { return encoder().EncodeAll(plain, dst) })
}

// BuildQuickSegments is BuildSegments for what is stored until its trace settles: it
// compresses in less than half of the time, and what it makes is a third larger.
func BuildQuickSegments(records []model.Record) []Segment { return buildSegments(records, appendQuick) }

func buildSegments(records []model.Record, compress func(dst, plain []byte) []byte) []Segment {
	if len(records) == 0 {
		return nil
	}
	sorted := records
	if !slices.IsSortedFunc(records, compareForSegments) {
		sorted = slices.Clone(records)
		slices.SortStableFunc(sorted, compareForSegments)
	}

	room := rooms.Get().(*room)
	defer room.giveBack()
	var segments []Segment
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && sameSegment(sorted[0].Span, sorted[n].Span) {
			n++
		}
		room.plain = AppendTracesData(room.plain[:0], sorted[:n])
		room.packed = compress(room.packed[:0], room.plain)
		first, last := sorted[0].Span, sorted[n-1].Span
		segments = append(segments, Segment{
			Project:  first.Project,
			TraceID:  first.TraceID,
			Day:      model.Day(first.StartNano),
			Earliest: first.StartNano,
			Latest:   last.StartNano,
			Spans:    n,
			RawBytes: len(room.plain),
			Payload:  bytes.Clone(room.packed),
		})
		sorted = sorted[n:]
	}
	return segments
}

// room is working memory of BuildSegments.
type room struct{ plain, packed []byte }

// keptRoom is the largest room that is kept: a rare giant should not stay.
const keptRoom = 1 << 20

func (r *room) giveBack() {
	if cap(r.plain)+cap(r.packed) <= keptRoom {
		rooms.Put(r)
	}
}

// compareForSegments orders by project, trace, start and id. The start orders
// the days too.
func compareForSegments(x, y model.Record) int {
	a, b := x.Span, y.Span
	if c := cmp.Compare(a.Project, b.Project); c != 0 {
		return c
	}
	if c := bytes.Compare(a.TraceID[:], b.TraceID[:]); c != 0 {
		return c
	}
	if c := cmp.Compare(a.StartNano, b.StartNano); c != 0 {
		return c
	}
	return bytes.Compare(a.SpanID[:], b.SpanID[:])
}

func sameSegment(a, b *model.Span) bool {
	return a.TraceID == b.TraceID && a.Project == b.Project && model.Day(a.StartNano) == model.Day(b.StartNano)
}

// agentDictionary is what every segment may refer back to: the names and shapes
// that spans of agents share. Measured on real Agno spans, it saves a quarter of
// a segment, and a third of one with a single span; with it the fastest level
// beats the default one without, in size and in time.
//
// Its bytes are part of the format and must never change: a better dictionary
// is another file with another id, beside this one. See dictionary/make.go.
//
//go:embed dictionary/agent-1.dict
var agentDictionary []byte

// agentDictionaryID is written into each frame. Ids below 32768 and above 2^31
// are not for private use (RFC 8878, section 5).
const agentDictionaryID = 0x61677431

// maxSegmentBytes bounds what a segment may become when it is decompressed.
const maxSegmentBytes = 1 << 30

// OpenSegment decompresses a segment's payload and appends it to dst. A payload
// that is damaged, or would grow beyond 1 GiB, is an error.
func OpenSegment(dst, payload []byte) ([]byte, error) {
	if IsQuick(payload) {
		return openQuick(dst, payload)
	}
	dec := decoders.Get().(*zstd.Decoder)
	defer decoders.Put(dec)
	out, err := dec.DecodeAll(payload, dst)
	if err != nil {
		return dst, fmt.Errorf("decompress segment: %w", err)
	}
	return out, nil
}

// The compressors and the pools are the package's only variables that change, with
// that of quick segments. They cache working memory, hold no state that a caller
// could notice, and passing them through every layer of both stores would buy
// nothing. A pool is emptied by the garbage collector.
var (
	// encoder has a compressor for each processor, of 700 KB, a third of which is an
	// index of the dictionary: they are kept, since making one takes as long as
	// compressing a hundred spans.
	//
	// SpeedDefault costs 0.7 µs a span more than SpeedFastest and saves 4 to 5 %
	// of the bytes; SpeedBetterCompression costs 3.5 µs more for 2 to 3 %.
	// (Agno's spans, 12 to 19 a segment.)
	encoder = sync.OnceValue(func() *zstd.Encoder {
		enc, err := zstd.NewWriter(nil,
			zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)),
			zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderDictRaw(agentDictionaryID, agentDictionary),
		)
		if err != nil {
			panic(err) // The options are constants: a test would have seen it.
		}
		return enc
	})
	rooms    = sync.Pool{New: func() any { return new(room) }}
	decoders = sync.Pool{New: func() any {
		dec, err := zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxMemory(maxSegmentBytes),
			zstd.WithDecoderDictRaw(agentDictionaryID, agentDictionary),
		)
		if err != nil {
			panic(err) // As above.
		}
		return dec
	}}
)
