package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// example has something of everything, and nothing in some places.
func example() Report {
	latency := func(ms float64) Latency { return Latency{P50: ms, P95: 2 * ms, P99: 3.456 * ms} }
	column := func(store, way string, n float64) Column {
		return Column{Store: store, Way: way, SpansPerSecond: 1000 * n, SenderCPU: n / 20, ServerCPU: n / 4, DatabaseCPU: n / 2, SpansPerCommit: 700,
			WAL: 900, Disk: 720.4, PeakMemory: 120 << 20, Request: latency(n)}
	}
	ours := column(PostgreSQL, GRPC, 47.3)
	ours.Ones = &Ones{Senders: 32, RequestsPerSecond: 3900, CPU: 230, Request: latency(14)}
	plain := column(PostgreSQL, HTTP, 40)
	plain.Ones = &Ones{Senders: 32, RequestsPerSecond: 5100, CPU: 180, Request: latency(12)}
	floor := column(PostgreSQL, Floor, 33)
	floor.SenderCPU, floor.PeakMemory, floor.Request = 0, 0, Latency{}
	questions := []Question{
		{Name: TraceByID, Latency: latency(0.61), Found: 17},
		{Name: BySession, Latency: latency(2.5), Found: 20},
		{Name: ByAgent, Latency: latency(3.9), Found: 20},
		{Name: FailedToolQuery, Query: "{ type = tool && failed }", Latency: latency(4), Found: 20},
		{Name: "query: by count", Query: "{ type = llm } | count() > 5", Latency: latency(15), Content: 1e9, Found: 20},
	}
	flows := []Flow{{Name: Exported, Spans: 1000, SpansPerSecond: 120_000, BytesPerSecond: 3e8, ServerCPU: 4, DatabaseCPU: 1, ClientCPU: 2}}
	settled := Settled{Store: PostgreSQL, SpansPerSecond: 40_000, ServerCPU: 15, DatabaseCPU: 16, PeakMemory: 99 << 20, Disk: 801,
		Tables: []Table{{Name: "spans", Rows: 400_000, Heap: 200, Indexes: 150.7}}, Pace: 25_000, Paced: 24_900, PacedCPU: 61, PacedWait: latency(20), Behind: 0.4}
	answered := Answered{Store: PostgreSQL, Spans: 400_000, Questions: questions, Flows: flows, PeakMemory: 64 << 20}
	large := answered
	large.Spans = 4_000_000
	large.Questions = slices.Clone(questions)
	large.Questions[1].Latency = latency(4.2)
	return Report{
		Machine: Machine{Cores: 2, Go: "go1.26", PostgreSQL: "15.1"},
		Load: Load{Spans: 400_010, Traces: 24_000, Requests: 840, BytesPerSpan: 2771.3, SpansPerRequest: 476, TracesPerRequest: 71,
			RequestsPerTrace: 2.47, Senders: 4, Seed: 1},
		Columns: []Column{{Store: "grpc://peer:4317", SpansPerSecond: 9000, Request: latency(200)}, column(SQLite, GRPC, 26), plain, ours, floor},
		Settled: []Settled{settled}, Answered: []Answered{answered},
		Growth: []Stage{
			{Days: 1, Load: column(PostgreSQL, GRPC, 50), Settled: settled, Answered: answered},
			{Days: 1, Load: column(PostgreSQL, GRPC, 45), Settled: settled, Answered: large},
		},
	}
}

func TestTheReportReadsAsItShould(t *testing.T) {
	r := example()
	r.Sort()
	var got bytes.Buffer
	if err := r.WriteMarkdown(&got); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/report.md"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("differs from %s (go test -update writes it anew):\n%s", golden, got.Bytes())
	}
}

func TestJSONHasEverything(t *testing.T) {
	var written bytes.Buffer
	if err := example().WriteJSON(&written); err != nil {
		t.Fatal(err)
	}
	var read Report
	if err := json.Unmarshal(written.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read, example()) {
		t.Errorf("read back: %+v", read)
	}
}

// TestPercentilesAreOfThoseThatWere: each is one of the durations, and the
// smallest that so many of all do not exceed.
func TestPercentilesAreOfThoseThatWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.SliceOfN(rapid.IntRange(1, 50), 1, 300).Draw(t, "milliseconds")
		durations := make([]time.Duration, len(ms))
		for i, n := range ms {
			durations[i] = time.Duration(n) * time.Millisecond
		}
		l := LatencyOf(durations)
		for percent, got := range map[int]float64{50: l.P50, 95: l.P95, 99: l.P99} {
			within, below := 0, 0
			for _, n := range ms {
				if float64(n) <= got {
					within++
				}
				if float64(n) < got {
					below++
				}
			}
			if !slices.Contains(ms, int(got)) || within*100 < percent*len(ms) || below*100 >= percent*len(ms) {
				t.Fatalf("p%d of %v is %v", percent, ms, got)
			}
		}
	})
	shuffled := []time.Duration{3, 1, 2}
	LatencyOf(shuffled)
	if !slices.Equal(shuffled, []time.Duration{3, 1, 2}) {
		t.Error("the durations were put in another order")
	}
	if LatencyOf(nil) != (Latency{}) {
		t.Error("nothing has percentiles")
	}
}

func TestVerdicts(t *testing.T) {
	fast := func(n float64) limit { return limit{"# spans/s", n, 45, 75, true} }
	small := func(n float64) limit { return limit{"p50 # ms", n, 4, 2, false} }
	tail := func(n float64) limit { return limit{"p99 # ms", n, 6, 0, false} }
	for _, c := range []struct {
		want   string
		limits []limit
	}{
		{"missed", []limit{fast(44.9)}},
		{"met", []limit{fast(45)}},
		{"stretch met", []limit{fast(75)}},
		{"missed", []limit{small(4.1)}},
		{"met", []limit{small(4)}},
		{"stretch met", []limit{small(2)}},
		{"not measured", []limit{fast(0)}},
		{"not measured", []limit{fast(80), tail(0)}},
		{"missed", []limit{fast(80), tail(6.1)}},
		{"stretch met", []limit{fast(80), tail(6)}},
		{"met", []limit{fast(50), tail(1)}},
		{"missed", []limit{fast(1), small(1)}},
	} {
		if got := (bar{limits: c.limits}).verdict(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.limits, got, c.want)
		}
	}
}

func TestBarsWithoutAnyMeasurementSaySo(t *testing.T) {
	var b strings.Builder
	Report{}.bars(&b)
	rows := strings.Count(b.String(), "\n") - 3
	if n := strings.Count(b.String(), "| not measured |"); rows != 13 || n != rows {
		t.Errorf("%d of %d bars were not measured:\n%s", n, rows, b.String())
	}
}

func TestNumbersReadAsPeopleReadThem(t *testing.T) {
	for n, want := range map[float64]string{0: "", 7: "7", 999.4: "999", 1000: "1,000", 12345.6: "12,346", 4e6: "4,000,000"} {
		if got := thousands(n); got != want {
			t.Errorf("%v reads %q, want %q", n, got, want)
		}
	}
	for n, want := range map[float64]string{0.7: "0.7", 1.5: "1.5", 1.234: "1.23", 3: "3", 22: "22", 47.31: "47.3", 45_000: "45,000"} {
		if got := short(n); got != want {
			t.Errorf("%v reads %q, want %q", n, got, want)
		}
	}
}
