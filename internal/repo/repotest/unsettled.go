package repotest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// unsettledLaws speak of what is left to settle, until nothing is.
func unsettledLaws() []law {
	return []law{
		{name: "UnsettledTracesAreThoseWithSpansNobodyCounted", test: unsettledTraces},
		{name: "AnyOrderBatchingAndSettlingGivesTheSame", test: anyOrderAndSettling},
	}
}

// unsettled asks which of some traces have not settled, and checks what is said
// of them.
func (s *subject) unsettled(t tb, batch []model.Record, ids ...model.TraceID) []model.TraceID {
	t.Helper()
	refs, err := s.Unsettled(t.Context(), s.project, ids)
	if err != nil {
		t.Fatalf("Unsettled: %v", err)
	}
	parts := byTrace(s.project, batch)
	var found []model.TraceID
	for _, ref := range refs {
		part := spansIn(parts[ref.ID])
		if ref.MaxSpans != int64(len(part)) {
			t.Fatalf("trace %s is said to have %d spans, it has %d", ref.ID, ref.MaxSpans, len(part))
		}
		trace := sum(part)
		for _, span := range part {
			if !ref.Range.Contains(span.StartNano) {
				t.Fatalf("trace %s is said to have its spans in %+v, one starts at %d", ref.ID, ref.Range, span.StartNano)
			}
		}
		if first, last := model.Day(trace.StartNano), model.Day(trace.EndNano)+model.NanosPerDay; ref.Range.Start < first || ref.Range.End > last || ref.Range.End == 0 {
			t.Fatalf("trace %s is said to be in %+v, it is between %d and %d", ref.ID, ref.Range, first, last)
		}
		found = append(found, ref.ID)
	}
	return found
}

func unsettledTraces(t *testing.T, s *subject) {
	batch := someRuns(t, s.project)
	all := slices.Collect(maps.Keys(byTrace(s.project, batch)))
	s.in(s.project+"-other").writeRecords(t, onWire(t, agentRun(s.project+"-other", 77, at(0, noon))...))
	unsettled := func(want ...model.TraceID) {
		t.Helper()
		got := s.unsettled(t, batch, append(slices.Clone(all), traceID(77), traceID(78))...)
		if !sameIDs(want, got) {
			t.Fatalf("%d traces are unsettled, want %d: %v, %v", len(got), len(want), got, want)
		}
	}
	if got := s.unsettled(t, nil, all...); len(got) != 0 {
		t.Errorf("%d traces that are not stored are unsettled", len(got))
	}
	s.inParts(t, batch, 2)
	unsettled(all...)
	if got := s.unsettled(t, batch, all[0]); !slices.Equal(got, all[:1]) {
		t.Errorf("asked for one trace, got %v", got)
	}
	if got := s.unsettled(t, batch); len(got) != 0 {
		t.Errorf("asked for none, got %v", got)
	}
	for _, id := range all[:5] {
		s.settle(t, s.settlement(t, id, nanosPerToken(1)))
	}
	unsettled(all[5:]...)
	s.settleAll(t, batch, nanosPerToken(1))
	unsettled()
	// A span on the same day, one on another day, and one of each trace that is not counted.
	for i, id := range all[:3] {
		late := plain(s.project, 1, 900+i, at(10*(i%2), noon)+int64(i))
		late.TraceID = id
		more := onWire(t, late)
		s.writeRecords(t, more)
		batch = append(batch, more...)
	}
	unsettled(all[:3]...)
	s.settle(t, s.settlement(t, all[1], nanosPerToken(1)))
	unsettled(all[0], all[2])
}

func sameIDs(a, b []model.TraceID) bool {
	order := func(x, y model.TraceID) int { return slices.Compare(x[:], y[:]) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}

// anyOrderAndSettling writes drawn spans in any order, in any batches, some of
// them twice, and settles some of their traces between.
func anyOrderAndSettling(t *testing.T, s *subject) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		s := s.in(fmt.Sprintf("%s-%d", s.project, n))
		r := newRandom(rapid.Uint64().Draw(t, "seed"))
		batch := onWire(t, r.traces(s.project, rapid.IntRange(1, 2).Draw(t, "traces"))...)
		rest := rapid.Permutation(slices.Concat(batch, batch[:len(batch)/3])).Draw(t, "arrival")
		var held []repo.Settlement
		var written []model.Record
		for len(rest) > 0 {
			size := rapid.IntRange(1, len(rest)).Draw(t, "batch")
			s.writeRecords(t, rest[:size])
			written, rest = append(written, rest[:size]...), rest[size:]
			id := batch[r.IntN(len(batch))].Span.TraceID
			switch rapid.IntRange(0, 3).Draw(t, "between") {
			case 0:
				s.settle(t, s.settlement(t, id, nanosPerToken(2)))
			case 1: // one that comes late
				held = append(held, s.settlement(t, id, nanosPerToken(2)))
			case 2:
				for _, one := range held {
					s.settle(t, one)
				}
				s.segmentsHold(t, written, refsOf(spansIn(batch)))
			}
		}
		s.settleAll(t, batch, nanosPerToken(3))
		s.holdsSettled(t, batch, nanosPerToken(3))
	})
}
