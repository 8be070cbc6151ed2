package ingest_test

import (
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
)

func TestCallersThatWaitShareABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := &store{enter: g.pass}
		p := open(t, s, ingest.Config{Shards: 1})
		first := write(t.Context(), p, spans(1, 3))
		if n := <-g.entered; n != 3 {
			t.Errorf("the first batch has %d spans, want the 3 that came first", n)
		}
		var others []<-chan result
		for i := range 10 {
			others = append(others, write(t.Context(), p, spans(2+i, 2)))
		}
		synctest.Wait()
		g.leave <- struct{}{}
		if n := <-g.entered; n != 20 {
			t.Errorf("the second batch has %d spans, want all 20 that came meanwhile", n)
		}
		for _, done := range others {
			select {
			case r := <-done:
				t.Errorf("answered before the commit: %+v", r)
			default:
			}
		}
		g.leave <- struct{}{}
		for _, done := range append(others, first) {
			if r := <-done; r.err != nil || r.Accepted == 0 {
				t.Errorf("Write returned %+v", r)
			}
		}
	})
}

func TestBatchesKeepWithinTheirBounds(t *testing.T) {
	for _, test := range []struct {
		name         string
		spans, bytes int
		request      []model.Record
		want         []int
	}{
		{"in spans", 4, 0, spans(1, 10), []int{4, 4, 2}},
		{"in bytes", 0, 10_000, sized(4000, 4000, 4000, 4000, 4000), []int{1, 1, 1, 1, 1}},
		{"in bytes, two at a time", 0, 11_000, sized(4000, 4000, 4000, 4000, 4000), []int{2, 2, 1}},
		{"but a larger span goes alone", 0, 10_000, sized(100, 50_000, 100), []int{1, 1, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &store{}
			p := open(t, s, ingest.Config{Shards: 1, MaxBatchSpans: test.spans, MaxBatchBytes: test.bytes})
			if _, err := p.Write(t.Context(), test.request); err != nil {
				t.Fatal(err)
			}
			if got := s.sizes(); !slices.Equal(got, test.want) {
				t.Errorf("transactions of %v spans, want %v", got, test.want)
			}
		})
	}
}

// sized returns records of one trace with so many bytes each.
func sized(bytes ...int) []model.Record {
	records := spans(1, len(bytes))
	for i, n := range bytes {
		records[i].Raw = make([]byte, n)
	}
	return records
}

func TestResourceCountsOnceForTheSpansThatShareIt(t *testing.T) {
	s := &store{}
	p := open(t, s, ingest.Config{Shards: 1, MaxBatchBytes: 20_000})
	records := spans(1, 4)
	shared := make([]byte, 10_000)
	for i := range records {
		records[i].Resource = shared
	}
	if _, err := p.Write(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if got := s.sizes(); !slices.Equal(got, []int{4}) {
		t.Errorf("transactions of %v spans, want one", got)
	}
}

func TestLingerLetsABatchFill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		p := open(t, s, ingest.Config{Shards: 1, MaxBatchSpans: 4, Linger: 5 * time.Millisecond})
		began := time.Now()
		first := write(t.Context(), p, spans(1, 1))
		synctest.Wait()
		<-time.After(4 * time.Millisecond) // of the bubble's time, which costs none
		second := write(t.Context(), p, spans(2, 1))
		for _, done := range []<-chan result{first, second} {
			if r := <-done; r.err != nil {
				t.Error(r.err)
			}
		}
		if took := time.Since(began); took != 5*time.Millisecond {
			t.Errorf("answered after %v, want the 5ms that the first span lingers", took)
		}
		if _, err := p.Write(t.Context(), spans(3, 4)); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 5*time.Millisecond {
			t.Errorf("a full batch lingered until %v", took)
		}
		if got := s.sizes(); !slices.Equal(got, []int{2, 4}) {
			t.Errorf("transactions of %v spans, want 2 and 4", got)
		}
	})
}

func TestNarrowBatchesAreCommittedOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		p := open(t, &store{enter: g.pass}, ingest.Config{Shards: 2, NarrowSpans: 100})
		var waiting []<-chan result
		send := func(traces, spansOfEach int) {
			for range traces { // enough of them that both shards have some
				waiting = append(waiting, write(t.Context(), p, spans(len(waiting), spansOfEach)))
			}
			synctest.Wait()
		}
		second := func() bool {
			select {
			case <-g.entered:
				return true
			default:
				return false
			}
		}

		send(1, 1)
		<-g.entered
		send(32, 1)
		if second() {
			t.Fatal("a narrow batch is committed beside another")
		}
		send(64, 8)
		if !second() {
			t.Fatal("a wide batch waits for a narrow one")
		}
		g.leave <- struct{}{}
		g.leave <- struct{}{}
		go g.letAllPass(t.Context())
		for _, done := range waiting {
			if r := <-done; r.err != nil {
				t.Error(r.err)
			}
		}
	})
}

func TestNarrowBatchDoesNotWaitForAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		p := open(t, &store{enter: g.pass}, ingest.Config{Shards: 2})
		first := write(t.Context(), p, spans(1, 1))
		<-g.entered // and stays there
		var others []<-chan result
		for i := range 64 {
			others = append(others, write(t.Context(), p, spans(2+i, 1)))
		}
		<-g.entered
		g.leave <- struct{}{}
		g.leave <- struct{}{}
		<-g.entered
		g.leave <- struct{}{}
		for _, done := range append(others, first) {
			if r := <-done; r.err != nil {
				t.Error(r.err)
			}
		}
	})
}

func TestNarrowBatchTakesAlongWhatOtherShardsHave(t *testing.T) {
	for narrow, want := range map[int][]int{100: {1, 32}, 20: nil} {
		synctest.Test(t, func(t *testing.T) {
			s, g := &store{}, newGate()
			s.enter = g.pass
			p := open(t, s, ingest.Config{Shards: 4, NarrowSpans: narrow})
			waiting := []<-chan result{write(t.Context(), p, spans(0, 1))}
			<-g.entered
			for i := range 32 { // enough of them that each shard has some, and none has 20
				waiting = append(waiting, write(t.Context(), p, spans(1+i, 1)))
			}
			synctest.Wait()
			g.leave <- struct{}{}
			go g.letAllPass(t.Context())
			for _, done := range waiting {
				if r := <-done; r.err != nil {
					t.Error(r.err)
				}
			}
			got := s.sizes()
			if want != nil && !slices.Equal(got, want) {
				t.Errorf("batches of %v spans, want %v", got, want)
			}
			if largest := slices.Max(got); largest >= narrow {
				t.Errorf("a batch of %d spans was put together of several shards, and %d are wide", largest, narrow)
			}
		})
	}
}

func TestTraceIsNeverWrittenByTwoTransactionsAtOnce(t *testing.T) {
	for _, c := range []ingest.Config{
		{Shards: 4, MaxBatchSpans: 3},
		{Shards: 4, MaxBatchSpans: 40, NarrowSpans: 20}, // narrow batches of several shards, and wide ones beside them
	} {
		s := &store{commit: func([]model.Record) error { runtime.Gosched(); return nil }}
		p := open(t, s, c)
		var waiting []<-chan result
		for i := range 200 {
			waiting = append(waiting, write(t.Context(), p, []model.Record{span(1, i), span(2, i), span(3+i%5, i)}))
		}
		for _, done := range waiting {
			if r := <-done; r.err != nil {
				t.Fatal(r.err)
			}
		}
		if s.overlap {
			t.Error("two transactions wrote one trace at the same time")
		}
	}
}
