package postgres_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// documented returns a connection to a database with the trace that the
// examples in docs/schema.md ask for: a run of an agent across midnight.
func documented(t *testing.T) *pgx.Conn {
	t.Helper()
	dsn := migrated.Database(t)
	store := opened(t, dsn, postgres.Options{})
	midnight := time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC).UnixNano()
	ms := int64(time.Millisecond)
	agent, tool, call := span(0xa1, 1, midnight-500*ms), span(0xa1, 2, midnight-300*ms), span(0xa1, 0x83, midnight+123_456_789)
	agent.Type, agent.Name, agent.Kind, agent.Status = model.TypeAgent, "Support.run", 1, model.StatusOK
	agent.EndNano = midnight + 2000*ms
	agent.Identity = model.Identity{AgentID: "support", SessionID: "session-1", UserID: "user-1", RunID: "run-1"}
	agent.ShortAttributes = []byte(`{"tier": "gold"}`)
	tool.Type, tool.ToolName, tool.ParentID = model.TypeTool, "refund", agent.SpanID
	tool.Failed, tool.Status, tool.ErrorType, tool.ErrorMessage = true, model.StatusError, "Timeout", "too slow"
	call.Type, call.Model, call.ParentID = model.TypeLLM, "gpt-5", agent.SpanID
	call.Usage = model.Usage{Input: 100, Output: 20}
	batch := records(agent, tool, call)
	write(t, store, batch)
	settlements := settlementsOf(t, batch)
	for i := range settlements[0].Bills {
		settlements[0].Bills[i].Cost = model.Cost{Nano: 1_234_567_890}
	}
	if err := store.Settle(t.Context(), nil, settlements); err != nil {
		t.Fatal(err)
	}
	return connect(t, dsn)
}

func readSchemaPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/schema.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestEveryExampleOfTheSchemaPageFindsSomething(t *testing.T) {
	t.Parallel()
	conn := documented(t)
	examples := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(readSchemaPage(t), -1)
	if len(examples) < 7 {
		t.Errorf("the page has %d examples", len(examples))
	}
	for _, example := range examples {
		rows, err := conn.Query(t.Context(), example[1])
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			n++
		}
		if rows.Err() != nil || n == 0 {
			t.Errorf("%d rows, %v:\n%s", n, rows.Err(), example[1])
		}
	}
}

func TestTheSchemaPageNamesEveryColumnAndItsType(t *testing.T) {
	t.Parallel()
	conn := documented(t)
	const query = `SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0`
	types := strings.NewReplacer("timestamp with time zone", "timestamptz")
	for _, view := range []string{"agenttrace_spans", "agenttrace_traces", "agenttrace_runs", "agenttrace_bills"} {
		rows, err := conn.Query(t.Context(), query, view)
		if err != nil {
			t.Fatal(err)
		}
		there, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
			s, err := pgx.RowTo[string](row)
			return types.Replace(s), err
		})
		if err != nil {
			t.Fatal(err)
		}
		_, section, _ := strings.Cut(readSchemaPage(t), "## "+view+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		var told []string
		for _, line := range regexp.MustCompile("(?m)^\\| (`.*?`) \\| (.*?) \\|").FindAllStringSubmatch(section, -1) {
			for _, column := range regexp.MustCompile("`(.*?)`").FindAllStringSubmatch(line[1], -1) {
				told = append(told, column[1]+" "+line[2])
			}
		}
		slices.Sort(there)
		slices.Sort(told)
		if diff := cmp.Diff(there, told); diff != "" {
			t.Errorf("%s (-is +told):\n%s", view, diff)
		}
	}
}

func TestViewsShowIdsTimesAndWholeTraces(t *testing.T) {
	t.Parallel()
	conn := documented(t)
	const trace = `SELECT format('%s %s %s %s %s %s %s %s %s %s %s %s', trace_id, start_time AT TIME ZONE 'UTC', duration_ms, name, type, status, spans, errors,
		agent_id, models, tools, error_span) FROM agenttrace_traces`
	const run = `SELECT format('%s %s %s %s %s %s %s %s', span_id, run_id, duration_ms, type, failed, settled, model_calls, detail #>> '{error,type}') FROM agenttrace_runs`
	const bills = `SELECT string_agg(format('%s %s %s %s', kind, coalesce(model, tool_name), calls, cost_usd), ', ' ORDER BY kind) FROM agenttrace_bills`
	const call = `SELECT format('%s %s %s %s %s %s', trace_id, span_id, parent_span_id, start_time AT TIME ZONE 'UTC', type, input_tokens) FROM agenttrace_spans WHERE type = 'LLM'`
	for query, want := range map[string]string{
		trace: "000000000000000000000000000000a1 2026-03-14 23:59:59.5 2500 Support.run AGENT ERROR 3 1 support {gpt-5} {refund} work",
		run:   "0000000000000001 run-1 2500 AGENT t t 1 Timeout",
		bills: "MODEL gpt-5 1 1.234567890, TOOL refund 1 1.234567890",
		call:  "000000000000000000000000000000a1 0000000000000083 0000000000000001 2026-03-15 00:00:00.123456 LLM 100",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
}

// TestViewsReadOnlyTheDaysThatAreAskedFor holds what the page says of start_ns.
// The second walk over traces, through those of several days, knows no day.
func TestViewsReadOnlyTheDaysThatAreAskedFor(t *testing.T) {
	t.Parallel()
	conn := documented(t)
	for view, wanted := range map[string][2]int{
		"agenttrace_spans": {0, 1}, "agenttrace_runs": {0, 2}, "agenttrace_bills": {0, 1}, "agenttrace_traces": {1, 2},
	} {
		rows, err := conn.Query(t.Context(), `EXPLAIN (COSTS OFF) SELECT * FROM `+view+` WHERE project = 'default' AND start_ns >= agenttrace_ns('2026-03-15 00:00:00+00')`)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		scans := func(day string) int { return len(regexp.MustCompile(` on \w+_`+day).FindAllString(plan, -1)) }
		if got := [2]int{scans("20260314"), scans("20260315")}; got != wanted {
			t.Errorf("%s reads the two days %v times, want %v:\n%s", view, got, wanted, plan)
		}
	}
}
