package postgres

import (
	"github.com/jackc/pgx/v5"

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

const copyRunsSQL = `
COPY runs (
    trace_id, span_id, start_ns, end_ns, total_cost_nano, spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens,
    audio_output_tokens, reported_total_tokens, cost_nano, reported_cost_nano, computed_cost_nano,
    reported_calls, computed_calls, unpriced_calls, type, status, failed, settled, project, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id, detail)
FROM STDIN (FORMAT binary)`

// settledRun is a run and its detail, encoded.
type settledRun struct {
	*model.Run
	detail []byte
}

// copyRuns stores runs of traces that have settled.
func copyRuns(f *flight, runs []settledRun) {
	f.begin()
	for _, r := range runs {
		f.row(43)
		f.uuid(r.TraceID)
		f.bigint(r.SpanID.Int64())
		f.bigint(r.StartNano)
		f.bigint(r.EndNano)
		own := &r.Own
		for _, n := range [...]int64{
			r.Detail.Total.Cost.Nano, own.Spans, own.ModelCalls, own.ModelFailures, own.ToolCalls, own.ToolFailures, own.Retries,
		} {
			f.optional(n)
		}
		writeUsage(f, &own.Usage)
		writeCost(f, &own.Cost)
		f.smallint(int16(r.Type))
		f.smallint(int16(r.Status))
		f.boolean(r.Failed)
		f.boolean(true) // settled
		for _, text := range [...]string{r.Project, r.Name, r.Service, r.Environment} {
			f.text(text)
		}
		writeIdentity(f, &r.Identity)
		f.bytes(r.detail) // json is sent as its text
	}
	f.end()
}
