package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/sample"
)

const day = model.NanosPerDay

func TestDropEmptiesATraceThatIsLargerThanItsTransactions(t *testing.T) {
	store := openStore(t)
	var records []model.Record
	for i := range uint64(5000) {
		records = append(records, record(1, i+1, 10*day+int64(i)))
	}
	kept := record(1, 1, 11*day)
	mustWrite(t, store, append(records, kept)...)

	dropped, err := store.Drop(t.Context(), 11*day)
	if err != nil {
		t.Fatal(err)
	}
	if want := (repo.Dropped{Days: 1, Spans: 5000}); dropped != want {
		t.Errorf("dropped %+v, want %+v", dropped, want)
	}
	got, err := store.Trace(t.Context(), project, kept.Span.TraceID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(model.TraceOf(kept.Span), got); diff != "" {
		t.Errorf("the trace is not the span that is left (-want +got):\n%s", diff)
	}
}

// TestTraceHasNoSpanTwiceAfterADropOfItsLastOnes stores late spans, drops them, and
// stores others of the same trace, which are given the same ids.
func TestTraceHasNoSpanTwiceAfterADropOfItsLastOnes(t *testing.T) {
	store := openStore(t)
	mustWrite(t, store, record(1, 1, 11*day))
	mustWrite(t, store, record(1, 2, 10*day), record(1, 3, 10*day+1))
	if _, err := store.Drop(t.Context(), 11*day); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, store, record(2, 4, 11*day))
	mustWrite(t, store, record(1, 5, 11*day))
	var got []int64
	for spans, err := range store.TraceSpans(t.Context(), project, nil, repo.TraceRef{ID: record(1, 1, 0).Span.TraceID}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range spans {
			got = append(got, s.SpanID.Int64())
		}
	}
	if diff := cmp.Diff([]int64{1, 5}, got); diff != "" {
		t.Errorf("spans of the trace (-want +got):\n%s", diff)
	}
}

// TestDropTellsTheRestOfATraceFromItsSpans drops the day of a trace's head.
// What the row then says comes from other spans, previews too, though narrow
// spans do not have them.
func TestDropTellsTheRestOfATraceFromItsSpans(t *testing.T) {
	store := openStore(t)
	midnight := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	sampled := sample.New(sample.Options{Seed: 7}).Trace(midnight.Add(-time.Second))
	var left *model.Trace
	for _, body := range sample.Batches([]sample.Trace{sampled}, 5) {
		request, err := otlp.Parse(project, body, otlp.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		mustWrite(t, store, request.Records...)
		for _, r := range request.Records {
			switch {
			case r.Span.StartNano < midnight.UnixNano():
			case left == nil:
				left = model.TraceOf(r.Span)
			default:
				left.Merge(model.TraceOf(r.Span))
			}
		}
	}
	if left == nil || left.InputPreview == "" {
		t.Fatal("the sample has no span with a preview after midnight")
	}
	if _, err := store.Drop(t.Context(), midnight.UnixNano()); err != nil {
		t.Fatal(err)
	}
	got, err := store.Trace(t.Context(), project, left.TraceID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(left, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDropReachesEveryProject(t *testing.T) {
	store := openStore(t)
	var records []model.Record
	for i, name := range []string{"a", "b", "c"} {
		old, young := record(uint64(i+1), 1, 10*day), record(uint64(i+11), 1, 12*day)
		old.Span.Project, young.Span.Project = name, name
		records = append(records, old, young)
	}
	mustWrite(t, store, records...)
	if _, err := store.Drop(t.Context(), 12*day-1); err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		_, err := store.Trace(t.Context(), r.Span.Project, r.Span.TraceID)
		if gone := errors.Is(err, repo.ErrNotFound); gone != (r.Span.StartNano < 11*day) {
			t.Errorf("trace of day %d in %s: %v", r.Span.StartNano/day, r.Span.Project, err)
		}
	}
}

func TestDropGivesSpaceBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	store := open(t, path)
	s := newSampler(3)
	for range 3 {
		mustWrite(t, store, s.batch(t, 1000)...)
	}
	if _, err := store.Drop(t.Context(), benchStart.Add(48*time.Hour).UnixNano()); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if most := int64(256 << 10); info.Size() > most {
		t.Errorf("an empty store takes %d bytes, want at most %d", info.Size(), most)
	}
}
