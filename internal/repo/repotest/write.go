package repotest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func writeLaws() []law {
	return []law{
		{name: "EmptyWriteStoresNothing", test: emptyWriteStoresNothing, alone: true},
		{name: "LargeSpansSurvive", test: largeSpansSurvive},
		{name: "LargeBatchIsOneWrite", test: largeBatchIsOneWrite},
		{name: "SameBatchTwiceChangesNothing", test: sameBatchTwiceChangesNothing, alone: true},
		{name: "DuplicateInsideOneBatchIsStoredOnce", test: duplicateInsideOneBatch},
		{name: "DuplicateWithOtherContentChangesNothing", test: duplicateWithOtherContent},
		{name: "SpanIDIsOneSpanOnlyWithTraceAndStart", test: spanIDWithTraceAndStart},
		{name: "AnyOrderAndBatchingGivesTheSameTraces", test: anyOrderAndBatching},
		{name: "OneBatchHoldsAnyProjectsTracesAndDays", test: anyProjectsTracesAndDays},
		{name: "LateAndFutureSpansAreStoredFoundAndListed", test: lateAndFutureSpans},
		{name: "RefusedWriteStoresNothing", test: refusedWriteStoresNothing},
		{name: "WriteKeepsNoMemoryOfItsRecords", test: writeKeepsNoMemory},
		{name: "WrittenSpansOutliveTheStore", test: writtenSpansOutliveTheStore, alone: true},
	}
}

func emptyWriteStoresNothing(t *testing.T, s *subject) {
	for _, batch := range [][]model.Record{nil, {}} {
		if got := s.writeRecords(t, batch); got != (repo.Written{}) {
			t.Errorf("Write of no records says %+v", got)
		}
	}
	s.holds(t)
	s.feedHolds(t)
}

func largeSpansSurvive(t *testing.T, s *subject) {
	r := newRandom(8)
	batch := records([]*model.Span{plain(s.project, 1, 1, at(0, noon)), plain(s.project, 1, 2, at(0, noon)), plain(s.project, 2, 3, at(0, noon))})
	for i := range batch {
		noise := make([]byte, 1<<20)
		for k := range noise {
			noise[k] = byte(r.Uint32())
		}
		// An unknown field of a mebibyte: its tag, its length, its bytes.
		batch[i].Raw = slices.Concat(batch[i].Raw, []byte{0xfa, 0x7f, 0x80, 0x80, 0x40}, noise)
	}
	s.writeRecords(t, batch)
	s.holdsRecords(t, batch)
}

func largeBatchIsOneWrite(t *testing.T, s *subject) {
	var spans []*model.Span
	for i := range 5000 {
		spans = append(spans, plain(s.project, i/20, i, at(0, noon)+int64(i)))
	}
	if got := s.write(t, spans...); got.Stored != len(spans) {
		t.Fatalf("got %+v, want %d stored", got, len(spans))
	}
	s.holds(t, spans...)
}

func sameBatchTwiceChangesNothing(t *testing.T, s *subject) {
	spans := append(newRandom(2).traces(s.project, 20), acrossMidnight(s.project, 100)...)
	if got := s.write(t, spans...); got != (repo.Written{Stored: len(spans)}) {
		t.Fatalf("first: %+v", got)
	}
	refs := refsOf(spans)
	before, head := s.segments(t, refs...), s.head(t)
	for range 2 {
		if got := s.write(t, spans...); got != (repo.Written{Duplicates: len(spans)}) {
			t.Fatalf("again: %+v", got)
		}
	}
	s.holds(t, spans...)
	if after := s.segments(t, refs...); !reflect.DeepEqual(before, after) {
		t.Errorf("%d segments became %d", len(before), len(after))
	}
	if changes, _ := s.follow(t, head, 10); len(changes) > 0 {
		t.Errorf("nothing was stored, but the change log says %+v", changes)
	}
}

// refsOf returns the traces of the spans, each once.
func refsOf(spans []*model.Span) []repo.TraceRef {
	var refs []repo.TraceRef
	for _, s := range spans {
		if ref := (repo.TraceRef{ID: s.TraceID}); !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs
}

func duplicateInsideOneBatch(t *testing.T, s *subject) {
	spans := acrossMidnight(s.project, 1)
	batch := slices.Concat(spans, spans[2:], spans[:1], spans)
	if got, want := s.write(t, batch...), (repo.Written{Stored: 4, Duplicates: 7}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	s.holds(t, spans...)
}

func duplicateWithOtherContent(t *testing.T, s *subject) {
	first := agentRun(s.project, 1, at(0, noon))
	other := *first[0]
	other.Name, other.EndNano, other.Failed, other.Status = "other", at(5, 0), true, model.StatusError
	other.ParentID, other.Type, other.Model = spanID(99), model.TypeLLM, "other"
	other.Identity = model.Identity{UserID: "other"}

	if got := s.write(t, append(slices.Clone(first), &other)...); got != (repo.Written{Stored: 4, Duplicates: 1}) {
		t.Errorf("in the same batch: %+v", got)
	}
	s.holds(t, first...)
	if got := s.write(t, &other); got != (repo.Written{Duplicates: 1}) {
		t.Errorf("in a later batch: %+v", got)
	}
	s.holds(t, first...)
	if got := s.traces(t, repo.TraceQuery{Identity: other.Identity}); len(got) != 0 {
		t.Errorf("the trace is found by the identity of the duplicate")
	}
}

func spanIDWithTraceAndStart(t *testing.T, s *subject) {
	spans := []*model.Span{
		plain(s.project, 1, 1, at(0, noon)),
		plain(s.project, 1, 1, at(0, noon)+1),
		plain(s.project, 1, 1, at(1, noon)),
		plain(s.project, 2, 1, at(0, noon)),
	}
	for i, span := range spans {
		span.Name, span.Failed, span.EndNano = fmt.Sprintf("number %d", i), true, at(2, 0)
	}
	for _, span := range slices.Backward(spans) {
		s.write(t, span)
	}
	s.holds(t, spans...)
}

func anyOrderAndBatching(t *testing.T, s *subject) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		s := s.in(fmt.Sprintf("%s-%d", s.project, n))
		r := newRandom(rapid.Uint64().Draw(t, "seed"))
		spans := r.traces(s.project, rapid.IntRange(1, 3).Draw(t, "traces"))
		rest := rapid.Permutation(slices.Concat(spans, spans[:len(spans)/3])).Draw(t, "arrival")
		for len(rest) > 0 {
			batch := rapid.IntRange(1, len(rest)).Draw(t, "batch")
			s.write(t, rest[:batch]...)
			rest = rest[batch:]
		}
		s.holds(t, spans...)
	})
}

