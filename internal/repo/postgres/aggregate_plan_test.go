package postgres

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// TestAggregatesOfBusyDaysAreSummedUpBySeveralProcesses holds what makes them
// fast: days that are not asked for are left out, and each process sums up what
// it reads before one puts the sums together. That a day has as many starts as
// spans, as its statistics say, must not matter.
func TestAggregatesOfBusyDaysAreSummedUpBySeveralProcesses(t *testing.T) {
	t.Parallel()
	tx := plans(t)
	// So few rows are not worth a second process else.
	if _, err := tx.Exec(t.Context(), `SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL parallel_setup_cost = 0;
		SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = off`); err != nil {
		t.Fatal(err)
	}
	start := model.TimeRange{Start: planDay(58), End: planDay(60)}
	for name, a := range map[string]repo.Aggregation{
		"counts":  {Spans: repo.SpanQuery{Types: []model.SpanType{0}}, By: []query.Intrinsic{query.SessionID}},
		"sums":    {By: []query.Intrinsic{query.AgentID, query.Failed}, Value: query.UsageTotal},
		"buckets": {By: []query.Intrinsic{query.AgentID}, Value: query.SpanDuration, Bounds: []float64{1, 1e3, 1e6}},
		"steps":   {},
	} {
		a.Spans.Start, a.Step = start, model.NanosPerDay/24
		sql, args := aggregateSQL("default", a, []int64{planDay(58), planDay(59)}, 1000)
		rows, err := tx.Query(t.Context(), `EXPLAIN (COSTS OFF) `+sql, args...)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		days := regexp.MustCompile(`on spans_(\d+)`).FindAllStringSubmatch(plan, -1)
		read := column(days, func(m []string) string { return m[1] })
		if slices.Sort(read); !slices.Equal(read, []string{"20260428", "20260429"}) || !strings.Contains(plan, "Partial HashAggregate") {
			t.Errorf("%s: reads %v\n%s", name, read, plan)
		}
	}
}
