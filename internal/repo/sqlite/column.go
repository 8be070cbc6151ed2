package sqlite

import (
	"cmp"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/plan"
)

// column is how an intrinsic is stored.
type column struct {
	kind query.Kind
	// value is SQL for the value, as text where it is one. It is NULL where the
	// intrinsic is absent.
	value string
	// present is SQL that is true where the value is there and false elsewhere,
	// "" where that is no more than not being NULL.
	present string
	// stored is the column itself where that holds the value in another form,
	// and encode makes such a form of a text; it reports whether there is one.
	stored string
	encode func(text string) (any, bool)
}

const (
	spanDuration = `(end_ns - start_ns)`

	// ownUsage restricts token counts to those spans that have any of their
	// own: model.SpanType.CallsModel lists the types.
	ownUsage = `type IN (5, 8, 9) AND (input_tokens | cache_read_tokens | cache_write_tokens | output_tokens | ` +
		`reasoning_tokens | audio_input_tokens | audio_output_tokens | reported_total_tokens) <> 0`
	allTokens = `input_tokens + cache_read_tokens + cache_write_tokens + output_tokens + ` +
		`reasoning_tokens + audio_input_tokens + audio_output_tokens`
)

// columnOf returns where an intrinsic of a row of spans or traces is.
func columnOf(i query.Intrinsic) column {
	c := column{kind: query.Describe(i).Kind, value: columnName(i)}
	switch i {
	case query.TraceID:
		c.value, c.stored, c.encode = `lower(hex(trace_id))`, `trace_id`, encodeTraceID
	case query.SpanID:
		c.value, c.stored, c.encode = `printf('%016x', span_id)`, `span_id`, encodeSpanID
	case query.ParentID:
		c.value, c.stored, c.encode = `CASE WHEN parent_id IS NOT NULL THEN printf('%016x', parent_id) END`, `parent_id`, encodeSpanID
	case query.SpanDuration:
		c.value = spanDuration
	case query.RootMark:
		c.value = `CASE WHEN parent_id IS NULL THEN -1 ELSE 1 END`
	case query.UsageInput, query.UsageOutput, query.UsageCacheRead, query.UsageCacheWrite, query.UsageReasoning, query.UsageTotal:
		c.value, c.present = `CASE WHEN `+ownUsage+` THEN `+c.value+` END`, `(`+ownUsage+`)`
	}
	return c
}

// columnName names the column of an intrinsic, or what a usage is made of. It
// returns NULL, which is what is always absent, for one that is in no row.
func columnName(i query.Intrinsic) string {
	names := [...]string{
		query.Name: `name`, query.Status: `status`, query.StatusMessage: `status_message`, query.SpanKind: `kind`,
		query.Type: `type`, query.Failed: `failed`, query.Project: `project`, query.Service: `service`, query.Environment: `environment`,
		query.AgentID: `agent_id`, query.AgentName: `agent_name`, query.TeamID: `team_id`, query.TeamName: `team_name`,
		query.WorkflowID: `workflow_id`, query.WorkflowName: `workflow_name`,
		query.SessionID: `session_id`, query.UserID: `user_id`, query.RunID: `run_id`,
		query.ModelName: `model`, query.ModelProvider: `provider`, query.ToolName: `tool_name`, query.ToolCallID: `tool_call_id`,
		query.ErrorType: `error_type`, query.ErrorMessage: `error_message`,
		query.UsageInput: `input_tokens`, query.UsageOutput: `output_tokens`, query.UsageCacheRead: `cache_read_tokens`,
		query.UsageCacheWrite: `cache_write_tokens`, query.UsageReasoning: `reasoning_tokens`, query.UsageTotal: allTokens,
		query.TraceDuration: `duration_ns`, query.TraceRootName: `root_name`, query.TraceSpanCount: `spans`, query.TraceErrorCount: `errors`,
	}
	if int(i) < len(names) && names[i] != "" {
		return names[i]
	}
	return `NULL`
}

