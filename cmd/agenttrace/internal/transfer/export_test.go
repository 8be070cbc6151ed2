package transfer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tracev1 "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/otlp/otlpfile"
)

// stored is a trace on the server that these tests imagine.
type stored struct {
	id     byte
	starts []int64 // of its spans
	padded int     // bytes of a span's name
}

func (s stored) start() int64 { return slices.Min(s.starts) }

// pieces is the trace as the server sends it: each span in a message of its own.
func (s stored) pieces() (all [][]byte) {
	for n, start := range s.starts {
		all = append(all, piece(s.id, byte(n+1), start, strings.Repeat("n", s.padded)))
	}
	return all
}

func piece(trace, span byte, start int64, name string) []byte {
	data, err := proto.Marshal(&tracev1.ResourceSpans{ScopeSpans: []*tracev1.ScopeSpans{{Spans: []*tracev1.Span{{
		TraceId: bytes.Repeat([]byte{trace}, 16), SpanId: bytes.Repeat([]byte{span}, 8), StartTimeUnixNano: uint64(start), Name: name,
	}}}}})
	if err != nil {
		panic(err)
	}
	return data
}

func tracesData(pieces ...[]byte) []byte {
	var data []byte
	for _, p := range pieces {
		data = append(append(data, 0x0a), protoLength(len(p))...)
		data = append(data, p...)
	}
	return data
}

func protoLength(n int) (v []byte) {
	for ; n >= 0x80; n >>= 7 {
		v = append(v, byte(n)|0x80)
	}
	return append(v, byte(n))
}

// server answers exports as the real one does, and breaks off where it is told.
type server struct {
	traces   []stored
	asked    []*agenttracev1.ExportTracesRequest
	breaks   []int // after so many messages of each call; calls beyond go through
	broken   error
	onBroken func()
}

func (s *server) stream(_ context.Context, req *agenttracev1.ExportTracesRequest) iter.Seq2[*agenttracev1.ExportTracesResponse, error] {
	s.asked = append(s.asked, proto.CloneOf(req))
	left := -1
	if len(s.breaks) > 0 {
		left, s.breaks = s.breaks[0], s.breaks[1:]
	}
	end := int64(math.MaxInt64)
	if req.EndTime != nil {
		end = req.EndTime.AsTime().UnixNano()
	}
	sorted := slices.Clone(s.traces)
	slices.SortFunc(sorted, func(a, b stored) int {
		return cmp.Or(cmp.Compare(b.start(), a.start()), cmp.Compare(b.id, a.id))
	})
	return func(yield func(*agenttracev1.ExportTracesResponse, error) bool) {
		sent := int64(0)
		for _, trace := range sorted {
			if trace.start() >= end {
				continue
			}
			for _, p := range trace.pieces() {
				if left == 0 {
					if s.onBroken != nil {
						s.onBroken()
					}
					yield(nil, s.broken)
					return
				}
				left--
				if !yield(&agenttracev1.ExportTracesResponse{TracesData: tracesData(p)}, nil) {
					return
				}
			}
			if sent++; sent == req.GetLimit() {
				return
			}
		}
	}
}

var errGone = errors.New("the server is gone")

func (s *server) export(f otlpfile.Format, now func() time.Time) *Export {
	s.broken = errGone
	return &Export{
		Stream: s.stream, Passing: func(err error) bool { return errors.Is(err, errGone) }, Now: now,
		Request: &agenttracev1.ExportTracesRequest{Failed: new(true)}, Format: f, Asked: "failed",
	}
}

// spansIn returns how often each span is in a file.
func spansIn(t fataler, path string) map[string]int {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, err := otlpfile.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	found := map[string]int{}
	for {
		p, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		var m tracev1.ResourceSpans
		if err := proto.Unmarshal(p, &m); err != nil {
			t.Fatal(err)
		}
		for _, span := range m.GetScopeSpans()[0].GetSpans() {
			found[fmt.Sprintf("%x/%x", span.GetTraceId()[0], span.GetSpanId()[0])]++
		}
	}
}

type fataler interface {
	Fatal(...any)
	Fatalf(string, ...any)
}

func expected(traces []stored) map[string]int {
	want := map[string]int{}
	for _, trace := range traces {
		for n := range trace.starts {
			want[fmt.Sprintf("%x/%x", trace.id, n+1)] = 1
		}
	}
	return want
}

