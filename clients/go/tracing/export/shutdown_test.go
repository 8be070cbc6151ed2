package export_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
	"github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/spill"
)

func TestForceFlushReturnsWhenAllIsDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(backend)
		p := start(t, b, export.Options{ScheduleDelay: time.Hour, MaxExportBatchSize: 10})
		end(p, "s", 25)
		if err := p.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
		mustBe(t, "delivered", p.Stats().Delivered, 25)
		stop(t, p, time.Second)
		if err := p.ForceFlush(t.Context()); err != nil {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestForceFlushTriesUntilItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{answer: always(down)}
		p := start(t, b, export.Options{ScheduleDelay: time.Hour})
		end(p, "s", 5)
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := p.ForceFlush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the deadline", err)
		}
		mustBe(t, "time", time.Since(begun), 5*time.Second)
		if err := p.ForceFlush(t.Context()); err == nil { // without a deadline: bounded all the same
			t.Error("no error while the backend is away")
		}
		b.become(nil)
		if err := p.ForceFlush(t.Context()); err != nil {
			t.Errorf("error %v, want an attempt at once", err)
		}
		mustBe(t, "delivered", p.Stats().Delivered, 5)
		stop(t, p, time.Second)
	})
}

func TestShutdownDropsWhatIsLeftAtItsDeadlineAndSaysSo(t *testing.T) {
	for name, answer := range map[string]func(context.Context, []string) error{
		"away": always(down), "hanging": hang,
		"deaf": func(context.Context, []string) error { time.Sleep(time.Hour); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := start(t, &backend{answer: answer}, export.Options{MaxExportBatchSize: 10})
				end(p, "s", 35)
				begun := time.Now()
				stats := stop(t, p, 3*time.Second)
				if took := time.Since(begun); took > 3*time.Second+250*time.Millisecond {
					t.Errorf("Shutdown took %v", took)
				}
				mustBe(t, "dropped", stats.Dropped, export.Dropped{Stopped: 35})
				end(p, "late", 5)
				mustBe(t, "dropped later", p.Stats().Dropped, export.Dropped{Stopped: 40})
				mustAddUp(t, p.Stats())
				if err := p.Shutdown(t.Context()); err == nil {
					t.Error("a second Shutdown does not tell what the first did")
				}
				time.Sleep(time.Hour)
			})
		})
	}
}

func TestShutdownWithoutDeadlineIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := start(t, &backend{answer: hang}, export.Options{ExportTimeout: 7 * time.Second})
		end(p, "s", 5)
		begun := time.Now()
		if err := p.Shutdown(t.Context()); err == nil {
			t.Error("no error")
		}
		mustBe(t, "time", time.Since(begun), 7*time.Second)
	})
}

// stuckDisk is one whose writes do not return until it is freed.
type stuckDisk struct {
	spill.OS
	free chan struct{}
}

func (d stuckDisk) Create(name string) (spill.File, error) {
	<-d.free
	return d.OS.Create(name)
}

func TestDiskThatHangsHoldsUpNeitherAgentNorShutdown(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		disk := stuckDisk{free: make(chan struct{})}
		o := export.Options{MaxQueueSize: 50, MaxExportBatchSize: 10, SpillDir: dir}.OnDisk(disk)
		p := start(t, &backend{answer: always(down)}, o)
		end(p, "s", 30)
		time.Sleep(10 * time.Second) // the loop is stuck in the disk
		begun := time.Now()
		end(p, "t", 30)
		mustBe(t, "time of the agent", time.Since(begun), 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the deadline", err)
		}
		if took := time.Since(begun); took > 1500*time.Millisecond {
			t.Errorf("Shutdown took %v", took)
		}
		s := p.Stats()
		mustAddUp(t, s)
		mustBe(t, "still held", s.Held, 50)
		mustBe(t, "dropped", s.Dropped, export.Dropped{QueueFull: 10})
		close(disk.free)
		synctest.Wait()
		s = p.Stats()
		mustAddUp(t, s)
		mustBe(t, "on disk at last", s.Spilled, 50)
	})
}
