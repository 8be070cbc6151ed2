package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
	"github.com/agenttrace/agenttrace/internal/sample"
)

// benchStart is when the sampled traces begin.
var benchStart = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// sampler makes batches of whole traces, a tenth of a second apart.
type sampler struct {
	traces *sample.Generator
	made   int
}

func newSampler(seed uint64) *sampler {
	return &sampler{traces: sample.New(sample.Options{Seed: seed})}
}

func (s *sampler) batch(tb testing.TB, spans int) []model.Record {
	tb.Helper()
	var records []model.Record
	for len(records) < spans {
		t := s.traces.Trace(benchStart.Add(time.Duration(s.made) * 100 * time.Millisecond))
		s.made++
		for _, body := range sample.Batches([]sample.Trace{t}, 1<<20) {
			request, err := otlp.Parse("default", body, otlp.Limits{})
			if err != nil {
				tb.Fatal(err)
			}
			records = append(records, request.Records...)
		}
	}
	return records
}

// BenchmarkWrite writes whole traces with one caller. It reports CPU time of
// this process and of PostgreSQL with all its processes, compression included:
// the time that passes says little on a machine with other things to do.
func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{1000, 2000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			cluster := pgtest.Start(b, "full_page_writes=on", "shared_buffers=512MB", "max_wal_size=4GB")
			store := open(b, cluster.DSN("postgres"), postgres.Options{})
			defer store.Close()
			s := newSampler(1)
			write(b, store, s.batch(b, size)) // makes the partition
			spans := 0
			var client time.Duration
			server0 := cpuOfChildren(b, cluster.PID())
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				records := s.batch(b, size)
				spans += len(records)
				b.StartTimer()
				before := cpuOfSelf(b)
				write(b, store, records)
				client += cpuOfSelf(b) - before
			}
			server := cpuOfChildren(b, cluster.PID()) - server0
			b.ReportMetric(float64(client.Microseconds())/float64(spans), "client-µs/span")
			b.ReportMetric(float64(server.Microseconds())/float64(spans), "server-µs/span")
			b.ReportMetric(float64(spans)/b.Elapsed().Seconds(), "spans/s")
		})
	}
}

func write(tb testing.TB, store repo.Writer, records []model.Record) {
	tb.Helper()
	got, err := store.Write(tb.Context(), records)
	if err != nil || got.Stored != len(records) {
		tb.Fatalf("wrote %+v of %d records: %v", got, len(records), err)
	}
}

func cpuOfSelf(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cpuOfChildren sums up what the processes that pid started have used, in the
// hundredths of a second in which Linux counts, so only long runs mean
// anything. Elsewhere it is 0.
func cpuOfChildren(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		tb.Fatal(err)
	}
	var ticks int64
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// "pid (name) state parent ...", and the name may hold anything.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) < 13 || fields[1] != strconv.Itoa(pid) {
			continue
		}
		for _, field := range fields[11:13] {
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				tb.Fatal(err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
