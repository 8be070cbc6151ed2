-- +goose Up

-- Spans arrive in about the order in which they start. A key that begins with
-- the start is appended to, where one that began with the trace id was inserted
-- into all over, and it is the index by time as well. An index of nothing but the
-- trace id holds each id once, with a list of rows: a fifth of what the key took.
ALTER TABLE spans DROP CONSTRAINT spans_pkey;
DROP INDEX spans_start;
ALTER TABLE spans ADD PRIMARY KEY (project, start_ns, trace_id, span_id);
CREATE INDEX spans_trace ON spans (trace_id);

-- A bill is found by its trace only, and nobody stores it twice: see settlewrite.go.
ALTER TABLE bills DROP CONSTRAINT bills_pkey;
CREATE INDEX bills_trace ON bills (trace_id);

-- Runs whose trace has not settled yet, by what their spans say. Settling removes
-- them from here and stores them in runs: there, rows used to grow to more than
-- twice their size, in pages that were left three quarters empty for that.
CREATE TABLE open_runs (
    trace_id      uuid     NOT NULL,
    span_id       bigint   NOT NULL,
    start_ns      bigint   NOT NULL,
    end_ns        bigint   NOT NULL,
    type          smallint NOT NULL,
    status        smallint NOT NULL,
    failed        boolean  NOT NULL,
    project       text COLLATE "C" NOT NULL,
    name          text COLLATE "C",
    service       text COLLATE "C",
    environment   text COLLATE "C",
    agent_id      text COLLATE "C",
    agent_name    text COLLATE "C",
    team_id       text COLLATE "C",
    team_name     text COLLATE "C",
    workflow_id   text COLLATE "C",
    workflow_name text COLLATE "C",
    session_id    text COLLATE "C",
    user_id       text COLLATE "C",
    run_id        text COLLATE "C"
) PARTITION BY RANGE (start_ns);

-- These are as many as have started lately: by anything else, they are looked through.
CREATE INDEX open_runs_start ON open_runs (project, start_ns);
CREATE INDEX open_runs_trace ON open_runs (trace_id);

-- All runs, wherever they are.
CREATE VIEW all_runs AS
SELECT
    trace_id, span_id, start_ns, end_ns, total_cost_nano, spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, audio_input_tokens,
    audio_output_tokens, reported_total_tokens, cost_nano, reported_cost_nano, computed_cost_nano,
    reported_calls, computed_calls, unpriced_calls, type, status, failed, settled, project, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id, detail
FROM runs
UNION ALL
SELECT
    trace_id, span_id, start_ns, end_ns, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, type, status, failed, false, project, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id, NULL
FROM open_runs;

CREATE OR REPLACE VIEW agenttrace_runs AS
SELECT
    project,
    encode(uuid_send(trace_id), 'hex')         AS trace_id,
    lpad(to_hex(span_id), 16, '0')             AS span_id,
    run_id,
    agenttrace_time(start_ns)                  AS start_time,
    agenttrace_time(end_ns)                    AS end_time,
    (end_ns - start_ns) / float8 '1e6'         AS duration_ms,
    agenttrace_span_type(type)                 AS type,
    name,
    agenttrace_status(status)                  AS status,
    failed,
    settled,
    service,
    environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name,
    session_id, user_id,
    coalesce(spans, 0)                         AS spans,
    coalesce(model_calls, 0)                   AS model_calls,
    coalesce(model_failures, 0)                AS model_failures,
    coalesce(tool_calls, 0)                    AS tool_calls,
    coalesce(tool_failures, 0)                 AS tool_failures,
    coalesce(retries, 0)                       AS retries,
    coalesce(input_tokens, 0)                  AS input_tokens,
    coalesce(cache_read_tokens, 0)             AS cache_read_tokens,
    coalesce(cache_write_tokens, 0)            AS cache_write_tokens,
    coalesce(output_tokens, 0)                 AS output_tokens,
    coalesce(reasoning_tokens, 0)              AS reasoning_tokens,
    coalesce(audio_input_tokens, 0)            AS audio_input_tokens,
    coalesce(audio_output_tokens, 0)           AS audio_output_tokens,
    coalesce(reported_total_tokens, 0)         AS reported_total_tokens,
    coalesce(cost_nano, 0) * 0.000000001       AS cost_usd,
    coalesce(total_cost_nano, 0) * 0.000000001 AS total_cost_usd,
    detail::jsonb                              AS detail,
    start_ns,
    end_ns,
    trace_id                                   AS trace_uuid
