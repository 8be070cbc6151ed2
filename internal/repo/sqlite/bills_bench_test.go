package sqlite

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// fillBills stores bills as 20,000 traces of a week leave them: they are what
// 400,000 spans come to.
func fillBills(tb testing.TB, store *Store) (bills int) {
	tb.Helper()
	const traces, perTrace = 20_000, 6
	r := rand.New(rand.NewPCG(1, 2))
	models := []string{"gpt-5", "gpt-5-mini", "claude-sonnet-4", "gemini-2.5-pro"}
	err := store.writer.transaction(tb.Context(), func(t *tx) error {
		for n := range uint64(traces) {
			b := model.Bill{
				Project: "default", Session: fmt.Sprintf("session-%d", n/8), User: fmt.Sprintf("user-%d", n/50), Service: "shop", Environment: "production",
			}
			binary.BigEndian.PutUint64(b.TraceID[:], r.Uint64())
			start := int64(n) * 7 * model.NanosPerDay / traces
			for i := range int64(perTrace) {
				b.StartNano, b.Agent, b.Run = 20_000*model.NanosPerDay+start+i*1_000_000_000, fmt.Sprintf("agent-%d", r.IntN(12)), fmt.Sprintf("%016x", r.Uint64())
				b.Kind, b.Calls, b.Nanos, b.Tool, b.Model, b.Provider = model.CallsOfModel, 1+r.Int64N(4), 3_000_000_000+r.Int64N(1e9), "", models[r.IntN(len(models))], "openai"
				b.Usage = model.Usage{Input: 900 + r.Int64N(9000), CacheRead: r.Int64N(2) * 4096, Output: r.Int64N(900), Total: r.Int64N(14_000)}
				b.Cost = model.Cost{Nano: r.Int64N(1e8), Computed: r.Int64N(1e8), ComputedCalls: b.Calls}
				if i%3 == 2 {
					b.Kind, b.Tool, b.Model, b.Provider, b.Usage, b.Cost = model.CallsOfTool, fmt.Sprintf("tool-%d", r.IntN(20)), "", "", model.Usage{}, model.Cost{}
				}
				var latencies []byte
				for range b.Calls {
					latencies = model.AppendLatency(latencies, model.LatencyBucket(r.Int64N(5e9)))
				}
				b.Latencies = string(latencies)
				if err := t.exec(insertBill, billArgs(&b, i)...); err != nil {
					return err
				}
				bills++
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return bills
}

// BenchmarkBills sums up what 400,000 spans used and cost.
func BenchmarkBills(b *testing.B) {
	store, err := Open(b.Context(), b.TempDir()+"/agenttrace.db", Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	fillBills(b, store)
	for _, c := range []struct {
		name  string
		query repo.BillQuery
	}{
		{"all", repo.BillQuery{}},
		{"by model and day", repo.BillQuery{By: []repo.BillField{repo.ByModel, repo.ByDay}}},
		{"by session", repo.BillQuery{By: []repo.BillField{repo.BySession}}},
		{"of a session by run", repo.BillQuery{By: []repo.BillField{repo.ByRun}, Session: "session-77"}},
		{"of a day by agent", repo.BillQuery{By: []repo.BillField{repo.ByAgent}, Start: model.TimeRange{Start: 20_003 * model.NanosPerDay, End: 20_004 * model.NanosPerDay}}},
	} {
		c.query.MaxSums = 100_000
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.Bills(b.Context(), "default", c.query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
