package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// TestQueriesAsSQL shows, for each kind of query, what is asked of SQLite for a
// page of traces or of spans, or for metrics, and how SQLite goes about it.
func TestQueriesAsSQL(t *testing.T) {
	store := openTestStore(t)
	var b strings.Builder
	show := func(text, what, sql string, args []any) {
		// What follows is the same everywhere: it reads the rows of the page.
		shown, _, _ := strings.Cut(withArguments(sql, args), "\nSELECT")
		steps, _, _ := strings.Cut(explained(t, store, sql, args), "\nSCAN page")
		fmt.Fprintf(&b, "-- %s, of %s\n%s\n-- %s\n\n", what, text, shown, strings.ReplaceAll(steps, "\n", "\n-- "))
	}
	day := model.TimeRange{Start: model.NanosPerDay, End: 2 * model.NanosPerDay}
	for _, text := range []string{
		`{ }`,
		`{ session:id = "s-1" }`,
		`{ agent:id = "support" && status = error }`,
		`{ failed }`,
		`{ type = tool && failed }`,
		`{ type = llm && duration > 5s }`,
		`{ type = llm && usage:total > 10000 }`,
		`{ tool:name = "refund" || tool:name = "search" }`,
		`{ name =~ "chat.*" }`,
		`{ span.tenant = "acme" }`,
		`{ trace:id = "0102030405060708090a0b0c0d0e0f10" }`,
		`{ nestedSetParent < 0 && trace:duration > 1m }`,
		`{ agent:id = "support" } >> { type = tool && failed }`,
		`{ type = agent } >> { tool:name = "refund" && duration > 2s }`,
		`{ content:input : "refund" && user:id = "u-1" }`,
		`{ type = llm } | count() > 20`,
	} {
		p := planOf(t, text)
		l := traceLister{project: "default", q: repo.TraceQuery{Where: p.Where, Having: p.Having, Start: day}}
		sql, args := firstPage(t, &l)
		show(text, "traces", sql, append(args, 20))
		sql, args = spanPage("default", repo.SpanQuery{Where: p.Spans, Start: day, Limit: 20})
		show(text, "spans", sql, args)
	}
	for _, c := range []struct {
		text string
		ask  repo.Aggregation
	}{
		{`{ type = llm } | sum_over_time(usage:total) by (model:name)`, repo.Aggregation{By: []query.Intrinsic{query.ModelName}, Value: query.UsageTotal}},
		{`{ failed } | rate() by (tool:name, type)`, repo.Aggregation{By: []query.Intrinsic{query.ToolName, query.Type}}},
		{`{ agent:id = "support" } | quantile_over_time(duration, 0.9)`, repo.Aggregation{Value: query.SpanDuration}},
	} {
		text, a := c.text, c.ask
		a.Spans = repo.SpanQuery{Start: day, Where: planOf(t, text).Spans}
		g := newAggregator(nil, "default", newTally(a))
		sql, args := g.query(`spans NOT INDEXED`, g.within())
		show(text, "cells in a large part of all spans", sql, args)
		sql, args = g.query(spansIn(g.index), g.within())
		show(text, "cells in a small part", sql, args)
	}
	golden(t, "testdata/queries.sql", b.String())
}

func planOf(t *testing.T, text string) plan.Plan {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Of(q, otlp.Searchable)
}

// firstPage returns the first query that yields traces.
func firstPage(t *testing.T, l *traceLister) (string, []any) {
	t.Helper()
	f, found := finder{}, false
	if all := finders(l.q.Having); len(all) > 0 {
		f, found = all[0], true
	}
	c := l.conditions(l.q.Having)
	index := `traces_start`
	switch {
	case found && f.index == traceIndex:
		c.addCondition(f.term)
		index = `traces_trace`
	case found:
		s := newStretches(nil, f.index, f.indexed("default"), l.q.Start.Start, l.q.Start.End)
		s.last = &place{l.q.Start.Start + 1, 7}
		c = l.metIn(f, s.conditions())
		index = `traces_trace`
	}
	return tracePage(index, c, l.q.Order), c.args
}
