package postgres

import (
	"encoding/json"

	"github.com/jackc/pgx/v5/pgtype"
)

// upsertTracesSQL merges parts into the trace rows of their days as
// model.Trace.Merge does. Only a row that is new, which only its first write
// has made, can be on a day that its trace was not on before: those are entered
// in trace_days, where writers of different days of one trace meet. It returns
// the traces among them that now lie on several days.
const upsertTracesSQL = `
WITH upserted AS (
    INSERT INTO traces AS t (
        trace_id, day_ns, start_ns, end_ns, spans, errors, llm_calls, tool_calls, input_tokens,
        cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens,
        audio_output_tokens, reported_total_tokens, status, head_type, project, head_key, root_key, error_key,
        root_name, name, service, environment, agent_id, agent_name, team_id, team_name, workflow_id,
        workflow_name, session_id, user_id, run_id, input_preview, output_preview, error_span, error_type,
        error_message, models, tools, writes)
    SELECT
        trace_id, day_ns, start_ns, end_ns, spans, errors, llm_calls, tool_calls, input_tokens,
        cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens,
        audio_output_tokens, reported_total_tokens, status, head_type, project, head_key, nullif(root_key, ''),
        nullif(error_key, ''), nullif(root_name, ''), nullif(name, ''), nullif(service, ''),
        nullif(environment, ''), nullif(agent_id, ''), nullif(agent_name, ''), nullif(team_id, ''),
        nullif(team_name, ''), nullif(workflow_id, ''), nullif(workflow_name, ''), nullif(session_id, ''),
        nullif(user_id, ''), nullif(run_id, ''), nullif(input_preview, ''), nullif(output_preview, ''),
        nullif(error_span, ''), nullif(error_type, ''), nullif(error_message, ''), nullif(models, '')::jsonb,
        nullif(tools, '')::jsonb, 1
    FROM unnest(
        $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
        $15::bigint[], $16::bigint[], $17::smallint[], $18::smallint[], $19::text[], $20::bytea[], $21::bytea[],
        $22::bytea[], $23::text[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::text[],
        $30::text[], $31::text[], $32::text[], $33::text[], $34::text[], $35::text[], $36::text[], $37::text[],
        $38::text[], $39::text[], $40::text[], $41::text[], $42::text[])
    AS part (
        trace_id, day_ns, start_ns, end_ns, spans, errors, llm_calls, tool_calls, input_tokens,
        cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens,
        audio_output_tokens, reported_total_tokens, status, head_type, project, head_key, root_key, error_key,
        root_name, name, service, environment, agent_id, agent_name, team_id, team_name, workflow_id,
        workflow_name, session_id, user_id, run_id, input_preview, output_preview, error_span, error_type,
        error_message, models, tools)
    ON CONFLICT (project, trace_id, day_ns) DO UPDATE SET
        start_ns = least(t.start_ns, excluded.start_ns),
        end_ns = greatest(t.end_ns, excluded.end_ns),
        status = greatest(t.status, excluded.status),
        spans = t.spans + excluded.spans,
        errors = t.errors + excluded.errors,
        llm_calls = t.llm_calls + excluded.llm_calls,
        tool_calls = t.tool_calls + excluded.tool_calls,
        input_tokens = t.input_tokens + excluded.input_tokens,
        cache_read_tokens = t.cache_read_tokens + excluded.cache_read_tokens,
        cache_write_tokens = t.cache_write_tokens + excluded.cache_write_tokens,
        output_tokens = t.output_tokens + excluded.output_tokens,
        reasoning_tokens = t.reasoning_tokens + excluded.reasoning_tokens,
        audio_input_tokens = t.audio_input_tokens + excluded.audio_input_tokens,
        audio_output_tokens = t.audio_output_tokens + excluded.audio_output_tokens,
        reported_total_tokens = t.reported_total_tokens + excluded.reported_total_tokens,
        writes = t.writes + 1,
        models = coalesce(t.models || excluded.models, t.models, excluded.models),
        tools = coalesce(t.tools || excluded.tools, t.tools, excluded.tools),
        head_key = least(t.head_key, excluded.head_key),
        head_type = CASE WHEN excluded.head_key < t.head_key THEN excluded.head_type ELSE t.head_type END,
        name = CASE WHEN excluded.head_key < t.head_key THEN excluded.name ELSE t.name END,
        service = CASE WHEN excluded.head_key < t.head_key THEN excluded.service ELSE t.service END,
        environment = CASE WHEN excluded.head_key < t.head_key THEN excluded.environment ELSE t.environment END,
        agent_id = CASE WHEN excluded.head_key < t.head_key THEN excluded.agent_id ELSE t.agent_id END,
        agent_name = CASE WHEN excluded.head_key < t.head_key THEN excluded.agent_name ELSE t.agent_name END,
        team_id = CASE WHEN excluded.head_key < t.head_key THEN excluded.team_id ELSE t.team_id END,
        team_name = CASE WHEN excluded.head_key < t.head_key THEN excluded.team_name ELSE t.team_name END,
        workflow_id = CASE WHEN excluded.head_key < t.head_key THEN excluded.workflow_id ELSE t.workflow_id END,
        workflow_name = CASE WHEN excluded.head_key < t.head_key THEN excluded.workflow_name ELSE t.workflow_name END,
        session_id = CASE WHEN excluded.head_key < t.head_key THEN excluded.session_id ELSE t.session_id END,
        user_id = CASE WHEN excluded.head_key < t.head_key THEN excluded.user_id ELSE t.user_id END,
        run_id = CASE WHEN excluded.head_key < t.head_key THEN excluded.run_id ELSE t.run_id END,
        input_preview = CASE WHEN excluded.head_key < t.head_key THEN excluded.input_preview ELSE t.input_preview END,
        output_preview = CASE WHEN excluded.head_key < t.head_key THEN excluded.output_preview ELSE t.output_preview END,
        root_key = least(t.root_key, excluded.root_key),
        root_name = CASE WHEN excluded.root_key < t.root_key OR t.root_key IS NULL THEN excluded.root_name ELSE t.root_name END,
        error_key = least(t.error_key, excluded.error_key),
        error_span = CASE WHEN excluded.error_key < t.error_key OR t.error_key IS NULL THEN excluded.error_span ELSE t.error_span END,
        error_type = CASE WHEN excluded.error_key < t.error_key OR t.error_key IS NULL THEN excluded.error_type ELSE t.error_type END,
        error_message = CASE WHEN excluded.error_key < t.error_key OR t.error_key IS NULL THEN excluded.error_message ELSE t.error_message END
    RETURNING t.project, t.trace_id, t.day_ns, t.writes
), placed AS (
    INSERT INTO trace_days AS d (project, trace_id, first_day_ns, last_day_ns)
    SELECT project, trace_id, min(day_ns), max(day_ns) FROM upserted WHERE writes = 1
    GROUP BY project, trace_id
    ORDER BY project, trace_id
    ON CONFLICT (project, trace_id) DO UPDATE SET
        first_day_ns = least(d.first_day_ns, excluded.first_day_ns),
        last_day_ns = greatest(d.last_day_ns, excluded.last_day_ns)
    RETURNING d.project, d.trace_id, d.first_day_ns, d.last_day_ns
)
SELECT project, trace_id, first_day_ns, last_day_ns FROM placed WHERE first_day_ns <> last_day_ns`

