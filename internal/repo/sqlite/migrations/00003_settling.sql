-- +goose Up

-- What is derived from whole traces, once they have been quiet for a while; see
-- package settle. A row of traces is settled where settled_spans = spans. Then
-- its tokens are what all its calls used, each token once, and what stands here
-- is known. settled_parts says the same for each UTC day, as a JSON array of
-- model.TracePart, where the spans lie on several days: so that the rest can be
-- told when one of them is dropped.
ALTER TABLE traces ADD COLUMN settled_spans       INTEGER NOT NULL DEFAULT 0;
ALTER TABLE traces ADD COLUMN runs                INTEGER NOT NULL DEFAULT 0;
ALTER TABLE traces ADD COLUMN cost_nano           INTEGER NOT NULL DEFAULT 0; -- billionths of a US dollar
ALTER TABLE traces ADD COLUMN reported_cost_nano  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE traces ADD COLUMN computed_cost_nano  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE traces ADD COLUMN reported_cost_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE traces ADD COLUMN computed_cost_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE traces ADD COLUMN unpriced_calls      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE traces ADD COLUMN settled_parts       TEXT;

-- A segment that was put together from those of several writes has the write_id
-- 0, and here which of them stored each of its spans; see repo.EncodeWrites.
ALTER TABLE segments ADD COLUMN writes BLOB;

-- One row per span of an agent, a team or a workflow, from the moment that span
-- is stored. Until the trace settles, settled is 0, the identity is what the
-- span says itself, and what is counted is 0. Absent text is NULL.
CREATE TABLE runs (
    id                 INTEGER PRIMARY KEY,
    project            TEXT    NOT NULL,
    trace_id           BLOB    NOT NULL,
    span_id            INTEGER NOT NULL,
    start_ns           INTEGER NOT NULL,
    end_ns             INTEGER NOT NULL,
    type               INTEGER NOT NULL, -- model.SpanType
    status             INTEGER NOT NULL,
    failed             INTEGER NOT NULL, -- once settled: or any span below it
    settled            INTEGER NOT NULL DEFAULT 0,
    spans              INTEGER NOT NULL DEFAULT 0, -- what belongs to the run itself, from here on
    model_calls        INTEGER NOT NULL DEFAULT 0,
    model_failures     INTEGER NOT NULL DEFAULT 0,
    tool_calls         INTEGER NOT NULL DEFAULT 0,
    tool_failures      INTEGER NOT NULL DEFAULT 0,
    retries            INTEGER NOT NULL DEFAULT 0,
    input_tokens       INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens  INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens      INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens   INTEGER NOT NULL DEFAULT 0,
    audio_input_tokens INTEGER NOT NULL DEFAULT 0,
    audio_output_tokens INTEGER NOT NULL DEFAULT 0,
    reported_total_tokens INTEGER NOT NULL DEFAULT 0,
    cost_nano           INTEGER NOT NULL DEFAULT 0,
    reported_cost_nano  INTEGER NOT NULL DEFAULT 0,
    computed_cost_nano  INTEGER NOT NULL DEFAULT 0,
    reported_cost_calls INTEGER NOT NULL DEFAULT 0,
    computed_cost_calls INTEGER NOT NULL DEFAULT 0,
    unpriced_calls      INTEGER NOT NULL DEFAULT 0,
    total_cost_nano     INTEGER NOT NULL DEFAULT 0, -- of the run and all runs below it
    name               TEXT,
    service            TEXT,
    environment        TEXT,
    agent_id           TEXT,
    agent_name         TEXT,
    team_id            TEXT,
    team_name          TEXT,
    workflow_id        TEXT,
    workflow_name      TEXT,
    session_id         TEXT,
    user_id            TEXT,
    run_id             TEXT,
    detail             TEXT              -- a JSON object, model.RunDetail
) STRICT;

CREATE UNIQUE INDEX runs_identity ON runs (project, trace_id, span_id, start_ns);
-- Runs that start at the same moment are few: they are sorted as they are met. A
-- run's id is that of its span, so spans_run finds it: each index costs as much
-- as the row.
CREATE INDEX runs_start    ON runs (project, start_ns);
CREATE INDEX runs_failed   ON runs (project, start_ns)              WHERE failed = 1;
CREATE INDEX runs_agent    ON runs (project, agent_id, start_ns)    WHERE agent_id IS NOT NULL;
CREATE INDEX runs_team     ON runs (project, team_id, start_ns)     WHERE team_id IS NOT NULL;
CREATE INDEX runs_workflow ON runs (project, workflow_id, start_ns) WHERE workflow_id IS NOT NULL;
CREATE INDEX runs_session  ON runs (project, session_id, start_ns)  WHERE session_id IS NOT NULL;
CREATE INDEX runs_user     ON runs (project, user_id, start_ns)     WHERE user_id IS NOT NULL;

-- What is in a file already gets its rows, as if the spans arrived now, but for
-- the previews, which only the content has.
INSERT INTO runs (project, trace_id, span_id, start_ns, end_ns, type, status, failed, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id)
SELECT project, trace_id, span_id, start_ns, end_ns, type, status, failed, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id
FROM spans WHERE type IN (1, 2, 3) ORDER BY id;

