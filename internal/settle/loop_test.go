package settle_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// settledAfter returns how long it takes until a trace has settled, to a
// hundredth of a second.
func settledAfter(d *database, trace int, most time.Duration) time.Duration {
	begun := time.Now()
	for !d.isSettled(project, trace) && time.Since(begun) < most {
		time.Sleep(10 * time.Millisecond) // the bubble's clock
	}
	return time.Since(begun)
}

// enough is a time after which everything has settled that was written.
const enough = settle.DefaultQuiet + 3*settle.DefaultPoll

func TestTraceSettlesWhenItHasBeenQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		r := run(t, d.connect(), settle.Config{})
		for i := range 5 {
			d.write(records(1, 2*i, 2)...)
			time.Sleep(9 * time.Second)
			if d.isSettled(project, 1) {
				t.Fatalf("the trace settled 9 s after write %d", i)
			}
		}
		took := 9*time.Second + settledAfter(d, 1, time.Minute)
		if took < settle.DefaultQuiet || took > settle.DefaultQuiet+settle.DefaultPoll+10*time.Millisecond {
			t.Errorf("the trace settled %v after it changed last", took)
		}
		r.end()
		d.checkSettled(t, perToken(1))
		if n := d.settlements(); n != 1 {
			t.Errorf("%d settlements, want 1", n)
		}
	})
}

func TestTraceThatNeverRestsSettlesNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		r := run(t, d.connect(), settle.Config{AtMost: time.Minute})
		for i := range 100 {
			d.write(records(1, i, 1)...)
			time.Sleep(5 * time.Second)
		}
		if n := d.settlements(); n < 7 || n > 9 {
			t.Errorf("settled %d times in 500 s, want once a minute", n)
		}
		time.Sleep(enough)
		r.end()
		d.checkSettled(t, perToken(1))
	})
}

func TestLateSpanSettlesTheTraceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		r := run(t, d.connect(), settle.Config{})
		for i := range 3 {
			d.write(records(1, 4*i, 4)...)
			time.Sleep(enough)
			d.checkSettled(t, perToken(1))
		}
		if n := d.settlements(); n != 3 {
			t.Errorf("settled %d times, want 3", n)
		}
		r.end()
	})
}

// TestSpanThatComesWhileTheTraceIsReadIsNotLost writes at each step of settling.
func TestSpanThatComesWhileTheTraceIsReadIsNotLost(t *testing.T) {
	for _, call := range []string{"Changes", "Unsettled", "Segments", "Segments, behind a trace", "Settle", "SaveCursor"} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDatabase()
				on := d.connect()
				var written atomic.Int64
				written.Store(3)
				on.before = func(_ context.Context, made string) error {
					if made == call && written.Load() < 6 && d.age() > settle.DefaultQuiet-time.Second {
						d.write(records(1, int(written.Add(1)-1), 1)...)
						time.Sleep(2 * settle.DefaultPoll) // the log is read meanwhile
					}
					return nil
				}
				d.write(records(1, 0, 3)...)
				r := run(t, on, settle.Config{})
				time.Sleep(6 * enough)
				r.end()
				d.checkSettled(t, perToken(1))
				if written.Load() == 3 {
					t.Error("nothing was written meanwhile")
				}
			})
		})
	}
}

func TestDayOfATraceBecomesOneSegment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		r := run(t, d.connect(), settle.Config{})
		// The hour of the first day that is left, and the next one, in turns.
		for i := range 6 {
			d.write(append(records(1, 5-i, 1), records(1, 3600+i, 1)...)...)
		}
		d.write(records(2, 0, 3)...) // one segment, and it stays
		for i := range 3 {           // segments that lie across each other
			d.write(append(records(3, i, 1), records(3, 10-i, 1)...)...)
		}
		time.Sleep(enough)
		r.end()
		d.checkSettled(t, perToken(1))
		if d.replaced != 15 {
			t.Errorf("%d segments were replaced, want 15", d.replaced)
		}
	})
}

func TestVeryLongDayStaysAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		r := run(t, d.connect(), settle.Config{})
		for i := range 5 {
			s := span(1, i)
			s.Body = &model.Body{Input: model.Content{Value: string(make([]byte, 8<<20))}}
			d.write(recordOf(s))
		}
		d.write(append(records(1, 3600, 1), records(2, 0, 1)...)...)
		d.write(append(records(1, 3601, 1), records(2, 1, 1)...)...)
		time.Sleep(enough)
		r.end()
		s := d.traces[traceKey{project, traceID(1)}]
		if !s.isSettled() || len(s.segments) != 6 || d.replaced != 4 {
			t.Errorf("settled: %v, %d segments, %d replaced; want 5 of a day that is too long, and one of the next",
				s.isSettled(), len(s.segments), d.replaced)
		}
		if len(d.faults) > 0 {
			t.Error(d.faults)
		}
	})
}

