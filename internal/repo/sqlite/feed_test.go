package sqlite_test

import (
	"math"
	"slices"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// follow returns all changes in the log.
func follow(t *testing.T, store repo.Feed) []repo.Change {
	t.Helper()
	changes, _, err := store.Changes(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// written returns how many spans of a change's traces the segments of its write
// hold.
func written(t *testing.T, store repo.Reader, c repo.Change) (spans int) {
	t.Helper()
	var refs []repo.TraceRef
	for _, id := range c.TraceIDs {
		refs = append(refs, repo.TraceRef{ID: id, Write: c.Write, Range: model.TimeRange{Start: c.Earliest, End: c.Latest + 1}})
	}
	for segment, err := range store.Segments(t.Context(), c.Project, refs...) {
		if err != nil {
			t.Fatal(err)
		}
		spans += segment.Spans
	}
	return spans
}

// TestASegmentIsFoundByTheWriteThatMadeIt has writes with so many traces that
// each appears as several changes, and a second one that repeats half of the
// first and adds to its traces.
func TestASegmentIsFoundByTheWriteThatMadeIt(t *testing.T) {
	const traces = 1500
	store := openStore(t)
	var first, second []model.Record
	for n := range uint64(traces) {
		first = append(first, record(n+1, 1, 1))
		second = append(second, record(n+1, 1+n%2, 1))
	}
	mustWrite(t, store, first...)
	if _, err := store.Write(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	changes := follow(t, store)
	total := map[repo.WriteID]int{}
	for _, c := range changes {
		if got := written(t, store, c); got != c.Spans {
			t.Errorf("write %d has segments with %d spans in %d traces, want %d", c.Write, got, len(c.TraceIDs), c.Spans)
		}
		total[c.Write] += c.Spans
	}
	if len(changes) < 3 || len(total) != 2 || total[changes[0].Write] != traces || total[0] != 0 {
		t.Errorf("%d changes tell of these writes: %v", len(changes), total)
	}
}

func TestNoTwoWritesHaveOneName(t *testing.T) {
	store := openStore(t)
	var seen []repo.WriteID
	write := func(trace uint64) {
		mustWrite(t, store, record(trace, 1, 1), record(trace, 2, model.NanosPerDay+1))
		changes := follow(t, store)
		c := changes[len(changes)-1]
		if slices.Contains(seen, c.Write) || c.Write == 0 {
			t.Errorf("write %d of trace %d follows on %v", c.Write, trace, seen)
		}
		seen = append(seen, c.Write)
	}
	write(1)
	write(2)
	if _, err := store.Write(t.Context(), []model.Record{record(1, 1, 1)}); err != nil { // nothing new
		t.Fatal(err)
	}
	write(3)
	if _, err := store.Drop(t.Context(), math.MaxInt64); err != nil { // the log is empty
		t.Fatal(err)
	}
	write(4)
}