-- One row per trace and calls that are alike: see model.Bill. Bills are asked for
-- by time and summed up in Go. So they lie in the order of time, those of a trace
-- together, and what is only ever summed up is one text: reading 20 columns
-- takes four times as long as taking that apart.
CREATE TABLE bills (
    project     TEXT    NOT NULL,
    hour        INTEGER NOT NULL, -- since the Unix epoch, of all calls
    trace_id    BLOB    NOT NULL,
    place       INTEGER NOT NULL, -- among the bills of the trace
    start_ns    INTEGER NOT NULL, -- of the first call
    -- A JSON array, without the zeros at its end: kind (model.CallKind), calls,
    -- failures, nanoseconds that all calls took together; then tokens, in the order
    -- of the columns of runs, and cost, likewise.
    numbers     TEXT    NOT NULL,
    latencies   TEXT,             -- two characters for each call; see model.AppendLatency
    agent       TEXT,
    team        TEXT,
    workflow    TEXT,
    session_id  TEXT,
    user_id     TEXT,
    run_id      TEXT,
    model       TEXT,
    provider    TEXT,
    tool_name   TEXT,
    service     TEXT,
    environment TEXT,
    PRIMARY KEY (project, hour, trace_id, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX bills_trace ON bills (project, trace_id);

-- Names that one holder has at a time, until a moment by the holders' clock.
-- Rows stay when they are given up: the term must not begin anew.
CREATE TABLE leases (
    name     TEXT PRIMARY KEY,
    holder   TEXT    NOT NULL,
    term     INTEGER NOT NULL,
    until_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The public views: the columns that are new, and the two that are.
DROP VIEW agenttrace_traces;

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
    end_ns,
    settled_spans = spans       AS settled,
    runs,
    cost_nano / 1e9             AS cost_usd,
    unpriced_calls
FROM traces;

CREATE VIEW agenttrace_runs AS
SELECT
    project,
    lower(hex(trace_id))        AS trace_id,
    printf('%016x', span_id)    AS span_id,
    run_id,
    strftime('%Y-%m-%dT%H:%M:%S', start_ns / 1000000000, 'unixepoch') || printf('.%09dZ', start_ns % 1000000000) AS start_time,
    strftime('%Y-%m-%dT%H:%M:%S', end_ns / 1000000000, 'unixepoch') || printf('.%09dZ', end_ns % 1000000000) AS end_time,
    (end_ns - start_ns) / 1e6   AS duration_ms,
    CASE type
        WHEN 1 THEN 'AGENT'
        WHEN 2 THEN 'TEAM'
        WHEN 3 THEN 'WORKFLOW'
    END AS type,
    name,
    CASE status
        WHEN 0 THEN 'UNSET'
        WHEN 1 THEN 'OK'
        WHEN 2 THEN 'ERROR'
    END AS status,
    failed,
    settled,
    service,
    environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name,
    session_id, user_id,
    spans,
    model_calls, model_failures, tool_calls, tool_failures, retries,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens,
    cost_nano / 1e9             AS cost_usd,
    total_cost_nano / 1e9       AS total_cost_usd,
    detail,
    start_ns,
    end_ns
FROM runs;

CREATE VIEW agenttrace_bills AS
SELECT
    project,
    lower(hex(trace_id))        AS trace_id,
    strftime('%Y-%m-%dT%H:%M:%S', start_ns / 1000000000, 'unixepoch') || printf('.%09dZ', start_ns % 1000000000) AS start_time,
    CASE numbers ->> 0
        WHEN 1 THEN 'MODEL'
        WHEN 2 THEN 'TOOL'
    END AS kind,
    agent, team, workflow,
    session_id, user_id, run_id,
    model,
    provider,
    tool_name,
    service,
    environment,
    coalesce(numbers ->> 1, 0)           AS calls,
    coalesce(numbers ->> 2, 0)           AS failures,
    coalesce(numbers ->> 3, 0) / 1e6     AS total_ms,
    coalesce(numbers ->> 4, 0)           AS input_tokens,
    coalesce(numbers ->> 5, 0)           AS cache_read_tokens,
    coalesce(numbers ->> 6, 0)           AS cache_write_tokens,
    coalesce(numbers ->> 7, 0)           AS output_tokens,
    coalesce(numbers ->> 8, 0)           AS reasoning_tokens,
    coalesce(numbers ->> 9, 0)           AS audio_input_tokens,
    coalesce(numbers ->> 10, 0)          AS audio_output_tokens,
    coalesce(numbers ->> 11, 0)          AS reported_total_tokens,
    coalesce(numbers ->> 12, 0) / 1e9    AS cost_usd,
    coalesce(numbers ->> 13, 0) / 1e9    AS reported_usd,
    coalesce(numbers ->> 14, 0) / 1e9    AS computed_usd,
    coalesce(numbers ->> 17, 0)          AS unpriced_calls,
    start_ns
FROM bills;

-- +goose Down
DROP VIEW agenttrace_bills;
DROP VIEW agenttrace_runs;
DROP VIEW agenttrace_traces;
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

DROP TABLE leases;
DROP TABLE bills;
DROP TABLE runs;
-- Segments of several writes cannot be told apart any more: they stay, as those
-- of no write.
ALTER TABLE segments DROP COLUMN writes;
ALTER TABLE traces DROP COLUMN settled_parts;
ALTER TABLE traces DROP COLUMN unpriced_calls;
ALTER TABLE traces DROP COLUMN computed_cost_calls;
ALTER TABLE traces DROP COLUMN reported_cost_calls;
ALTER TABLE traces DROP COLUMN computed_cost_nano;
ALTER TABLE traces DROP COLUMN reported_cost_nano;
ALTER TABLE traces DROP COLUMN cost_nano;
ALTER TABLE traces DROP COLUMN runs;
ALTER TABLE traces DROP COLUMN settled_spans;