func mustHold(t fataler, path string, traces []stored) {
	got, want := spansIn(t, path), expected(traces)
	for span, n := range got {
		if n != want[span] {
			t.Fatalf("span %s is in the file %d times, want %d", span, n, want[span])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d spans in the file, want %d", len(got), len(want))
	}
}

// ticking is a clock on which every reading is long after the one before, so that
// every trace that ends is marked.
func ticking() func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time { now = now.Add(markEvery); return now }
}

var every = []otlpfile.Format{{}, {Zstd: true}, {JSON: true}, {JSON: true, Zstd: true}}

// An export that is broken off again and again, and goes on each time, holds every
// span exactly once: whatever the traces' times, with spans that start at the same
// moment, and traces within others.
func TestAnExportThatIsBrokenOffGoesOnWithoutLossOrRepetition(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		s := &server{}
		for id := range rapid.IntRange(1, 12).Draw(rt, "traces") {
			s.traces = append(s.traces, stored{
				id:     byte(id + 1),
				starts: rapid.SliceOfN(rapid.Int64Range(1_000_000, 1_000_012), 1, 4).Draw(rt, "starts"),
			})
		}
		s.breaks = rapid.SliceOfN(rapid.IntRange(0, 8), 0, 8).Draw(rt, "breaks")
		x := s.export(rapid.SampledFrom(every).Draw(rt, "format"), ticking())
		x.Passing = func(error) bool { return false } // each attempt is a process of its own
		path := filepath.Join(dir, "out")
		for {
			exported, complete, err := x.File(t.Context(), path, true, false)
			if err == nil && !complete {
				if want := int64(len(s.traces)); exported.Traces != want || exported.Spans != int64(len(expected(s.traces))) {
					rt.Fatalf("%+v exported, want %d traces and %d spans", exported, want, len(expected(s.traces)))
				}
				break
			}
			if complete || !errors.Is(err, errGone) {
				rt.Fatal(complete, err)
			}
			// A torn tail, as a process that is killed leaves it.
			if part, err := os.OpenFile(partOf(path), os.O_APPEND|os.O_WRONLY, 0); err == nil {
				_, err := part.WriteString("torn")
				if err := errors.Join(err, part.Close()); err != nil {
					rt.Fatal(err)
				}
			}
		}
		mustHold(rt, path, s.traces)
		if left, err := filepath.Glob(path + ".*"); len(left) > 0 || err != nil {
			rt.Fatal(left, err)
		}
		if err := os.Remove(path); err != nil {
			rt.Fatal(err)
		}
	})
}

func TestALimitHoldsOverAllAttempts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &server{breaks: rapid.SliceOfN(rapid.IntRange(0, 6), 0, 4).Draw(rt, "breaks")}
		for id := range byte(8) {
			s.traces = append(s.traces, stored{id: id + 1, starts: []int64{1_000_010 - int64(id/2), 1_000_020}})
		}
		x := s.export(otlpfile.Format{}, ticking())
		x.Passing = func(error) bool { return false }
		x.Request.Limit = rapid.Int64Range(1, 9).Draw(rt, "limit")
		path := filepath.Join(t.TempDir(), "out")
		for {
			_, _, err := x.File(t.Context(), path, true, false)
			if err == nil {
				break
			}
			if !errors.Is(err, errGone) {
				rt.Fatal(err)
			}
		}
		traces := map[string]bool{}
		for span := range spansIn(rt, path) {
			traces[span[:1]] = true
		}
		if want := min(x.Request.Limit, 8); int64(len(traces)) != want {
			rt.Fatalf("%d traces, want %d", len(traces), want)
		}
	})
}

// The start of a trace can move back while it is exported: its root, which ends
// last, arrives. Traces that started between are exported all the same.
func TestASpanThatArrivesBetweenLosesNoOtherTrace(t *testing.T) {
	s := &server{traces: []stored{{id: 1, starts: []int64{1_000_100}}, {id: 2, starts: []int64{1_000_080}}, {id: 3, starts: []int64{1_000_060}}}, breaks: []int{2}}
	x := s.export(otlpfile.Format{}, ticking())
	x.Passing = func(error) bool { return false }
	// What is sent of trace 1 has its root already, from before all others.
	live := x.Stream
	x.Stream = func(ctx context.Context, req *agenttracev1.ExportTracesRequest) iter.Seq2[*agenttracev1.ExportTracesResponse, error] {
		return func(yield func(*agenttracev1.ExportTracesResponse, error) bool) {
			if len(s.asked) == 0 && !yield(&agenttracev1.ExportTracesResponse{TracesData: tracesData(piece(1, 9, 1_000_000, ""))}, nil) {
				return
			}
			for m, err := range live(ctx, req) {
				if !yield(m, err) {
					return
				}
			}
		}
	}
	path := filepath.Join(t.TempDir(), "out")
	if _, _, err := x.File(t.Context(), path, true, false); !errors.Is(err, errGone) {
		t.Fatal(err)
	}
	if _, _, err := x.File(t.Context(), path, true, false); err != nil {
		t.Fatal(err)
	}
	got := spansIn(t, path)
	for _, want := range []string{"1/1", "1/9", "2/1", "3/1"} {
		if got[want] != 1 {
			t.Errorf("span %s is in the file %d times", want, got[want])
		}
	}
}

func TestAServerThatComesBackIsAskedAgainByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{breaks: []int{1, 0, 0, 2}}
		for id := range byte(5) {
			s.traces = append(s.traces, stored{id: id + 1, starts: []int64{int64(id) + 1_000_000}})
		}
		path := filepath.Join(t.TempDir(), "out")
		exported, complete, err := s.export(otlpfile.Format{Zstd: true}, ticking()).File(t.Context(), path, false, false)
		if err != nil || complete || exported.Traces != 5 {
			t.Fatal(exported, complete, err)
		}
		mustHold(t, path, s.traces)
		if len(s.asked) != 5 {
			t.Errorf("asked %d times, want 5", len(s.asked))
		}
	})
}

func TestAServerThatStaysAwayEndsTheExport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for first, want := range map[int]int{0: 1, 1: attempts} { // what it sends before it goes: how often it is asked
			s := &server{traces: []stored{{id: 1, starts: []int64{1}}}, breaks: append([]int{first}, make([]int, 100)...)}
			if first > 0 {
				s.traces[0].starts = append(s.traces[0].starts, 2)
			}
			path := filepath.Join(t.TempDir(), "out")
			if _, _, err := s.export(otlpfile.Format{}, time.Now).File(t.Context(), path, false, false); !errors.Is(err, errGone) {
				t.Error(err)
			}
			if len(s.asked) != want {
				t.Errorf("asked %d times, want %d", len(s.asked), want)
			}
			if left, err := filepath.Glob(path + "*"); len(left) > 0 || err != nil {
				t.Errorf("%v is left of nothing, %v", left, err)
			}
		}
	})
}

func TestFilesAreNeitherReplacedNorMixedUp(t *testing.T) {
	s := &server{traces: []stored{{id: 1, starts: []int64{5}}, {id: 2, starts: []int64{4}}, {id: 3, starts: []int64{3}}}}
	x := s.export(otlpfile.Format{}, ticking())
	x.Passing = func(error) bool { return false }
	path := filepath.Join(t.TempDir(), "out")
	file := func(resume, replace bool, want string) bool {
		t.Helper()
		_, complete, err := x.File(t.Context(), path, resume, replace)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("have %v, want %q", err, want)
		}
		return complete
	}
	file(false, false, "")
	file(false, false, "is there already; --force replaces it")
	if !file(true, false, "") {
		t.Error("a whole file is not seen to be complete")
	}
	s.breaks = []int{2}
	file(false, true, errGone.Error())
	mustHold(t, path, s.traces) // the old file stays until the new one is whole
	file(false, false, "--resume goes on with it")
	x.Asked = "everything"
	file(true, false, "was begun with another question (failed, as otlp; now everything, as otlp)")
	x.Asked, x.Format = "failed", otlpfile.Format{JSON: true}
	file(true, false, "now failed, as jsonl")
	x.Format = otlpfile.Format{}
	if err := os.Truncate(partOf(path), 3); err != nil {
		t.Fatal(err)
	}
	file(true, false, "it has been changed")
	file(false, true, "")
	mustHold(t, path, s.traces)
}

func TestALargeTraceIsMarkedNowAndThenAndAStreamNever(t *testing.T) {
	s := &server{}
	for id := range byte(6) {
		s.traces = append(s.traces, stored{id: id + 1, starts: []int64{int64(id) + 1_000_000}, padded: 1 << 20})
	}
	s.breaks = []int{5}
	x := s.export(otlpfile.Format{}, func() time.Time { return time.Unix(0, 0) })
	x.Passing = func(error) bool { return false }
	path := filepath.Join(t.TempDir(), "out")
	exported, _, err := x.File(t.Context(), path, false, false)
	if !errors.Is(err, errGone) || exported.Traces != 4 {
		t.Errorf("%+v are whole, %v; want 4 traces, of more than %d bytes", exported, err, markBytes)
	}
	var out bytes.Buffer
	if exported, err := x.To(t.Context(), &out); err != nil || exported.Traces != 6 || exported.Bytes != int64(out.Len()) {
		t.Error(exported, err)
	}
}
