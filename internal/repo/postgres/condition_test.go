package postgres

import (
	"fmt"
	"strings"
	"testing"

	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

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
	tool := is(query.Type, query.Value{Kind: query.KindType, Int: 6})
	return []plan.Condition{
		agent,
		compared(query.Name, plan.NotEqual, query.Text("run")),
		not(is(query.Name, query.Text("run"))),
		compared(query.Name, plan.GreaterEqual, query.Text("run")),
		compared(query.Name, plan.Contains, query.Text("run")),
		compared(query.Name, plan.HasPrefix, query.Text("run")),
		is(query.Name, query.Text("what no column\x00can hold")),
		compared(query.Name, plan.Less, query.Text("what no column\x00can hold")),
		is(query.Name, none),
		compared(query.Name, plan.NotEqual, none),
		failed,
		compared(query.Failed, plan.NotEqual, query.Boolean(true)),
		tool,
		is(query.Status, query.Value{Kind: query.KindStatus, Int: 2}),
		compared(query.SpanDuration, plan.Greater, query.Duration(2e9)),
		compared(query.SpanDuration, plan.LessEqual, query.Float(1.5)),
		compared(query.RootMark, plan.Less, query.Integer(0)),
		compared(query.RootMark, plan.GreaterEqual, query.Integer(0)),
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
		entryIs("retries", plan.Equal, query.Integer(2)),
		entryIs("retries", plan.Greater, query.Integer(2)),
		entryIs("price", plan.Less, query.Float(0.5)),
		entryIs("cached", plan.Equal, query.Boolean(true)),
		entryIs("tenant", plan.Equal, none),
		entryIs("tenant", plan.NotEqual, none),
		entryIs(`a 'quoted' "key"`, plan.Equal, query.Text("acme")),
		plan.All{agent, failed},
		plan.Any{agent, plan.All{failed, tool}},
		plan.All{},
		plan.Any{},
	}
}

// TestConditionsAsSQL shows what each kind of condition is for PostgreSQL.
func TestConditionsAsSQL(t *testing.T) {
	var b strings.Builder
	for _, cond := range kindsOfConditions() {
		var c conditions
		sql := c.conditionSQL(cond)
		fmt.Fprintf(&b, "-- %s\n%s\n\n", cond, withArguments(sql, c.args))
	}
	golden(t, "testdata/conditions.sql", b.String())
}
