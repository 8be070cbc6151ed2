package repotest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// namesOfBills are all fields of a bill but those of time.
var namesOfBills = []repo.BillField{
	repo.ByAgent, repo.ByTeam, repo.ByWorkflow, repo.BySession, repo.ByUser, repo.ByRun,
	repo.ByModel, repo.ByProvider, repo.ByTool, repo.ByService, repo.ByEnvironment,
}

// sumsOf sums up those of the bills that q selects, in the plainest way.
func sumsOf(bills []model.Bill, q repo.BillQuery) []repo.BillSum {
	places := map[string]int{}
	var out []repo.BillSum
	for i := range bills {
		b := &bills[i]
		if !q.Matches(b) {
			continue
		}
		sum := repo.BillSum{Labels: make([]string, len(q.By))}
		for i, field := range q.By {
			label, start := field.Of(b)
			sum.Labels[i], sum.Time = label, max(sum.Time, start)
		}
		key := keyOfSum(sum)
		place, ok := places[key]
		if !ok {
			place = len(out)
			places[key] = place
			out = append(out, sum)
		}
		out[place].Add(b)
	}
	return out
}

func keyOfSum(s repo.BillSum) string { return fmt.Sprintf("%d %q", s.Time, s.Labels) }

// bills asks for sums.
func (s *subject) bills(t tb, q repo.BillQuery) []repo.BillSum {
	t.Helper()
	q.MaxSums = cmp.Or(q.MaxSums, 100_000)
	got, err := s.Bills(t.Context(), s.project, q)
	if err != nil {
		t.Fatalf("Bills: %v, asked for\n%s", err, gocmp.Diff(repo.BillQuery{}, q))
	}
	return got
}

// billsHold checks that the project has exactly these bills: those that cannot be
// told apart, but by their traces, together.
func (s *subject) billsHold(t tb, want []model.Bill) {
	t.Helper()
	for _, by := range [][]repo.BillField{append(slices.Clone(namesOfBills), repo.ByHour), {repo.ByDay}} {
		q := repo.BillQuery{By: by}
		sameSums(t, q, sumsOf(want, q), s.bills(t, q))
	}
}

// sameSums compares sums in whatever order, and latencies in whatever order.
func sameSums(t tb, q repo.BillQuery, want, got []repo.BillSum) {
	t.Helper()
	if len(q.By) == 0 && len(want) == 0 && len(got) == 1 {
		want = make([]repo.BillSum, 1) // one sum of all that there is
	}
	if diff := gocmp.Diff(sorted(want), sorted(got), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("sums by %v differ (-want +got):\n%s", q.By, diff)
	}
}

func sorted(sums []repo.BillSum) []repo.BillSum {
	out := slices.Clone(sums)
	for i := range out {
		s := &out[i]
		s.ModelCalls.Latencies, s.ToolCalls.Latencies = sortedLatencies(s.ModelCalls.Latencies), sortedLatencies(s.ToolCalls.Latencies)
	}
	slices.SortFunc(out, func(a, b repo.BillSum) int { return strings.Compare(keyOfSum(a), keyOfSum(b)) })
	return out
}

func sortedLatencies(text string) string {
	var buckets []int
	model.EachLatency(text, func(bucket int) bool { buckets = append(buckets, bucket); return true })
	slices.Sort(buckets)
	var out []byte
	for _, bucket := range buckets {
		out = model.AppendLatency(out, bucket)
	}
	return string(out)
}
