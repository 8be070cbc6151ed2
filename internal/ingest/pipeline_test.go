package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func TestWriteAnswersAfterTheCommitThatHoldsTheSpans(t *testing.T) {
	s := &store{}
	p := open(t, s, ingest.Config{})
	records := slices.Concat(spans(1, 5), spans(2, 5), spans(3, 5))
	result, err := p.Write(t.Context(), records)
	if err != nil || result.Accepted != 15 || len(result.Rejected) != 0 {
		t.Fatalf("Write returned %+v, %v", result, err)
	}
	for _, r := range records {
		if !s.has(r.Span) {
			t.Errorf("span %s of trace %s is acknowledged and not stored", r.Span.SpanID, r.Span.TraceID)
		}
	}
}

func TestWriteOfNothingIsNothing(t *testing.T) {
	s := &store{}
	result, err := open(t, s, ingest.Config{}).Write(t.Context(), nil)
	if err != nil || result.Accepted != 0 || len(s.sizes()) != 0 {
		t.Errorf("Write returned %+v, %v after %d transactions", result, err, len(s.sizes()))
	}
}

// result is what a Write that runs beside the test returned.
type result struct {
	ingest.Result
	err error
}

// write calls Write beside the test.
func write(ctx context.Context, p *ingest.Pipeline, records []model.Record) <-chan result {
	done := make(chan result, 1)
	go func() {
		r, err := p.Write(ctx, records)
		done <- result{r, err}
	}()
	return done
}

func TestFullQueueRefusesAtOnce(t *testing.T) {
	for _, test := range []struct {
		name         string
		spans, bytes int
	}{{"in spans", 10, 0}, {"in bytes", 0, 12_000}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				registry := prometheus.NewPedanticRegistry()
				p := open(t, &store{enter: g.pass}, ingest.Config{Shards: 1, QueueSpans: test.spans, QueueBytes: test.bytes,
					RetryAfter: 3 * time.Second, Metrics: ingest.NewMetrics(registry)})
				first := write(t.Context(), p, spans(1, 8))
				<-g.entered
				_, err := p.Write(t.Context(), spans(2, 4))
				if full, ok := errors.AsType[*ingest.FullError](err); !ok || full.RetryAfter != 3*time.Second {
					t.Errorf("Write returned %v, want a FullError", err)
				}
				second := write(t.Context(), p, spans(3, 2)) // this much fits
				synctest.Wait()
				expect(t, registry, "agenttrace_ingest_requests_refused_total", 1)
				expect(t, registry, "agenttrace_ingest_queue_spans", 10)
				g.leave <- struct{}{}
				<-g.entered
				g.leave <- struct{}{}
				for _, done := range []<-chan result{first, second} {
					if r := <-done; r.err != nil {
						t.Error(r.err)
					}
				}
				expect(t, registry, "agenttrace_ingest_queue_spans", 0)
				expect(t, registry, "agenttrace_ingest_queue_bytes", 0)
			})
		})
	}
}

func TestRequestLargerThanTheQueuePassesWhenNothingElseIsThere(t *testing.T) {
	p := open(t, &store{}, ingest.Config{QueueSpans: 10, QueueBytes: 100})
	if r, err := p.Write(t.Context(), spans(1, 50)); err != nil || r.Accepted != 50 {
		t.Errorf("Write returned %+v, %v", r, err)
	}
}

func TestCallerThatLeavesGetsItsErrorAndTheSpansAreStillStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := &store{enter: g.pass}
		p := open(t, s, ingest.Config{Shards: 1})
		ctx, cancel := context.WithCancel(t.Context())
		records := spans(1, 3)
		done := write(ctx, p, records)
		<-g.entered
		cancel()
		if r := <-done; !errors.Is(r.err, context.Canceled) {
			t.Errorf("Write returned %v, want the error of its context", r.err)
		}
		g.leave <- struct{}{}
		synctest.Wait()
		for _, r := range records {
			if !s.has(r.Span) {
				t.Errorf("span %s is not stored", r.Span.SpanID)
			}
		}
	})
}

