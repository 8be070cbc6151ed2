package repotest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func compactLaws() []law {
	return []law{
		{name: "SpansOfAWriteAreFoundWhereverTheyAreStored", test: spansOfAWrite},
		{name: "SegmentsPutTogetherSayWhichWriteStoredEachSpan", test: segmentsSayTheirWrites},
		{name: "SegmentsPutTogetherAreFoundByRange", test: segmentsPutTogetherByRange},
		{name: "SettlementsThatPutTheSameSegmentsTogetherKeepEachSpanOnce", test: sameSegmentsTogether},
		{name: "SegmentsThatAreNotReplacedStayWhatTheyAre", test: segmentsNotReplaced},
	}
}

// writtenApart writes records in several writes and returns what each of them
// stored, by the names that the change log gives them.
func (s *subject) writtenApart(t tb, batch []model.Record, parts int) map[repo.WriteID][]model.Record {
	t.Helper()
	out := map[repo.WriteID][]model.Record{}
	for part := range parts {
		var some []model.Record
		for i := part; i < len(batch); i += parts {
			some = append(some, batch[i])
		}
		cursor := s.head(t)
		s.writeRecords(t, some)
		changes, _ := s.follow(t, cursor, 10)
		for _, c := range changes {
			if c.Project == s.project { // laws of other projects run beside this one
				out[c.Write] = some
			}
		}
	}
	if len(out) != parts {
		t.Fatalf("%d writes have %d names", parts, len(out))
	}
	return out
}

// writesHold checks that each write leads to exactly its own spans.
func (s *subject) writesHold(t tb, writes map[repo.WriteID][]model.Record) {
	t.Helper()
	for write, stored := range writes {
		missing := map[string]model.Record{}
		var refs []repo.TraceRef
		for _, r := range stored {
			missing[string(r.Raw)] = r
		}
		for _, ref := range refsOf(spansIn(stored)) {
			ref.Write = write
			refs = append(refs, ref)
		}
		for _, segment := range s.segments(t, refs...) {
			if segment.Write != write || segment.Writes != nil {
				t.Fatalf("a segment with only the spans of write %d says write %d and writes %v", write, segment.Write, segment.Writes)
			}
			takeSegment(t, segment, missing)
		}
		if len(missing) > 0 {
			t.Fatalf("%d of %d spans of write %d are not found", len(missing), len(stored), write)
		}
	}
}

// spansOfAWrite asks for the spans of each write before and after they are put
// together with others, and when they are once more.
func spansOfAWrite(t *testing.T, s *subject) {
	batch := someRuns(t, s.project)
	writes := s.writtenApart(t, batch, 4)
	s.writesHold(t, writes)
	s.settleAll(t, batch, nanosPerToken(3))
	s.writesHold(t, writes)
	for round := range 2 {
		var late []model.Record
		for id, part := range byTrace(s.project, batch) {
			span := plain(s.project, 1, 7000+10*round, part[0].Span.StartNano+1)
			span.TraceID = id
			late = append(late, onWire(t, span)...)
		}
		maps.Copy(writes, s.writtenApart(t, late, 2))
		s.writesHold(t, writes)
		batch = append(batch, late...)
		s.settleAll(t, batch, nanosPerToken(3))
		s.writesHold(t, writes)
		s.oneSegmentADay(t, batch)
	}
	unknown := repo.WriteID(1)
	for writes[unknown] != nil {
		unknown++
	}
	ref := refsOf(spansIn(batch))[0]
	ref.Write = unknown
	if s.in(s.project+"-other").segments(t, ref); len(s.segments(t, ref)) != 0 {
		t.Errorf("write %d, which stored nothing here, leads to segments", unknown)
	}
}

func segmentsSayTheirWrites(t *testing.T, s *subject) {
	batch := onWire(t, slices.Concat(teamRun(s.project, 1, at(0, noon)), acrossMidnight(s.project, 2))...)
	writes := s.writtenApart(t, batch, 3)
	by := map[string]repo.WriteID{}
	for write, stored := range writes {
		for _, r := range stored {
			by[string(r.Raw)] = write
		}
	}
	for range 2 {
		for _, segment := range s.segments(t, refsOf(spansIn(batch))...) {
			spans, err := rawSpans(segment.Data)
			if err != nil {
				t.Fatal(err)
			}
			for i, span := range spans {
				if got, want := segment.WriteOf(i), by[string(span.span)]; got != want {
					t.Errorf("span %d of %d is said to be of write %d, it is of %d", i, len(spans), got, want)
				}
			}
		}
		s.settleAll(t, batch, nanosPerToken(3))
	}
	s.oneSegmentADay(t, batch)
}

