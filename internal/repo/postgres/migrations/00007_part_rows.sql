-- +goose Up

-- What a batch has of a trace as it is sent, to be merged into a row of traces: see
-- span_row.
CREATE TYPE part_row AS (
    trace_id uuid,
    day_ns bigint,
    start_ns bigint,
    end_ns bigint,
    spans bigint,
    errors bigint,
    llm_calls bigint,
    tool_calls bigint,
    input_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    audio_input_tokens bigint,
    audio_output_tokens bigint,
    reported_total_tokens bigint,
    status smallint,
    head_type smallint,
    project text,
    head_key bytea,
    root_key bytea,
    error_key bytea,
    root_name text,
    name text,
    service text,
    environment text,
    agent_id text,
    agent_name text,
    team_id text,
    team_name text,
    workflow_id text,
    workflow_name text,
    session_id text,
    user_id text,
    run_id text,
    input_preview text,
    output_preview text,
    error_span text,
    error_type text,
    error_message text,
    models jsonb,
    tools jsonb
);

-- +goose Down
DROP TYPE part_row;