FROM all_runs;

-- Segments of traces that have not settled yet. Settling puts those of a trace
-- together and stores the one that they become in segments: what they leave behind is
-- room for the next ones, and not holes in what is kept.
CREATE TABLE open_segments (LIKE segments INCLUDING DEFAULTS INCLUDING STORAGE) PARTITION BY RANGE (start_ns);
ALTER TABLE open_segments ADD PRIMARY KEY (project, trace_id, start_ns, span_id);

-- All segments, wherever they are.
CREATE VIEW all_segments AS
SELECT trace_id, start_ns, span_id, latest_ns, write_id, spans, raw_bytes, project, payload, writes FROM segments
UNION ALL
SELECT trace_id, start_ns, span_id, latest_ns, write_id, spans, raw_bytes, project, payload, writes FROM open_segments;

-- +goose Down
DROP VIEW all_segments;
DROP TABLE open_segments;
-- Rows of open_runs have been moved back, see the next migration.
CREATE OR REPLACE VIEW agenttrace_runs AS
SELECT
    project,
    encode(uuid_send(trace_id), 'hex')         AS trace_id,
    lpad(to_hex(span_id), 16, '0')             AS span_id,
    run_id,
    agenttrace_time(start_ns)                  AS start_time,
    agenttrace_time(end_ns)                    AS end_time,
    (end_ns - start_ns) / float8 '1e6'         AS duration_ms,
    agenttrace_span_type(type)                 AS type,
    name,
    agenttrace_status(status)                  AS status,
    failed,
    settled,
    service,
    environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name,
    session_id, user_id,
    coalesce(spans, 0)                         AS spans,
    coalesce(model_calls, 0)                   AS model_calls,
    coalesce(model_failures, 0)                AS model_failures,
    coalesce(tool_calls, 0)                    AS tool_calls,
    coalesce(tool_failures, 0)                 AS tool_failures,
    coalesce(retries, 0)                       AS retries,
    coalesce(input_tokens, 0)                  AS input_tokens,
    coalesce(cache_read_tokens, 0)             AS cache_read_tokens,
    coalesce(cache_write_tokens, 0)            AS cache_write_tokens,
    coalesce(output_tokens, 0)                 AS output_tokens,
    coalesce(reasoning_tokens, 0)              AS reasoning_tokens,
    coalesce(audio_input_tokens, 0)            AS audio_input_tokens,
    coalesce(audio_output_tokens, 0)           AS audio_output_tokens,
    coalesce(reported_total_tokens, 0)         AS reported_total_tokens,
    coalesce(cost_nano, 0) * 0.000000001       AS cost_usd,
    coalesce(total_cost_nano, 0) * 0.000000001 AS total_cost_usd,
    detail::jsonb                              AS detail,
    start_ns,
    end_ns,
    trace_id                                   AS trace_uuid
FROM runs;
DROP VIEW all_runs;
DROP TABLE open_runs;
DROP INDEX bills_trace;
ALTER TABLE bills ADD PRIMARY KEY (project, trace_id, start_ns, place);
DROP INDEX spans_trace;
ALTER TABLE spans DROP CONSTRAINT spans_pkey;
ALTER TABLE spans ADD PRIMARY KEY (project, trace_id, span_id, start_ns);
CREATE INDEX spans_start ON spans (project, start_ns);
