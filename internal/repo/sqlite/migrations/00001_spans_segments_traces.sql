-- +goose Up

-- One narrow row per span. Absent text is NULL, absent numbers are 0. A span is
-- identified by spans_identity; the id is the order of arrival, which breaks
-- ties between spans of one start. Rows are wide and trace ids random, so the
-- table is kept in the order of arrival: with the identity as primary key it
-- took 4 to 5 percent more disk.
CREATE TABLE spans (
    id                 INTEGER PRIMARY KEY,
    project            TEXT    NOT NULL,
    trace_id           BLOB    NOT NULL, -- 16 bytes
    span_id            INTEGER NOT NULL, -- 8 bytes, big endian
    start_ns           INTEGER NOT NULL, -- nanoseconds since the Unix epoch
    end_ns             INTEGER NOT NULL,
    parent_id          INTEGER,          -- NULL for a root
    type               INTEGER NOT NULL, -- model.SpanType
    kind               INTEGER NOT NULL, -- OTLP's SpanKind
    status             INTEGER NOT NULL, -- OTLP's StatusCode
    failed             INTEGER NOT NULL,
    input_tokens       INTEGER NOT NULL,
    cache_read_tokens  INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    reasoning_tokens   INTEGER NOT NULL,
    audio_input_tokens INTEGER NOT NULL,
    audio_output_tokens INTEGER NOT NULL,
    reported_total_tokens INTEGER NOT NULL,
    first_token_ns     INTEGER NOT NULL,
    name               TEXT,
    status_message     TEXT,
    error_type         TEXT,
    error_message      TEXT,
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
    model              TEXT,
    provider           TEXT,
    tool_name          TEXT,
    tool_call_id       TEXT,
    attributes         TEXT              -- a JSON object
) STRICT;

CREATE UNIQUE INDEX spans_identity ON spans (project, trace_id, span_id, start_ns);
-- Each of these ends with the id by itself, so it yields the order of lists.
CREATE INDEX spans_start    ON spans (project, start_ns);
CREATE INDEX spans_failed   ON spans (project, start_ns)              WHERE failed = 1;
CREATE INDEX spans_agent    ON spans (project, agent_id, start_ns)    WHERE agent_id IS NOT NULL;
CREATE INDEX spans_team     ON spans (project, team_id, start_ns)     WHERE team_id IS NOT NULL;
CREATE INDEX spans_workflow ON spans (project, workflow_id, start_ns) WHERE workflow_id IS NOT NULL;
CREATE INDEX spans_session  ON spans (project, session_id, start_ns)  WHERE session_id IS NOT NULL;
CREATE INDEX spans_user     ON spans (project, user_id, start_ns)     WHERE user_id IS NOT NULL;
CREATE INDEX spans_run      ON spans (project, run_id, start_ns)      WHERE run_id IS NOT NULL;

-- Spans of one trace and UTC day that were stored together, as OTLP TracesData
-- compressed with zstd. The payload is large, so it stays out of the tree that
-- is searched.
CREATE TABLE segments (
    id          INTEGER PRIMARY KEY,
    project     TEXT    NOT NULL,
    trace_id    BLOB    NOT NULL,
    earliest_ns INTEGER NOT NULL, -- first start among the spans
    latest_ns   INTEGER NOT NULL, -- last start among the spans
    spans       INTEGER NOT NULL,
    raw_bytes   INTEGER NOT NULL, -- length of the payload when decompressed
    write_id    INTEGER NOT NULL, -- of the write that stored them; see change_log
    payload     BLOB    NOT NULL
) STRICT;

CREATE INDEX segments_trace ON segments (project, trace_id, earliest_ns);

-- One row per trace: what model.Trace says about its spans.
CREATE TABLE traces (
    id                 INTEGER PRIMARY KEY,
    project            TEXT    NOT NULL,
    trace_id           BLOB    NOT NULL,
    start_ns           INTEGER NOT NULL,
    end_ns             INTEGER NOT NULL,
    duration_ns        INTEGER NOT NULL GENERATED ALWAYS AS (end_ns - start_ns) VIRTUAL,
    spans              INTEGER NOT NULL,
    errors             INTEGER NOT NULL,
    llm_calls          INTEGER NOT NULL,
    tool_calls         INTEGER NOT NULL,
    status             INTEGER NOT NULL,
    input_tokens       INTEGER NOT NULL,
    cache_read_tokens  INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    reasoning_tokens   INTEGER NOT NULL,
    audio_input_tokens INTEGER NOT NULL,
    audio_output_tokens INTEGER NOT NULL,
    reported_total_tokens INTEGER NOT NULL,
    head_type          INTEGER NOT NULL,
    models             TEXT,             -- a JSON array, sorted
    tools              TEXT,             -- a JSON array, sorted
    root_key           BLOB,             -- NULL while the root has not arrived
    root_name          TEXT,
    head_key           BLOB    NOT NULL,
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
    input_preview      TEXT,
    output_preview     TEXT,
    error_key          BLOB,             -- NULL when nothing failed
    error_span         TEXT,
    error_type         TEXT,
    error_message      TEXT
) STRICT;

CREATE UNIQUE INDEX traces_trace ON traces (project, trace_id);
CREATE INDEX traces_start    ON traces (project, start_ns, trace_id);
CREATE INDEX traces_duration ON traces (project, duration_ns, trace_id, start_ns);

-- One row per committed write and project, or several where the write has many
-- traces. There is one writer at a time, so the order of ids is the order of
-- commits; AUTOINCREMENT never gives an id twice, even after the newest rows
-- were removed.
CREATE TABLE change_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    project     TEXT    NOT NULL,
    write_id    INTEGER NOT NULL, -- the id of the first row of the same write
    trace_ids   BLOB    NOT NULL, -- 16 bytes each
    spans       INTEGER NOT NULL,
    earliest_ns INTEGER NOT NULL,
    latest_ns   INTEGER NOT NULL,
    written_ns  INTEGER NOT NULL
) STRICT;

-- The greatest id that was removed from the change log: a cursor before it
-- cannot be followed any more.
CREATE TABLE change_log_floor (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    floor INTEGER NOT NULL
) STRICT;
INSERT INTO change_log_floor (one, floor) VALUES (1, 0);

CREATE TABLE consumers (
    name     TEXT PRIMARY KEY,
    cursor   TEXT NOT NULL,
    saved_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE consumers;
DROP TABLE change_log_floor;
DROP TABLE change_log;
DROP TABLE traces;
DROP TABLE segments;
DROP TABLE spans;
