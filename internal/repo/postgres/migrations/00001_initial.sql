-- +goose Up

-- Conventions: times are nanoseconds since the Unix epoch; absent text is NULL;
-- text is compared by bytes, which is exact and fast; columns stand in order of
-- their alignment, so that rows have no padding. Partitions are made by the
-- store, one a UTC day (see partition.go); there is no default partition.

-- One narrow row per span, for search. The content is in segments.
CREATE TABLE spans (
    trace_id              uuid     NOT NULL,
    span_id               bigint   NOT NULL, -- 8 bytes, big endian
    parent_id             bigint,            -- NULL for a root
    start_ns              bigint   NOT NULL,
    end_ns                bigint   NOT NULL,
    first_token_ns        bigint,
    input_tokens          bigint,
    cache_read_tokens     bigint,
    cache_write_tokens    bigint,
    output_tokens         bigint,
    reasoning_tokens      bigint,
    audio_input_tokens    bigint,
    audio_output_tokens   bigint,
    reported_total_tokens bigint,
    kind                  integer  NOT NULL, -- OTLP's SpanKind
    type                  smallint NOT NULL, -- model.SpanType
    status                smallint NOT NULL, -- OTLP's StatusCode
    failed                boolean  NOT NULL,
    project               text COLLATE "C" NOT NULL,
    name                  text COLLATE "C",
    status_message        text COLLATE "C",
    error_type            text COLLATE "C",
    error_message         text COLLATE "C",
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
    model                 text COLLATE "C",
    provider              text COLLATE "C",
    tool_name             text COLLATE "C",
    tool_call_id          text COLLATE "C",
    attributes            jsonb,             -- the short ones that no column holds
    PRIMARY KEY (project, trace_id, span_id, start_ns)
) PARTITION BY RANGE (start_ns);

CREATE INDEX spans_start    ON spans (project, start_ns);
CREATE INDEX spans_failed   ON spans (project, start_ns)              WHERE failed;
CREATE INDEX spans_agent    ON spans (project, agent_id, start_ns)    WHERE agent_id IS NOT NULL;
CREATE INDEX spans_team     ON spans (project, team_id, start_ns)     WHERE team_id IS NOT NULL;
CREATE INDEX spans_workflow ON spans (project, workflow_id, start_ns) WHERE workflow_id IS NOT NULL;
CREATE INDEX spans_session  ON spans (project, session_id, start_ns)  WHERE session_id IS NOT NULL;
CREATE INDEX spans_user     ON spans (project, user_id, start_ns)     WHERE user_id IS NOT NULL;
-- A hash index would be a quarter smaller. But with one id on many spans, each
-- insert walks all pages of that id: 80 µs at half a million of them.
CREATE INDEX spans_run      ON spans (project, run_id, start_ns)      WHERE run_id IS NOT NULL;

-- A row of spans as it is sent: the columns of the first version of the table.
-- A server that was built before a column was added goes on sending this one.
CREATE TYPE span_row AS (
    trace_id uuid,
    span_id bigint,
    parent_id bigint,
    start_ns bigint,
    end_ns bigint,
    first_token_ns bigint,
    input_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    audio_input_tokens bigint,
    audio_output_tokens bigint,
    reported_total_tokens bigint,
    kind integer,
    type smallint,
    status smallint,
    failed boolean,
    project text,
    name text,
    status_message text,
    error_type text,
    error_message text,
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
    model text,
    provider text,
    tool_name text,
    tool_call_id text,
    attributes jsonb
);

-- The spans of one trace, day and batch as OTLP TracesData, compressed with
-- zstd. A span is in one segment, so a segment's first span makes its key.
CREATE TABLE segments (
    trace_id  uuid    NOT NULL,
    start_ns  bigint  NOT NULL, -- first start among the spans
    span_id   bigint  NOT NULL, -- of the first span
    latest_ns bigint  NOT NULL, -- last start among the spans
    write_id  bigint  NOT NULL DEFAULT pg_current_xact_id()::text::bigint, -- the transaction, as x in change_log
    spans     integer NOT NULL,
    raw_bytes integer NOT NULL, -- length of the payload when decompressed
    project   text COLLATE "C" NOT NULL,
    payload   bytea   NOT NULL,
    PRIMARY KEY (project, trace_id, start_ns, span_id)
) PARTITION BY RANGE (start_ns);

-- The payload is compressed already: do not try again.
ALTER TABLE segments ALTER COLUMN payload SET STORAGE EXTERNAL;

