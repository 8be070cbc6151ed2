-- +goose Up

-- What is known of whole traces: runs, bills, what a trace row says once it has
-- settled. New columns stand behind the others, with defaults that no row needs
-- to be rewritten for.

-- One row per span of an agent, a team or a workflow: by what that span says,
-- until the trace settles. Own sums are NULL where they are zero.
CREATE TABLE runs (
    trace_id              uuid     NOT NULL,
    span_id               bigint   NOT NULL, -- 8 bytes, big endian
    start_ns              bigint   NOT NULL,
    end_ns                bigint   NOT NULL,
    total_cost_nano       bigint,            -- of the run and those below it
    spans                 bigint,
    model_calls           bigint,
    model_failures        bigint,
    tool_calls            bigint,
    tool_failures         bigint,
    retries               bigint,
    input_tokens          bigint,
    cache_read_tokens     bigint,
    cache_write_tokens    bigint,
    output_tokens         bigint,
    reasoning_tokens      bigint,
    audio_input_tokens    bigint,
    audio_output_tokens   bigint,
    reported_total_tokens bigint,
    cost_nano             bigint,
    reported_cost_nano    bigint,
    computed_cost_nano    bigint,
    reported_calls        bigint,
    computed_calls        bigint,
    unpriced_calls        bigint,
    type                  smallint NOT NULL, -- model.SpanType
    status                smallint NOT NULL, -- OTLP's StatusCode
    failed                boolean  NOT NULL,
    settled               boolean  NOT NULL, -- at least once
    project               text COLLATE "C" NOT NULL,
    name                  text COLLATE "C",
    service               text COLLATE "C",
    environment           text COLLATE "C",
    agent_id              text COLLATE "C",
    agent_name            text COLLATE "C",
    team_id               text COLLATE "C",
    team_name             text COLLATE "C",
    workflow_id           text COLLATE "C",
    workflow_name         text COLLATE "C",
    session_id            text COLLATE "C",
    user_id               text COLLATE "C",
    run_id                text COLLATE "C",
    detail                json,              -- model.RunDetail, see Run.EncodeDetail
    PRIMARY KEY (project, trace_id, span_id, start_ns)
) PARTITION BY RANGE (start_ns);

CREATE INDEX runs_start    ON runs (project, start_ns);
CREATE INDEX runs_failed   ON runs (project, start_ns)              WHERE failed;
CREATE INDEX runs_agent    ON runs (project, agent_id, start_ns)    WHERE agent_id IS NOT NULL;
CREATE INDEX runs_team     ON runs (project, team_id, start_ns)     WHERE team_id IS NOT NULL;
CREATE INDEX runs_workflow ON runs (project, workflow_id, start_ns) WHERE workflow_id IS NOT NULL;
CREATE INDEX runs_session  ON runs (project, session_id, start_ns)  WHERE session_id IS NOT NULL;
CREATE INDEX runs_user     ON runs (project, user_id, start_ns)     WHERE user_id IS NOT NULL;
-- Runs of a run id are found by those of spans: a run has the id that its span has.

-- What calls of models and tools used and cost: the model.Bills of each trace.
-- Sums are NULL where they are zero.
CREATE TABLE bills (
    trace_id              uuid     NOT NULL,
    start_ns              bigint   NOT NULL, -- first start among the calls
    calls                 bigint,
    failures              bigint,
    nanos                 bigint,            -- how long the calls took together
    input_tokens          bigint,
    cache_read_tokens     bigint,
    cache_write_tokens    bigint,
    output_tokens         bigint,
    reasoning_tokens      bigint,
    audio_input_tokens    bigint,
    audio_output_tokens   bigint,
    reported_total_tokens bigint,
    cost_nano             bigint,
    reported_cost_nano    bigint,
    computed_cost_nano    bigint,
    reported_calls        bigint,
    computed_calls        bigint,
    unpriced_calls        bigint,
    place                 integer  NOT NULL, -- among the bills of the trace
    kind                  smallint NOT NULL, -- model.CallKind
    project               text COLLATE "C" NOT NULL,
    model                 text COLLATE "C",
    tool_name             text COLLATE "C",
    latencies             text COLLATE "C",  -- two characters a call, see model.AppendLatency
    provider              text COLLATE "C",
    agent                 text COLLATE "C",
    team                  text COLLATE "C",
    workflow              text COLLATE "C",
    session_id            text COLLATE "C",
    user_id               text COLLATE "C",
    run_id                text COLLATE "C",
    service               text COLLATE "C",
    environment           text COLLATE "C",
    PRIMARY KEY (project, trace_id, start_ns, place)
) PARTITION BY RANGE (start_ns);

-- Questions are about most of what a time has. Traces settle in about the order
-- of time, so the ranges of pages that this index tells apart are enough, and it
-- costs next to nothing.
CREATE INDEX bills_start ON bills USING brin (start_ns) WITH (pages_per_range = 32, autosummarize = on);

