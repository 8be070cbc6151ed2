package export_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/agenttrace/agenttrace/clients/go/tracing/export"
)

// filesIn lists the files with requests below a folder.
func filesIn(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*", "*.otlp"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSpansWaitOnDiskWhileTheBackendIsAway(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &backend{answer: always(down)}
		p := start(t, b, export.Options{MaxQueueSize: 10, MaxExportBatchSize: 5, SpillDir: dir})
		for i := range 20 {
			end(p, fmt.Sprint(i, " "), 10)
			time.Sleep(2 * time.Second)
		}
		s := p.Stats()
		mustBe(t, "spilled", s.Spilled, 200)
		mustBe(t, "held", s.Held, 0)
		mustBe(t, "dropped", s.Dropped.Total(), 0)
		if s.SpilledBytes == 0 {
			t.Error("files without bytes")
		}
		b.become(nil)
		end(p, "fresh ", 5)
		time.Sleep(time.Minute)
		synctest.Wait()
		mustBe(t, "delivered", p.Stats().Delivered, 205)
		mustBe(t, "bytes on disk", p.Stats().SpilledBytes, 0)
		var order []string
		for _, batch := range b.batches {
			if batch[0][:5] != "fresh" {
				order = append(order, batch...)
			}
		}
		for i, name := range order {
			var number int
			if _, err := fmt.Sscan(name, &number); err != nil || number != i/10 {
				t.Fatalf("span %d is %q: not oldest first", i, name)
			}
		}
		stop(t, p, time.Second)
	})
	mustBe(t, "files left", len(filesIn(t, dir)), 0)
}

func TestNextProcessDeliversWhatTheLastCouldNot(t *testing.T) {
	for name, answer := range map[string]func(context.Context, []string) error{"away": always(down), "hanging": hang} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				o := export.Options{MaxExportBatchSize: 10, SpillDir: dir}
				p := start(t, &backend{answer: answer}, o)
				end(p, "s", 35)
				mustBe(t, "spilled", stop(t, p, 5*time.Second).Spilled, 35)

				b := new(backend)
				p = start(t, b, o)
				end(p, "t", 5)
				time.Sleep(10 * time.Second)
				s := stop(t, p, time.Second)
				mustBe(t, "adopted", s.Adopted, 35)
				mustBe(t, "delivered", s.Delivered, 40)
				mustBe(t, "different spans", b.has(), 40)
			})
			mustBe(t, "files left", len(filesIn(t, dir)), 0)
		})
	}
}

func TestFilesOfAProcessThatEndsMeanwhileAreAdopted(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := new(backend)
		o := export.Options{SpillDir: dir}
		p := start(t, b, o)
		other := start(t, &backend{answer: always(down)}, o)
		end(other, "s", 7)
		stop(t, other, time.Second)
		time.Sleep(2 * time.Minute)
		mustBe(t, "delivered", stop(t, p, time.Second).Delivered, 7)
	})
}

func TestFilesAreNotGivenToAnotherBackend(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		p := start(t, &backend{answer: always(down), to: "one"}, export.Options{SpillDir: dir})
		end(p, "s", 7)
		stop(t, p, time.Second)
		b := &backend{to: "another"}
		p = start(t, b, export.Options{SpillDir: dir})
		time.Sleep(2 * time.Minute)
		mustBe(t, "adopted", stop(t, p, time.Second).Adopted, 0)
		mustBe(t, "delivered", b.has(), 0)
	})
	mustBe(t, "files left", len(filesIn(t, dir)), 1)
}

func TestSlowBackendDoesNotFillMemoryWhenThereIsADisk(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context, _ []string) error {
			select {
			case <-time.After(5 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		b := &backend{answer: slow}
		p := start(t, b, export.Options{MaxQueueSize: 100, MaxExportBatchSize: 20, SpillDir: dir})
		for range 50 {
			end(p, "s", 20)
			synctest.Wait()
		}
		mustBe(t, "dropped", p.Stats().Dropped.Total(), 0)
		b.become(nil)
		time.Sleep(time.Minute)
		mustBe(t, "delivered", stop(t, p, time.Second).Delivered, 1000)
	})
}

func TestFullFolderLeavesSpansInMemoryAndThenDrops(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &backend{answer: always(down)}
		p := start(t, b, export.Options{MaxQueueSize: 40, MaxExportBatchSize: 10, SpillDir: dir, MaxSpillBytes: 3000})
		for i := range 40 {
			end(p, fmt.Sprint(i, " "), 10)
			time.Sleep(2 * time.Second)
		}
		s := p.Stats()
		mustAddUp(t, s)
		if s.SpilledBytes > 3000 || s.Spilled < 20 || s.Held != 40 || s.Dropped.QueueFull != 400-s.Spilled-40 || s.SpillFailures == 0 {
			t.Errorf("%+v", s)
		}
		b.become(nil)
		time.Sleep(2 * time.Minute)
		after := stop(t, p, time.Second)
		mustBe(t, "delivered", after.Delivered, s.Spilled+s.Held)
		mustBe(t, "dropped", after.Dropped, s.Dropped)
	})
}

func TestFolderThatCannotBeUsedIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spans")
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file in its place
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b := &backend{answer: always(down)}
		var heard []export.Event
		p := start(t, b, export.Options{SpillDir: dir, OnReport: func(r export.Report) { heard = append(heard, r.Event) }})
		end(p, "s", 10)
		time.Sleep(10 * time.Second)
		mustBe(t, "held", p.Stats().Held, 10)
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		mustBe(t, "spilled", stop(t, p, time.Second).Spilled, 10)
		mustBe(t, "first report", heard[0], export.DiskFailing)
	})
}

func TestDamagedFileIsCountedAndTheRestDelivered(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		o := export.Options{MaxExportBatchSize: 10, SpillDir: dir}
		p := start(t, &backend{answer: always(down)}, o)
		end(p, "s", 30)
		stop(t, p, time.Second)
		if err := os.Truncate(filesIn(t, dir)[1], 50); err != nil {
			t.Fatal(err)
		}
		p = start(t, new(backend), o)
		time.Sleep(time.Second)
		s := stop(t, p, time.Second)
		mustBe(t, "dropped", s.Dropped, export.Dropped{Damaged: 10})
		mustBe(t, "delivered", s.Delivered, 20)
	})
	mustBe(t, "files left", len(filesIn(t, dir)), 0)
}

func TestTooLargeFileIsHalvedAndRemovedWhenAllIsDelivered(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		o := export.Options{SpillDir: dir}
		p := start(t, &backend{answer: always(down)}, o)
		end(p, "s", 16)
		stop(t, p, time.Second)
		b := &backend{answer: func(_ context.Context, names []string) error {
			if len(names) > 4 {
				return &export.Fault{Kind: export.TooLarge}
			}
			mustBe(t, "files while not all is delivered", len(filesIn(t, dir)), 1)
			return nil
		}}
		p = start(t, b, o)
		time.Sleep(time.Second)
		s := stop(t, p, time.Second)
		mustBe(t, "delivered", s.Delivered, 16)
		mustBe(t, "bytes on disk", s.SpilledBytes, 0)
		mustBe(t, "requests", fmt.Sprint(b.sizes()), "[4 4 4 4]")
	})
	mustBe(t, "files left", len(filesIn(t, dir)), 0)
}
