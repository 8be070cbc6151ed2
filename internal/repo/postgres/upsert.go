package postgres

import "encoding/json"

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
    SELECT part.*, 1 FROM unnest($1::part_row[]) AS part
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

// writePart writes the columns of part_row.
func writePart(w rowWriter, p *part) {
	w.uuid(p.TraceID)
	u := &p.Usage
	for _, n := range [...]int64{
		p.day, p.StartNano, p.EndNano, p.Spans, p.Errors, p.LLMCalls, p.ToolCalls,
		u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.AudioInput, u.AudioOutput, u.Total,
	} {
		w.bigint(n)
	}
	w.smallint(int16(p.Status))
	w.smallint(int16(p.HeadType))
	w.text(p.Project)
	w.bytes(p.HeadKey)
	w.bytes(p.RootKey)
	w.bytes(p.ErrorKey)
	for _, text := range [...]string{p.RootName, p.Name, p.Service, p.Environment} {
		w.text(text)
	}
	writeIdentity(w, &p.Identity)
	for _, text := range [...]string{p.InputPreview, p.OutputPreview, p.ErrorSpan, p.ErrorType, p.ErrorMessage} {
		w.text(text)
	}
	w.json(setJSON(p.Models))
	w.json(setJSON(p.Tools))
}

// setJSON writes a set as the object that jsonb can merge, nil for an empty one.
func setJSON(set []string) []byte {
	if len(set) == 0 {
		return nil
	}
	object := make(map[string]int, len(set))
	for _, name := range set {
		object[name] = 1
	}
	data, err := json.Marshal(object)
	if err != nil {
		panic(err) // Texts and ones can always be marshalled.
	}
	return data
}
