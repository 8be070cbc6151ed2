package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// TestQueriesOfRunsAndBillsAsSQL shows what lists of runs and sessions, sums of
// bills and settlements ask for, on two of sixty days.
func TestQueriesOfRunsAndBillsAsSQL(t *testing.T) {
	t.Parallel()
	show := shown{t: t, tx: plans(t)}
	days := []int64{planDay(58), planDay(59)}
	failed, status := true, model.StatusError
	after := &repo.RunCursor{Key: planDay(59) + 7, RunRef: repo.RunRef{TraceID: model.TraceID{15: 1}, SpanID: model.SpanID{7: 1}, StartNano: planDay(59) + 7}}
	for _, list := range []struct {
		what string
		q    repo.RunQuery
	}{
		{"newest runs", repo.RunQuery{}},
		{"oldest runs of a session, behind one", repo.RunQuery{Identity: model.Identity{SessionID: "s7"}, Order: repo.RunsOldestFirst, After: after}},
		{"runs of an agent with an error", repo.RunQuery{Identity: model.Identity{AgentID: "support"}, Status: &status, Types: []model.SpanType{model.TypeAgent}}},
		{"failed runs", repo.RunQuery{Failed: &failed}},
		{"runs with a run id", repo.RunQuery{Identity: model.Identity{RunID: "r1"}}},
		{"runs of a trace", repo.RunQuery{TraceID: model.TraceID{0: 59}}},
		{"some runs", repo.RunQuery{Of: []repo.RunRef{after.RunRef}}},
		{"costliest runs, behind one", repo.RunQuery{Order: repo.RunsCostliestFirst, After: after}},
		{"longest runs of a minute at least", repo.RunQuery{Order: repo.RunsLongestFirst, MinDuration: 60e9}},
	} {
		sql, args := runsSQL("default", list.q, days, 20)
		show.sql(list.what, sql, args)
	}
	show.sql("runs whose traces have settled", settledTracesSQL, []any{"default", []pgtype.UUID{{}}, planDay(59), planDay(59)})

	sessions := sessionLister{project: "default", seen: []string{"s1"}, q: repo.SessionQuery{
		Identity: model.Identity{AgentID: "support"}, After: &repo.SessionCursor{Last: planDay(59) + 7, ID: "s2"},
	}}
	sql, args := sessions.walkSQL(days, sessions.q.After, 128)
	show.sql("sessions, by the runs that", sql, args)
	sql, args = sessions.listedSQL([]string{"s3"}, days[1:])
	show.sql("sessions that a page before had", sql, args)
	show.sql("sessions, summed up", sumSessionsSQL(), []any{"default", []string{"s3"}, days[0], lastOf(days[1])})

	sql, args = billsSQL("default", repo.BillQuery{By: []repo.BillField{repo.ByModel, repo.ByDay}, User: "u-1", MaxSums: 1000}, days)
	show.sql("bills", sql, args)
	golden(t, "testdata/runs.sql", show.String())
}

// TestSettlementsReadFewPartitionsThroughAnIndex holds that what settles traces
// of a day neither plans over the others nor reads all of that one.
func TestSettlementsReadFewPartitionsThroughAnIndex(t *testing.T) {
	t.Parallel()
	show := shown{t: t, tx: plans(t)}
	if _, err := show.tx.Exec(t.Context(), prepareSettlingSQL); err != nil {
		t.Fatal(err)
	}
	day, keys := planDay(59), []traceDay{{"default", model.TraceID{0: 59}, planDay(59)}}
	segments := placeArgs([]spanKey{{"default", model.TraceID{0: 59}, 1, day}})
	show.sql("unsettled traces", unsettledSQL, []any{"default", []pgtype.UUID{{}}, day, day})
	show.sql("their rows", lockTracesSQL, append(traceArgs(keys), []int64{day}, []int64{day}, []int64{planDay(12), day}))
	show.sql("their days", daysOfTracesSQL, traceArgs(keys))
	show.sql("segments to be replaced", replacedSQL, append(segments, day, lastOf(day)))
	show.sql("rows that settle", settleTracesSQL, append(settledArgs([]settledPart{{traceDay: keys[0]}}), day))
	show.sql("bills to be replaced", deleteSettledSQL(`bills`), append(traceArgs(keys), day, lastOf(day)))
	show.sql("runs to be replaced", deleteSettledSQL(`runs`), append(traceArgs(keys), day, lastOf(day)))
	show.sql("segments that go", deleteSegmentsSQL(`open_segments`), append(segments, day, lastOf(day)))
	show.sql("segments that stay", keepSegmentsSQL, append(traceArgs(keys), day, lastOf(day)))
	golden(t, "testdata/settle.sql", show.String())
}
