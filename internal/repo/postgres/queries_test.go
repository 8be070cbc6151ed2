package postgres

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// TestQueriesAsSQL shows, for each kind of query, what is asked of PostgreSQL
// for the first page of two days' traces and of their spans, and which indexes
// of which partitions, of sixty, it takes.
func TestQueriesAsSQL(t *testing.T) {
	t.Parallel()
	show := shown{t: t, tx: plans(t)}
	for _, text := range []string{
		`{ }`,
		`{ session:id = "s7" }`,
		`{ agent:id = "support" && status = error }`,
		`{ failed }`,
		`{ type = tool && failed }`,
		`{ type = llm && duration > 5s }`,
		`{ tool:name = "refund" || tool:name = "search" }`,
		`{ name =~ "chat.*" }`,
		`{ usage:total > 10000 }`,
		`{ span.tenant = "acme" }`,
		`{ trace:id = "3b000000000000000000000000000007" }`,
		`{ nestedSetParent < 0 && trace:duration > 1m }`,
		`{ agent:id = "support" } >> { type = tool && failed }`,
		`{ content:input : "refund" && user:id = "u-1" }`,
	} {
		show.query(text)
	}
	golden(t, "testdata/queries.sql", show.String())
}

// shown is what the golden file says.
type shown struct {
	strings.Builder
	t  *testing.T
	tx pgx.Tx
}

func (s *shown) query(text string) {
	p := planOf(s.t, text)
	days := []int64{planDay(58), planDay(59)}
	start := model.TimeRange{Start: days[0], End: planDay(60)}
	q := repo.TraceQuery{Where: p.Where, Having: p.Having, Start: start, Limit: 20}
	l := traceLister{project: "default", q: q, conditions: conditionsOf(q)}

	fmt.Fprintf(s, "---- %s\n\n", text)
	first := len(l.conditions) > 0 && isIndexed(l.conditions[0])
	switch {
	case first && !wantedTrace(l.conditions[0]).IsZero():
		s.sql("traces, of this one", findDaysSQL, []any{"default", uuids([]model.TraceID{wantedTrace(l.conditions[0])})})
	case first:
		sql, args := spanWalkSQL("default", l.conditions[0], start.Start, start.End-1, firstSpans)
		s.sql("traces, by the spans that", sql, args)
		l.conditions = l.conditions[1:]
	default:
		sql, args := l.candidatesSQL(days, nil, 20)
		s.sql("traces, of which", sql, args)
	}
	s.having(&l, first)
	sql, args := spansSQL("default", repo.SpanQuery{Where: p.Spans, Start: start}, days, 20)
	s.sql("spans", sql, args)
}

// having shows how the conditions of l are looked for: the first one on all
// spans of a time where the traces before are all of that time.
func (s *shown) having(l *traceLister, some bool) {
	among := tracesWithin{first: planDay(59), last: planDay(59) + 100_000}
	for trace := range 64 {
		among.ids = append(among.ids, planRecord(59, trace, 0).Span.TraceID)
	}
	for i, cond := range l.conditions {
		these := among
		if i == 0 && !some && l.areAll() {
			these.ids = nil
		}
		sql, args := havingSQL("default", cond, these)
		s.sql("and that have", sql, args)
	}
}

// sql writes a statement, without the columns that lists have, and its plan.
func (s *shown) sql(what, sql string, args []any) {
	short := strings.NewReplacer(spanColumns, "…", runColumns, "…").Replace(sql)
	fmt.Fprintf(s, "-- %s\n%s\n", what, withArguments(short, args))
	for _, fact := range explain(s.t, s.tx, sql, args...) {
		fmt.Fprintf(s, "-- %s\n", fact)
	}
	s.WriteString("\n")
}

func planOf(t *testing.T, text string) plan.Plan {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Of(q, otlp.Searchable)
}