func segmentsPutTogetherByRange(t *testing.T, s *subject) {
	var spans []*model.Span
	for day := range 3 {
		for i := range 3 {
			spans = append(spans, plain(s.project, 1, 10*day+i, at(day, noon+time.Duration(i)*time.Hour)))
		}
	}
	batch := onWire(t, spans...)
	s.inParts(t, batch, 3)
	s.settleAll(t, batch, nanosPerToken(1))
	for _, tt := range []struct {
		within model.TimeRange
		days   []int
	}{
		{model.TimeRange{}, []int{0, 1, 2}},
		{model.TimeRange{Start: at(1, noon)}, []int{1, 2}},
		{model.TimeRange{End: at(1, noon)}, []int{0}},
		{model.TimeRange{End: at(1, noon) + 1}, []int{0, 1}},
		{model.TimeRange{Start: at(1, noon+2*time.Hour), End: at(2, noon)}, []int{1}},
		{model.TimeRange{Start: at(0, noon+2*time.Hour) + 1, End: at(1, noon)}, nil},
		{model.TimeRange{Start: at(9, 0)}, nil},
	} {
		var got []int
		for _, segment := range s.segments(t, repo.TraceRef{ID: traceID(1), Range: tt.within}) {
			got = append(got, int((segment.Earliest-at(0, 0))/model.NanosPerDay))
			if segment.Spans != 3 {
				t.Errorf("a day became a segment of %d spans", segment.Spans)
			}
		}
		if !slices.Equal(got, tt.days) {
			t.Errorf("range %+v: the segments are of days %v, want %v", tt.within, got, tt.days)
		}
	}
}

// sameSegmentsTogether stores two settlements that were read at different
// moments, and so put together segments of which some are the same.
func sameSegmentsTogether(t *testing.T, s *subject) {
	for i, order := range [][]int{{0, 1}, {1, 0}, {0, 1, 0}, {1, 0, 1, 0}} {
		s := s.in(s.project + string(rune('a'+i)))
		batch := onWire(t, slices.Concat(teamRun(s.project, 1, at(0, noon)), acrossMidnight(s.project, 2))...)
		var early, late []model.Record
		for i, r := range batch {
			if i%3 == 2 && r.Span.StartNano < at(1, 0) { // both settlements see the same of the second day
				late = append(late, r)
			} else {
				early = append(early, r)
			}
		}
		s.inParts(t, early, 3)
		var settlements [2][]repo.Settlement
		for id := range byTrace(s.project, early) {
			settlements[0] = append(settlements[0], s.settlement(t, id, nanosPerToken(3)))
		}
		s.inParts(t, late, 2)
		for id := range byTrace(s.project, batch) {
			settlements[1] = append(settlements[1], s.settlement(t, id, nanosPerToken(3)))
		}
		for _, n := range order {
			s.settle(t, settlements[n]...)
			s.segmentsHold(t, batch, refsOf(spansIn(batch)))
		}
		s.settleAll(t, batch, nanosPerToken(3))
		s.holdsSettled(t, batch, nanosPerToken(3))
		s.oneSegmentADay(t, batch)
	}
}

// segmentsNotReplaced settles without putting anything together, and with one of
// two days only.
func segmentsNotReplaced(t *testing.T, s *subject) {
	spans := acrossMidnight(s.project, 1)
	batch := onWire(t, spans...)
	for i := range batch {
		s.writeRecords(t, batch[i:i+1])
	}
	before := s.segments(t, repo.TraceRef{ID: traceID(1)})
	settlement := s.settlement(t, traceID(1), nanosPerToken(3))
	days := settlement.Segments
	if len(before) != 4 || len(days) != 2 {
		t.Fatalf("there are %d segments of %d days, want 4 of 2", len(before), len(days))
	}
	for n, want := range []int{4, 3} {
		settlement.Segments = days[:n]
		s.settle(t, settlement)
		s.holdsSettled(t, batch, nanosPerToken(3))
		after := s.segments(t, repo.TraceRef{ID: traceID(1)})
		if len(after) != want {
			t.Fatalf("with %d days put together, there are %d segments, want %d", n, len(after), want)
		}
		if last := len(after) - 1; after[last].Place != before[3].Place || after[last].Write != before[3].Write {
			t.Errorf("a segment that was not replaced is in %+v, was in %+v", after[last].Place, before[3].Place)
		}
	}
}
