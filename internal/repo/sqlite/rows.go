package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
)

// querier is a read pool or a transaction on it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// readRows runs a query and hands each row to fn, which must not keep it.
func readRows(ctx context.Context, q querier, query string, args []any, fn func(r *row) error) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, fn)
}

// eachRow hands each row to fn, and closes rows.
func eachRow(rows *sql.Rows, fn func(r *row) error) error {
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]driver.Value, len(columns))
	// Scan puts NULL into an any, but not into a driver.Value.
	scanned, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range scanned {
		into[i] = &scanned[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range scanned {
			values[i] = v
		}
		if err := fn(&row{values: values}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// row reads the columns of a result one after the other. What it cannot read
// is remembered as the first error, so that a caller checks once a row.
type row struct {
	values []driver.Value
	next   int
	err    error
}

func (r *row) take() driver.Value {
	v := r.values[r.next]
	r.next++
	return v
}

func (r *row) fail(want string, v driver.Value) {
	if r.err == nil {
		r.err = fmt.Errorf("column %d holds %T, want %s", r.next, v, want)
	}
}

// int reads an integer, 0 for NULL.
func (r *row) int() int64 {
	switch v := r.take().(type) {
	case int64:
		return v
	case nil:
		return 0
	default:
		r.fail("an integer", v)
		return 0
	}
}

// text reads a text, "" for NULL.
func (r *row) text() string {
	switch v := r.take().(type) {
	case string:
		return v
	case nil:
		return ""
	default:
		r.fail("text", v)
		return ""
	}
}

// blob reads a blob, nil for NULL.
func (r *row) blob() []byte {
	switch v := r.take().(type) {
	case []byte:
		return v
	case nil:
		return nil
	default:
		r.fail("a blob", v)
		return nil
	}
}

// set reads a JSON array of texts.
func (r *row) set() (set []string) {
	s := r.text()
	if s == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(s), &set); err != nil && r.err == nil {
		r.err = fmt.Errorf("column %d: %w", r.next, err)
	}
	return set
}

func (r *row) traceID() (id model.TraceID) {
	if b := r.blob(); copy(id[:], b) != len(id) && r.err == nil {
		r.err = fmt.Errorf("column %d holds %d bytes, want a trace id", r.next, len(b))
	}
	return id
}

func (r *row) usage() model.Usage {
	return model.Usage{
		Input: r.int(), CacheRead: r.int(), CacheWrite: r.int(), Output: r.int(),
		Reasoning: r.int(), AudioInput: r.int(), AudioOutput: r.int(), Total: r.int(),
	}
}

func (r *row) cost() model.Cost {
	return model.Cost{
		Nano: r.int(), Reported: r.int(), Computed: r.int(), ReportedCalls: r.int(), ComputedCalls: r.int(), UnpricedCalls: r.int(),
	}
}

func (r *row) identity() model.Identity {
	return model.Identity{
		AgentID: r.text(), AgentName: r.text(), TeamID: r.text(), TeamName: r.text(),
		WorkflowID: r.text(), WorkflowName: r.text(), SessionID: r.text(), UserID: r.text(), RunID: r.text(),
	}
}

const (
	usageColumns = `input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, ` +
		`reasoning_tokens, audio_input_tokens, audio_output_tokens, reported_total_tokens`
	identityColumns = `agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id`

	spanColumns = `project, trace_id, span_id, start_ns, end_ns, parent_id, type, kind, status, failed, ` + usageColumns + `,
	first_token_ns, name, status_message, error_type, error_message, service, environment, ` + identityColumns + `,
	model, provider, tool_name, tool_call_id, attributes`

	costColumns = `cost_nano, reported_cost_nano, computed_cost_nano, reported_cost_calls, computed_cost_calls, unpriced_calls`

	// arrivedColumns are what a trace's row says of spans as they arrive,
	// settledColumns what only settling knows.
	arrivedColumns = `project, trace_id, start_ns, end_ns, ` + mergedColumns
	mergedColumns  = `spans, errors, llm_calls, tool_calls, status, ` + usageColumns + `,
	models, tools, root_key, root_name, head_key, head_type, name, service, environment, ` + identityColumns + `,
	input_preview, output_preview, error_key, error_span, error_type, error_message`
	settledColumns = `settled_spans, runs, ` + costColumns

	traceColumns = arrivedColumns + `, ` + settledColumns
)

const (
	tenMarks = `?, ?, ?, ?, ?, ?, ?, ?, ?, ?, `

	insertTraceRow = `INSERT INTO traces (` + arrivedColumns + `) VALUES (` + tenMarks + tenMarks + tenMarks + tenMarks + `?)`
)

// spanInsert is a statement that inserts a span, and its arguments. It tells by the
// number of changes whether the span was new.
//
// Most spans have few of the columns, and a value takes time to be handed over, be it
// nothing: what a span does not have stands in the statement.
type spanInsert struct{ args []driver.NamedValue }

// The parts of a span that it has as a whole, or nothing of.
const (
	partUsage = iota
	partError
	partIdentity
	partModel
	partTool
	countOfParts
)

// spanParts are the columns of each part, and what stands for one that a span does not
// have.
var spanParts = [countOfParts]struct{ columns, absent string }{
	partUsage:    {usageColumns + `, first_token_ns`, `0`},
	partError:    {`status_message, error_type, error_message`, `NULL`},
	partIdentity: {identityColumns, `NULL`},
	partModel:    {`model, provider`, `NULL`},
	partTool:     {`tool_name, tool_call_id`, `NULL`},
}

// insertSpan are the statements by the parts that they insert, a bit for each.
var insertSpan = func() (statements [1 << countOfParts]string) {
	const always = `project, trace_id, span_id, start_ns, end_ns, parent_id, type, kind, status, failed, name, service, environment, attributes`
	for has := range statements {
		columns, values := []string{always}, []string{marks(strings.Count(always, `,`) + 1)}
		for i, part := range spanParts {
			value := part.absent
			if has&(1<<i) != 0 {
				value = `?`
			}
			columns = append(columns, part.columns)
			values = append(values, slices.Repeat([]string{value}, strings.Count(part.columns, `,`)+1)...)
		}
		statements[has] = `INSERT INTO spans (` + strings.Join(columns, `, `) + `) VALUES (` + strings.Join(values, `, `) + `) ON CONFLICT DO NOTHING`
	}
	return statements
}()

// of sets the arguments to those of a span, and returns the statement.
func (i *spanInsert) of(s *model.Span) string {
	var parent driver.Value
	if !s.ParentID.IsZero() {
		parent = s.ParentID.Int64()
	}
	has := 0
	i.args = i.args[:0]
	i.add(
		s.Project, s.TraceID[:], s.SpanID.Int64(), s.StartNano, s.EndNano, parent,
		int64(s.Type), int64(s.Kind), int64(s.Status), truth(s.Failed),
		text(s.Name), text(s.Service), text(s.Environment), text(string(s.ShortAttributes)),
	)
	u, id := &s.Usage, &s.Identity
	if *u != (model.Usage{}) || s.FirstTokenNano != 0 {
		has |= 1 << partUsage
		i.add(u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.AudioInput, u.AudioOutput, u.Total, s.FirstTokenNano)
	}
	if s.StatusMessage != "" || s.ErrorType != "" || s.ErrorMessage != "" {
		has |= 1 << partError
		i.add(text(s.StatusMessage), text(s.ErrorType), text(s.ErrorMessage))
	}
	if *id != (model.Identity{}) {
		has |= 1 << partIdentity
		i.add(
			text(id.AgentID), text(id.AgentName), text(id.TeamID), text(id.TeamName), text(id.WorkflowID), text(id.WorkflowName),
			text(id.SessionID), text(id.UserID), text(id.RunID),
		)
	}
	if s.Model != "" || s.Provider != "" {
		has |= 1 << partModel
		i.add(text(s.Model), text(s.Provider))
	}
	if s.ToolName != "" || s.ToolCallID != "" {
		has |= 1 << partTool
		i.add(text(s.ToolName), text(s.ToolCallID))
	}
	return insertSpan[has]
}

func (i *spanInsert) add(values ...driver.Value) {
	for _, v := range values {
		i.args = append(i.args, driver.NamedValue{Ordinal: len(i.args) + 1, Value: v})
	}
}

// span reads spanColumns.
func (r *row) span() (*model.Span, error) {
	s := &model.Span{
		Project: r.text(), TraceID: r.traceID(), SpanID: model.SpanIDFromInt64(r.int()),
		StartNano: r.int(), EndNano: r.int(),
	}
	// No span has the id zero, so NULL and zero are both "no parent".
	s.ParentID = model.SpanIDFromInt64(r.int())
	s.Type, s.Kind, s.Status, s.Failed = model.SpanType(r.int()), model.SpanKind(r.int()), model.StatusCode(r.int()), r.int() != 0
	s.Usage, s.FirstTokenNano = r.usage(), r.int()
	s.Name, s.StatusMessage, s.ErrorType, s.ErrorMessage = r.text(), r.text(), r.text(), r.text()
	s.Service, s.Environment, s.Identity = r.text(), r.text(), r.identity()
	s.Model, s.Provider, s.ToolName, s.ToolCallID = r.text(), r.text(), r.text(), r.text()
	if attributes := r.text(); attributes != "" {
		s.ShortAttributes = []byte(attributes)
	}
	return s, r.err
}

// mergedValues returns the values of mergedColumns.
func mergedValues(t *model.Trace) []driver.Value {
	u, id := &t.Usage, &t.Identity
	return []driver.Value{
		t.Spans, t.Errors, t.LLMCalls, t.ToolCalls, int64(t.Status),
		u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.AudioInput, u.AudioOutput, u.Total,
		set(t.Models), set(t.Tools), blob(t.RootKey), text(t.RootName),
		blob(t.HeadKey), int64(t.HeadType), text(t.Name), text(t.Service), text(t.Environment),
		text(id.AgentID), text(id.AgentName), text(id.TeamID), text(id.TeamName), text(id.WorkflowID), text(id.WorkflowName),
		text(id.SessionID), text(id.UserID), text(id.RunID),
		text(t.InputPreview), text(t.OutputPreview),
		blob(t.ErrorKey), text(t.ErrorSpan), text(t.ErrorType), text(t.ErrorMessage),
	}
}

// trace reads traceColumns.
func (r *row) trace() (*model.Trace, error) {
	t := &model.Trace{
		Project: r.text(), TraceID: r.traceID(), StartNano: r.int(), EndNano: r.int(),
		Spans: r.int(), Errors: r.int(), LLMCalls: r.int(), ToolCalls: r.int(), Status: model.StatusCode(r.int()),
		Usage: r.usage(), Models: r.set(), Tools: r.set(),
		RootKey: r.blob(), RootName: r.text(),
		HeadKey: r.blob(), HeadType: model.SpanType(r.int()), Name: r.text(), Service: r.text(), Environment: r.text(),
		Identity: r.identity(), InputPreview: r.text(), OutputPreview: r.text(),
		ErrorKey: r.blob(), ErrorSpan: r.text(), ErrorType: r.text(), ErrorMessage: r.text(),
		SettledSpans: r.int(), Runs: r.int(), Cost: r.cost(),
	}
	return t, r.err
}

// set writes a set of texts as a JSON array, an empty one as NULL.
func set(s []string) driver.Value {
	if len(s) == 0 {
		return nil
	}
	data, err := json.Marshal(s)
	if err != nil {
		// Texts can always be marshalled; nothing else is in s.
		panic(err)
	}
	return string(data)
}
