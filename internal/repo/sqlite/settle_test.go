package sqlite_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/sqlite"
)

// TestReadersMissNothingWhileSegmentsArePutTogether reads a trace again and again
// while spans are added to it and its segments are put together.
func TestReadersMissNothingWhileSegmentsArePutTogether(t *testing.T) {
	const rounds = 60
	store := openStore(t)
	first := onWire(t, record(1, 1, 10*day).Span)
	mustWrite(t, store, first...)
	id := first[0].Span.TraceID
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			last := 0
			for end := false; !end; {
				select {
				case <-done:
					end = true
				default:
				}
				_, spans := spansIn(t, store, repo.TraceRef{ID: id})
				for span, n := range spans {
					if n != 1 {
						t.Errorf("span %s is there %d times", span, n)
					}
				}
				if len(spans) < last {
					t.Errorf("%d spans were there, now %d", last, len(spans))
				}
				last = len(spans)
			}
			if last != 1+2*rounds {
				t.Errorf("%d spans at the end, want %d", last, 1+2*rounds)
			}
		})
	}
	for n := range uint64(rounds) {
		mustWrite(t, store, onWire(t, record(1, 2+2*n, 10*day+int64(n)).Span)...)
		mustWrite(t, store, onWire(t, record(1, 3+2*n, 10*day-int64(n)).Span)...)
		settlement := settlementOf(t, store, id)
		if err := store.Settle(t.Context(), nil, []repo.Settlement{settlement}); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	readers.Wait()
	if segments, _ := spansIn(t, store, repo.TraceRef{ID: id}); segments != 2 {
		t.Errorf("the two days of the trace have %d segments", segments)
	}
}

// TestTraceThatIsTooLargeToBeReadAtOnceIsNeverPutTogether writes a trace whose
// compressed content is larger than what Segments reads at once.
func TestTraceThatIsTooLargeToBeReadAtOnceIsNeverPutTogether(t *testing.T) {
	const parts, size = 5, 2 << 20
	store := openStore(t)
	random := rand.New(rand.NewPCG(1, 2))
	var id model.TraceID
	for n := range uint64(parts) {
		noise := make([]byte, size)
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		r := onWire(t, record(1, n+1, 10*day+int64(3*n%parts)).Span)[0] // in no order
		// A field that nobody knows is kept as it is.
		r.Raw = append(append([]byte(nil), r.Raw...), 0xfa, 0x7f, 0x80, 0x80, 0x80, 0x01)
		r.Raw = append(r.Raw, noise...)
		id = r.Span.TraceID
		mustWrite(t, store, r)
		if err := store.Settle(t.Context(), nil, []repo.Settlement{settlementOf(t, store, id)}); err != nil {
			t.Fatal(err)
		}
	}
	segments, spans := spansIn(t, store, repo.TraceRef{ID: id})
	// Three of them are less than 8 MiB, four are a little more.
	if want := 3; segments != want || len(spans) != parts {
		t.Errorf("%d spans in %d segments, want %d in %d", len(spans), segments, parts, want)
	}
	if trace, err := store.Trace(t.Context(), project, id); err != nil || !trace.Settled() {
		t.Errorf("the trace has not settled: %+v, %v", trace, err)
	}
	if segments, spans = spansIn(t, store, repo.TraceRef{ID: id, Write: 3}); segments != 1 || len(spans) != 1 {
		t.Errorf("one write has %d segments with %d spans", segments, len(spans))
	}
}