// encodeTraceID returns how an id is stored. Ids compare as lower-case text, so
// another text is none of them.
func encodeTraceID(text string) (any, bool) {
	id, err := model.ParseTraceID(text)
	return id[:], err == nil && id.String() == text
}

func encodeSpanID(text string) (any, bool) {
	id, err := model.ParseSpanID(text)
	return id.Int64(), err == nil && id.String() == text
}

// comparison returns SQL that is true where a column compares as it should.
func comparison(c column, op plan.Op, v query.Value) clause {
	switch {
	case v.Kind == query.KindNil:
		return presence(c, op)
	case v.Kind == query.KindString && c.kind == query.KindString:
		return textComparison(c, op, v.Text)
	case v.Kind.IsNumber() && c.kind.IsNumber() && compares(op):
		return numberComparison(c.value, op, v)
	case v.Kind == c.kind && v.Kind == query.KindBool && (op == plan.Equal || op == plan.NotEqual):
		return flagComparison(c.value, (v.Int != 0) == (op == plan.Equal))
	case v.Kind == c.kind && compares(op):
		return clause{c.value + operator(op) + `?`, []any{v.Int}}
	}
	return clause{sql: `FALSE`} // values of kinds that do not go together
}

// presence compares with nil.
func presence(c column, op plan.Op) clause {
	switch {
	case op == plan.Equal && c.present != "":
		return clause{sql: `NOT ` + c.present}
	case op == plan.NotEqual && c.present != "":
		return clause{sql: c.present}
	case op == plan.Equal:
		return clause{sql: cmp.Or(c.stored, c.value) + ` IS NULL`}
	case op == plan.NotEqual:
		return clause{sql: cmp.Or(c.stored, c.value) + ` IS NOT NULL`}
	}
	return clause{sql: `FALSE`}
}

// flagComparison is spelled with a constant, so that the partial index of
// failed spans applies.
func flagComparison(value string, wanted bool) clause {
	if wanted {
		return clause{sql: value + ` = 1`}
	}
	return clause{sql: value + ` = 0`}
}

func textComparison(c column, op plan.Op, text string) clause {
	if c.encode != nil && (op == plan.Equal || op == plan.NotEqual) {
		encoded, ok := c.encode(text)
		switch {
		case ok:
			return clause{c.stored + operator(op) + `?`, []any{encoded}}
		case op == plan.Equal:
			return clause{sql: `FALSE`}
		}
		return presence(c, plan.NotEqual)
	}
	return compareText(c.value, op, text)
}

// compareText compares a text by its bytes.
func compareText(value string, op plan.Op, text string) clause {
	switch op {
	// As blobs: of texts, instr looks at the beginnings of characters only.
	case plan.Contains:
		return clause{`instr(CAST(` + value + ` AS BLOB), ?) > 0`, []any{[]byte(text)}}
	case plan.HasPrefix:
		return clause{`instr(CAST(` + value + ` AS BLOB), ?) = 1`, []any{[]byte(text)}}
	}
	return clause{value + operator(op) + `?`, []any{text}}
}

// numberComparison compares numbers. SQLite compares integers with fractions
// exactly, and takes NaN for NULL, which compares with nothing.
func numberComparison(value string, op plan.Op, v query.Value) clause {
	if v.Kind == query.KindFloat {
		return clause{value + operator(op) + `?`, []any{v.Float}}
	}
	return clause{value + operator(op) + `?`, []any{v.Int}}
}

func compares(op plan.Op) bool { return op <= plan.GreaterEqual }

// operator returns how one of the six comparisons is written.
func operator(op plan.Op) string {
	return [...]string{
		plan.Equal: ` = `, plan.NotEqual: ` <> `, plan.Less: ` < `, plan.LessEqual: ` <= `, plan.Greater: ` > `, plan.GreaterEqual: ` >= `,
	}[op]
}
