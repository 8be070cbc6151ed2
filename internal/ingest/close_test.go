package ingest_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
)

func TestCloseStoresWhatIsQueuedAndRefusesWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := &store{enter: g.pass}
		p := ingest.New(s, ingest.Config{Shards: 1, Now: clock, Linger: time.Hour, MaxBatchSpans: 2})
		first := write(t.Context(), p, spans(1, 2))
		<-g.entered
		second := write(t.Context(), p, spans(2, 1)) // would linger
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- p.Close(t.Context()) }()
		synctest.Wait()
		if _, err := p.Write(t.Context(), spans(3, 1)); !errors.Is(err, ingest.ErrClosed) {
			t.Errorf("Write after Close returned %v, want ErrClosed", err)
		}
		g.leave <- struct{}{}
		<-g.entered
		g.leave <- struct{}{}
		for _, done := range []<-chan result{first, second} {
			if r := <-done; r.err != nil {
				t.Errorf("what was queued before Close got %v", r.err)
			}
		}
		if err := <-closed; err != nil {
			t.Errorf("Close returned %v", err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Errorf("the second Close returned %v", err)
		}
	})
}

func TestCloseGivesUpWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{enter: func(ctx context.Context, _ []model.Record) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		p := ingest.New(s, ingest.Config{Shards: 1, Now: clock, MaxBatchSpans: 1})
		running := write(t.Context(), p, spans(1, 1))
		synctest.Wait()
		waiting := write(t.Context(), p, spans(2, 1))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close returned %v, want the error of its context", err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("Close took %v, want 3s", took)
		}
		for _, done := range []<-chan result{running, waiting} {
			if r := <-done; !errors.Is(r.err, ingest.ErrClosed) {
				t.Errorf("a caller got %v, want ErrClosed", r.err)
			}
		}
	})
}

// TestNothingIsKeptAfterTheAnswer watches the memory of a request: the
// pipeline stays open and idle, and must not hold it.
func TestNothingIsKeptAfterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, &store{}, ingest.Config{Shards: 2})
		body := new([1 << 20]byte)
		kept := weak.Make(body)
		records := []model.Record{span(1, 0), span(2, 0), span(3, 0)}
		for i := range records {
			records[i].Raw = body[i*1000:][:1000]
		}
		if _, err := p.Write(t.Context(), records); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // until the workers are idle
		runtime.GC()
		if kept.Value() != nil {
			t.Error("the request's memory is still held")
		}
	})
}