func TestManyTracesOfManyProjectsSettleInFewTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		registry := prometheus.NewPedanticRegistry()
		on := d.connect()
		on.before = func(_ context.Context, call string) error {
			if call == "Settle" {
				time.Sleep(100 * time.Millisecond)
			}
			return nil
		}
		r := run(t, on, settle.Config{Metrics: settle.NewMetrics(registry)})
		for first := range 2 {
			var all []model.Record
			for i := range 1000 {
				for _, record := range records(i, 2*first, 2) {
					record.Span.Project = fmt.Sprint("project ", i%7)
					all = append(all, record)
				}
			}
			d.write(all...)
		}
		time.Sleep(enough)
		r.end()
		d.checkSettled(t, perToken(1))
		if n := d.settlements(); n > 10 {
			t.Errorf("1000 traces settled in %d transactions", n)
		}
		for name, want := range map[string]float64{
			"traces_total": 1000, "spans_total": 4000, "segments_compacted_total": 2000, "pending_traces": 0, "lag_seconds": 0, "lease_held": 0,
		} {
			if got := metric(t, registry, "agenttrace_settle_"+name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
	})
}

func TestTransactionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		r := run(t, d.connect(), settle.Config{})
		for i := range 12 {
			s := span(i, 0)
			s.Body = &model.Body{Input: model.Content{Value: string(make([]byte, 10<<20))}}
			d.write(recordOf(s))
		}
		time.Sleep(enough)
		r.end()
		d.checkSettled(t, perToken(1))
		for _, n := range d.settles {
			if n > 4 {
				t.Errorf("one transaction was made of %d MB", 10*n)
			}
		}
	})
}

func TestTooManyTracesSettleEarlyAndAreNotReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		registry := prometheus.NewPedanticRegistry()
		var most atomic.Int64
		on := d.connect()
		on.before = func(_ context.Context, call string) error {
			if call == "Settle" {
				time.Sleep(100 * time.Millisecond)
				most.Store(max(most.Load(), int64(metric(t, registry, "agenttrace_settle_pending_traces"))))
			}
			return nil
		}
		for i := range 1500 {
			d.write(records(i, 0, 1)...)
		}
		r := run(t, on, settle.Config{MaxPending: 100, Metrics: settle.NewMetrics(registry)})
		time.Sleep(5 * time.Second)
		if n := metric(t, registry, "agenttrace_settle_traces_total"); n < 1400 {
			t.Errorf("%v traces have settled, want all but those that may wait", n)
		}
		time.Sleep(enough)
		r.end()
		d.checkSettled(t, perToken(1))
		if got := most.Load(); got < 100 || got > 200 {
			t.Errorf("up to %d traces were waiting, want little more than 100", got)
		}
	})
}

func TestLagIsThatOfTheMostOverdue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		registry := prometheus.NewPedanticRegistry()
		on := d.connect()
		on.before = func(_ context.Context, call string) error {
			if call == "Unsettled" && d.age() < time.Minute {
				return repo.ErrUnavailable
			}
			return nil
		}
		r := run(t, on, settle.Config{Metrics: settle.NewMetrics(registry)})
		lag := func() float64 { return metric(t, registry, "agenttrace_settle_lag_seconds") }
		d.write(records(1, 0, 1)...)
		time.Sleep(9 * time.Second)
		d.write(records(2, 0, 1)...)
		if got := lag(); got != 0 {
			t.Errorf("nothing is due, and the lag is %v s", got)
		}
		time.Sleep(41 * time.Second)
		if got := lag(); got < 39 || got > 40 {
			t.Errorf("40 s after it was due, the lag is %v s", got)
		}
		time.Sleep(30 * time.Second)
		if got := lag(); got != 0 {
			t.Errorf("everything has settled, and the lag is %v s", got)
		}
		r.end()
		d.checkSettled(t, perToken(1))
	})
}

func TestWriterWithAClockAheadDoesNotPutItsTracesOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		d.write(records(1, 0, 1)...)
		d.entries[0].WrittenNano += int64(24 * time.Hour)
		r := run(t, d.connect(), settle.Config{})
		time.Sleep(enough)
		r.end()
		d.checkSettled(t, perToken(1))
	})
}

func TestLogThatWasCutOffIsReadFromItsNewBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		for i := range 10 {
			d.write(records(i, 0, 1)...)
		}
		d.cursors["settle"], d.floor = "2", 5
		for i := range 5 {
			delete(d.traces, traceKey{project, traceID(i)})
		}
		lines := newLog()
		r := run(t, d.connect(), settle.Config{Log: slog.New(lines)})
		time.Sleep(enough)
		r.end()
		d.checkSettled(t, perToken(1))
		if n := lines.count(); n != 1 {
			t.Errorf("%d lines were logged of it, want 1", n)
		}
	})
}
