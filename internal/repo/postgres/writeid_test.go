package postgres_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// received makes records as a sender's would arrive.
func received(t *testing.T, spans ...*model.Span) []model.Record {
	t.Helper()
	var all []model.Record
	for _, s := range spans {
		request, err := otlp.Parse(s.Project, otlp.EncodeSpans([]*model.Span{s}), otlp.Limits{})
		if err != nil || len(request.Records) != 1 {
			t.Fatalf("parsed %+v, %v", request, err)
		}
		all = append(all, request.Records...)
	}
	return all
}

// identity is what identifies a span.
type identity struct {
	project string
	trace   model.TraceID
	span    model.SpanID
	start   int64
}

func identitiesOf(spans ...*model.Span) map[identity]int {
	all := map[identity]int{}
	for _, s := range spans {
		all[identity{s.Project, s.TraceID, s.SpanID, s.StartNano}]++
	}
	return all
}

// newSpans reads what a change is about, by its write.
func newSpans(t *testing.T, store *postgres.Store, c repo.Change) map[identity]int {
	t.Helper()
	refs := make([]repo.TraceRef, len(c.TraceIDs))
	for i, id := range c.TraceIDs {
		refs[i] = repo.TraceRef{ID: id, Range: model.TimeRange{Start: c.Earliest, End: c.Latest + 1}, Write: c.Write}
	}
	all := map[identity]int{}
	n := 0
	for segment, err := range store.Segments(t.Context(), c.Project, refs...) {
		if err != nil {
			t.Fatal(err)
		}
		spans, err := otlp.DecodeSpans(c.Project, segment.Data)
		if err != nil || len(spans) != segment.Spans {
			t.Fatalf("a segment of %d spans has %d, %v", segment.Spans, len(spans), err)
		}
		n += len(spans)
		for id, times := range identitiesOf(spans...) {
			all[id] += times
		}
	}
	if n != c.Spans {
		t.Errorf("a change of %d spans leads to %d", c.Spans, n)
	}
	return all
}

// changesSince returns all changes behind a cursor, and the cursor behind them.
func changesSince(t *testing.T, store *postgres.Store, after repo.Cursor) ([]repo.Change, repo.Cursor) {
	t.Helper()
	var all []repo.Change
	for {
		changes, next, err := store.Changes(t.Context(), after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, changes...); len(changes) == 0 {
			return all, next
		}
		after = next
	}
}

func of(project string, s *model.Span) *model.Span {
	s.Project = project
	return s
}

func TestChangesLeadToExactlyTheSpansThatTheirWriteAdded(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	store := opened(t, dsn, postgres.Options{})
	a1, a2, b1 := of("a", span(1, 1, noon(0))), of("a", span(1, 2, noon(0)+5)), of("b", span(1, 1, noon(0)))
	midnight := model.Day(noon(1))
	late, early := of("a", span(2, 1, midnight-1)), of("a", span(2, 2, midnight))
	earlier := of("a", span(1, 3, noon(0)-9))
	seen := map[repo.WriteID]bool{}
	var cursor repo.Cursor
	for i, step := range []struct{ send, added []*model.Span }{
		{[]*model.Span{a1, b1}, []*model.Span{a1, b1}},                    // two projects at once
		{[]*model.Span{a1, a2, b1}, []*model.Span{a2}},                    // a part again
		{[]*model.Span{a1, a2}, nil},                                      // nothing new
		{[]*model.Span{early, late, late}, []*model.Span{late, early}},    // two days, a repetition
		{[]*model.Span{late, earlier, early, b1}, []*model.Span{earlier}}, // before what is there
	} {
		if _, err := store.Write(t.Context(), received(t, step.send...)); err != nil {
			t.Fatal(err)
		}
		var changes []repo.Change
		changes, cursor = changesSince(t, store, cursor)
		got, ids := map[identity]int{}, map[repo.WriteID]bool{}
		for _, c := range changes {
			maps.Copy(got, newSpans(t, store, c))
			ids[c.Write] = true
			if c.Write == 0 || seen[c.Write] {
				t.Errorf("step %d: write %d is none, or another one", i, c.Write)
			}
		}
		maps.Copy(seen, ids)
		if diff := cmp.Diff(identitiesOf(step.added...), got, cmp.AllowUnexported(identity{})); diff != "" || len(ids) > 1 {
			t.Errorf("step %d, writes %v (-added +found):\n%s", i, ids, diff)
		}
	}
}

func TestSegmentsOfAllWritesComeWithoutAWrite(t *testing.T) {
	t.Parallel()
	store := opened(t, migrated.Database(t), postgres.Options{})
	for id := range byte(4) {
		write(t, store, received(t, span(1, id+1, noon(0)+int64(id))))
	}
	changes, _ := changesSince(t, store, "")
	trace := model.TraceID{15: 1}
	refs := []repo.TraceRef{{ID: trace}, {ID: trace, Write: changes[2].Write}, {ID: trace, Write: changes[0].Write}, {ID: trace, Write: -7}}
	var got []int64
	for segment, err := range store.Segments(t.Context(), "default", refs...) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, segment.Earliest-noon(0))
	}
	if want := []int64{0, 1, 2, 3, 2, 0}; !slices.Equal(got, want) {
		t.Errorf("segments %v, want %v", got, want)
	}
}

// TestChangesOfConcurrentWritersShareNoSpan has writers that send the same
// spans of the same traces at the same time, in batches that overlap.
func TestChangesOfConcurrentWritersShareNoSpan(t *testing.T) {
	t.Parallel()
	dsn := migrated.Database(t)
	stores := []*postgres.Store{opened(t, dsn, postgres.Options{}), opened(t, dsn, postgres.Options{})}
	var spans []*model.Span
	for n := range 200 {
		spans = append(spans, of([]string{"a", "b"}[n%2], span(byte(1+n%7), byte(1+n), noon(n%3)+int64(n))))
	}
	all := received(t, spans...)
	var writers errgroup.Group
	for n := range 8 {
		writers.Go(func() error {
			for i := range 10 {
				from := (n*31 + i*20) % len(all)
				if _, err := stores[n%2].Write(t.Context(), all[from:min(from+40, len(all))]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := writers.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := stores[0].Write(t.Context(), all); err != nil { // what no batch had
		t.Fatal(err)
	}
	got := map[identity]int{}
	changes, _ := changesSince(t, stores[1], "")
	for _, c := range changes {
		for id, times := range newSpans(t, stores[0], c) {
			got[id] += times
		}
	}
	if diff := cmp.Diff(identitiesOf(spans...), got, cmp.AllowUnexported(identity{})); diff != "" {
		t.Errorf("(-sent +found by changes):\n%s", diff)
	}
}