-- What model.Trace says about the spans of one trace that start on one day.
CREATE TABLE traces (
    trace_id              uuid     NOT NULL,
    day_ns                bigint   NOT NULL, -- start of the UTC day
    start_ns              bigint   NOT NULL,
    end_ns                bigint   NOT NULL,
    spans                 bigint   NOT NULL,
    errors                bigint   NOT NULL,
    llm_calls             bigint   NOT NULL,
    tool_calls            bigint   NOT NULL,
    input_tokens          bigint   NOT NULL,
    cache_read_tokens     bigint   NOT NULL,
    cache_write_tokens    bigint   NOT NULL,
    output_tokens         bigint   NOT NULL,
    reasoning_tokens      bigint   NOT NULL,
    audio_input_tokens    bigint   NOT NULL,
    audio_output_tokens   bigint   NOT NULL,
    reported_total_tokens bigint   NOT NULL,
    writes                integer  NOT NULL, -- batches that this row is made of
    status                smallint NOT NULL,
    head_type             smallint NOT NULL,
    part                  smallint NOT NULL DEFAULT 0, -- 0 whole trace, 1 its first of several days, 2 a later day
    project               text COLLATE "C" NOT NULL,
    head_key              bytea    NOT NULL,
    root_key              bytea,             -- NULL while the root has not arrived
    error_key             bytea,             -- NULL when nothing failed
    root_name             text COLLATE "C",
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
    input_preview         text COLLATE "C",
    output_preview        text COLLATE "C",
    error_span            text COLLATE "C",
    error_type            text COLLATE "C",
    error_message         text COLLATE "C",
    models                jsonb,             -- a set: {"name": 1}
    tools                 jsonb,             -- a set
    PRIMARY KEY (project, trace_id, day_ns)
) PARTITION BY RANGE (day_ns);

CREATE INDEX traces_start  ON traces (project, start_ns);
-- Nearly empty too, see trace_days.
CREATE INDEX traces_spread ON traces (project, start_ns) WHERE part <> 0;

-- The first and the last day of each trace: where to look for it. Its row is
-- also what writers of different days of one trace wait for each other on.
CREATE TABLE trace_days (
    trace_id     uuid   NOT NULL,
    first_day_ns bigint NOT NULL,
    last_day_ns  bigint NOT NULL,
    project      text COLLATE "C" NOT NULL,
    PRIMARY KEY (project, trace_id)
);

-- Nearly empty: most traces lie on one day.
CREATE INDEX trace_days_spread ON trace_days (project, first_day_ns) WHERE first_day_ns <> last_day_ns;

-- The days that have partitions.
CREATE TABLE days (
    day_ns bigint PRIMARY KEY
);

-- What each committed write brought, for each project and so many traces.
-- The transaction id makes the order and the place in it; there is no sequence.
CREATE TABLE change_log (
    x           xid8    NOT NULL DEFAULT pg_current_xact_id(),
    earliest_ns bigint  NOT NULL,
    latest_ns   bigint  NOT NULL,
    written_ns  bigint  NOT NULL,
    part        integer NOT NULL, -- counts the rows of one transaction
    spans       integer NOT NULL,
    project     text COLLATE "C" NOT NULL,
    trace_ids   uuid[]  NOT NULL,
    PRIMARY KEY (x, part)
);
ALTER TABLE change_log ALTER COLUMN trace_ids SET STORAGE EXTERNAL;

-- Which transactions' entries were removed from the change log: any of those
-- before below, exactly those in recent from there on.
CREATE TABLE change_log_trimmed (
    one    boolean        PRIMARY KEY DEFAULT true CHECK (one),
    trims  bigint         NOT NULL DEFAULT 0, -- how often some were removed
    below  bigint         NOT NULL DEFAULT 0,
    recent int8multirange NOT NULL DEFAULT '{}'
);
INSERT INTO change_log_trimmed DEFAULT VALUES;

-- How far each consumer of the change log has come.
CREATE TABLE consumers (
    name     text COLLATE "C" PRIMARY KEY,
    cursor   text   NOT NULL,
    saved_ns bigint NOT NULL
);

-- +goose Down
DROP TABLE consumers;
DROP TABLE change_log_trimmed;
DROP TABLE change_log;
DROP TABLE days;
DROP TABLE trace_days;
DROP TABLE traces;
DROP TABLE segments;
DROP TYPE span_row;
DROP TABLE spans;
