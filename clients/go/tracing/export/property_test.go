package export_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
	"github.com/agenttrace/agenttrace/clients/go/tracing/export/internal/spill"
)

// badDisk is a disk that is full or fails, in one operation of so many.
type badDisk struct {
	spill.OS
	oneIn atomic.Int64 // 0: it works
}

func (d *badDisk) fails() error {
	if n := d.oneIn.Load(); n > 0 && rand.Int64N(n) == 0 {
		return syscall.ENOSPC
	}
	return nil
}

func (d *badDisk) Create(name string) (spill.File, error) {
	if err := d.fails(); err != nil {
		return nil, err
	}
	file, err := d.OS.Create(name)
	return badFile{file, d}, err
}

func (d *badDisk) Rename(from, to string) error {
	if err := d.fails(); err != nil {
		return err
	}
	return d.OS.Rename(from, to)
}

func (d *badDisk) SyncFolder(string) error { return d.fails() }

// badFile writes half of what it should when the disk is full.
type badFile struct {
	spill.File
	disk *badDisk
}

func (f badFile) Write(p []byte) (int, error) {
	if err := f.disk.fails(); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f badFile) Sync() error { return f.disk.fails() }

// world is a backend that changes, and what it has seen.
type world struct {
	mu    sync.Mutex
	mood  string
	taken map[string]bool
	bad   map[string]bool
}

var moods = []string{"fine", "fine", "slow", "down", "hanging", "small", "failing", "dying", "throttling"}

func (w *world) Destination() string    { return "world" }
func (w *world) Timeout() time.Duration { return 0 }
func (w *world) Close() error           { return nil }

func (w *world) Send(ctx context.Context, request []byte) error {
	names := namesIn(request)
	w.mu.Lock()
	mood := w.mood
	w.mu.Unlock()
	switch mood {
	case "slow":
		select {
		case <-time.After(time.Duration(rand.IntN(8)) * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	case "down":
		return down
	case "hanging":
		return hang(ctx, names)
	case "small":
		if len(names) > 2 {
			return &export.Fault{Kind: export.TooLarge}
		}
	case "failing":
		if rand.IntN(3) > 0 {
			return &export.Fault{Kind: export.Away}
		}
	case "dying":
		_ = w.store(names) // its answer is lost
		return &export.Fault{Kind: export.Away, Message: "connection reset"}
	case "throttling":
		return &export.Fault{Kind: export.Away, RetryAfter: 2 * time.Second}
	}
	return w.store(names)
}

// store takes all spans but bad ones.
func (w *world) store(names []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var rejected int64
	for _, name := range names {
		if strings.HasPrefix(name, "bad") {
			rejected++
			w.bad[name] = true
		} else {
			w.taken[name] = true
		}
	}
	if rejected > 0 {
		return &export.Fault{Kind: export.Partial, Rejected: rejected}
	}
	return nil
}

func (w *world) become(mood string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mood = mood
}

// TestWhateverHappensCountsAddUpAndNothingAcceptedIsLost lets backends and disks
// change at random while an agent works, restarts the agent, and lets all be well
// at the end.
func TestWhateverHappensCountsAddUpAndNothingAcceptedIsLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := ""
		if rapid.Bool().Draw(rt, "spill") {
			var err error
			if dir, err = os.MkdirTemp(t.TempDir(), ""); err != nil {
				rt.Fatal(err)
			}
		}
		synctest.Test(t, func(t *testing.T) { live(t, rt, dir) })
		if left := filesIn(t, dir); dir != "" && len(left) > 0 {
			rt.Errorf("files are left: %v", left)
		}
	})
}

// life is one run of the property.
type life struct {
	t     *testing.T
	rt    *rapid.T
	w     *world
	disk  *badDisk
	o     export.Options
	p     *export.Processor
	spans int
	ended int64
	lost  int64 // dropped, of all processes
}

func live(t *testing.T, rt *rapid.T, dir string) {
	l := &life{t: t, rt: rt, w: &world{mood: "fine", taken: map[string]bool{}, bad: map[string]bool{}}, disk: new(badDisk)}
	l.o = export.Options{
		MaxQueueSize: rapid.IntRange(1, 60).Draw(rt, "queue"), MaxQueueBytes: rapid.IntRange(2000, 60_000).Draw(rt, "queue bytes"),
		MaxExportBatchSize: rapid.IntRange(1, 20).Draw(rt, "batch"), MaxExportBatchBytes: rapid.IntRange(1000, 20_000).Draw(rt, "batch bytes"),
		NoBatch: rapid.Bool().Draw(rt, "no batch"), ExportTimeout: 5 * time.Second, RetryMax: 10 * time.Second,
		SpillDir: dir, MaxSpillBytes: int64(rapid.IntRange(500, 50_000).Draw(rt, "spill bytes")), Log: new(logs).logger(),
	}.OnDisk(l.disk)
	l.p = start(t, l.w, l.o)
	for range rapid.IntRange(1, 15).Draw(rt, "steps") {
		l.step()
		mustAddUp(rt, l.p.Stats())
		s := l.p.Stats()
		if s.Held > int64(l.o.MaxQueueSize) || s.HeldBytes > int64(l.o.MaxQueueBytes) || s.SpilledBytes > l.o.MaxSpillBytes {
			rt.Fatalf("a bound does not hold: %+v", s)
		}
	}
	l.w.become("fine")
	l.disk.oneIn.Store(0)
	time.Sleep(time.Hour) // whoever waits has tried again
	last := stop(t, l.p, time.Minute)
	l.lost += last.Dropped.Total()
	l.ended += last.Ended
	if last.Held+last.Spilled+last.Dropped.Stopped > 0 {
		rt.Fatalf("not all is delivered when all is well: %+v", last)
	}
	if seen := int64(len(l.w.taken) + len(l.w.bad)); seen < l.ended-l.lost {
		rt.Fatalf("%d spans ended, %d were dropped, but the backend has seen only %d", l.ended, l.lost, seen)
	}
}

func (l *life) step() {
	switch rapid.SampledFrom([]string{"end", "end", "end", "mood", "disk", "wait", "flush", "restart"}).Draw(l.rt, "step") {
	case "end":
		n, size := rapid.IntRange(1, 40).Draw(l.rt, "spans"), rapid.IntRange(0, 3000).Draw(l.rt, "size")
		badOneIn := rapid.IntRange(1, 8).Draw(l.rt, "bad, one in")
		for i := range n {
			l.spans++
			kind := "good"
			if i%badOneIn == badOneIn-1 {
				kind = "bad"
			}
			l.p.OnEnd(named(fmt.Sprint(kind, l.spans, strings.Repeat("x", i*size%3001))))
		}
	case "mood":
		l.w.become(rapid.SampledFrom(moods).Draw(l.rt, "mood"))
	case "disk":
		l.disk.oneIn.Store(rapid.SampledFrom([]int64{0, 1, 3}).Draw(l.rt, "one in"))
	case "wait":
		time.Sleep(time.Duration(rapid.IntRange(1, 20_000).Draw(l.rt, "ms")) * time.Millisecond)
	case "flush":
		ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
		_ = l.p.ForceFlush(ctx) // it may well fail
		cancel()
	case "restart":
		s := stop(l.t, l.p, time.Second)
		l.lost += s.Dropped.Total()
		l.ended += s.Ended
		l.p = start(l.t, l.w, l.o)
	}
}
