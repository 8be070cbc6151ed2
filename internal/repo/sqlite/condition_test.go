package sqlite

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file, which people read to see what SQL there is.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; go test -update writes it anew (-want +got):\n%s", file, diff)
	}
}

// withArguments writes SQL with its arguments in the places of their marks.
func withArguments(sql string, args []any) string {
	parts := strings.Split(sql, `?`)
	var b strings.Builder
	for i, arg := range args {
		b.WriteString(parts[i])
		switch arg := arg.(type) {
		case []byte:
			fmt.Fprintf(&b, `«x'%x'»`, arg)
		case string:
			fmt.Fprintf(&b, `«'%s'»`, arg)
		default:
			fmt.Fprintf(&b, `«%v»`, arg)
		}
	}
	return b.String() + strings.Join(parts[len(args):], `?`)
}

func is(i query.Intrinsic, v query.Value) plan.Term { return plan.Term{Intrinsic: i, Value: v} }

func compared(i query.Intrinsic, op plan.Op, v query.Value) plan.Term {
	return plan.Term{Intrinsic: i, Op: op, Value: v}
}

func entryIs(key string, op plan.Op, v query.Value) plan.Term {
	return plan.Term{Attribute: key, Op: op, Value: v}
}

func not(t plan.Term) plan.Term {
	t.Not = true
	return t
}

// kindsOfConditions has one of each kind.
func kindsOfConditions() []plan.Condition {
	var none query.Value
	failed, agent := is(query.Failed, query.Boolean(true)), is(query.AgentID, query.Text("support"))
	tool := query.Value{Kind: query.KindType, Int: 6}
	return []plan.Condition{
		agent,
		compared(query.Name, plan.NotEqual, query.Text("run")),
		not(is(query.Name, query.Text("run"))),
		compared(query.Name, plan.GreaterEqual, query.Text("run")),
		compared(query.Name, plan.Contains, query.Text("run")),
		compared(query.Name, plan.HasPrefix, query.Text("run")),
		is(query.Name, none),
		compared(query.Name, plan.NotEqual, none),
		failed,
		compared(query.Failed, plan.NotEqual, query.Boolean(true)),
		is(query.Type, tool),
		is(query.Status, query.Value{Kind: query.KindStatus, Int: 2}),
		compared(query.SpanDuration, plan.Greater, query.Duration(2e9)),
		compared(query.SpanDuration, plan.LessEqual, query.Float(1.5)),
		compared(query.RootMark, plan.Less, query.Integer(0)),
		compared(query.UsageInput, plan.Greater, query.Integer(1000)),
		compared(query.UsageTotal, plan.Greater, query.Integer(1000)),
		is(query.UsageOutput, none),
		is(query.TraceID, query.Text("0102030405060708090a0b0c0d0e0f10")),
		is(query.TraceID, query.Text("0102")),
		compared(query.TraceID, plan.NotEqual, query.Text("0102")),
		compared(query.TraceID, plan.HasPrefix, query.Text("0102")),
		is(query.SpanID, query.Text("fedcba9876543210")),
		compared(query.ParentID, plan.Less, query.Text("8")),
		is(query.ParentID, none),
		is(query.Name, query.Integer(1)),
		is(query.ToolResult, query.Text("in no row")),
		compared(query.TraceDuration, plan.Greater, query.Duration(6e10)),
		compared(query.TraceErrorCount, plan.Greater, query.Integer(0)),
		is(query.TraceRootName, query.Text("run")),
		entryIs("tenant", plan.Equal, query.Text("acme")),
		not(entryIs("tenant", plan.Equal, query.Text("acme"))),
		entryIs("tenant", plan.Contains, query.Text("ac")),
		entryIs("retries", plan.Greater, query.Integer(2)),
		entryIs("cached", plan.Equal, query.Boolean(true)),
		entryIs("tenant", plan.Equal, none),
		entryIs("tenant", plan.NotEqual, none),
		entryIs(`a "quoted" key`, plan.Equal, query.Text("acme")),
		plan.All{agent, failed},
		plan.Any{agent, plan.All{failed, is(query.Type, tool)}},
		plan.All{},
		plan.Any{},
	}
}

func TestConditionsAsSQL(t *testing.T) {
	var b strings.Builder
	for _, c := range kindsOfConditions() {
		var where conditions
		where.addCondition(c)
		fmt.Fprintf(&b, "-- %s\n%s\n\n", c, withArguments(where.String(), where.args))
	}
	golden(t, "testdata/conditions.sql", b.String())
}

func TestAConditionOfMoreTermsThanSQLiteIsDeepCanBeAsked(t *testing.T) {
	store := openTestStore(t)
	var all plan.All
	var either plan.Any
	for n := range 1200 {
		all = append(all, compared(query.SpanDuration, plan.NotEqual, query.Integer(int64(n))))
		either = append(either, is(query.SpanDuration, query.Integer(int64(n))))
	}
	for _, c := range []plan.Condition{all, either} {
		var where conditions
		where.addCondition(c)
		if _, err := matching(t, store, where); err != nil {
			t.Error(err)
		}
	}
}
