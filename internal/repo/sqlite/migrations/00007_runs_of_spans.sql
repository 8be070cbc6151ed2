-- +goose Up

-- A run is a span of an agent, a team or a workflow, and what is said of it stands
-- in the row of that span. A row of runs, which has the same id, is what settling
-- adds: what was counted, and of the other columns those that are something else
-- than what the span says, which is mostly what the run has from the runs above it.
-- Such a column is '' where there is nothing in place of a text.
-- Before, runs had a row from the start that said everything once more, and entries
-- in as many indexes as a span has.
DROP VIEW agenttrace_runs;
ALTER TABLE runs         RENAME TO runs_before;
ALTER TABLE settled_runs RENAME TO settled_runs_before;

CREATE TABLE runs (
    id                 INTEGER PRIMARY KEY, -- of spans
    project            TEXT    NOT NULL,
    start_ns           INTEGER NOT NULL,
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
    detail             TEXT,             -- a JSON object, model.RunDetail
    end_ns             INTEGER,          -- from here on, NULL where it is as the span says
    type               INTEGER,
    status             INTEGER,
    failed             INTEGER,          -- 1 where something failed below it, and not the span itself
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
    run_id             TEXT
) STRICT;

INSERT INTO runs (id, project, start_ns, total_cost_nano, spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens,
    cost_nano, reported_cost_nano, computed_cost_nano, reported_cost_calls, computed_cost_calls, unpriced_calls, detail,
    end_ns, type, status, failed, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id)
SELECT r.id, r.project, r.start_ns, total_cost_nano, t.spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    t.input_tokens, t.cache_read_tokens, t.cache_write_tokens, t.output_tokens, t.reasoning_tokens,
    t.audio_input_tokens, t.audio_output_tokens, t.reported_total_tokens,
    cost_nano, reported_cost_nano, computed_cost_nano, reported_cost_calls, computed_cost_calls, unpriced_calls, detail,
    CASE WHEN r.end_ns        IS NOT s.end_ns        THEN r.end_ns END,
    CASE WHEN r.type          IS NOT s.type          THEN r.type END,
    CASE WHEN r.status        IS NOT s.status        THEN r.status END,
    CASE WHEN r.failed        IS NOT s.failed        THEN r.failed END,
    CASE WHEN r.name          IS NOT s.name          THEN coalesce(r.name, '') END,
    CASE WHEN r.service       IS NOT s.service       THEN coalesce(r.service, '') END,
    CASE WHEN r.environment   IS NOT s.environment   THEN coalesce(r.environment, '') END,
    CASE WHEN r.agent_id      IS NOT s.agent_id      THEN coalesce(r.agent_id, '') END,
    CASE WHEN r.agent_name    IS NOT s.agent_name    THEN coalesce(r.agent_name, '') END,
    CASE WHEN r.team_id       IS NOT s.team_id       THEN coalesce(r.team_id, '') END,
    CASE WHEN r.team_name     IS NOT s.team_name     THEN coalesce(r.team_name, '') END,
    CASE WHEN r.workflow_id   IS NOT s.workflow_id   THEN coalesce(r.workflow_id, '') END,
    CASE WHEN r.workflow_name IS NOT s.workflow_name THEN coalesce(r.workflow_name, '') END,
    CASE WHEN r.session_id    IS NOT s.session_id    THEN coalesce(r.session_id, '') END,
    CASE WHEN r.user_id       IS NOT s.user_id       THEN coalesce(r.user_id, '') END,
    CASE WHEN r.run_id        IS NOT s.run_id        THEN coalesce(r.run_id, '') END
FROM settled_runs_before AS t CROSS JOIN runs_before AS r USING (id) CROSS JOIN spans AS s USING (id)
ORDER BY id;

-- What was found to be a run only as it settled.
UPDATE spans SET type = (SELECT r.type FROM runs_before AS r WHERE r.id = spans.id)
WHERE type NOT BETWEEN 1 AND 3 AND id IN (SELECT id FROM runs_before);

DROP TABLE settled_runs_before;
DROP TABLE runs_before;

-- With IN in place of BETWEEN, each insert would make a table of the three numbers.
CREATE INDEX spans_runs        ON spans (project, start_ns) WHERE type BETWEEN 1 AND 3;
CREATE INDEX spans_runs_failed ON spans (project, start_ns) WHERE failed = 1 AND type BETWEEN 1 AND 3;
-- Some say session and user on every span: which of them are runs is in the index.
-- The id before it keeps the order of lists.
DROP INDEX spans_session;
DROP INDEX spans_user;
CREATE INDEX spans_session ON spans (project, session_id, start_ns, id, type) WHERE session_id IS NOT NULL;
CREATE INDEX spans_user    ON spans (project, user_id, start_ns, id, type)    WHERE user_id IS NOT NULL;
CREATE INDEX runs_failed   ON runs (project, start_ns)              WHERE failed = 1;
CREATE INDEX runs_agent    ON runs (project, agent_id, start_ns)    WHERE agent_id IS NOT NULL;
CREATE INDEX runs_team     ON runs (project, team_id, start_ns)     WHERE team_id IS NOT NULL;
CREATE INDEX runs_workflow ON runs (project, workflow_id, start_ns) WHERE workflow_id IS NOT NULL;
CREATE INDEX runs_session  ON runs (project, session_id, start_ns)  WHERE session_id IS NOT NULL;
CREATE INDEX runs_user     ON runs (project, user_id, start_ns)     WHERE user_id IS NOT NULL;

