package postgres

import (
	"strconv"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// TestBillsOfMoreDaysThanOneQueryAsksForAddUp has many labels, which come again
// with the next days.
func TestBillsOfMoreDaysThanOneQueryAsksForAddUp(t *testing.T) {
	all := billSums{q: repo.BillQuery{By: []repo.BillField{repo.ByUser}}, places: map[string]int{}}
	for _, days := range []string{"first", " second", " third"} {
		for user := range 20 {
			for _, kind := range []model.CallKind{model.CallsOfModel, model.CallsOfTool} {
				r := billRow{kind: kind}
				r.targets(all.q.By)
				r.labels[0], r.sums[0], r.latencies = strconv.Itoa(user), 1, days
				all.sum(&r)
			}
		}
	}
	sums := all.done()
	if len(sums) != 20 {
		t.Fatalf("%d sums of 20 users", len(sums))
	}
	for _, sum := range sums {
		for _, calls := range []repo.CallSum{sum.ModelCalls, sum.ToolCalls} {
			if calls.Calls != 3 || calls.Latencies != "first second third" {
				t.Errorf("%v: %+v", sum.Labels, calls)
			}
		}
	}
}