ALTER TABLE traces
    ADD COLUMN settled_spans      bigint NOT NULL DEFAULT 0, -- settled when they are as many as spans
    ADD COLUMN runs               bigint NOT NULL DEFAULT 0,
    ADD COLUMN cost_nano          bigint,
    ADD COLUMN reported_cost_nano bigint,
    ADD COLUMN computed_cost_nano bigint,
    ADD COLUMN reported_calls     bigint,
    ADD COLUMN computed_calls     bigint,
    ADD COLUMN unpriced_calls     bigint;

-- Which write each span is of, where several were put together: repo.EncodeWrites.
-- write_id is 0 then.
ALTER TABLE segments ADD COLUMN writes bytea;

-- Who does what only one process may do at a time. The key has the term, for
-- the lock of those who rely on it: they let the holder prolong the time, and
-- make others wait who would begin a term.
CREATE TABLE leases (
    name    text COLLATE "C" NOT NULL,
    holder  text COLLATE "C" NOT NULL,
    term    bigint           NOT NULL,
    expires timestamptz      NOT NULL, -- by the database's clock
    PRIMARY KEY (name),
    UNIQUE (name, term)
);

-- Columns of a view are added at its end: it cannot be replaced otherwise, and
-- one that is dropped loses what was granted on it.
CREATE OR REPLACE VIEW agenttrace_traces AS
WITH merged AS (
    SELECT project, trace_id, start_ns, end_ns, spans, errors, llm_calls, tool_calls,
        input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
        audio_input_tokens, audio_output_tokens, reported_total_tokens, status,
        root_key, root_name, head_type, name, service, environment,
        agent_id, agent_name, team_id, team_name, workflow_id, workflow_name, session_id, user_id, run_id,
        input_preview, output_preview, error_span, error_type, error_message, models, tools,
        settled_spans, runs, cost_nano, unpriced_calls
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
        agenttrace_union(models), agenttrace_union(tools),
        sum(settled_spans)::bigint, sum(runs)::bigint, sum(cost_nano)::bigint, sum(unpriced_calls)::bigint
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
    trace_id                                   AS trace_uuid,
    settled_spans = spans                      AS settled,
    runs,
    coalesce(cost_nano, 0) * 0.000000001       AS cost_usd,
    coalesce(unpriced_calls, 0)                AS unpriced_calls
FROM merged;

CREATE VIEW agenttrace_runs AS
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

CREATE VIEW agenttrace_bills AS
SELECT
    project,
    encode(uuid_send(trace_id), 'hex')         AS trace_id,
    agenttrace_time(start_ns)                  AS start_time,
    (ARRAY['MODEL', 'TOOL'])[kind]             AS kind,
    agent,
    team,
    workflow,
    session_id,
    user_id,
    run_id,
    model,
    provider,
    tool_name,
    service,
    environment,
    coalesce(calls, 0)                         AS calls,
    coalesce(failures, 0)                      AS failures,
    coalesce(nanos, 0) / float8 '1e6'          AS total_ms,
    coalesce(input_tokens, 0)                  AS input_tokens,
    coalesce(cache_read_tokens, 0)             AS cache_read_tokens,
    coalesce(cache_write_tokens, 0)            AS cache_write_tokens,
    coalesce(output_tokens, 0)                 AS output_tokens,
    coalesce(reasoning_tokens, 0)              AS reasoning_tokens,
    coalesce(audio_input_tokens, 0)            AS audio_input_tokens,
    coalesce(audio_output_tokens, 0)           AS audio_output_tokens,
    coalesce(reported_total_tokens, 0)         AS reported_total_tokens,
    coalesce(cost_nano, 0) * 0.000000001       AS cost_usd,
    coalesce(reported_cost_nano, 0) * 0.000000001 AS reported_usd,
    coalesce(computed_cost_nano, 0) * 0.000000001 AS computed_usd,
    coalesce(unpriced_calls, 0)                AS unpriced_calls,
    start_ns,
    trace_id                                   AS trace_uuid
FROM bills;

-- +goose Down
DROP VIEW agenttrace_bills;
DROP VIEW agenttrace_runs;
DROP VIEW agenttrace_traces;
DROP TABLE leases;
-- Which write a span of a compacted segment is of is lost; its content stays.
ALTER TABLE segments DROP COLUMN writes;
ALTER TABLE traces
    DROP COLUMN settled_spans, DROP COLUMN runs, DROP COLUMN cost_nano, DROP COLUMN reported_cost_nano,
    DROP COLUMN computed_cost_nano, DROP COLUMN reported_calls, DROP COLUMN computed_calls, DROP COLUMN unpriced_calls;
DROP TABLE bills;
DROP TABLE runs;

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
