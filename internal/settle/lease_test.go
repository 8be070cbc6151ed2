package settle_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/settle"
)

func TestAnotherLoopTakesOverWithinSeconds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*running)
		most time.Duration
	}{
		{"from one that was killed", (*running).crash, settle.DefaultLeaseTime * 4 / 3},
		{"from one that was stopped", (*running).end, settle.DefaultLeaseTime / 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDatabase()
				first := run(t, d.connect(), settle.Config{})
				synctest.Wait()
				second := run(t, d.connect(), settle.Config{})
				d.write(records(1, 0, 4)...)
				time.Sleep(enough)
				d.write(records(2, 0, 4)...)
				time.Sleep(settle.DefaultQuiet - time.Second)
				tt.end(first)
				if took := settledAfter(d, 2, time.Minute) - time.Second; took > tt.most+settle.DefaultPoll {
					t.Errorf("took over within %v", took)
				}
				second.end()
				d.checkSettled(t, perToken(1))
			})
		})
	}
}

func TestLoopWaitsAsLongAsAnotherWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		run(t, d.connect(), settle.Config{})
		synctest.Wait()
		idle := d.connect()
		idle.before = func(_ context.Context, call string) error {
			if call != "TakeLease" {
				t.Errorf("the loop without the lease calls %s", call)
			}
			return nil
		}
		run(t, idle, settle.Config{})
		d.write(records(1, 0, 4)...)
		time.Sleep(10 * time.Minute)
		if d.term() != 1 {
			t.Errorf("the lease went to somebody %d times, want once", d.term())
		}
	})
}

func TestLoopThatLostTheLeaseDropsWhatItKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		stuck := d.connect()
		var stopped atomic.Bool
		stuck.before = func(_ context.Context, call string) error {
			if call == "Settle" && stopped.CompareAndSwap(false, true) {
				time.Sleep(time.Minute) // like a process that is paused
			}
			if call == "TakeLease" && d.term() == 1 && d.settlements() == 0 && d.age() > time.Second {
				return repo.ErrUnavailable
			}
			return nil
		}
		d.write(records(1, 0, 4)...)
		first := run(t, stuck, settle.Config{Quiet: 2 * time.Second})
		synctest.Wait()
		second := run(t, d.connect(), settle.Config{Quiet: 2 * time.Second})
		time.Sleep(2 * time.Minute)
		d.write(records(1, 4, 1)...)
		d.write(records(2, 0, 4)...)
		time.Sleep(time.Minute)
		first.end()
		second.end()
		d.checkSettled(t, perToken(1))
		if d.term() < 2 {
			t.Error("the lease was not taken over")
		}
	})
}

func TestLoopThatCannotProlongItsLeaseStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		on, begun := d.connect(), time.Now()
		on.before = func(_ context.Context, call string) error {
			switch {
			case d.term() == 0:
				return nil
			case call == "TakeLease":
				return repo.ErrUnavailable
			case time.Since(begun) > settle.DefaultLeaseTime*4/3:
				t.Errorf("%s is called without a lease", call)
			}
			return nil
		}
		run(t, on, settle.Config{})
		time.Sleep(time.Minute)
	})
}

func TestLeaseThatIsTakenAwayEndsTheTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		r := run(t, d.connect(), settle.Config{})
		d.write(records(1, 0, 4)...)
		time.Sleep(8 * time.Second)
		d.mu.Lock()
		d.lease.Holder, d.lease.Term = "somebody else", d.lease.Term+1
		d.until = time.Now().Add(30 * time.Second)
		d.mu.Unlock()
		time.Sleep(25 * time.Second)
		if d.isSettled(project, 1) {
			t.Error("the loop settled a trace without the lease")
		}
		d.write(records(2, 0, 4)...)
		time.Sleep(enough + 10*time.Second)
		r.end()
		d.checkSettled(t, perToken(1))
	})
}

func TestLoopGoesOnWhereItWas(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*running)
	}{{"when it was killed", (*running).crash}, {"when it was stopped", (*running).end}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDatabase()
				first := run(t, d.connect(), settle.Config{})
				for i := range 200 {
					d.write(records(i, 0, 1)...)
				}
				time.Sleep(enough)
				d.write(records(1000, 0, 2)...) // not due when the loop ends
				time.Sleep(2 * time.Second)
				tt.end(first)
				if got := d.cursor(); got != "200" {
					t.Errorf("the saved cursor is %q, want %q: behind what has settled", got, "200")
				}
				clear(d.read)
				second := run(t, d.connect(), settle.Config{})
				time.Sleep(enough)
				second.end()
				d.checkSettled(t, perToken(1))
				if len(d.read) != 1 || d.read[traceID(1000)] != 1 {
					t.Errorf("these traces were read again: %v", d.read)
				}
			})
		})
	}
}

func TestTraceThatWaitsHoldsTheCursorBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		r := run(t, d.connect(), settle.Config{})
		for i := range 30 {
			d.write(records(0, i, 1)...) // never rests
			d.write(records(i+1, 0, 1)...)
			time.Sleep(5 * time.Second)
		}
		if got := d.cursor(); got != "" {
			t.Errorf("the saved cursor is %q before the first trace has settled", got)
		}
		r.crash()
		second := run(t, d.connect(), settle.Config{})
		time.Sleep(2 * enough)
		second.end()
		d.checkSettled(t, perToken(1))
		for i := range 25 {
			if n := d.read[traceID(i+1)]; n != 1 {
				t.Errorf("trace %d was read %d times, though it had settled", i+1, n)
			}
		}
	})
}

func TestCursorFollowsWhileOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		r := run(t, d.connect(), settle.Config{})
		for i := range 60 {
			d.write(records(i, 0, 1)...)
			time.Sleep(time.Second)
		}
		r.crash()
		if got, _ := strconv.Atoi(d.cursor()); got < 45 || got > 51 {
			t.Errorf("the saved cursor is %d of 60, want that of 12 seconds ago", got)
		}
	})
}

func TestStoreThatIsAwayIsTriedAgain(t *testing.T) {
	for _, call := range []string{"TakeLease", "LoadCursor", "Changes", "Unsettled", "Segments", "Segments, behind a trace", "Settle", "SaveCursor"} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDatabase()
				on := d.connect()
				var calls, failures atomic.Int64
				on.before = func(_ context.Context, made string) error {
					if made != call {
						return nil
					}
					if calls.Add(1)%20 < 10 && d.age() < 5*time.Minute {
						failures.Add(1)
						return repo.ErrUnavailable
					}
					return nil
				}
				d.write(append(records(1, 0, 4), records(2, 0, 4)...)...)
				lines := newLog()
				r := run(t, on, settle.Config{Log: slog.New(lines)})
				time.Sleep(6 * time.Minute)
				r.end()
				d.checkSettled(t, perToken(1))
				if n := lines.count(); n == 0 || n > 1+int(failures.Load()/3) {
					t.Errorf("%d lines were logged of %d failures", n, failures.Load())
				}
			})
		})
	}
}

func TestStoreThatHangsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		on := d.connect()
		var hung sync.Map // calls
		on.before = func(ctx context.Context, call string) error {
			if _, before := hung.LoadOrStore(call, true); before || call == "ReleaseLease" {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		d.write(records(1, 0, 4)...)
		r := run(t, on, settle.Config{})
		time.Sleep(20 * time.Minute)
		r.end()
		d.checkSettled(t, perToken(1))
	})
}
