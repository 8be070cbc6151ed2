package stats_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/stats"
)

// bills draws some that have few values, so that many are alike.
func bills(t *rapid.T) (all []model.Bill) {
	names := rapid.SampledFrom([]string{"", "a", "b", "ab", strings.Repeat("long", 400), strings.Repeat("long", 400) + "er"})
	for range rapid.IntRange(0, 30).Draw(t, "bills") {
		b := model.Bill{
			StartNano: rapid.Int64Range(0, 4).Draw(t, "hour") * model.NanosPerHour, Kind: model.CallsOfModel,
			Agent: names.Draw(t, "agent"), Model: names.Draw(t, "model"),
		}
		if rapid.Bool().Draw(t, "tool") {
			b.Kind, b.Model, b.Tool = model.CallsOfTool, "", names.Draw(t, "tool name")
		}
		var latencies []byte
		for range rapid.IntRange(0, 3).Draw(t, "calls") {
			nanos := rapid.Int64Range(1, 1e10).Draw(t, "latency")
			latencies = model.AppendLatency(latencies, model.LatencyBucket(nanos))
			b.Calls++
			b.Nanos += nanos
		}
		b.Failures, b.Latencies = b.Calls/2, string(latencies)
		b.Usage.Input = rapid.Int64Range(0, 3).Draw(t, "tokens")
		b.Cost = model.Cost{Nano: rapid.Int64Range(0, 3).Draw(t, "cost"), ComputedCalls: 1}
		all = append(all, b)
	}
	return all
}

func summed(t *rapid.T, groupBy []pb.UsageField, all []model.Bill) []repo.BillSum {
	sums := stats.NewSums(stats.By(groupBy), len(all))
	for i := range all {
		if err := sums.Add(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	return sums.All()
}

func fieldsOf(t *rapid.T) []pb.UsageField {
	return rapid.SliceOfNDistinct(rapid.SampledFrom([]pb.UsageField{
		pb.UsageField_USAGE_FIELD_PROJECT, pb.UsageField_USAGE_FIELD_AGENT, pb.UsageField_USAGE_FIELD_MODEL, pb.UsageField_USAGE_FIELD_TOOL, pb.UsageField_USAGE_FIELD_HOUR,
	}), 0, 4, rapid.ID).Draw(t, "group by")
}

func TestRowsSumUpToTheTotalWhateverTheGrouping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := bills(t)
		want := stats.NewUsageTable("p", nil, 0, summed(t, nil, all)).Total()
		groupBy := fieldsOf(t)
		table := stats.NewUsageTable("p", groupBy, 0, summed(t, groupBy, all))
		if diff := gocmp.Diff(want, table.Total(), protocmp.Transform()); diff != "" {
			t.Fatal(diff)
		}
		rows, _, more := table.Page(nil, table.Len())
		var calls, failures, tokens, cost int64
		for _, row := range rows {
			calls += row.GetModelCalls().GetCalls() + row.GetToolCalls().GetCalls()
			failures += row.GetModelCalls().GetFailures() + row.GetToolCalls().GetFailures()
			tokens += row.GetUsage().GetTotalTokens()
			cost += row.GetCost().GetNanoUsd()
		}
		if more || calls != want.GetModelCalls().GetCalls()+want.GetToolCalls().GetCalls() || failures != want.GetModelCalls().GetFailures()+want.GetToolCalls().GetFailures() ||
			tokens != want.GetUsage().GetTotalTokens() || cost != want.GetCost().GetNanoUsd() {
			t.Fatalf("%d calls, %d failures, %d tokens, cost %d, want %v", calls, failures, tokens, cost, want)
		}
	})
}

func labelsOf(row *pb.UsageRow) string {
	var b strings.Builder
	for _, l := range row.GetLabels() {
		fmt.Fprintf(&b, "%s\x00%020d", l.GetValue(), l.GetTime().GetSeconds())
	}
	return b.String()
}

func TestPagesHoldEachRowOnceInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groupBy, all := fieldsOf(t), bills(t)
		order := pb.UsageOrder(rapid.IntRange(0, 5).Draw(t, "order"))
		size, room := rapid.IntRange(1, 7).Draw(t, "page"), rapid.SampledFrom([]int{0, 3, 700, 5000}).Draw(t, "room for labels")
		var got []*pb.UsageRow
		var after *stats.Place
		for more := true; more; {
			table := stats.NewUsageTable("p", groupBy, order, summed(t, groupBy, all)) // anew for each page
			page, last, rest := table.Page(after, size)
			got, after, more = append(got, page...), new(last.Cut(room)), rest
		}
		key := func(r *pb.UsageRow) int64 {
			return map[pb.UsageOrder]int64{
				2: r.GetUsage().GetTotalTokens(), 3: r.GetModelCalls().GetCalls() + r.GetToolCalls().GetCalls(),
				4: r.GetModelCalls().GetFailures() + r.GetToolCalls().GetFailures(), 5: 0, 0: r.GetCost().GetNanoUsd(), 1: r.GetCost().GetNanoUsd(),
			}[order]
		}
		for i := 1; i < len(got); i++ {
			if a, b := got[i-1], got[i]; key(a) < key(b) || key(a) == key(b) && labelsOf(a) >= labelsOf(b) {
				t.Fatalf("row %d comes before %v", i-1, b)
			}
		}
		if want := len(summed(t, groupBy, all)); len(got) != want {
			t.Fatalf("%d rows, want %d", len(got), want)
		}
	})
}

func TestPageGoesOnWhereItWasWhenItsLastRowHasChanged(t *testing.T) {
	sums := func(costs map[string]int64) (out []repo.BillSum) {
		for label, cost := range costs {
			out = append(out, repo.BillSum{Labels: []string{label}, Cost: model.Cost{Nano: cost}})
		}
		return out
	}
	groupBy := []pb.UsageField{pb.UsageField_USAGE_FIELD_USER}
	_, last, _ := stats.NewUsageTable("p", groupBy, 0, sums(map[string]int64{"a": 9, "b": 5, "c": 5, "d": 1})).Page(nil, 2)
	for _, room := range []int{100, 0} {
		rows, _, more := stats.NewUsageTable("p", groupBy, 0, sums(map[string]int64{"a": 9, "b": 7, "c": 5, "d": 1})).Page(new(last.Cut(room)), 10)
		var got []string
		for _, row := range rows {
			got = append(got, row.GetLabels()[0].GetValue())
		}
		if more || !slices.Equal(got, []string{"c", "d"}) {
			t.Errorf("with room for %d bytes: %v", room, got)
		}
	}
}

func TestQuantilesAreNearestRanks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nanos := rapid.SliceOfN(rapid.Int64Range(1, 1e12), 1, 40).Draw(t, "latencies")
		b := model.Bill{Kind: model.CallsOfModel, Calls: int64(len(nanos))}
		for _, n := range nanos {
			b.Latencies += string(model.AppendLatency(nil, model.LatencyBucket(n)))
		}
		slices.Sort(nanos)
		row := stats.NewUsageTable("p", nil, 0, summed(t, nil, []model.Bill{b})).Total().GetModelCalls()
		for percent, got := range map[int]int64{50: int64(row.GetP50Latency().AsDuration()), 95: int64(row.GetP95Latency().AsDuration()), 99: int64(row.GetP99Latency().AsDuration())} {
			want := nanos[(len(nanos)*percent+99)/100-1]
			if d := got - want; max(d, -d) > max(1, want/100) {
				t.Fatalf("p%d is %d, want %d", percent, got, want)
			}
		}
	})
}

func TestOneSumTooManyIsTooMany(t *testing.T) {
	sums := stats.NewSums([]repo.BillField{repo.ByUser}, 1)
	for user, want := range []error{nil, repo.ErrTooMany} {
		if err := sums.Add(&model.Bill{User: fmt.Sprint(user)}); err != want {
			t.Errorf("user %d: %v", user, err)
		}
	}
	if err := sums.Add(&model.Bill{User: "0"}); err != nil {
		t.Errorf("a bill of a sum that is there: %v", err)
	}
}
