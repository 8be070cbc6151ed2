package postgres

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/pgtest"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// migrated is the database of those tests of this package that migrate none.
var migrated = pgtest.NewTemplate(Migrate)

// planDay returns the nth of sixty days, all of which have partitions.
func planDay(n int) int64 {
	return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n).UnixNano()
}

// plans returns a transaction in which PostgreSQL uses an index wherever it
// can: on the few rows of a test it would rather read all.
func plans(t *testing.T) pgx.Tx {
	t.Helper()
	store, err := Open(t.Context(), migrated.Database(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := store.Prepare(t.Context(), model.TimeRange{Start: planDay(0), End: planDay(60)}); err != nil {
		t.Fatal(err)
	}
	// One day is busy enough for PostgreSQL to have an opinion.
	var records []model.Record
	for day := range 60 {
		for i := range 20 {
			records = append(records, planRecord(day, i, 0))
		}
	}
	for i := range 5000 {
		records = append(records, planRecord(59, 100+i/10, i%10))
	}
	if _, err := store.Write(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	const bills = `
		INSERT INTO bills (trace_id, start_ns, place, kind, project)
		SELECT trace_id, start_ns, row_number() OVER (), 1, project FROM spans`
	const runs = `
		INSERT INTO runs (trace_id, span_id, start_ns, end_ns, type, status, failed, settled, project, agent_id, session_id)
		SELECT trace_id, span_id, start_ns, end_ns, type, status, failed, true, project, agent_id, session_id FROM open_runs`
	const segments = `
		INSERT INTO segments (trace_id, start_ns, span_id, latest_ns, spans, raw_bytes, project, payload)
		SELECT trace_id, start_ns, span_id, latest_ns, spans, raw_bytes, project, payload FROM open_segments`
	for _, statement := range []string{bills, runs, segments} {
		if _, err := store.writes.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.writes.Exec(t.Context(), `ANALYZE`); err != nil {
		t.Fatal(err)
	}
	tx, err := store.reads.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tx.Rollback(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	if _, err := tx.Exec(t.Context(), `SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off`); err != nil {
		t.Fatal(err)
	}
	return tx
}

// planRecord makes a span. The first of a trace is an agent's; in every tenth
// trace another one failed.
func planRecord(day, trace, span int) model.Record {
	start := planDay(day) + int64(1000*trace+span)
	s := &model.Span{
		Project: "default", TraceID: model.TraceID{0: byte(day), 14: byte(trace >> 8), 15: byte(trace)}, SpanID: model.SpanID{6: 1, 7: byte(span)},
		StartNano: start, EndNano: start + 100,
		Identity: model.Identity{SessionID: fmt.Sprintf("s%d", trace)}, Failed: span == 5 && trace%10 == 0,
	}
	if span == 0 {
		s.Type, s.AgentID = model.TypeAgent, "support"
	}
	return model.Record{Span: s}
}

// indexNames returns of which index those of the partitions are a part.
func indexNames(t *testing.T, tx pgx.Tx) map[string]string {
	t.Helper()
	rows, err := tx.Query(t.Context(), `
		SELECT inhrelid::regclass::text, inhparent::regclass::text
		FROM pg_inherits JOIN pg_class ON pg_class.oid = inhparent WHERE relkind = 'I'`)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	var part, whole string
	_, err = pgx.ForEachRow(rows, []any{&part, &whole}, func() error {
		names[part] = whole
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// explain returns what is essential of a plan: which relations are read through
// which index, by conditions on which columns. Arguments and costs are not in it.
func explain(t *testing.T, tx pgx.Tx, query string, args ...any) []string {
	t.Helper()
	rows, err := tx.Query(t.Context(), `EXPLAIN (COSTS OFF) `+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	scan := regexp.MustCompile(`((?:Index|Index Only|Seq|Bitmap Heap) Scan(?: Backward)?) (?:using (\w+) )?on (\w+)`)
	column := regexp.MustCompile(`\b(\w+) (?:=|<|>|<=|>=) `)
	names := indexNames(t, tx)
	var facts []string
	for _, line := range lines {
		if m := scan.FindStringSubmatch(line); m != nil {
			facts = append(facts, m[1]+" using "+cmp.Or(names[m[2]], m[2])+" on "+m[3])
		}
		if _, condition, ok := strings.Cut(line, "Index Cond: "); ok && len(facts) > 0 {
			var columns []string
			for _, m := range column.FindAllStringSubmatch(condition, -1) {
				columns = append(columns, m[1])
			}
			slices.Sort(columns)
			facts[len(facts)-1] += " by " + strings.Join(slices.Compact(columns), ", ")
		}
	}
	return facts
}

// TestQueriesReadFewPartitionsThroughAnIndex holds the plans that answer at
// once however much is stored.
func TestQueriesReadFewPartitionsThroughAnIndex(t *testing.T) {
	t.Parallel()
	tx := plans(t)
	id := uuid(model.TraceID{0: 31, 15: 1})
	newest := traceLister{project: "default", q: repo.TraceQuery{Limit: 50}}
	candidates, candidateArgs := newest.candidatesSQL([]int64{planDay(59)}, nil, 50)
	session := plan.Term{Intrinsic: query.SessionID, Value: query.Text("s7")}
	walk, walkArgs := spanWalkSQL("default", session, planDay(57), lastOf(planDay(58)), 50)
	ofTraces := traceSpansQueries("default", nil, []placeOf{{model.TraceID{0: 31, 15: 1}, daysOf{planDay(31), planDay(31)}, math.MaxInt64}}, 0, true)[0]
	failed := plan.Term{Intrinsic: query.Failed, Value: query.Boolean(true)}
	failures := traceSpansQueries("default", failed, []placeOf{{model.TraceID{0: 59, 15: 100}, daysOf{planDay(59), planDay(59)}, math.MaxInt64}}, 0, true)[0]
	agent := plan.Term{Intrinsic: query.AgentID, Value: query.Text("support")}
	few, fewArgs := havingSQL("default", agent, tracesWithin{ids: []model.TraceID{{0: 59, 15: 100}, {0: 59, 15: 101}}, first: planDay(59), last: lastOf(planDay(59))})
	later := traceLister{project: "default", after: &repo.TraceCursor{Key: planDay(40) + 7}}
	page, pageArgs := later.candidatesSQL([]int64{planDay(40)}, []int64{planDay(40)}, 50)
	spans, spansArgs := spansSQL("default", repo.SpanQuery{Identity: model.Identity{SessionID: "s7"}}, []int64{planDay(12)}, 50)

	for name, c := range map[string]struct {
		query string
		args  []any
		want  []string
	}{
		"where a trace is": {findDaysSQL, []any{"default", []any{id}}, []string{
			"Index Scan using trace_days_pkey on trace_days by project, trace_id",
		}},
		"a trace by id": {traceSQL(`traces`), []any{"default", id, planDay(31), planDay(32)}, []string{
			"Index Scan using traces_pkey on traces_20260401 by day_ns, project, trace_id",
			"Index Scan using traces_pkey on traces_20260402 by day_ns, project, trace_id",
		}},
		"segments of a trace": {segmentsSQL, []any{"default", []any{id}, []int64{planDay(31)}, []int64{planDay(31)}, []int64{planDay(32) - 1}, []int64{0}, planDay(31), planDay(32) - 1}, []string{
			"Index Scan using segments_pkey on segments_20260401 by project, start_ns, trace_id",
			"Index Scan using open_segments_pkey on open_segments_20260401 by project, start_ns, trace_id",
		}},
		"traces of a session": {walk, walkArgs, []string{
			"Index Scan Backward using spans_session on spans_20260428 by project, session_id, start_ns",
			"Index Scan Backward using spans_session on spans_20260427 by project, session_id, start_ns",
		}},
		"spans of traces": {ofTraces.query, ofTraces.args, []string{
			"Index Scan using spans_trace on spans_20260401 by trace_id",
		}},
		"failures of traces": {failures.query, failures.args, []string{
			"Index Scan using spans_trace on spans_20260429 by trace_id",
		}},
		"a busy agent among a few traces of a day": {few, fewArgs, []string{
			"Index Scan using spans_trace on spans_20260429 by trace_id",
		}},
		"spans of a session": {spans, spansArgs, []string{
			"Index Scan Backward using spans_session on spans_20260313 by project, session_id, start_ns",
		}},
		"newest traces": {candidates, candidateArgs, []string{
			"Index Scan Backward using traces_start on traces_20260429 by project, start_ns",
		}},
		"a later page": {page, pageArgs, []string{
			"Index Scan Backward using traces_start on traces_20260410 by project, start_ns",
			"Index Scan Backward using traces_spread on traces_20260410 by project, start_ns",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := gocmp.Diff(c.want, explain(t, tx, c.query, c.args...)); diff != "" {
				t.Errorf("the plan is another one (-want +got):\n%s", diff)
			}
		})
	}
}

// A plan that is kept is made once for all traces of a day, perhaps while the day is empty:
// it must go by the trace all the same.
func TestKeptPlansOfSpansGoByTheTrace(t *testing.T) {
	t.Parallel()
	empty, err := Open(t.Context(), migrated.Database(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := empty.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := empty.Prepare(t.Context(), model.TimeRange{Start: planDay(59), End: planDay(60)}); err != nil {
		t.Fatal(err)
	}
	nothing, err := empty.reads.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nothing.Rollback(t.Context()) }()
	filled := plans(t)
	for _, c := range []struct {
		name string
		tx   pgx.Tx
		day  int
	}{{"empty", nothing, 59}, {"few", filled, 31}, {"busy", filled, 59}} {
		t.Run(c.name, func(t *testing.T) {
			days := daysOf{planDay(c.day), planDay(c.day)}
			q := traceSpansQueries("default", nil, []placeOf{{model.TraceID{15: 1}, days, math.MaxInt64}}, 0, true)[0]
			for _, statement := range []string{planOnce, `SET LOCAL enable_bitmapscan = on`, `PREPARE ` + c.name + ` AS ` + q.query} {
				if _, err := c.tx.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			want := []string{"Index Scan using spans_trace on spans_" + suffix(planDay(c.day)) + " by trace_id"}
			if diff := gocmp.Diff(want, explain(t, c.tx, `EXECUTE `+c.name+` (0, '{}', 'default', 1)`)); diff != "" {
				t.Errorf("the plan is another one (-want +got):\n%s", diff)
			}
		})
	}
}
