package repotest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func segmentLaws() []law {
	return []law{
		{name: "SegmentsAreByteForByteWhatWasWritten", test: segmentsAreByteForByteWhatWasWritten},
		{name: "SegmentsComeInTheOrderOfRefsAndOfStart", test: segmentsComeInOrder},
		{name: "SegmentsOfARangeHoldEverySpanThatStartsInIt", test: segmentsOfARange},
		{name: "SegmentsOfUnknownTracesAreNothing", test: segmentsOfUnknownTraces},
		{name: "BreakingOffSegmentsFreesItsConnection", test: breakingOffSegments},
		{name: "SegmentsThatAreNeverRangedOverHoldNothing", test: segmentsNeverRangedOver},
		{name: "TheStoreCanBeUsedInTheMiddleOfSegments", test: storeInTheMiddleOfSegments},
		{name: "CancellingEndsSegmentsInTheMiddle", test: cancellingEndsSegments},
	}
}

// segmentsHold checks that the segments of refs hold each record of their
// traces once, byte for byte, and say the truth about what they hold.
func (s *subject) segmentsHold(t tb, batch []model.Record, refs []repo.TraceRef) {
	t.Helper()
	places := map[model.TraceID]int{}
	for i, ref := range refs {
		places[ref.ID] = i
	}
	missing := map[string]model.Record{}
	for _, r := range batch {
		if _, asked := places[r.Span.TraceID]; asked && r.Span.Project == s.project {
			missing[string(r.Raw)] = r
		}
	}
	var last repo.Segment
	taken := map[repo.Place]model.TraceID{}
	for i, segment := range s.segments(t, refs...) {
		place, asked := places[segment.TraceID]
		if !asked {
			t.Fatalf("nobody asked for segments of trace %s", segment.TraceID)
		}
		if i > 0 && cmp.Or(cmp.Compare(places[last.TraceID], place), cmp.Compare(last.Earliest, segment.Earliest)) > 0 {
			t.Fatalf("a segment of trace %d of %d from %d comes after one of trace %d from %d",
				place, len(refs), segment.Earliest, places[last.TraceID], last.Earliest)
		}
		if other, ok := taken[segment.Place]; ok && other == segment.TraceID {
			t.Fatalf("two segments of trace %s are in place %+v", other, segment.Place)
		}
		taken[segment.Place] = segment.TraceID
		takeSegment(t, segment, missing)
		last = segment
	}
	for _, r := range missing {
		t.Fatalf("%d spans are in no segment, such as %s of trace %s", len(missing), r.Span.SpanID, r.Span.TraceID)
	}
}

// takeSegment removes what the segment holds from missing.
func takeSegment(t tb, segment repo.Segment, missing map[string]model.Record) {
	t.Helper()
	spans, err := rawSpans(segment.Data)
	if err != nil {
		t.Fatalf("a segment is not TracesData: %v", err)
	}
	if len(spans) == 0 || len(spans) != segment.Spans {
		t.Fatalf("a segment of %d spans says it has %d", len(spans), segment.Spans)
	}
	checkWrites(t, segment)
	earliest, latest := int64(math.MaxInt64), int64(math.MinInt64)
	for _, span := range spans {
		r, ok := missing[string(span.span)]
		if !ok {
			t.Fatalf("a segment of trace %s holds a span that was not written so, or is in another segment too: %x", segment.TraceID, span.span)
		}
		delete(missing, string(span.span))
		if r.Span.TraceID != segment.TraceID {
			t.Fatalf("a segment of trace %s holds a span of %s", segment.TraceID, r.Span.TraceID)
		}
		if !bytes.Equal(span.resource, r.Resource) || !bytes.Equal(span.scope, r.Scope) {
			t.Fatalf("resource %x and scope %x became %x and %x", r.Resource, r.Scope, span.resource, span.scope)
		}
		earliest, latest = min(earliest, r.Span.StartNano), max(latest, r.Span.StartNano)
	}
	if earliest != segment.Earliest || latest != segment.Latest {
		t.Fatalf("a segment says it covers %d to %d, its spans start from %d to %d", segment.Earliest, segment.Latest, earliest, latest)
	}
}

// checkWrites holds that a segment says of each span which write stored it.
func checkWrites(t tb, segment repo.Segment) {
	t.Helper()
	switch several := slices.Compact(slices.Sorted(slices.Values(segment.Writes))); {
	case len(several) == 0:
		if segment.Write == 0 {
			t.Fatalf("a segment of trace %s does not say which write stored it", segment.TraceID)
		}
	case len(several) == 1 || slices.Contains(several, 0) || segment.Write != 0 || len(segment.Writes) != segment.Spans:
		t.Fatalf("a segment of %d spans of trace %s says write %d and writes %v", segment.Spans, segment.TraceID, segment.Write, segment.Writes)
	}
}

func segmentsAreByteForByteWhatWasWritten(t *testing.T, s *subject) {
	batch := records(newRandom(1).traces(s.project, 12))
	for i := range batch {
		r := &batch[i]
		switch i % 4 {
		case 1: // fields that OTLP does not know are kept too
			r.Raw = append(bytes.Clone(r.Raw), 0xfa, 0x7f, 3, 'n', 'e', 'w')
		case 2: // senders without a resource and a scope
			r.Resource, r.Scope = nil, nil
		case 3:
			r.Scope = []byte("\x0a\x05\x0a\x03" + "abc" + "\x1a\x01" + "v")
		}
	}
	s.writeRecords(t, batch)
	s.holdsRecords(t, batch)
}