func TestWriteWithAnEndedContextDoesNothing(t *testing.T) {
	s := &store{}
	p := open(t, s, ingest.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Write(ctx, spans(1, 1)); !errors.Is(err, context.Canceled) || len(s.sizes()) > 0 {
		t.Errorf("Write returned %v after %d transactions", err, len(s.sizes()))
	}
}

func TestSpansOutsideTheWindowAreRejectedAlone(t *testing.T) {
	at := func(start int64) model.Record {
		r := span(1, 0)
		r.Span.StartNano = start
		return r
	}
	const day = 24 * time.Hour
	for _, test := range []struct {
		name         string
		past, future time.Duration
		start        int64
		reason       string // empty: accepted
	}{
		{"1970", 0, 0, 1, "start_time 1970-01-01T00:00:00.000000001Z is older than the 366 days this server accepts"},
		{"just in time", 0, 0, now.Add(-366 * day).UnixNano(), ""},
		{"just too old", 0, 0, now.Add(-366*day).UnixNano() - 1, "start_time 2025-11-21T11:59:59.999999999Z is older than the 366 days this server accepts"},
		{"older than a short retention", 36 * time.Hour, 0, now.Add(-37 * time.Hour).UnixNano(), "start_time 2026-11-20T23:00:00Z is older than the 36 hours this server accepts"},
		{"older than an odd one", 90 * time.Minute, 0, now.Add(-2 * time.Hour).UnixNano(), "start_time 2026-11-22T10:00:00Z is older than the 1h30m0s this server accepts"},
		{"almost tomorrow", 0, 0, now.Add(day).UnixNano(), ""},
		{"2200", 0, 0, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(), "start_time 2200-01-01T00:00:00Z is more than 24 hours in the future"},
		{"the last nanosecond", 0, 0, math.MaxInt64, "start_time 2262-04-11T23:47:16.854775807Z is more than 24 hours in the future"},
		{"any past", -1, 0, 1, ""},
		{"any future", 0, -1, math.MaxInt64, ""},
		{"a window beyond the end of time", 0, math.MaxInt64, math.MaxInt64, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &store{}
			p := open(t, s, ingest.Config{MaxPast: test.past, MaxFuture: test.future})
			records := []model.Record{span(1, 1), at(test.start), span(1, 2)}
			result, err := p.Write(t.Context(), records)
			if err != nil {
				t.Fatal(err)
			}
			if !s.has(records[0].Span) || !s.has(records[2].Span) {
				t.Error("a good span beside it is not stored")
			}
			var want []ingest.Rejection
			if test.reason != "" {
				want = []ingest.Rejection{{Index: 1, Reason: test.reason}}
			}
			if !slices.Equal(result.Rejected, want) || result.Accepted != 3-len(want) {
				t.Errorf("Write returned %+v, want %+v rejected", result, want)
			}
		})
	}
}

func TestBatchOfRejectedSpansAloneIsNoTransaction(t *testing.T) {
	s := &store{}
	p := open(t, s, ingest.Config{})
	r := span(1, 1)
	r.Span.StartNano = 1
	result, err := p.Write(t.Context(), []model.Record{r})
	if err != nil || result.Accepted != 0 || len(result.Rejected) != 1 || len(s.sizes()) != 0 {
		t.Errorf("Write returned %+v, %v after %d transactions", result, err, len(s.sizes()))
	}
}

func TestErrorsOfTheStoreReachTheCallersOfTheBatchAlone(t *testing.T) {
	broken := errors.New("broken")
	for _, fault := range []error{repo.ErrUnavailable, broken} {
		t.Run(fault.Error(), func(t *testing.T) {
			attempts := 0
			s := &store{commit: func([]model.Record) error {
				if attempts++; attempts == 1 {
					return fmt.Errorf("write: %w", fault)
				}
				return nil
			}}
			p := open(t, s, ingest.Config{Shards: 1})
			if _, err := p.Write(t.Context(), spans(1, 2)); !errors.Is(err, fault) {
				t.Errorf("Write returned %v, want %v", err, fault)
			}
			if r, err := p.Write(t.Context(), spans(1, 2)); err != nil || r.Accepted != 2 {
				t.Errorf("sent again: %+v, %v", r, err)
			}
			if attempts != 2 {
				t.Errorf("%d transactions, want no retry by the pipeline itself", attempts)
			}
		})
	}
}

// expect reads the value of a metric, the sum over its labels.
func expect(t *testing.T, registry *prometheus.Registry, name string, want float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		var got float64
		for _, m := range f.GetMetric() {
			got += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
		if got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
		return
	}
	t.Errorf("there is no metric %s", name)
}
