-- +goose Up

-- The views and functions that begin with agenttrace_ are the public interface
-- for people and dashboards (docs/schema.md). Tables change; these do not.

-- A function of constants is computed while a query is planned, so that
-- "start_ns >= agenttrace_ns('2026-03-14')" leaves out the other days.
CREATE FUNCTION agenttrace_ns(t timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (extract(epoch FROM t) * 1000000000)::bigint;

-- Microseconds are what timestamptz holds; a float would lose some of them. The
-- function is not marked immutable, as the addition in it is not: PostgreSQL
-- could not put the expression in the place of the call then.
CREATE FUNCTION agenttrace_time(ns bigint) RETURNS timestamptz
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN timestamptz '1970-01-01 00:00:00+00' + (ns / 1000) * interval '1 microsecond';

CREATE FUNCTION agenttrace_span_type(type smallint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (ARRAY['UNKNOWN', 'AGENT', 'TEAM', 'WORKFLOW', 'STEP', 'LLM', 'TOOL', 'RETRIEVER', 'EMBEDDING',
              'RERANKER', 'GUARDRAIL', 'EVALUATOR', 'PROMPT', 'CHAIN'])[type + 1];

CREATE FUNCTION agenttrace_span_kind(kind integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (ARRAY['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'])[kind + 1];

CREATE FUNCTION agenttrace_status(code smallint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (ARRAY['UNSET', 'OK', 'ERROR'])[code + 1];

CREATE VIEW agenttrace_spans AS
SELECT
    project,
    encode(uuid_send(trace_id), 'hex')         AS trace_id,
    lpad(to_hex(span_id), 16, '0')             AS span_id,
    lpad(to_hex(parent_id), 16, '0')           AS parent_span_id,
    agenttrace_time(start_ns)                  AS start_time,
    agenttrace_time(end_ns)                    AS end_time,
    (end_ns - start_ns) / float8 '1e6'         AS duration_ms,
    name,
    agenttrace_span_type(type)                 AS type,
    agenttrace_span_kind(kind)                 AS kind,
    agenttrace_status(status)                  AS status,
    status_message,
    failed,
    error_type,
    error_message,
    service,
    environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name,
    session_id, user_id, run_id,
    model,
    provider,
    coalesce(input_tokens, 0)                  AS input_tokens,
    coalesce(cache_read_tokens, 0)             AS cache_read_tokens,
    coalesce(cache_write_tokens, 0)            AS cache_write_tokens,
    coalesce(output_tokens, 0)                 AS output_tokens,
    coalesce(reasoning_tokens, 0)              AS reasoning_tokens,
    coalesce(audio_input_tokens, 0)            AS audio_input_tokens,
    coalesce(audio_output_tokens, 0)           AS audio_output_tokens,
    coalesce(reported_total_tokens, 0)         AS reported_total_tokens,
    first_token_ns / float8 '1e6'              AS first_token_ms,
    tool_name,
    tool_call_id,
    attributes,
    start_ns,
    end_ns,
    trace_id                                   AS trace_uuid
FROM spans;

-- The union of sets.
CREATE AGGREGATE agenttrace_union(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, PARALLEL = SAFE, COMBINEFUNC = jsonb_concat);

-- Whole traces as they are, the others put together. The arrays are ordered by
-- the keys that decide in model.Trace.Merge too, of which NULL comes last.
CREATE VIEW agenttrace_traces AS
WITH merged AS (
    SELECT project, trace_id, start_ns, end_ns, spans, errors, llm_calls, tool_calls,
        input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
        audio_input_tokens, audio_output_tokens, reported_total_tokens, status,
        root_key, root_name, head_type, name, service, environment,
        agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id,
        input_preview, output_preview, error_span, error_type, error_message, models, tools
    FROM traces WHERE part = 0
    UNION ALL
    SELECT project, trace_id, min(start_ns), max(end_ns), sum(spans)::bigint, sum(errors)::bigint,
        sum(llm_calls)::bigint, sum(tool_calls)::bigint,
        sum(input_tokens)::bigint, sum(cache_read_tokens)::bigint, sum(cache_write_tokens)::bigint,
        sum(output_tokens)::bigint, sum(reasoning_tokens)::bigint,
        sum(audio_input_tokens)::bigint, sum(audio_output_tokens)::bigint, sum(reported_total_tokens)::bigint,
        max(status),
        (array_agg(root_key ORDER BY root_key))[1], (array_agg(root_name ORDER BY root_key))[1],
        (array_agg(head_type ORDER BY head_key))[1], (array_agg(name ORDER BY head_key))[1],
        (array_agg(service ORDER BY head_key))[1], (array_agg(environment ORDER BY head_key))[1],
        (array_agg(agent_id ORDER BY head_key))[1], (array_agg(agent_name ORDER BY head_key))[1],
        (array_agg(team_id ORDER BY head_key))[1], (array_agg(team_name ORDER BY head_key))[1],
        (array_agg(workflow_id ORDER BY head_key))[1], (array_agg(workflow_name ORDER BY head_key))[1],
        (array_agg(session_id ORDER BY head_key))[1], (array_agg(user_id ORDER BY head_key))[1],
        (array_agg(run_id ORDER BY head_key))[1],
        (array_agg(input_preview ORDER BY head_key))[1], (array_agg(output_preview ORDER BY head_key))[1],
        (array_agg(error_span ORDER BY error_key))[1], (array_agg(error_type ORDER BY error_key))[1],
        (array_agg(error_message ORDER BY error_key))[1],
        agenttrace_union(models), agenttrace_union(tools)
    FROM traces
    WHERE part <> 0
    GROUP BY project, trace_id
)
SELECT
    project,
    encode(uuid_send(trace_id), 'hex')         AS trace_id,
    agenttrace_time(start_ns)                  AS start_time,
    agenttrace_time(end_ns)                    AS end_time,
    (end_ns - start_ns) / float8 '1e6'         AS duration_ms,
    name,
    agenttrace_span_type(head_type)            AS type,
    agenttrace_status(status)                  AS status,
    errors > 0                                 AS failed,
    spans,
    errors,
    llm_calls,
    tool_calls,
    root_key IS NOT NULL                       AS root_arrived,
    root_name,
    service,
    environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name,
    session_id, user_id, run_id,
    ARRAY(SELECT jsonb_object_keys(models))    AS models,
    ARRAY(SELECT jsonb_object_keys(tools))     AS tools,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens,
    input_preview,
    output_preview,
    error_span,
    error_type,
    error_message,
    start_ns,
    end_ns,
    trace_id                                   AS trace_uuid
FROM merged;

-- +goose Down
DROP VIEW agenttrace_traces;
DROP AGGREGATE agenttrace_union(jsonb);
DROP VIEW agenttrace_spans;
DROP FUNCTION agenttrace_status(smallint);
DROP FUNCTION agenttrace_span_type(smallint);
DROP FUNCTION agenttrace_span_kind(integer);
DROP FUNCTION agenttrace_time(bigint);
DROP FUNCTION agenttrace_ns(timestamptz);