-- All runs, whether they have settled or not: settled_id says that. Texts are NULL
-- where there is none.
CREATE VIEW all_runs AS
SELECT
    id, project, s.trace_id, s.span_id, start_ns,
    coalesce(r.end_ns, s.end_ns)                           AS end_ns,
    coalesce(r.type, s.type)                               AS type,
    coalesce(r.status, s.status)                           AS status,
    coalesce(r.failed, s.failed)                           AS failed,
    nullif(coalesce(r.name, s.name), '')                   AS name,
    nullif(coalesce(r.service, s.service), '')             AS service,
    nullif(coalesce(r.environment, s.environment), '')     AS environment,
    nullif(coalesce(r.agent_id, s.agent_id), '')           AS agent_id,
    nullif(coalesce(r.agent_name, s.agent_name), '')       AS agent_name,
    nullif(coalesce(r.team_id, s.team_id), '')             AS team_id,
    nullif(coalesce(r.team_name, s.team_name), '')         AS team_name,
    nullif(coalesce(r.workflow_id, s.workflow_id), '')     AS workflow_id,
    nullif(coalesce(r.workflow_name, s.workflow_name), '') AS workflow_name,
    nullif(coalesce(r.session_id, s.session_id), '')       AS session_id,
    nullif(coalesce(r.user_id, s.user_id), '')             AS user_id,
    nullif(coalesce(r.run_id, s.run_id), '')               AS run_id,
    r.id                                                   AS settled_id,
    total_cost_nano, r.spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    r.input_tokens, r.cache_read_tokens, r.cache_write_tokens, r.output_tokens, r.reasoning_tokens,
    r.audio_input_tokens, r.audio_output_tokens, r.reported_total_tokens,
    cost_nano, reported_cost_nano, computed_cost_nano, reported_cost_calls, computed_cost_calls, unpriced_calls,
    detail
FROM spans AS s LEFT JOIN runs AS r USING (id, project, start_ns)
WHERE s.type BETWEEN 1 AND 3;

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
    settled_id IS NOT NULL AS settled,
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
FROM all_runs;

-- +goose Down
DROP VIEW agenttrace_runs;
DROP INDEX runs_failed;
DROP INDEX runs_agent;
DROP INDEX runs_team;
DROP INDEX runs_workflow;
DROP INDEX runs_session;
DROP INDEX runs_user;

CREATE TABLE settled_runs (
    id                 INTEGER PRIMARY KEY,
    total_cost_nano    INTEGER NOT NULL,
    spans              INTEGER NOT NULL,
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
    detail             TEXT
) STRICT;

INSERT INTO settled_runs (id, total_cost_nano, spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens,
    cost_nano, reported_cost_nano, computed_cost_nano, reported_cost_calls, computed_cost_calls, unpriced_calls, detail)
SELECT id, total_cost_nano, spans, model_calls, model_failures, tool_calls, tool_failures, retries,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    audio_input_tokens, audio_output_tokens, reported_total_tokens,
    cost_nano, reported_cost_nano, computed_cost_nano, reported_cost_calls, computed_cost_calls, unpriced_calls, detail
FROM runs ORDER BY id;

CREATE TABLE runs_after (
    id            INTEGER PRIMARY KEY,
    project       TEXT    NOT NULL,
    trace_id      BLOB    NOT NULL,
    span_id       INTEGER NOT NULL,
    start_ns      INTEGER NOT NULL,
    end_ns        INTEGER NOT NULL,
    type          INTEGER NOT NULL,
    status        INTEGER NOT NULL,
    failed        INTEGER NOT NULL,
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

INSERT INTO runs_after (id, project, trace_id, span_id, start_ns, end_ns, type, status, failed, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id)
SELECT id, project, trace_id, span_id, start_ns, end_ns, type, status, failed, name, service, environment,
    agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id
FROM all_runs ORDER BY id;

DROP VIEW all_runs;
DROP INDEX spans_session;
DROP INDEX spans_user;
CREATE INDEX spans_session ON spans (project, session_id, start_ns)  WHERE session_id IS NOT NULL;
CREATE INDEX spans_user    ON spans (project, user_id, start_ns)     WHERE user_id IS NOT NULL;
DROP INDEX spans_runs_failed;
DROP INDEX spans_runs;
DROP TABLE runs;
ALTER TABLE runs_after RENAME TO runs;

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
