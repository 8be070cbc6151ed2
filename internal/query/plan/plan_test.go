package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

func mustParse(t *testing.T, text string) *query.Query {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatalf("%.100s: %v", text, err)
	}
	return q
}

func TestColumnsSufficeForAMetricsQuery(t *testing.T) {
	for text, want := range map[string]bool{
		`{ } | rate()`: true,
		`{ type = llm } | sum_over_time(usage:input) by (model:name, status)`:      true,
		`{ type = llm } | quantile_over_time(duration, 0.5) by (service)`:          true,
		`{ } | count_over_time() by (resource.service.name)`:                       true,
		`{ } | count_over_time() by (resource.host.name)`:                          false,
		`{ } | count_over_time() by (span.tier)`:                                   false,
		`{ } | count_over_time() by (trace:rootName)`:                              false,
		`{ span.tier = "gold" } | rate()`:                                          false,
		`{ type = agent } >> { type = llm } | rate()`:                              false,
		`{ type = llm } | select(name) | rate()`:                                   false,
		`{ } | sum_over_time(usage:cost)`:                                          false,
		`{ } | sum_over_time(usage:input + 1)`:                                     false,
		`{ } | sum_over_time(span.price)`:                                          false,
		`{ } | max_over_time(trace:duration)`:                                      false,
		`{ content:input : "refund" } | rate()`:                                    false,
		`{ trace:duration > 1s } | rate()`:                                         false,
		`{ name =~ ".*fund" } | rate()`:                                            false,
		`{ failed } | histogram_over_time(duration) by (tool:name) | topk(3)`:      true,
		`{ name =~ "re.*" && user:id != nil } | avg_over_time(duration) by (name)`: true,
	} {
		q := mustParse(t, text)
		if got := plan.Columns(q.Metrics, plan.Of(q, otlp.Searchable)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if plan.Columns(nil, plan.Of(mustParse(t, "{ }"), otlp.Searchable)) {
		t.Error("a search is no metrics query")
	}
}

// terms counts the values that a condition passes to a database.
func terms(c plan.Condition) (n int) {
	switch c := c.(type) {
	case plan.All:
		for _, part := range c {
			n += terms(part)
		}
	case plan.Any:
		for _, part := range c {
			n += terms(part)
		}
	case plan.Term:
		return 1
	}
	return n
}

func TestThePlanOfAHugeQueryIsSmall(t *testing.T) {
	repeat := func(n int, between, format string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(parts, between)
	}
	for name, text := range map[string]string{
		"many alternatives": "{ " + repeat(900, " || ", `name="%d"`) + " }",
		"many conditions":   "{ " + repeat(900, " && ", `name!="%d"`) + " }",
		"many patterns":     "{ " + repeat(400, " || ", `name=~"%d[0-9]"`) + " }",
		"many filters":      repeat(90, ">>", `{name="%d"}`),
		"many sides":        repeat(800, "||", `{name="%d"}`),
		"many pairs":        repeat(300, "||", `({name="%[1]d"}&&{service="%[1]d"})`),
		"many stages":       "{ }" + repeat(800, "", `|{name!="%d"}`),
		"many keys":         "{ " + repeat(800, " || ", `span.k%d>1`) + " }",
	} {
		q, began := mustParse(t, text), time.Now()
		p := plan.Of(q, otlp.Searchable)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		n := terms(p.Where) + terms(p.Spans)
		for _, having := range p.Having {
			n += terms(having)
		}
		if n > 10_000 || len(p.Having) > 20 {
			t.Errorf("%s: %d terms, %d conditions on spans", name, n, len(p.Having))
		}
		if p.Exact {
			t.Errorf("%s: said to be exact, though there is no room for it", name)
		}
	}
}

func TestAPlanWithoutATraceHoldsForNothingAbsent(t *testing.T) {
	s, tr := &model.Span{}, &model.Trace{}
	for _, i := range []query.Intrinsic{query.Name, query.TraceID, query.ParentID, query.UsageInput, query.TraceRootName} {
		present := plan.Term{Intrinsic: i, Op: plan.NotEqual}
		absent := plan.Term{Intrinsic: i, Op: plan.Equal}
		if plan.HoldsSpan(present, s) || !plan.HoldsSpan(absent, s) || plan.HoldsTrace(present, tr) || !plan.HoldsTrace(absent, tr) {
			t.Errorf("%v is not absent", i)
		}
	}
}
