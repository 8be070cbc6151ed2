package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// bad marks spans that a store of a test refuses.
func bad(r model.Record) model.Record {
	r.Span.Name = "bad"
	return r
}

func isBad(s *model.Span) bool { return s.Name == "bad" }

func TestRefusedSpansAreIsolatedAndReported(t *testing.T) {
	for _, at := range [][]int{{0}, {99}, {50}, {0, 99}, {3, 4, 5}, {10, 20, 30, 40, 50}} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			registry := prometheus.NewPedanticRegistry()
			s := &store{refuse: isBad}
			p := open(t, s, ingest.Config{Shards: 3, Metrics: ingest.NewMetrics(registry)})
			var records []model.Record
			for i := range 100 {
				records = append(records, span(i%7, i))
			}
			for _, i := range at {
				records[i] = bad(records[i])
			}
			result, err := p.Write(t.Context(), records)
			if err != nil {
				t.Fatal(err)
			}
			var rejected []int
			for _, r := range result.Rejected {
				rejected = append(rejected, r.Index)
				if r.Reason == "" {
					t.Errorf("span %d is rejected without a reason", r.Index)
				}
			}
			if !slices.Equal(rejected, at) || result.Accepted != 100-len(at) {
				t.Errorf("%d accepted, %v rejected, want %v", result.Accepted, rejected, at)
			}
			for i, r := range records {
				if s.has(r.Span) == slices.Contains(at, i) {
					t.Errorf("span %d: stored %v", i, s.has(r.Span))
				}
			}
			expect(t, registry, "agenttrace_ingest_spans_rejected_total", float64(len(at)))
			expect(t, registry, "agenttrace_ingest_spans_stored_total", float64(100-len(at)))
		})
	}
}

func TestRefusedSpanIsReportedToItsCallerAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		held := true
		s := &store{refuse: isBad, enter: func(ctx context.Context, records []model.Record) error {
			if held {
				held = false
				return g.pass(ctx, records)
			}
			return nil
		}}
		p := open(t, s, ingest.Config{Shards: 1})
		first := write(t.Context(), p, spans(1, 1))
		<-g.entered
		guilty := write(t.Context(), p, []model.Record{span(2, 0), bad(span(2, 1))})
		innocent := write(t.Context(), p, spans(3, 4))
		synctest.Wait()
		g.leave <- struct{}{}
		<-first
		if r := <-guilty; r.err != nil || r.Accepted != 1 || len(r.Rejected) != 1 || r.Rejected[0].Index != 1 {
			t.Errorf("the caller with the refused span got %+v", r)
		}
		if r := <-innocent; r.err != nil || r.Accepted != 4 || len(r.Rejected) != 0 {
			t.Errorf("the other caller got %+v", r)
		}
	})
}

// TestStoreThatGoesAwayWhileSpansAreIsolatedIsNotAskedOn has one refused span
// among many, and a store that is away from the second transaction on.
func TestStoreThatGoesAwayWhileSpansAreIsolatedIsNotAskedOn(t *testing.T) {
	attempts := 0
	s := &store{refuse: isBad, enter: func(context.Context, []model.Record) error {
		if attempts++; attempts > 1 {
			return repo.ErrUnavailable
		}
		return nil
	}}
	p := open(t, s, ingest.Config{Shards: 1})
	records := spans(1, 64)
	records[40] = bad(records[40])
	if _, err := p.Write(t.Context(), records); !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("Write returned %v, want ErrUnavailable", err)
	}
	if attempts != 2 {
		t.Errorf("the store was asked %d times, want 2", attempts)
	}
}

func TestCommitThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{enter: func(ctx context.Context, _ []model.Record) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		p := open(t, s, ingest.Config{CommitTimeout: 7 * time.Second})
		began := time.Now()
		_, err := p.Write(t.Context(), spans(1, 1))
		if !errors.Is(err, repo.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Write returned %v, want ErrUnavailable and not what looks like the caller's own deadline", err)
		}
		if took := time.Since(began); took != 7*time.Second {
			t.Errorf("given up after %v, want 7s", took)
		}
	})
}
