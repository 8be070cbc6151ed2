-- +goose Up

-- The views that begin with agenttrace_ are the public interface for people and
-- dashboards (docs/schema.md). Tables change; these do not. Times are ISO 8601
-- text in UTC, which sorts as the times do; start_ns and end_ns are the numbers
-- behind them, for filters that an index should answer.

CREATE VIEW agenttrace_spans AS
SELECT
    project,
    lower(hex(trace_id))        AS trace_id,
    printf('%016x', span_id)    AS span_id,
    CASE WHEN parent_id IS NOT NULL THEN printf('%016x', parent_id) END AS parent_span_id,
    strftime('%Y-%m-%dT%H:%M:%S', start_ns / 1000000000, 'unixepoch') || printf('.%09dZ', start_ns % 1000000000) AS start_time,
    strftime('%Y-%m-%dT%H:%M:%S', end_ns / 1000000000, 'unixepoch') || printf('.%09dZ', end_ns % 1000000000) AS end_time,
    (end_ns - start_ns) / 1e6   AS duration_ms,
    name,
    CASE type
        WHEN 0 THEN 'UNKNOWN'
        WHEN 1 THEN 'AGENT'
        WHEN 2 THEN 'TEAM'
        WHEN 3 THEN 'WORKFLOW'
        WHEN 4 THEN 'STEP'
        WHEN 5 THEN 'LLM'
        WHEN 6 THEN 'TOOL'
        WHEN 7 THEN 'RETRIEVER'
        WHEN 8 THEN 'EMBEDDING'
        WHEN 9 THEN 'RERANKER'
        WHEN 10 THEN 'GUARDRAIL'
        WHEN 11 THEN 'EVALUATOR'
        WHEN 12 THEN 'PROMPT'
        WHEN 13 THEN 'CHAIN'
    END AS type,
    CASE kind
        WHEN 0 THEN 'UNSPECIFIED'
        WHEN 1 THEN 'INTERNAL'
        WHEN 2 THEN 'SERVER'
        WHEN 3 THEN 'CLIENT'
        WHEN 4 THEN 'PRODUCER'
        WHEN 5 THEN 'CONSUMER'
    END AS kind,
    CASE status
        WHEN 0 THEN 'UNSET'
        WHEN 1 THEN 'OK'
        WHEN 2 THEN 'ERROR'
    END AS status,
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
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens,
    first_token_ns / 1e6        AS first_token_ms,
    tool_name,
    tool_call_id,
    attributes,
    start_ns,
    end_ns
FROM spans;

CREATE VIEW agenttrace_traces AS
SELECT
    project,
    lower(hex(trace_id))        AS trace_id,
    strftime('%Y-%m-%dT%H:%M:%S', start_ns / 1000000000, 'unixepoch') || printf('.%09dZ', start_ns % 1000000000) AS start_time,
    strftime('%Y-%m-%dT%H:%M:%S', end_ns / 1000000000, 'unixepoch') || printf('.%09dZ', end_ns % 1000000000) AS end_time,
    duration_ns / 1e6           AS duration_ms,
    name,
    CASE head_type
        WHEN 0 THEN 'UNKNOWN'
        WHEN 1 THEN 'AGENT'
        WHEN 2 THEN 'TEAM'
        WHEN 3 THEN 'WORKFLOW'
        WHEN 4 THEN 'STEP'
        WHEN 5 THEN 'LLM'
        WHEN 6 THEN 'TOOL'
        WHEN 7 THEN 'RETRIEVER'
        WHEN 8 THEN 'EMBEDDING'
        WHEN 9 THEN 'RERANKER'
        WHEN 10 THEN 'GUARDRAIL'
        WHEN 11 THEN 'EVALUATOR'
        WHEN 12 THEN 'PROMPT'
        WHEN 13 THEN 'CHAIN'
    END AS type,
    CASE status
        WHEN 0 THEN 'UNSET'
        WHEN 1 THEN 'OK'
        WHEN 2 THEN 'ERROR'
    END AS status,
    errors > 0                  AS failed,
    spans,
    errors,
    llm_calls,
    tool_calls,
    root_key IS NOT NULL        AS root_arrived,
    root_name,
    service,
    environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name,
    session_id, user_id, run_id,
    models,
    tools,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens,
    input_preview,
    output_preview,
    error_span,
    error_type,
    error_message,
    start_ns,
    end_ns
FROM traces;

-- +goose Down
DROP VIEW agenttrace_traces;
DROP VIEW agenttrace_spans;
