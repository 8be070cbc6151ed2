package postgres

import (
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/agenttrace/agenttrace/internal/model"
)

// costColumns are a model.Cost, in rows of traces and runs.
const costColumns = `
    coalesce(cost_nano, 0), coalesce(reported_cost_nano, 0), coalesce(computed_cost_nano, 0),
    coalesce(reported_calls, 0), coalesce(computed_calls, 0), coalesce(unpriced_calls, 0)`

// runColumns are what scanRun reads.
const runColumns = `
    project, trace_id, span_id, start_ns, end_ns, type, status, failed, settled,
    coalesce(name, ''), coalesce(service, ''), coalesce(environment, ''),
    coalesce(agent_id, ''), coalesce(agent_name, ''), coalesce(team_id, ''), coalesce(team_name, ''),
    coalesce(workflow_id, ''), coalesce(workflow_name, ''), coalesce(session_id, ''), coalesce(user_id, ''), coalesce(run_id, ''),
    coalesce(spans, 0), coalesce(model_calls, 0), coalesce(model_failures, 0), coalesce(tool_calls, 0), coalesce(tool_failures, 0),
    coalesce(retries, 0), coalesce(input_tokens, 0), coalesce(cache_read_tokens, 0), coalesce(cache_write_tokens, 0),
    coalesce(output_tokens, 0), coalesce(reasoning_tokens, 0), coalesce(audio_input_tokens, 0), coalesce(audio_output_tokens, 0),
    coalesce(reported_total_tokens, 0),` + costColumns + `, coalesce(detail::text, '')`

func scanRun(row pgx.CollectableRow) (*model.Run, error) {
	var r model.Run
	var span int64
	var detail []byte
	id, own := &r.Identity, &r.Own
	u, c := &own.Usage, &own.Cost
	err := row.Scan(
		&r.Project, (*[16]byte)(&r.TraceID), &span, &r.StartNano, &r.EndNano, &r.Type, &r.Status, &r.Failed, &r.Settled,
		&r.Name, &r.Service, &r.Environment,
		&id.AgentID, &id.AgentName, &id.TeamID, &id.TeamName,
		&id.WorkflowID, &id.WorkflowName, &id.SessionID, &id.UserID, &id.RunID,
		&own.Spans, &own.ModelCalls, &own.ModelFailures, &own.ToolCalls, &own.ToolFailures, &own.Retries,
		&u.Input, &u.CacheRead, &u.CacheWrite, &u.Output, &u.Reasoning, &u.AudioInput, &u.AudioOutput, &u.Total,
		&c.Nano, &c.Reported, &c.Computed, &c.ReportedCalls, &c.ComputedCalls, &c.UnpricedCalls, &detail,
	)
	if err != nil {
		return nil, err
	}
	r.SpanID = model.SpanIDFromInt64(span)
	return &r, r.DecodeDetail(detail)
}

// closeRunsSQL removes some runs of a day from those whose trace has not settled.
const closeRunsSQL = `
DELETE FROM open_runs AS r
USING unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[]) AS closed (project, trace_id, start_ns, span_id)
WHERE r.project = closed.project AND r.trace_id = closed.trace_id AND r.start_ns = closed.start_ns AND r.span_id = closed.span_id
    AND r.start_ns >= $5 AND r.start_ns <= $6`

// settleRunsSQL stores runs of traces that have settled, perhaps not for the first
// time.
const settleRunsSQL = `
INSERT INTO runs AS r (
    trace_id, span_id, start_ns, end_ns, total_cost_nano, spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens,
    audio_output_tokens, reported_total_tokens, cost_nano, reported_cost_nano, computed_cost_nano,
    reported_calls, computed_calls, unpriced_calls, type, status, failed, settled, project, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id, detail)
SELECT
    trace_id, span_id, start_ns, end_ns, nullif(total_cost_nano, 0), nullif(spans, 0), nullif(model_calls, 0),
    nullif(model_failures, 0), nullif(tool_calls, 0), nullif(tool_failures, 0), nullif(retries, 0), nullif(input_tokens, 0),
    nullif(cache_read_tokens, 0), nullif(cache_write_tokens, 0), nullif(output_tokens, 0), nullif(reasoning_tokens, 0),
    nullif(audio_input_tokens, 0), nullif(audio_output_tokens, 0), nullif(reported_total_tokens, 0), nullif(cost_nano, 0),
    nullif(reported_cost_nano, 0), nullif(computed_cost_nano, 0), nullif(reported_calls, 0), nullif(computed_calls, 0),
    nullif(unpriced_calls, 0), type, status, failed, true, project, nullif(name, ''), nullif(service, ''),
    nullif(environment, ''), nullif(agent_id, ''), nullif(agent_name, ''), nullif(team_id, ''), nullif(team_name, ''),
    nullif(workflow_id, ''), nullif(workflow_name, ''), nullif(session_id, ''), nullif(user_id, ''), nullif(run_id, ''),
    nullif(detail, '')::json
FROM unnest(
    $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
    $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[],
    $26::smallint[], $27::smallint[], $28::boolean[], $29::text[], $30::text[], $31::text[], $32::text[], $33::text[],
    $34::text[], $35::text[], $36::text[], $37::text[], $38::text[], $39::text[], $40::text[], $41::text[], $42::text[])
AS run (
    trace_id, span_id, start_ns, end_ns, total_cost_nano, spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens,
    audio_output_tokens, reported_total_tokens, cost_nano, reported_cost_nano, computed_cost_nano,
    reported_calls, computed_calls, unpriced_calls, type, status, failed, project, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id, detail)
ON CONFLICT (project, trace_id, span_id, start_ns) DO UPDATE SET
    end_ns = excluded.end_ns, total_cost_nano = excluded.total_cost_nano, spans = excluded.spans,
    model_calls = excluded.model_calls, model_failures = excluded.model_failures, tool_calls = excluded.tool_calls,
    tool_failures = excluded.tool_failures, retries = excluded.retries, input_tokens = excluded.input_tokens,
    cache_read_tokens = excluded.cache_read_tokens, cache_write_tokens = excluded.cache_write_tokens,
    output_tokens = excluded.output_tokens, reasoning_tokens = excluded.reasoning_tokens,
    audio_input_tokens = excluded.audio_input_tokens, audio_output_tokens = excluded.audio_output_tokens,
    reported_total_tokens = excluded.reported_total_tokens, cost_nano = excluded.cost_nano,
    reported_cost_nano = excluded.reported_cost_nano, computed_cost_nano = excluded.computed_cost_nano,
    reported_calls = excluded.reported_calls, computed_calls = excluded.computed_calls,
    unpriced_calls = excluded.unpriced_calls, type = excluded.type, status = excluded.status, failed = excluded.failed,
    settled = true, name = excluded.name, service = excluded.service, environment = excluded.environment,
    agent_id = excluded.agent_id, agent_name = excluded.agent_name, team_id = excluded.team_id, team_name = excluded.team_name,
    workflow_id = excluded.workflow_id, workflow_name = excluded.workflow_name, session_id = excluded.session_id,
    user_id = excluded.user_id, run_id = excluded.run_id, detail = excluded.detail`

