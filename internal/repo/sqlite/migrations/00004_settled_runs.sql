-- +goose Up

-- What settling adds to a run is a row of its own, with the id of the run's: the
-- rows of runs, which are written with their spans, grew to four times their size
-- when they settled, and left pages half full. A run without one has never
-- settled: what is counted of it is 0.
CREATE TABLE settled_runs (
    id                 INTEGER PRIMARY KEY,
    total_cost_nano    INTEGER NOT NULL, -- of the run and all runs below it
    spans              INTEGER NOT NULL, -- what belongs to the run itself, from here on
    model_calls        INTEGER NOT NULL,
    model_failures     INTEGER NOT NULL,
    tool_calls         INTEGER NOT NULL,
    tool_failures      INTEGER NOT NULL,
    retries            INTEGER NOT NULL,
    input_tokens       INTEGER NOT NULL,
    cache_read_tokens  INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    reasoning_tokens   INTEGER NOT NULL,
    audio_input_tokens INTEGER NOT NULL,
    audio_output_tokens INTEGER NOT NULL,
    reported_total_tokens INTEGER NOT NULL,
    cost_nano           INTEGER NOT NULL,
    reported_cost_nano  INTEGER NOT NULL,
    computed_cost_nano  INTEGER NOT NULL,
    reported_cost_calls INTEGER NOT NULL,
    computed_cost_calls INTEGER NOT NULL,
    unpriced_calls      INTEGER NOT NULL,
    detail              TEXT             -- a JSON object, model.RunDetail
) STRICT;

INSERT INTO settled_runs (id, spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens,
    cost_nano, reported_cost_nano, computed_cost_nano, reported_cost_calls, computed_cost_calls, unpriced_calls,
    total_cost_nano, detail)
SELECT id, spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens,
    cost_nano, reported_cost_nano, computed_cost_nano, reported_cost_calls, computed_cost_calls, unpriced_calls,
    total_cost_nano, detail
FROM runs WHERE settled = 1 ORDER BY id;

DROP VIEW agenttrace_runs;
ALTER TABLE runs RENAME TO runs_before;

-- One row per span of an agent, a team or a workflow, from the moment that span
-- is stored. Until the trace settles, the identity is what the span says itself.
-- Absent text is NULL.
CREATE TABLE runs (
    id            INTEGER PRIMARY KEY,
    project       TEXT    NOT NULL,
    trace_id      BLOB    NOT NULL,
    span_id       INTEGER NOT NULL,
    start_ns      INTEGER NOT NULL,
    end_ns        INTEGER NOT NULL,
    type          INTEGER NOT NULL, -- model.SpanType
    status        INTEGER NOT NULL,
    failed        INTEGER NOT NULL, -- once settled: or any span below it
    name          TEXT,
    service       TEXT,
    environment   TEXT,
    agent_id      TEXT,
    agent_name    TEXT,
    team_id       TEXT,
    team_name     TEXT,
    workflow_id   TEXT,
    workflow_name TEXT,
    session_id    TEXT,
    user_id       TEXT,
    run_id        TEXT
) STRICT;

INSERT INTO runs (id, project, trace_id, span_id, start_ns, end_ns, type, status, failed, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id)
SELECT id, project, trace_id, span_id, start_ns, end_ns, type, status, failed, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id
FROM runs_before ORDER BY id;
DROP TABLE runs_before;

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
    settled_runs.id IS NOT NULL AS settled,
    service,
    environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name,
    session_id, user_id,
    coalesce(spans, 0) AS spans,
    coalesce(model_calls, 0) AS model_calls,
    coalesce(model_failures, 0) AS model_failures,
    coalesce(tool_calls, 0) AS tool_calls,
    coalesce(tool_failures, 0) AS tool_failures,
    coalesce(retries, 0) AS retries,
    coalesce(input_tokens, 0) AS input_tokens,
    coalesce(cache_read_tokens, 0) AS cache_read_tokens,
    coalesce(cache_write_tokens, 0) AS cache_write_tokens,
    coalesce(output_tokens, 0) AS output_tokens,
    coalesce(reasoning_tokens, 0) AS reasoning_tokens,
    coalesce(audio_input_tokens, 0) AS audio_input_tokens,
    coalesce(audio_output_tokens, 0) AS audio_output_tokens,
    coalesce(reported_total_tokens, 0) AS reported_total_tokens,
    coalesce(cost_nano, 0) / 1e9       AS cost_usd,
    coalesce(total_cost_nano, 0) / 1e9 AS total_cost_usd,
    detail,
    start_ns,
    end_ns
FROM runs LEFT JOIN settled_runs USING (id);

-- +goose Down
DROP VIEW agenttrace_runs;
ALTER TABLE runs RENAME TO runs_after;

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

INSERT INTO runs (id, project, trace_id, span_id, start_ns, end_ns, type, status, failed, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id,
    settled, spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens,
    cost_nano, reported_cost_nano, computed_cost_nano, reported_cost_calls, computed_cost_calls, unpriced_calls,
    total_cost_nano, detail)
SELECT id, project, trace_id, span_id, start_ns, end_ns, type, status, failed, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id,
    s.id IS NOT NULL, coalesce(spans, 0), coalesce(model_calls, 0), coalesce(model_failures, 0), coalesce(tool_calls, 0), coalesce(tool_failures, 0), coalesce(retries, 0), coalesce(input_tokens, 0), coalesce(cache_read_tokens, 0), coalesce(cache_write_tokens, 0), coalesce(output_tokens, 0), coalesce(reasoning_tokens, 0), coalesce(audio_input_tokens, 0), coalesce(audio_output_tokens, 0), coalesce(reported_total_tokens, 0), coalesce(cost_nano, 0), coalesce(reported_cost_nano, 0), coalesce(computed_cost_nano, 0), coalesce(reported_cost_calls, 0), coalesce(computed_cost_calls, 0), coalesce(unpriced_calls, 0), coalesce(total_cost_nano, 0), detail
FROM runs_after LEFT JOIN settled_runs AS s USING (id) ORDER BY id;
DROP TABLE runs_after;
DROP TABLE settled_runs;

CREATE UNIQUE INDEX runs_identity ON runs (project, trace_id, span_id, start_ns);
CREATE INDEX runs_start    ON runs (project, start_ns);
CREATE INDEX runs_failed   ON runs (project, start_ns)              WHERE failed = 1;
CREATE INDEX runs_agent    ON runs (project, agent_id, start_ns)    WHERE agent_id IS NOT NULL;
CREATE INDEX runs_team     ON runs (project, team_id, start_ns)     WHERE team_id IS NOT NULL;
CREATE INDEX runs_workflow ON runs (project, workflow_id, start_ns) WHERE workflow_id IS NOT NULL;
CREATE INDEX runs_session  ON runs (project, session_id, start_ns)  WHERE session_id IS NOT NULL;
CREATE INDEX runs_user     ON runs (project, user_id, start_ns)     WHERE user_id IS NOT NULL;

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