func anyProjectsTracesAndDays(t *testing.T, s *subject) {
	other := s.in(s.project + "-other")
	var ours, theirs []*model.Span
	for trace := range 6 {
		start := at(trace%3, time.Duration(trace)*time.Hour)
		ours = append(ours, agentRun(s.project, trace, start)...)
		theirs = append(theirs, agentRun(other.project, trace, start)...)
	}
	theirs = append(theirs, acrossMidnight(other.project, 7)...)
	for _, span := range theirs {
		span.Name += " of another project"
	}
	batch := slices.Concat(ours, theirs)
	newRandom(4).Shuffle(len(batch), func(i, k int) { batch[i], batch[k] = batch[k], batch[i] })
	s.write(t, batch...)
	s.holds(t, ours...)
	other.holds(t, theirs...)
}

func lateAndFutureSpans(t *testing.T, s *subject) {
	now := time.Now()
	starts := map[string]int64{
		"first nanosecond of 1970": 1,
		"400 days ago":             now.AddDate(0, 0, -400).UnixNano(),
		"3 days ago":               now.AddDate(0, 0, -3).UnixNano(),
		"now":                      now.UnixNano(),
		"tomorrow":                 now.AddDate(0, 0, 1).UnixNano(),
		"year 2200":                time.Date(2200, 2, 28, 23, 59, 59, 999_999_999, time.UTC).UnixNano(),
		"last second but one":      math.MaxInt64 - int64(time.Second),
		"last nanosecond":          math.MaxInt64,
	}
	var all []*model.Span
	for name, start := range starts {
		n := len(all)
		span := plain(s.project, n, n, start)
		span.Name, span.EndNano, span.UserID = name, start, name
		s.write(t, span)
		s.hasTrace(t, model.TraceOf(span))
		from := model.TimeRange{Start: start}
		sameSpans(t, []*model.Span{span}, s.spans(t, repo.SpanQuery{Name: name, Start: from}))
		sameTraces(t, []*model.Trace{model.TraceOf(span)}, s.traces(t, repo.TraceQuery{Name: name, Start: from}))
		all = append(all, span)
	}
	// One trace may reach from the first day to the last.
	for i, start := range []int64{1, at(0, noon), math.MaxInt64} {
		span := plain(s.project, 99, 100+i, start)
		span.EndNano = start
		s.write(t, span)
		all = append(all, span)
	}
	s.holds(t, all...)
}

// refusedWriteStoresNothing writes what some databases will not take. Those
// that do take it must take all of the batch.
func refusedWriteStoresNothing(t *testing.T, s *subject) {
	for i, spoil := range []func(*model.Span){
		func(span *model.Span) { span.Name = "nul \x00 nul" },
		func(span *model.Span) { span.Name = "not \xff UTF-8" },
		func(span *model.Span) { span.ShortAttributes = []byte("{not json") },
	} {
		s := s.in(fmt.Sprintf("%s-%d", s.project, i))
		good, bad := agentRun(s.project, 1, at(0, noon)), plain(s.project, 1, 1000, at(0, noon))
		batch := records(append(slices.Clone(good), bad))
		spoil(bad)
		got, err := s.Write(t.Context(), batch)
		if err == nil {
			if got.Stored != len(good)+1 {
				t.Errorf("case %d: %+v of %d were stored", i, got, len(good)+1)
			}
			continue
		}
		if !errors.Is(err, repo.ErrRefused) {
			t.Errorf("case %d: got %v, want ErrRefused", i, err)
		}
		s.holds(t)
		s.write(t, good...)
		s.holds(t, good...)
	}
}

func writeKeepsNoMemory(t *testing.T, s *subject) {
	spans := acrossMidnight(s.project, 1)
	batch := records(spans)
	want := make([]model.Record, len(batch))
	for i, r := range batch {
		span := *r.Span
		want[i] = model.Record{Span: &span, Raw: bytes.Clone(r.Raw), Resource: bytes.Clone(r.Resource), Scope: bytes.Clone(r.Scope)}
	}
	s.writeRecords(t, batch)
	for _, r := range batch {
		for _, b := range [][]byte{r.Raw, r.Resource, r.Scope} {
			clear(b)
		}
		*r.Span = model.Span{}
	}
	clear(batch)
	s.write(t, agentRun(s.project, 2, at(0, noon))...)
	s.holdsRecords(t, append(want, records(agentRun(s.project, 2, at(0, noon)))...))
}

func writtenSpansOutliveTheStore(t *testing.T, s *subject) {
	spans := newRandom(3).traces(s.project, 10)
	first := s.open(t)
	if _, err := first.Write(t.Context(), records(spans)); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	s.holds(t, spans...)
	s.again(t).holds(t, spans...)
}
