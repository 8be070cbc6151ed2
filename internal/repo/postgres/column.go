package postgres

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

// columnName returns the column that tells of an intrinsic, "" for none: it is
// NULL where the intrinsic is absent.
func columnName(i query.Intrinsic) string {
	names := [...]string{
		query.Name: `name`, query.Status: `status`, query.StatusMessage: `status_message`, query.SpanKind: `kind`,
		query.TraceID: `trace_id`, query.SpanID: `span_id`, query.ParentID: `parent_id`,
		query.Type: `type`, query.Failed: `failed`, query.Project: `project`, query.Service: `service`, query.Environment: `environment`,
		query.AgentID: `agent_id`, query.AgentName: `agent_name`, query.TeamID: `team_id`, query.TeamName: `team_name`,
		query.WorkflowID: `workflow_id`, query.WorkflowName: `workflow_name`,
		query.SessionID: `session_id`, query.UserID: `user_id`, query.RunID: `run_id`,
		query.ModelName: `model`, query.ModelProvider: `provider`, query.ToolName: `tool_name`, query.ToolCallID: `tool_call_id`,
		query.ErrorType: `error_type`, query.ErrorMessage: `error_message`,
		query.TraceRootName: `root_name`, query.TraceSpanCount: `spans`, query.TraceErrorCount: `errors`,
	}
	if int(i) >= len(names) {
		return ""
	}
	return names[i]
}

// columnSQL returns the value of an intrinsic of a row of spans, or of traces:
// NULL where it is absent. Ids are text.
func columnSQL(i query.Intrinsic) string {
	column := columnName(i)
	switch i {
	case query.SpanDuration, query.TraceDuration:
		return `(end_ns - start_ns)`
	case query.TraceID:
		return `encode(uuid_send(` + column + `), 'hex') COLLATE "C"`
	case query.SpanID, query.ParentID:
		return `lpad(to_hex(` + column + `), 16, '0') COLLATE "C"`
	case query.RootMark:
		return `(CASE WHEN parent_id IS NULL THEN -1 ELSE 1 END)`
	case query.UsageInput:
		return usage(`input_tokens`)
	case query.UsageOutput:
		return usage(`output_tokens`)
	case query.UsageCacheRead:
		return usage(`cache_read_tokens`)
	case query.UsageCacheWrite:
		return usage(`cache_write_tokens`)
	case query.UsageReasoning:
		return usage(`reasoning_tokens`)
	case query.UsageTotal:
		return usage(buckets()...)
	}
	if column == "" {
		return `NULL` // it is in no row
	}
	return column
}

// buckets returns the columns that model.Usage.Sum adds up.
func buckets() []string {
	return []string{
		`input_tokens`, `cache_read_tokens`, `cache_write_tokens`, `output_tokens`,
		`reasoning_tokens`, `audio_input_tokens`, `audio_output_tokens`,
	}
}

// callsModel are the types of which model.SpanType.CallsModel is true.
const callsModel = `(5, 8, 9)`

// usage adds up columns, of spans that call a model and have reported anything.
func usage(columns ...string) string {
	for i, column := range columns {
		columns[i] = `coalesce(` + column + `, 0)`
	}
	reported := strings.Join(append(buckets(), `reported_total_tokens`), `, `)
	return `(CASE WHEN type IN ` + callsModel + ` AND num_nonnulls(` + reported + `) > 0 THEN ` +
		strings.Join(columns, ` + `) + ` END)`
}

// presence compares a column with nil.
func (c *conditions) presence(i query.Intrinsic, op plan.Op) string {
	value := columnSQL(i)
	if name := columnName(i); name != "" {
		value = name
	}
	switch op {
	case plan.Equal:
		return value + ` IS NULL`
	case plan.NotEqual:
		return value + ` IS NOT NULL`
	}
	return `FALSE`
}

// textColumn compares ids as they are stored where it can, so that an index
// applies.
func (c *conditions) textColumn(i query.Intrinsic, op plan.Op, text string) string {
	id, exists := storedID(i, text)
	switch {
	case id == nil, op != plan.Equal && op != plan.NotEqual:
		return c.text(columnSQL(i), op, text)
	case exists:
		return columnName(i) + operator(op) + c.arg(id)
	case op == plan.NotEqual:
		return c.presence(i, plan.NotEqual)
	}
	return `FALSE`
}

// storedID returns how an id is stored, nil for columns that hold text, and
// whether there is an id that is written so.
func storedID(i query.Intrinsic, text string) (id any, exists bool) {
	switch i {
	case query.TraceID:
		parsed, err := model.ParseTraceID(text)
		return uuid(parsed), err == nil && parsed.String() == text
	case query.SpanID, query.ParentID:
		parsed, err := model.ParseSpanID(text)
		return parsed.Int64(), err == nil && parsed.String() == text
	}
	return nil, false
}

// text compares a text by its bytes.
func (c *conditions) text(value string, op plan.Op, text string) string {
	if !storable(text) {
		return c.foreignText(value, op, text)
	}
	arg := c.arg(text) + `::text`
	switch op {
	case plan.Contains:
		return `strpos(` + value + `, ` + arg + `) > 0`
	case plan.HasPrefix:
		return `starts_with(` + value + `, ` + arg + `)`
	}
	return value + operator(op) + arg
}

// storable reports whether PostgreSQL takes a text, which must be UTF-8 without
// NUL.
func storable(text string) bool {
	return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}

// foreignText compares with a text that no column can hold, nor any part of it.
func (c *conditions) foreignText(value string, op plan.Op, text string) string {
	switch op {
	case plan.Equal, plan.Contains, plan.HasPrefix:
		return `FALSE`
	case plan.NotEqual:
		return value + ` IS NOT NULL`
	}
	return `convert_to(` + value + `, 'UTF8')` + operator(op) + c.arg([]byte(text)) + `::bytea`
}

// number compares a number, with a float as a float.
func (c *conditions) number(value string, op plan.Op, v query.Value) string {
	switch {
	case op > plan.GreaterEqual:
		return `FALSE`
	case v.Kind != query.KindFloat:
		return value + operator(op) + c.arg(v.Int) + `::bigint`
	case !math.IsNaN(v.Float):
		return `(` + value + `)::float8` + operator(op) + c.arg(v.Float) + `::float8`
	// For PostgreSQL, NaN is the greatest number and equals itself.
	case op == plan.NotEqual:
		return value + ` IS NOT NULL`
	}
	return `FALSE`
}