// partArgs returns the arguments of upsertTracesSQL.
func partArgs(parts []part) []any {
	text := func(get func(p part) string) []string { return column(parts, get) }
	number := func(get func(p part) int64) []int64 { return column(parts, get) }
	key := func(get func(p part) []byte) [][]byte {
		// No key is NULL here: the statement takes the empty ones for that.
		return column(parts, func(p part) []byte { return append([]byte{}, get(p)...) })
	}
	return []any{
		column(parts, func(p part) pgtype.UUID { return uuid(p.TraceID) }),
		number(func(p part) int64 { return p.day }),
		number(func(p part) int64 { return p.StartNano }),
		number(func(p part) int64 { return p.EndNano }),
		number(func(p part) int64 { return p.Spans }),
		number(func(p part) int64 { return p.Errors }),
		number(func(p part) int64 { return p.LLMCalls }),
		number(func(p part) int64 { return p.ToolCalls }),
		number(func(p part) int64 { return p.Usage.Input }),
		number(func(p part) int64 { return p.Usage.CacheRead }),
		number(func(p part) int64 { return p.Usage.CacheWrite }),
		number(func(p part) int64 { return p.Usage.Output }),
		number(func(p part) int64 { return p.Usage.Reasoning }),
		number(func(p part) int64 { return p.Usage.AudioInput }),
		number(func(p part) int64 { return p.Usage.AudioOutput }),
		number(func(p part) int64 { return p.Usage.Total }),
		column(parts, func(p part) int16 { return int16(p.Status) }),
		column(parts, func(p part) int16 { return int16(p.HeadType) }),
		text(func(p part) string { return p.Project }),
		key(func(p part) []byte { return p.HeadKey }),
		key(func(p part) []byte { return p.RootKey }),
		key(func(p part) []byte { return p.ErrorKey }),
		text(func(p part) string { return p.RootName }),
		text(func(p part) string { return p.Name }),
		text(func(p part) string { return p.Service }),
		text(func(p part) string { return p.Environment }),
		text(func(p part) string { return p.Identity.AgentID }),
		text(func(p part) string { return p.Identity.AgentName }),
		text(func(p part) string { return p.Identity.TeamID }),
		text(func(p part) string { return p.Identity.TeamName }),
		text(func(p part) string { return p.Identity.WorkflowID }),
		text(func(p part) string { return p.Identity.WorkflowName }),
		text(func(p part) string { return p.Identity.SessionID }),
		text(func(p part) string { return p.Identity.UserID }),
		text(func(p part) string { return p.Identity.RunID }),
		text(func(p part) string { return p.InputPreview }),
		text(func(p part) string { return p.OutputPreview }),
		text(func(p part) string { return p.ErrorSpan }),
		text(func(p part) string { return p.ErrorType }),
		text(func(p part) string { return p.ErrorMessage }),
		text(func(p part) string { return setJSON(p.Models) }),
		text(func(p part) string { return setJSON(p.Tools) }),
	}
}

// setJSON writes a set as the object that jsonb can merge, "" for an empty one.
func setJSON(set []string) string {
	if len(set) == 0 {
		return ""
	}
	object := make(map[string]int, len(set))
	for _, name := range set {
		object[name] = 1
	}
	data, err := json.Marshal(object)
	if err != nil {
		panic(err) // Texts and ones can always be marshalled.
	}
	return string(data)
}