// runArgs returns the arguments of settleRunsSQL.
func runArgs(runs []*model.Run) ([]any, error) {
	text := func(get func(r *model.Run) string) []string { return column(runs, get) }
	number := func(get func(r *model.Run) int64) []int64 { return column(runs, get) }
	details := make([]string, len(runs))
	for i, r := range runs {
		detail, err := r.EncodeDetail()
		if err != nil {
			return nil, err
		}
		details[i] = string(detail)
	}
	return slices.Concat([]any{
		column(runs, func(r *model.Run) pgtype.UUID { return uuid(r.TraceID) }),
		number(func(r *model.Run) int64 { return r.SpanID.Int64() }),
		number(func(r *model.Run) int64 { return r.StartNano }),
		number(func(r *model.Run) int64 { return r.EndNano }),
		number(func(r *model.Run) int64 { return r.Detail.Total.Cost.Nano }),
		number(func(r *model.Run) int64 { return r.Own.Spans }),
		number(func(r *model.Run) int64 { return r.Own.ModelCalls }),
		number(func(r *model.Run) int64 { return r.Own.ModelFailures }),
		number(func(r *model.Run) int64 { return r.Own.ToolCalls }),
		number(func(r *model.Run) int64 { return r.Own.ToolFailures }),
		number(func(r *model.Run) int64 { return r.Own.Retries }),
	}, usageArgs(runs, func(r *model.Run) *model.Usage { return &r.Own.Usage }),
		costArgs(runs, func(r *model.Run) *model.Cost { return &r.Own.Cost }), []any{
			column(runs, func(r *model.Run) int16 { return int16(r.Type) }),
			column(runs, func(r *model.Run) int16 { return int16(r.Status) }),
			column(runs, func(r *model.Run) bool { return r.Failed }),
			text(func(r *model.Run) string { return r.Project }),
			text(func(r *model.Run) string { return r.Name }),
			text(func(r *model.Run) string { return r.Service }),
			text(func(r *model.Run) string { return r.Environment }),
			text(func(r *model.Run) string { return r.Identity.AgentID }),
			text(func(r *model.Run) string { return r.Identity.AgentName }),
			text(func(r *model.Run) string { return r.Identity.TeamID }),
			text(func(r *model.Run) string { return r.Identity.TeamName }),
			text(func(r *model.Run) string { return r.Identity.WorkflowID }),
			text(func(r *model.Run) string { return r.Identity.WorkflowName }),
			text(func(r *model.Run) string { return r.Identity.SessionID }),
			text(func(r *model.Run) string { return r.Identity.UserID }),
			text(func(r *model.Run) string { return r.Identity.RunID }),
			details,
		}), nil
}

// usageArgs returns an array for each bucket, in the order of the columns.
func usageArgs[R any](rows []R, get func(R) *model.Usage) []any {
	number := func(get func(R) int64) []int64 { return column(rows, get) }
	return []any{
		number(func(r R) int64 { return get(r).Input }),
		number(func(r R) int64 { return get(r).CacheRead }),
		number(func(r R) int64 { return get(r).CacheWrite }),
		number(func(r R) int64 { return get(r).Output }),
		number(func(r R) int64 { return get(r).Reasoning }),
		number(func(r R) int64 { return get(r).AudioInput }),
		number(func(r R) int64 { return get(r).AudioOutput }),
		number(func(r R) int64 { return get(r).Total }),
	}
}

// costArgs does the same for costs.
func costArgs[R any](rows []R, get func(R) *model.Cost) []any {
	number := func(get func(R) int64) []int64 { return column(rows, get) }
	return []any{
		number(func(r R) int64 { return get(r).Nano }),
		number(func(r R) int64 { return get(r).Reported }),
		number(func(r R) int64 { return get(r).Computed }),
		number(func(r R) int64 { return get(r).ReportedCalls }),
		number(func(r R) int64 { return get(r).ComputedCalls }),
		number(func(r R) int64 { return get(r).UnpricedCalls }),
	}
}