func segmentsComeInOrder(t *testing.T, s *subject) {
	var batch []model.Record
	for trace := range 4 {
		for _, start := range []int64{at(0, noon), at(-1, noon), at(1, noon), at(0, noon-time.Hour)} {
			part := records([]*model.Span{plain(s.project, trace, len(batch), start)})
			s.writeRecords(t, part)
			batch = append(batch, part...)
		}
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 1, 0, 2}, {2}, {}} {
		refs := []repo.TraceRef{}
		for _, trace := range order {
			refs = append(refs, repo.TraceRef{ID: traceID(trace)})
		}
		s.segmentsHold(t, batch, refs)
	}
}

func segmentsOfARange(t *testing.T, s *subject) {
	var spans []*model.Span
	for day := range 4 {
		for i := range 3 {
			span := plain(s.project, 1, 10*day+i, at(day, noon+time.Duration(i)*time.Hour))
			spans = append(spans, span)
			s.write(t, span)
		}
	}
	for _, r := range []model.TimeRange{
		{},
		{Start: at(1, noon)},
		{End: at(1, noon)},
		{End: at(1, noon) + 1},
		{Start: at(1, noon), End: at(3, noon)},
		{Start: at(1, noon) + 1, End: at(1, noon+time.Hour)},
		{Start: at(1, noon), End: at(1, noon) + 1},
		{Start: at(9, 0)},
	} {
		var want []string
		for _, span := range spans {
			if r.Contains(span.StartNano) {
				want = append(want, string(record(span).Raw))
			}
		}
		var got []string
		for _, segment := range s.segments(t, repo.TraceRef{ID: traceID(1), Range: r}) {
			raw, err := rawSpans(segment.Data)
			if err != nil || len(raw) != 1 {
				t.Fatalf("a batch of one span became a segment of %d: %v", len(raw), err)
			}
			got = append(got, string(raw[0].span))
		}
		if !slices.Equal(want, got) {
			t.Errorf("range %+v: got %d segments, want %d", r, len(got), len(want))
		}
	}
}

func segmentsOfUnknownTraces(t *testing.T, s *subject) {
	s.write(t, agentRun(s.project, 1, at(0, noon))...)
	unknown := repo.TraceRef{ID: traceID(2)}
	if got := s.segments(t, unknown); len(got) != 0 {
		t.Errorf("an unknown trace has %d segments", len(got))
	}
	if got := s.segments(t); len(got) != 0 {
		t.Errorf("no trace at all has %d segments", len(got))
	}
	if got := s.segments(t, unknown, repo.TraceRef{ID: traceID(1)}, repo.TraceRef{ID: traceID(3)}); len(got) != 1 {
		t.Errorf("a known trace between unknown ones has %d segments, want 1", len(got))
	}
}

// moreThanAnyPool is a number of connections that no store's pool has.
const moreThanAnyPool = 100

// parts writes a trace as many segments and returns its ref.
func (s *subject) parts(t tb, n int) repo.TraceRef {
	t.Helper()
	for i := range n {
		s.write(t, plain(s.project, 1, i, at(0, noon)+int64(i)))
	}
	return repo.TraceRef{ID: traceID(1)}
}

func breakingOffSegments(t *testing.T, s *subject) {
	ref := s.parts(t, 5)
	for range moreThanAnyPool {
		for _, err := range s.Segments(t.Context(), s.project, ref) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if got := len(s.segments(t, ref)); got != 5 {
		t.Fatalf("afterwards the trace has %d segments, want 5", got)
	}
}

func segmentsNeverRangedOver(t *testing.T, s *subject) {
	ref := s.parts(t, 2)
	for range moreThanAnyPool {
		_ = s.Segments(t.Context(), s.project, ref)
	}
	if got := len(s.segments(t, ref)); got != 2 {
		t.Fatalf("afterwards the trace has %d segments, want 2", got)
	}
}

func storeInTheMiddleOfSegments(t *testing.T, s *subject) {
	ref := s.parts(t, 4)
	n := 0
	for _, err := range s.Segments(t.Context(), s.project, ref) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		s.write(t, agentRun(s.project, 100+n, at(0, noon))...)
		s.hasTrace(t, sum(agentRun(s.project, 100+n, at(0, noon))))
		if got := len(s.segments(t, ref)); got != 4 {
			t.Fatalf("a second sequence has %d segments, want 4", got)
		}
	}
	if n != 4 {
		t.Fatalf("the sequence had %d segments, want 4", n)
	}
}

func cancellingEndsSegments(t *testing.T, s *subject) {
	const n = 40
	ref := s.parts(t, n)
	for stop := 1; stop < n; stop += 13 {
		if err := cancelAfter(t.Context(), s, ref, stop); err != nil {
			t.Error(err)
		}
	}
	if got := len(s.segments(t, ref)); got != n {
		t.Fatalf("afterwards the trace has %d segments, want %d", got, n)
	}
}

// cancelAfter cancels in the middle and goes on: the sequence must end with
// the context's error, and with nothing behind it.
func cancelAfter(ctx context.Context, s *subject, ref repo.TraceRef, stop int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n, failed := 0, error(nil)
	for _, err := range s.Segments(ctx, s.project, ref) {
		if failed != nil {
			return fmt.Errorf("after the error %w the sequence went on", failed)
		}
		if failed = err; err == nil {
			n++
		}
		if n == stop {
			cancel()
		}
	}
	if !errors.Is(failed, context.Canceled) {
		return fmt.Errorf("cancelled after %d of its segments, the sequence went on to %d and ended with %w", stop, n, failed)
	}
	return nil
}