// The id of a span that is dropped is given again: what was settled of it must not be
// said of the next one.
func TestRunHasNothingOfOneThatWasDropped(t *testing.T) {
	store := openStore(t)
	old := record(1, 1, 10*day)
	old.Span.Type = model.TypeAgent
	mustWrite(t, store, old)
	run := model.RunOf(old.Span)
	run.Own, run.Identity.UserID = model.Tally{Spans: 1}, "u-1"
	err := store.Settle(t.Context(), nil, []repo.Settlement{{
		Project: project, TraceID: old.Span.TraceID, Runs: []*model.Run{run}, Parts: []model.TracePart{{Day: 10 * day, Spans: 1, Runs: 1}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Drop(t.Context(), 11*day); err != nil {
		t.Fatal(err)
	}
	next := record(2, 2, 10*day) // late
	next.Span.Type = model.TypeAgent
	mustWrite(t, store, next)
	runs, err := store.Runs(t.Context(), project, repo.RunQuery{Limit: 10})
	if diff := cmp.Diff([]*model.Run{model.RunOf(next.Span)}, runs); err != nil || diff != "" {
		t.Errorf("%v, runs differ (-want +got):\n%s", err, diff)
	}
}

func TestLeaseEndsByTheClockOfTheStore(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "agenttrace.db"), sqlite.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	take := func(holder string, want bool, term int64) repo.Lease {
		t.Helper()
		l, ok, err := store.TakeLease(t.Context(), "settle", holder, time.Minute)
		if err != nil || ok != want || ok && l != (repo.Lease{Name: "settle", Holder: holder, Term: term}) {
			t.Fatalf("%s got %+v, %t, %v, want %t in term %d", holder, l, ok, err, want, term)
		}
		return l
	}
	first := take("a", true, 1)
	now = now.Add(time.Minute - 1)
	take("b", false, 0)
	take("a", true, 1) // for a minute from now
	now = now.Add(time.Minute - 1)
	take("b", false, 0)
	now = now.Add(1)
	if err := store.Settle(t.Context(), &first, nil); !errors.Is(err, repo.ErrLeaseLost) {
		t.Errorf("with a lease that ended: %v", err)
	}
	second := take("b", true, 2)
	if err := store.Settle(t.Context(), &second, nil); err != nil {
		t.Error(err)
	}
	now = now.Add(time.Hour)
	take("b", true, 3)
}

// TestSettlingAgainAndAgainDoesNotGrowTheFile settles many traces, all of which
// came in pieces, over and over.
func TestSettlingAgainAndAgainDoesNotGrowTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agenttrace.db")
	sizeAfter := func(do func(store *sqlite.Store)) int64 {
		store := open(t, path)
		do(store)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	records := newSampler(3).batch(t, 3000)
	ids := make(map[model.TraceID]bool)
	written := sizeAfter(func(store *sqlite.Store) {
		for i := range 4 {
			var some []model.Record
			for n, r := range records {
				if ids[r.Span.TraceID] = true; n%4 == i {
					some = append(some, r)
				}
			}
			mustWrite(t, store, some...)
		}
	})
	settle := func(store *sqlite.Store) {
		for id := range ids {
			if err := store.Settle(t.Context(), nil, []repo.Settlement{settlementOf(t, store, id)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	settled := sizeAfter(settle)
	if most := written + written/10; settled > most {
		t.Errorf("%d bytes became %d when they settled, want at most %d", written, settled, most)
	}
	for range 3 {
		if again := sizeAfter(settle); again > settled+settled/50 {
			t.Errorf("%d bytes became %d when they settled again", settled, again)
		}
	}
}

// TestSpansOfAWriteAreFoundWhateverWasPutTogether writes spans in any batches,
// puts some together, and asks for those of each write.
func TestSpansOfAWriteAreFoundWhateverWasPutTogether(t *testing.T) {
	store := openStore(t)
	traces := uint64(0)
	rapid.Check(t, func(rt *rapid.T) {
		traces++
		batches := rapid.SliceOfN(rapid.IntRange(1, 4), 1, 6).Draw(rt, "spans of each write")
		compactions := rapid.SliceOfN(rapid.Bool(), len(batches), len(batches)).Draw(rt, "whether to settle behind it")
		var id model.TraceID
		want := make(map[repo.WriteID]map[model.SpanID]int)
		span := uint64(0)
		for i, n := range batches {
			head, err := store.Head(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			var spans []*model.Span
			for range n {
				span++
				spans = append(spans, record(traces, span, 10*day+int64(span*7%11)).Span)
			}
			mustWrite(t, store, onWire(t, spans...)...)
			changes, _, err := store.Changes(t.Context(), head, 10)
			if err != nil || len(changes) != 1 {
				rt.Fatal(changes, err)
			}
			id = changes[0].TraceIDs[0]
			want[changes[0].Write] = make(map[model.SpanID]int)
			for _, s := range spans {
				want[changes[0].Write][s.SpanID] = 1
			}
			if compactions[i] {
				if err := store.Settle(t.Context(), nil, []repo.Settlement{settlementOf(t, store, id)}); err != nil {
					rt.Fatal(err)
				}
			}
		}
		for write, spans := range want {
			_, got := spansIn(t, store, repo.TraceRef{ID: id, Write: write})
			if len(got) != len(spans) {
				rt.Fatalf("write %d has %d spans, want %d", write, len(got), len(spans))
			}
			for s := range spans {
				if got[s] != 1 {
					rt.Fatalf("span %s of write %d is there %d times", s, write, got[s])
				}
			}
		}
	})
}
